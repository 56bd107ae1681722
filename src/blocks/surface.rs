//! A mosaic as a smooth surface with the means of its blocks.

use std::ops::Range;

use multiversion::multiversion;

use super::axis::{Axis, solve};
use crate::frame::{Lattice, Patch, Square};

/// Shares of R′, G′, B′ in brightness (BT.601).
const BRIGHTNESS: [f32; 3] = [0.299, 0.587, 0.114];

/// What a frame shows of a mosaic, in a number or two for each block; keeps its memory.
#[derive(Debug, Default)]
pub struct Surface {
    pub(super) columns: Axis,
    pub(super) rows: Axis,
    /// R′, G′, B′ at the centres of the blocks, row by row.
    blocks: [Vec<f32>; 3],
    /// Mean brightness of the blocks.
    brightness: Vec<f32>,
    /// Width and height of a block, pixels of the frame.
    pub(super) block: [f32; 2],
}

impl Surface {
    /// That of `observed`, a mosaic that lies inside the frame.
    pub fn of(observed: &Patch, lattice: &Lattice) -> Self {
        let mut surface = Self::default();
        surface.read(observed, lattice);
        surface
    }

    /// Become that of `observed`, a mosaic that lies inside the frame.
    pub fn read(&mut self, observed: &Patch, lattice: &Lattice) {
        let rect = observed.rect();
        if rect.is_empty() || rect.x < 0 || rect.y < 0 {
            self.clear();
            return;
        }
        self.block = [lattice.block_width, lattice.block_height];
        let (left, top) = (rect.x as usize, rect.y as usize);
        self.columns
            .set(|cuts| lattice.columns(left, left + rect.width as usize, 0, cuts));
        self.rows
            .set(|cuts| lattice.rows(top, top + rect.height as usize, 0, cuts));
        self.brightness.clear();
        self.brightness
            .resize(self.columns.count() * self.rows.count(), 0.0);
        for (channel, blocks) in self.blocks.iter_mut().enumerate() {
            means(observed.plane(channel), &self.columns, &self.rows, blocks);
            for (sum, mean) in self.brightness.iter_mut().zip(&*blocks) {
                *sum += BRIGHTNESS[channel] * mean;
            }
            solve(&self.columns, &self.rows, blocks);
        }
    }

    /// The means' brightness between the centres of the blocks, grey levels.
    pub(super) fn brightness(&self, column: &Place, row: &Place) -> f32 {
        let width = self.columns.count();
        let line = |block: usize| {
            let line = &self.brightness[block * width..][..width];
            line[column.node] + (line[column.next] - line[column.node]) * column.weight
        };
        let (a, b) = (line(row.node), line(row.next));
        a + (b - a) * row.weight
    }

    /// Become that of no mosaic.
    pub fn clear(&mut self) {
        self.blocks.iter_mut().for_each(Vec::clear);
    }

    /// Number of blocks.
    pub fn count(&self) -> usize {
        self.blocks[0].len()
    }

    /// Whether there is no mosaic.
    pub fn is_empty(&self) -> bool {
        self.blocks[0].is_empty()
    }
}

/// Draws surfaces row by row; keeps its memory.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// For each channel: rows of blocks with one value per column of the crop inside the mosaic.
    lines: [Vec<f32>; 3],
    /// Those columns: what their place along x means.
    places: Vec<Place>,
}

/// A line of the crop that crosses the mosaic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// In its block, −1 … 1.
    pub(super) inside: f32,
    /// Blocks before and after, and the weight of the latter.
    node: usize,
    next: usize,
    weight: f32,
}

impl Place {
    /// That of a line at `at`, pixels of the frame; None outside the mosaic.
    pub(super) fn of(axis: &Axis, at: f64) -> Option<Self> {
        let (block, inside) = axis.block_at(at)?;
        let (node, weight) = axis.node_at(block, inside);
        Some(Self {
            inside,
            node,
            next: (node + 1).min(axis.count() - 1),
            weight,
        })
    }
}

impl Lines {
    /// Call `draw` with each row of a crop of `size` × `size` pixels of `view` that shows the
    /// mosaic.
    pub(super) fn each_row(
        &mut self,
        surface: &Surface,
        view: &Square,
        size: usize,
        mut draw: impl FnMut(&Row<'_>),
    ) {
        if surface.is_empty() {
            return;
        }
        let Surface { columns, rows, .. } = surface;
        let scale = view.side / size as f64;
        let at = |origin: f64, line: usize| origin + (line as f64 + 0.5) * scale;
        // Columns inside the mosaic follow one another.
        let inside = |x: &usize| columns.block_at(at(view.x, *x)).is_some();
        let first = (0..size).find(inside).unwrap_or(size);
        let places = (first..size).map_while(|x| Place::of(columns, at(view.x, x)));
        self.places.clear();
        self.places.extend(places);
        for (blocks, lines) in surface.blocks.iter().zip(&mut self.lines) {
            across(blocks, columns.count(), &self.places, lines);
        }
        let width = self.places.len();
        for y in 0..size {
            let Some(row) = Place::of(rows, at(view.y, y)) else {
                continue;
            };
            let line = |lines, block| -> &[f32] { &Vec::as_slice(lines)[block * width..][..width] };
            draw(&Row {
                first: y * size + first,
                area: size * size,
                columns: &self.places,
                inside: row.inside,
                lines: (self.lines.each_ref()).map(|it| [line(it, row.node), line(it, row.next)]),
                weight: row.weight,
            });
        }
    }
}

/// The part of a row of a crop that shows the mosaic.
pub(super) struct Row<'a> {
    /// Number of its first pixel.
    first: usize,
    /// Pixels of the crop.
    pub(super) area: usize,
    /// Places along x in their blocks.
    pub(super) columns: &'a [Place],
    /// Place along y in its block.
    pub(super) inside: f32,
    /// For R′, G′, B′: the surface at the centres of the blocks before and after.
    lines: [[&'a [f32]; 2]; 3],
    /// Weight of the latter.
    weight: f32,
}

impl Row<'_> {
    /// Its pixels in a plane that begins at `plane`.
    pub(super) fn range(&self, plane: usize) -> Range<usize> {
        plane + self.first..plane + self.first + self.columns.len()
    }

    /// The surface, grey levels.
    pub(super) fn surface(&self, channel: usize, out: &mut [f32]) {
        let [a, b] = self.lines[channel];
        between(a, b, self.weight, out);
    }
}

/// The surface of `blocks`, rows of `count`, at `places`, for each row of blocks.
fn across(blocks: &[f32], count: usize, places: &[Place], lines: &mut Vec<f32>) {
    lines.clear();
    for blocks in blocks.chunks_exact(count) {
        lines.extend(places.iter().map(|place| {
            let (a, b) = (blocks[place.node], blocks[place.next]);
            a + (b - a) * place.weight
        }));
    }
}

/// What lies between the lines `a` and `b`, as grey levels; the latter has `weight`.
#[multiversion(targets("x86_64+avx2"))]
fn between(a: &[f32], b: &[f32], weight: f32, out: &mut [f32]) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = (a + (b - a) * weight).clamp(0.0, 255.0);
    }
}

/// Mean of every block, row by row.
fn means(plane: &[f32], columns: &Axis, rows: &Axis, blocks: &mut Vec<f32>) {
    let width = columns.length();
    blocks.clear();
    for y in rows.blocks() {
        for x in columns.blocks() {
            let lines = y.clone().map(|row| &plane[row * width..][x.clone()]);
            let sum: f32 = lines.map(|line| line.iter().sum::<f32>()).sum();
            blocks.push(sum / (x.len() * y.len()) as f32);
        }
    }
}
