//! What a network is told about a mosaic's lattice, as pictures beside the mosaic itself.

use std::iter::repeat_n;
use std::ops::Range;

use multiversion::multiversion;

use super::axis::{Axis, solve};
use crate::frame::{Lattice, Patch, Square};

/// Number of planes:
/// - 0–2: a smooth surface with the mosaic's block means, minus the mosaic (R′, G′, B′),
/// - 3, 4: place in the block, −1 at its left (top) edge … 1 at its right (bottom) edge,
/// - 5: side of a block on a logarithmic scale, 1 for 16 px of the crop.
///
/// All are 0 outside the mosaic, and everywhere where the lattice is not known.
pub const PLANES: usize = 6;

/// log₂ of the block that plane 5 shows as 1.
const LOG_BLOCK: f32 = 4.0;
/// Plane 5 stays inside: a block of no size is still a block.
const SIDE_RANGE: (f32, f32) = (0.1, 2.0);

/// So many points of the surface in a block tell its mean well enough.
const POINTS: f64 = 4.0;

/// Draws the planes; keeps its memory.
#[derive(Debug, Default)]
pub struct LatticePlanes {
    columns: Axis,
    rows: Axis,
    /// One value per block.
    blocks: Vec<f32>,
    /// For each channel: rows of blocks with one value per column of the crop inside the mosaic.
    lines: [Vec<f32>; 3],
    /// Those columns: what their place along x means.
    places: Vec<Place>,
    /// A crop whose pixels are divided.
    fine: Vec<f32>,
}

/// A line of the crop that crosses the mosaic.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// In its block, −1 … 1.
    inside: f32,
    /// Blocks before and after, and the weight of the latter.
    node: usize,
    next: usize,
    weight: f32,
}

impl LatticePlanes {
    /// Draw the planes of the crop `view` into `planes`, `PLANES` · `size`² numbers or none.
    ///
    /// `observed` is the mosaic, inside the frame; `crop` the picture of the view, planar R′G′B′,
    /// 0–255, of `size` × `size`. Planes 0–2 are divided by `unit`, the grey levels of one step of
    /// the network's range.
    pub fn draw(
        &mut self,
        observed: &Patch,
        lattice: &Lattice,
        view: &Square,
        crop: &[f32],
        unit: f32,
        planes: &mut [f32],
    ) {
        if planes.is_empty() {
            return;
        }
        planes.fill(0.0);
        let area = planes.len() / PLANES;
        let size = area.isqrt();
        let scale = view.side / size as f64;
        let block = (lattice.block_width * lattice.block_height).sqrt() / scale as f32;
        let side = block.log2() / LOG_BLOCK;
        // Unlike `clamp`, these turn NaN into a number.
        let side = side.max(SIDE_RANGE.0).min(SIDE_RANGE.1);
        self.each_row(observed, lattice, view, size, |row| {
            for channel in 0..3 {
                let range = row.range(channel * area);
                let (smooth, crop) = (&mut planes[range.clone()], &crop[range]);
                row.surface(channel, smooth);
                for (smooth, crop) in smooth.iter_mut().zip(crop) {
                    *smooth = (*smooth - crop) / unit;
                }
            }
            let across = &mut planes[row.range(3 * area)];
            for (value, column) in across.iter_mut().zip(row.columns) {
                *value = column.inside;
            }
            planes[row.range(4 * area)].fill(row.inside);
            planes[row.range(5 * area)].fill(side);
        });
    }

    /// Put a smooth surface with the mosaic's block means into `crop`, where the mosaic is;
    /// arguments as those of [`Self::draw`].
    ///
    /// Each pixel gets the surface's mean over itself: the surface swings about the means of its
    /// blocks, and points of it that lie hardly less than a block apart show the swing. Where a
    /// pixel of the crop covers more than a block, it holds the mean of several already and stays.
    pub fn smooth(&mut self, observed: &Patch, lattice: &Lattice, view: &Square, crop: &mut [f32]) {
        let area = crop.len() / 3;
        let size = area.isqrt();
        let block = f64::from(lattice.block_width.min(lattice.block_height));
        let pixel = view.side / size as f64;
        if crop.is_empty() || block.is_nan() || block < pixel {
            return;
        }
        // At most `POINTS`, as a block is at least a pixel.
        let points = (POINTS * pixel / block).ceil().max(1.0) as usize;
        let mut fine = std::mem::take(&mut self.fine);
        enlarge(crop, size, points, &mut fine);
        self.each_row(observed, lattice, view, size * points, |row| {
            for channel in 0..3 {
                let plane = channel * area * points * points;
                row.surface(channel, &mut fine[row.range(plane)]);
            }
        });
        reduce(&fine, size, points, crop);
        self.fine = fine;
    }

    /// Call `draw` with each row of a crop of `size` × `size` that shows the mosaic.
    fn each_row(
        &mut self,
        observed: &Patch,
        lattice: &Lattice,
        view: &Square,
        size: usize,
        mut draw: impl FnMut(&Row<'_>),
    ) {
        let rect = observed.rect();
        if rect.is_empty() || rect.x < 0 || rect.y < 0 {
            return;
        }
        let (left, top) = (rect.x as usize, rect.y as usize);
        self.columns
            .set(|cuts| lattice.columns(left, left + rect.width as usize, 0, cuts));
        self.rows
            .set(|cuts| lattice.rows(top, top + rect.height as usize, 0, cuts));
        let scale = view.side / size as f64;
        let at = |origin: f64, line: usize| origin + (line as f64 + 0.5) * scale;
        // Columns inside the mosaic follow one another.
        let inside = |x: &usize| self.columns.block_at(at(view.x, *x)).is_some();
        let first = (0..size).find(inside).unwrap_or(size);
        let places = (first..size).map_while(|x| place(&self.columns, at(view.x, x)));
        self.places.clear();
        self.places.extend(places);
        for (channel, lines) in self.lines.iter_mut().enumerate() {
            let blocks = &mut self.blocks;
            means(observed.plane(channel), &self.columns, &self.rows, blocks);
            solve(&self.columns, &self.rows, blocks);
            across(blocks, self.columns.count(), &self.places, lines);
        }
        let width = self.places.len();
        for y in 0..size {
            let Some(row) = place(&self.rows, at(view.y, y)) else {
                continue;
            };
            let line = |lines, block| -> &[f32] { &Vec::as_slice(lines)[block * width..][..width] };
            draw(&Row {
                first: y * size + first,
                columns: &self.places,
                inside: row.inside,
                lines: (self.lines.each_ref()).map(|it| [line(it, row.node), line(it, row.next)]),
                weight: row.weight,
            });
        }
    }
}

/// The part of a row of a crop that shows the mosaic.
struct Row<'a> {
    /// Number of its first pixel.
    first: usize,
    /// Places along x in their blocks.
    columns: &'a [Place],
    /// Place along y in its block.
    inside: f32,
    /// For R′, G′, B′: the surface at the centres of the blocks before and after.
    lines: [[&'a [f32]; 2]; 3],
    /// Weight of the latter.
    weight: f32,
}

impl Row<'_> {
    /// Its pixels in a plane that begins at `plane`.
    fn range(&self, plane: usize) -> Range<usize> {
        plane + self.first..plane + self.first + self.columns.len()
    }

    /// The surface, grey levels.
    fn surface(&self, channel: usize, out: &mut [f32]) {
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

/// Each pixel of `crop`, planes with rows of `size`, as `points` × `points` of them.
fn enlarge(crop: &[f32], size: usize, points: usize, fine: &mut Vec<f32>) {
    fine.clear();
    for row in crop.chunks_exact(size) {
        let first = fine.len();
        fine.extend(row.iter().flat_map(|&value| repeat_n(value, points)));
        for _ in 1..points {
            fine.extend_from_within(first..first + size * points);
        }
    }
}

/// Means of `points` × `points` of `fine`'s pixels into `crop`.
fn reduce(fine: &[f32], size: usize, points: usize, crop: &mut [f32]) {
    let band = size * points * points;
    let share = 1.0 / (points * points) as f32;
    for (row, fine) in crop.chunks_exact_mut(size).zip(fine.chunks_exact(band)) {
        row.fill(0.0);
        for line in fine.chunks_exact(size * points) {
            for (sum, points) in row.iter_mut().zip(line.chunks_exact(points)) {
                *sum += points.iter().sum::<f32>();
            }
        }
        row.iter_mut().for_each(|sum| *sum *= share);
    }
}

fn place(axis: &Axis, at: f64) -> Option<Place> {
    let (block, inside) = axis.block_at(at)?;
    let (node, weight) = axis.node_at(block, inside);
    Some(Place {
        inside,
        node,
        next: (node + 1).min(axis.count() - 1),
        weight,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Rect;

    const SIZE: usize = 64;

    /// A patch with one value per column.
    fn patch(rect: Rect, value: impl Fn(usize) -> f32) -> Patch {
        let mut patch = Patch::default();
        patch.reset(rect);
        for channel in 0..3 {
            let width = rect.width as usize;
            for (i, out) in patch.plane_mut(channel).iter_mut().enumerate() {
                *out = value(i % width);
            }
        }
        patch
    }

    fn draw(observed: &Patch, lattice: &Lattice, view: &Square) -> Vec<f32> {
        let mut planes = vec![9.0; PLANES * SIZE * SIZE];
        let crop = vec![100.0; 3 * SIZE * SIZE];
        LatticePlanes::default().draw(observed, lattice, view, &crop, 127.5, &mut planes);
        planes
    }

    #[test]
    fn the_planes_say_where_the_blocks_are() {
        let rect = Rect::new(16, 8, 32, 32);
        let view = Square {
            x: 0.0,
            y: 0.0,
            side: 64.0,
        };
        let planes = draw(&patch(rect, |_| 100.0), &Lattice::square(16, 0, 8), &view);
        let at = |plane: usize, x: usize, y: usize| planes[(plane * SIZE + y) * SIZE + x];
        for (plane, expected) in [(0, 0.0), (3, -0.9375), (4, 0.9375), (5, 1.0)] {
            assert_eq!(at(plane, 16, 23), expected, "plane {plane}");
        }
        for plane in 0..PLANES {
            for (x, y) in [(15, 20), (48, 20), (30, 7), (30, 40)] {
                assert_eq!(at(plane, x, y), 0.0, "plane {plane}");
            }
        }
    }

    #[test]
    fn the_surface_keeps_the_means_of_the_blocks() {
        let rect = Rect::new(0, 0, 64, 64);
        let view = Square {
            x: 0.0,
            y: 0.0,
            side: 64.0,
        };
        let mosaic = |x: usize| [60.0, 90.0, 140.0, 80.0, 100.0, 95.0, 130.0, 110.0][x / 8];
        let planes = draw(&patch(rect, mosaic), &Lattice::square(8, 0, 0), &view);
        for block in 0..8 {
            let row = &planes[block * 8..][..8];
            let mean = row.iter().sum::<f32>() / 8.0 * 127.5 + 100.0;
            assert!((mean - mosaic(block * 8)).abs() < 0.01, "{block}: {mean}");
        }
    }

    #[test]
    fn a_smooth_crop_has_the_means_and_no_edges() {
        let rect = Rect::new(0, 0, 64, 64);
        let view = Square {
            x: 0.0,
            y: 0.0,
            side: 64.0,
        };
        let mosaic = |x: usize| [60.0, 90.0, 140.0, 150.0, 145.0, 95.0, 70.0, 65.0][x / 8];
        let observed = patch(rect, mosaic);
        let lattice = Lattice::square(8, 0, 0);
        let row = |size: usize| {
            let mut crop = vec![9.0; 3 * size * size];
            LatticePlanes::default().smooth(&observed, &lattice, &view, &mut crop);
            crop[..size].to_vec()
        };
        let fine = row(64);
        for (block, pixels) in fine.chunks(8).enumerate() {
            let mean = pixels.iter().sum::<f32>() / 8.0;
            assert!((mean - mosaic(8 * block)).abs() < 0.01, "{block}: {mean}");
        }
        let step = fine.windows(2).map(|w| (w[1] - w[0]).abs());
        assert!(step.fold(0.0, f32::max) < 12.0, "{fine:?}");
        // Pixels as large as blocks show their means, half as large ones together too; larger ones
        // stay.
        for (block, (one, two)) in row(8).iter().zip(row(16).chunks(2)).enumerate() {
            let [expected, halves] = [mosaic(8 * block), (two[0] + two[1]) / 2.0];
            assert!((one - expected).abs() < 0.01, "{block}: {one}");
            assert!((halves - expected).abs() < 0.01, "{block}: {halves}");
        }
        assert_eq!(row(4), [9.0; 4]);
    }

    #[test]
    fn views_of_any_size_and_strange_lattices() {
        for (side, block) in [(3.0, 4.0), (64.0, f32::NAN), (5000.0, 1e30), (64.0, -1.0)] {
            let view = Square {
                x: -3.3,
                y: 1.7,
                side,
            };
            let mut lattice = Lattice::square(4, 1, 1);
            lattice.block_width = block;
            let planes = draw(
                &patch(Rect::new(0, 0, 40, 30), |x| x as f32),
                &lattice,
                &view,
            );
            assert!(planes.iter().all(|v| v.is_finite()), "{side} {block}");
            let mut crop = vec![100.0; 3 * SIZE * SIZE];
            let observed = patch(Rect::new(0, 0, 40, 30), |x| x as f32);
            LatticePlanes::default().smooth(&observed, &lattice, &view, &mut crop);
            assert!(crop.iter().all(|v| v.is_finite()), "{side} {block}");
        }
    }
}
