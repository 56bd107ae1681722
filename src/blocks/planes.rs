//! What a network is told about a mosaic's lattice, as pictures beside the mosaic itself.

use std::iter::repeat_n;

use super::register::registered;
use super::surface::{Lines, Row, Surface};
use crate::frame::Square;

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

/// Number of planes that tell of the mosaic in a neighbouring frame:
/// - 0–2: a smooth surface with its block means (R′, G′, B′),
/// - 3–5: as [`PLANES`] 3–5,
/// - 6: 1.
///
/// All are 0 outside the mosaic, and everywhere where there is no such frame.
pub const NEIGHBOUR_PLANES: usize = 7;

/// Draws the planes; keeps its memory.
#[derive(Debug, Default)]
pub struct LatticePlanes {
    lines: Lines,
    /// A crop whose pixels are divided.
    fine: Vec<f32>,
}

impl LatticePlanes {
    /// Draw the planes of the crop `view` into `planes`, `PLANES` · `size`² numbers or none.
    ///
    /// `surface` is of the mosaic, inside the frame; `crop` the picture of the view, planar R′G′B′,
    /// 0–255, of `size` × `size`. Planes 0–2 are divided by `unit`, the grey levels of one step of
    /// the network's range.
    pub fn draw(
        &mut self,
        surface: &Surface,
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
        let side = side(surface, view, size);
        self.lines.each_row(surface, view, size, |row| {
            for channel in 0..3 {
                let range = row.range(channel * area);
                let (smooth, crop) = (&mut planes[range.clone()], &crop[range]);
                row.surface(channel, smooth);
                for (smooth, crop) in smooth.iter_mut().zip(crop) {
                    *smooth = (*smooth - crop) / unit;
                }
            }
            place(row, side, &mut planes[3 * area..]);
        });
    }

    /// Draw what `neighbour` tells of the mosaic in a neighbouring frame into `planes`,
    /// [`NEIGHBOUR_PLANES`] · `size`² numbers: planes 0–2 as grey levels. The crop shows `view` of the
    /// frame of `own`; the neighbour is drawn as it lies there, see `register.rs`.
    pub fn draw_neighbour(
        &mut self,
        own: &Surface,
        neighbour: &Surface,
        view: &Square,
        planes: &mut [f32],
    ) {
        planes.fill(0.0);
        let area = planes.len() / NEIGHBOUR_PLANES;
        let size = area.isqrt();
        let view = registered(own, neighbour, view);
        let side = side(neighbour, &view, size);
        self.lines.each_row(neighbour, &view, size, |row| {
            for channel in 0..3 {
                row.surface(channel, &mut planes[row.range(channel * area)]);
            }
            place(row, side, &mut planes[3 * area..]);
            planes[row.range(6 * area)].fill(1.0);
        });
    }

    /// Put the surface of the mosaic into `crop`, where that is; arguments as those of
    /// [`Self::draw`].
    ///
    /// Each pixel gets the surface's mean over itself: the surface swings about the means of its
    /// blocks, and points of it that lie hardly less than a block apart show the swing. Where a
    /// pixel of the crop covers more than a block, it holds the mean of several already and stays.
    pub fn smooth(&mut self, surface: &Surface, view: &Square, crop: &mut [f32]) {
        let area = crop.len() / 3;
        let size = area.isqrt();
        let block = f64::from(surface.block[0].min(surface.block[1]));
        let pixel = view.side / size as f64;
        if crop.is_empty() || block.is_nan() || block < pixel {
            return;
        }
        // At most `POINTS`, as a block is at least a pixel.
        let points = (POINTS * pixel / block).ceil().max(1.0) as usize;
        let mut fine = std::mem::take(&mut self.fine);
        enlarge(crop, size, points, &mut fine);
        self.lines.each_row(surface, view, size * points, |row| {
            for channel in 0..3 {
                let plane = channel * area * points * points;
                row.surface(channel, &mut fine[row.range(plane)]);
            }
        });
        reduce(&fine, size, points, crop);
        self.fine = fine;
    }
}

/// What plane 5 holds for a crop of `size` pixels that shows `view`.
fn side(surface: &Surface, view: &Square, size: usize) -> f32 {
    let scale = view.side / size as f64;
    let [width, height] = surface.block;
    let block = (width * height).sqrt() / scale as f32;
    let side = block.log2() / LOG_BLOCK;
    // Unlike `clamp`, these turn NaN into a number.
    side.max(SIDE_RANGE.0).min(SIDE_RANGE.1)
}

/// Write a row of the planes 3–5, with which `planes` begins.
fn place(row: &Row<'_>, side: f32, planes: &mut [f32]) {
    let area = row.area;
    let across = &mut planes[row.range(0)];
    for (value, column) in across.iter_mut().zip(row.columns) {
        *value = column.inside;
    }
    planes[row.range(area)].fill(row.inside);
    planes[row.range(2 * area)].fill(side);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Lattice, Patch, Rect};

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
        let surface = Surface::of(observed, lattice);
        LatticePlanes::default().draw(&surface, view, &crop, 127.5, &mut planes);
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
            LatticePlanes::default().smooth(&Surface::of(&observed, &lattice), &view, &mut crop);
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
            LatticePlanes::default().smooth(&Surface::of(&observed, &lattice), &view, &mut crop);
            assert!(crop.iter().all(|v| v.is_finite()), "{side} {block}");
        }
    }
}
