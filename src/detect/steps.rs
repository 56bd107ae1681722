//! Isolated steps: the edges of a mosaic, seen in strips of eight pixels.
//!
//! A block edge is a step between two pixels with flat ground on both sides; edges in natural pictures spread
//! over several pixels. Summed along eight pixels of the edge, a step that stands out of the sum of its two
//! neighbours is kept, everything else becomes zero. One pass over the plane, in bytes.

use super::plane::{Plane, STEP_CAP, Span2};

/// Length of an edge piece in pixels.
pub(super) const STRIP: usize = 8;
/// Side of the coarse tiles in pixels.
pub(super) const TILE: usize = 16;
/// Taken off every sum of eight steps: coding noise of one level a pixel.
const FLOOR: u8 = 8;
/// Most that an edge piece counts: faint and strong lattice lines should vote alike.
const CAP: u8 = 64;

/// Isolated steps of a plane, and how many of them lie in each tile.
#[derive(Debug, Default)]
pub(super) struct StepMaps {
    width: usize,
    height: usize,
    /// Steps across x: one row of `width` per strip of eight rows.
    across_x: Vec<u8>,
    /// Steps across y: one row of `width` / 8 per pixel row.
    across_y: Vec<u8>,
    /// Sums over tiles of both maps, tile row by tile row.
    tiles: Vec<[u16; 2]>,
    sums: Vec<u8>,
    recent: [Vec<u8>; 3],
}

impl StepMaps {
    /// Fill the maps from `plane`. Strips and tiles that do not fit whole at the right and bottom are left out.
    pub(super) fn measure(&mut self, plane: &Plane<'_>) {
        self.width = plane.width;
        self.height = plane.height;
        let (strips, columns) = (plane.height / STRIP, plane.width / STRIP);
        refill(&mut self.across_x, strips * plane.width);
        refill(&mut self.across_y, plane.height * columns);
        refill(&mut self.sums, plane.width);
        for recent in &mut self.recent {
            refill(recent, columns);
        }
        for (strip, out) in self.across_x.chunks_exact_mut(plane.width).enumerate() {
            self.sums.fill(0);
            for y in strip * STRIP..(strip + 1) * STRIP {
                add_steps(plane.row(y), &mut self.sums);
            }
            isolate(&self.sums, out);
        }
        if columns > 0 {
            self.measure_rows(plane, columns);
        }
        self.sum_tiles();
    }

    fn measure_rows(&mut self, plane: &Plane<'_>, columns: usize) {
        for y in 1..plane.height {
            let [before, here, after] = &mut self.recent;
            std::mem::swap(before, here);
            std::mem::swap(here, after);
            row_steps(plane.row(y - 1), plane.row(y), after);
            let out = &mut self.across_y[(y - 1) * columns..][..columns];
            let neighbours = before.iter().zip(after.iter());
            for ((out, &here), (&a, &b)) in out.iter_mut().zip(here.iter()).zip(neighbours) {
                *out = stand_out(here, a, b);
            }
        }
    }

    fn sum_tiles(&mut self) {
        let (across, down) = self.tile_counts();
        self.tiles.clear();
        self.tiles.resize(across * down, [0; 2]);
        let columns = self.width / STRIP;
        for (ty, tiles) in self.tiles.chunks_exact_mut(across.max(1)).enumerate() {
            for strip in ty * TILE / STRIP..(ty + 1) * TILE / STRIP {
                let row = &self.across_x[strip * self.width..][..across * TILE];
                for (tile, steps) in tiles.iter_mut().zip(row.chunks_exact(TILE)) {
                    tile[0] += steps.iter().map(|&v| u16::from(v)).sum::<u16>();
                }
            }
            for y in ty * TILE..(ty + 1) * TILE {
                let row = &self.across_y[y * columns..][..across * TILE / STRIP];
                for (tile, steps) in tiles.iter_mut().zip(row.chunks_exact(TILE / STRIP)) {
                    tile[1] += u16::from(steps[0]) + u16::from(steps[1]);
                }
            }
        }
    }

    /// Tiles from left to right and from top to bottom.
    pub(super) fn tile_counts(&self) -> (usize, usize) {
        (self.width / TILE, self.height / TILE)
    }

    /// Sums of steps across x and y in the square of `side` tiles at tile (`tx`, `ty`).
    pub(super) fn energy(&self, tx: usize, ty: usize, side: usize) -> [u32; 2] {
        let across = self.tile_counts().0;
        let mut sum = [0; 2];
        for y in ty..ty + side {
            for tile in &self.tiles[y * across + tx..][..side] {
                sum[0] += u32::from(tile[0]);
                sum[1] += u32::from(tile[1]);
            }
        }
        sum
    }

    /// Steps across x at each x, and across y at each y, summed over `span`, whose corners are tile corners.
    pub(super) fn profiles(&self, span: &Span2, along: &mut [Vec<u32>; 2]) {
        let [along_x, along_y] = along;
        along_x.clear();
        along_x.resize(span.x.len(), 0);
        for strip in span.y.start / STRIP..span.y.end / STRIP {
            let row = &self.across_x[strip * self.width + span.x.start..];
            for (sum, &step) in along_x.iter_mut().zip(row) {
                *sum += u32::from(step);
            }
        }
        let columns = self.width / STRIP;
        along_y.clear();
        along_y.extend((span.y.start..span.y.end).map(|y| {
            let row = &self.across_y[y * columns..];
            let row = &row[span.x.start / STRIP..span.x.end / STRIP];
            row.iter().map(|&step| u32::from(step)).sum::<u32>()
        }));
    }
}

/// The same profiles for any rectangle, from the pixels themselves.
pub(super) fn profiles_of(plane: &Plane<'_>, span: &Span2, along: &mut [Vec<u32>; 2]) {
    let [along_x, along_y] = along;
    along_x.clear();
    along_x.resize(span.x.len(), 0);
    along_y.clear();
    along_y.resize(span.y.len(), 0);
    let step = |a: u8, b: u8| a.abs_diff(b).min(STEP_CAP);
    let mut y = span.y.start;
    while y < span.y.end {
        let rows = STRIP.min(span.y.end - y);
        for (sum, x) in along_x.iter_mut().zip(span.x.start..) {
            let at = |x: usize| {
                if x == 0 || x >= plane.width {
                    return 0;
                }
                (y..y + rows).fold(0, |sum, y| sum + step(plane.row(y)[x - 1], plane.row(y)[x]))
            };
            *sum += u32::from(stand_out(at(x), at(x.max(1) - 1), at(x + 1)));
        }
        y += rows;
    }
    for (sum, y) in along_y.iter_mut().zip(span.y.start..) {
        let mut x = span.x.start;
        while x < span.x.end {
            let columns = STRIP.min(span.x.end - x);
            let at = |y: usize| {
                if y == 0 || y >= plane.height {
                    return 0;
                }
                let pairs = plane.row(y - 1)[x..x + columns].iter();
                let pairs = pairs.zip(&plane.row(y)[x..x + columns]);
                pairs.fold(0, |sum, (&a, &b)| sum + step(a, b))
            };
            *sum += u32::from(stand_out(at(y), at(y.max(1) - 1), at(y + 1)));
            x += columns;
        }
    }
}

/// Add the steps of `row` across x; the sum at x is that of the line between pixels x − 1 and x.
fn add_steps(row: &[u8], sums: &mut [u8]) {
    for ((sum, &left), &right) in sums[1..].iter_mut().zip(row).zip(&row[1..]) {
        *sum += left.abs_diff(right).min(STEP_CAP);
    }
}

/// Steps between two rows, summed over eight pixels each.
fn row_steps(upper: &[u8], lower: &[u8], out: &mut [u8]) {
    let pairs = upper.chunks_exact(STRIP).zip(lower.chunks_exact(STRIP));
    for (out, (upper, lower)) in out.iter_mut().zip(pairs) {
        let mut steps = [0; STRIP];
        for ((step, &a), &b) in steps.iter_mut().zip(upper).zip(lower) {
            *step = a.abs_diff(b).min(STEP_CAP);
        }
        // All eight bytes added in the topmost one; 8 × 31 fits.
        *out = (u64::from_le_bytes(steps).wrapping_mul(0x0101_0101_0101_0101) >> 56) as u8;
    }
}

fn isolate(sums: &[u8], out: &mut [u8]) {
    let inner = sums.windows(3).zip(&mut out[1..]);
    for (three, out) in inner {
        *out = stand_out(three[1], three[0], three[2]);
    }
    out[0] = 0;
    out[sums.len() - 1] = 0;
}

/// What is left of a sum of steps beside its neighbours.
#[inline]
fn stand_out(here: u8, before: u8, after: u8) -> u8 {
    here.saturating_sub(before.saturating_add(after))
        .saturating_sub(FLOOR)
        .min(CAP)
}

fn refill(buffer: &mut Vec<u8>, len: usize) {
    buffer.clear();
    buffer.resize(len, 0);
}
