//! Ridges: edge pieces that stand out of the ground beside them. The one pass over all pixels.
//!
//! A block edge is a step between two flat pieces of ground; scaling and coding spread it over two
//! or three pixels. Steps are summed along eight pixels of the edge; what such a sum has above
//! those three pixels to either side is a ridge, the rest is ground. Slanted and soft edges of
//! natural pictures leave ground only.

use std::ops::{Add, Range};

use super::plane::{Plane, Span, Span2};

mod grain;
#[cfg(test)]
mod tests;

/// Length of an edge piece in pixels.
pub(super) const STRIP: usize = 8;
/// Side of the finest tiles in pixels.
pub(super) const TILE: usize = 16;
/// Most that one pixel's step counts: eight of them fit a byte.
const STEP_CAP: u8 = 31;
/// Distance of the ground that an edge piece is compared with: wider than a smeared edge, narrower
/// than the smallest smeared block less half of one.
const REACH: usize = 3;
/// Taken off every sum of eight steps: noise of three quarters of a level a pixel.
const FLOOR: u8 = 6;
/// Most that an edge piece counts: faint and strong lattice lines should vote alike.
const CAP: u8 = 64;

/// Ridge and ground of a tile, across x and across y.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tile {
    pub(super) ridge: [u32; 2],
    pub(super) ground: [u32; 2],
}

impl Add for Tile {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let add = |[a, b]: [u32; 2], [c, d]: [u32; 2]| [a + c, b + d];
        Self {
            ridge: add(self.ridge, other.ridge),
            ground: add(self.ground, other.ground),
        }
    }
}

/// Ridges of a plane and their sums over tiles.
#[derive(Debug, Default)]
pub(super) struct Ridges {
    width: usize,
    /// Taken off every sum.
    floor: u8,
    /// Ridges across x: one row of `width` per strip of eight rows.
    across_x: Vec<u8>,
    /// Ridges across y: one row of `width` / 8 per pixel row.
    across_y: Vec<u8>,
    /// Tile row by tile row.
    tiles: Vec<Tile>,
    tile_counts: (usize, usize),
    sums: Vec<u8>,
    steps: Vec<u8>,
    rows: Vec<u8>,
    ground: Vec<u8>,
    /// Scratch for the noise.
    grounds: Vec<u32>,
    /// Ridge and ground across y, summed over the rows of a tile.
    columns: [Vec<u16>; 2],
}

impl Ridges {
    /// Measure `plane`, with the widest instructions that this machine has.
    fn measure_above(&mut self, plane: &Plane<'_>, floor: u8) {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has just said that it knows these instructions.
            #[expect(unsafe_code, reason = "a call into code for a checked processor")]
            return unsafe { self.measure_avx2(plane, floor) };
        }
        self.measure_portable(plane, floor);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn measure_avx2(&mut self, plane: &Plane<'_>, floor: u8) {
        self.measure_portable(plane, floor);
    }

    /// Fill the maps. Strips and tiles that do not fit whole at the right and bottom are left out.
    #[inline(always)]
    pub(super) fn measure_portable(&mut self, plane: &Plane<'_>, floor: u8) {
        self.floor = floor;
        let (width, height) = (plane.width, plane.height);
        let (strips, columns) = (height / STRIP, width / STRIP);
        self.width = width;
        self.tile_counts = (width / TILE, height / TILE);
        self.across_x.resize(strips * width, 0);
        self.across_y.resize(height * columns, 0);
        self.rows.resize(height * columns, 0);
        self.sums.resize(width, 0);
        self.steps.resize(width, 0);
        self.ground.resize(width, 0);
        for sums in &mut self.columns {
            sums.resize(columns, 0);
        }
        self.tiles.clear();
        self.tiles
            .resize(self.tile_counts.0 * self.tile_counts.1, Tile::default());
        for strip in 0..strips {
            self.measure_strip(plane, strip);
        }
        for y in strips * STRIP..height {
            row_steps(
                plane.row(y.saturating_sub(1)),
                plane.row(y),
                &mut self.steps,
                &mut self.rows[y * columns..][..columns],
            );
        }
        for y in (0..height).step_by(TILE) {
            self.measure_rows(y..(y + TILE).min(height), height);
        }
    }

    #[inline(always)]
    fn measure_strip(&mut self, plane: &Plane<'_>, strip: usize) {
        let columns = self.width / STRIP;
        self.sums.fill(0);
        for y in strip * STRIP..(strip + 1) * STRIP {
            add_steps(plane.row(y), &mut self.sums);
            row_steps(
                plane.row(y.saturating_sub(1)),
                plane.row(y),
                &mut self.steps,
                &mut self.rows[y * columns..][..columns],
            );
        }
        let out = &mut self.across_x[strip * self.width..][..self.width];
        let inner = REACH..self.width - REACH;
        for edge in [0..REACH, inner.end..self.width] {
            out[edge.clone()].fill(0);
            self.ground[edge].fill(0);
        }
        split(
            &self.sums[inner.clone()],
            &self.sums[..inner.len()],
            &self.sums[2 * REACH..],
            &mut out[inner.clone()],
            &mut self.ground[inner],
            self.floor,
        );
        let tiles = &mut self.tiles[..];
        let first = strip * STRIP / TILE * self.tile_counts.0;
        if let Some(tiles) = tiles.get_mut(first..first + self.tile_counts.0) {
            add_to_tiles(tiles, out, &self.ground);
        }
    }

    /// Ridges across y in the pixel rows `rows`, which begin with a tile.
    #[inline(always)]
    fn measure_rows(&mut self, rows: Range<usize>, height: usize) {
        let columns = self.width / STRIP;
        let first = rows.start / TILE * self.tile_counts.0;
        let [ridges, grounds] = &mut self.columns;
        ridges.fill(0);
        grounds.fill(0);
        for y in rows {
            let out = &mut self.across_y[y * columns..][..columns];
            if y < REACH || y + REACH >= height {
                out.fill(0);
                continue;
            }
            let row = |y: usize| &self.rows[y * columns..][..columns];
            let ground = &mut self.ground[..columns];
            split(
                row(y),
                row(y - REACH),
                row(y + REACH),
                out,
                ground,
                self.floor,
            );
            // Sixteen rows of up to 248 fit 16 bits.
            let sums = ridges.iter_mut().zip(grounds.iter_mut());
            for ((ridge, ground), (&r, &g)) in sums.zip(out.iter().zip(&*ground)) {
                *ridge += u16::from(r);
                *ground += u16::from(g);
            }
        }
        let Some(tiles) = self.tiles.get_mut(first..first + self.tile_counts.0) else {
            return;
        };
        let pairs = ridges
            .as_chunks::<{ TILE / STRIP }>()
            .0
            .iter()
            .zip(grounds.as_chunks::<{ TILE / STRIP }>().0);
        for (tile, (ridge, ground)) in tiles.iter_mut().zip(pairs) {
            let sum = |pair: &[u16; TILE / STRIP]| pair.iter().map(|&v| u32::from(v)).sum();
            (tile.ridge[1], tile.ground[1]) = (sum(ridge), sum(ground));
        }
    }

    /// Tiles from left to right and from top to bottom.
    pub(super) fn tiles(&self) -> (&[Tile], (usize, usize)) {
        (&self.tiles, self.tile_counts)
    }

    /// Ridges across x and across y at each pixel of `plane`, which was measured; 0 in what is left
    /// out.
    pub(super) fn maps(&self, plane: &Plane<'_>) -> [Vec<u8>; 2] {
        let (width, columns) = (self.width, self.width / STRIP);
        let pixels = (0..width * plane.height).map(|i| (i % width, i / width));
        let x = pixels.clone().map(|(x, y)| {
            let ridge = self.across_x.get(y / STRIP * width + x);
            ridge.copied().unwrap_or(0)
        });
        let y = pixels.map(|(x, y)| match x / STRIP < columns {
            true => self.across_y[y * columns + x / STRIP],
            false => 0,
        });
        [x.collect(), y.collect()]
    }

    /// Ridges across `axis` in strip number `strip` along the lines, at each place in `lines`.
    pub(super) fn strip(
        &self,
        axis: usize,
        strip: usize,
        lines: Span,
    ) -> impl Iterator<Item = u8> + '_ {
        let (from, start, step) = match axis {
            0 => (&self.across_x, strip * self.width + lines.start, 1),
            _ => {
                let columns = self.width / STRIP;
                (&self.across_y, lines.start * columns + strip, columns)
            }
        };
        from[start..]
            .iter()
            .step_by(step)
            .copied()
            .take(lines.len())
    }

    /// Ridges across x at each x, and across y at each y, summed over `span` cut to whole strips.
    pub(super) fn profiles(&self, span: &Span2, along: &mut [Vec<u32>; 2]) {
        let [along_x, along_y] = along;
        along_x.clear();
        along_x.resize(span.x.len(), 0);
        for strip in span.y.start.div_ceil(STRIP)..span.y.end / STRIP {
            let row = &self.across_x[strip * self.width + span.x.start..];
            for (sum, &ridge) in along_x.iter_mut().zip(row) {
                *sum += u32::from(ridge);
            }
        }
        let columns = self.width / STRIP;
        let pieces = span.x.start.div_ceil(STRIP)..(span.x.end / STRIP);
        along_y.clear();
        along_y.extend((span.y.start..span.y.end).map(|y| {
            let row = self.across_y[y * columns..][..columns].get(pieces.clone());
            let row = row.unwrap_or_default().iter();
            row.map(|&ridge| u32::from(ridge)).sum::<u32>()
        }));
    }
}

/// Add the steps of `row` across x; the sum at x is that of the line between pixels x − 1 and x.
#[inline(always)]
fn add_steps(row: &[u8], sums: &mut [u8]) {
    for ((sum, &left), &right) in sums[1..].iter_mut().zip(row).zip(&row[1..]) {
        *sum += left.abs_diff(right).min(STEP_CAP);
    }
}

/// Steps between two rows, summed over eight pixels each; `steps` is scratch of a row's length.
#[inline(always)]
fn row_steps(upper: &[u8], lower: &[u8], steps: &mut [u8], out: &mut [u8]) {
    for ((step, &a), &b) in steps.iter_mut().zip(upper).zip(lower) {
        *step = a.abs_diff(b).min(STEP_CAP);
    }
    for (out, &eight) in out.iter_mut().zip(steps.as_chunks::<STRIP>().0) {
        // All eight bytes added in the lowest one; 8 × 31 fits.
        let mut sum = u64::from_le_bytes(eight);
        sum += sum >> 32;
        sum += sum >> 16;
        sum += sum >> 8;
        *out = sum as u8;
    }
}

/// Divide sums of steps into ridge and ground, given the sums at either side.
#[inline(always)]
fn split(here: &[u8], before: &[u8], after: &[u8], ridge: &mut [u8], ground: &mut [u8], floor: u8) {
    let sides = before.iter().zip(after);
    let outs = ridge.iter_mut().zip(ground);
    for ((&here, (&before, &after)), (ridge, ground)) in here.iter().zip(sides).zip(outs) {
        let here = here.saturating_sub(floor);
        let side = before.max(after).saturating_sub(floor);
        *ridge = here.saturating_sub(side).min(CAP);
        *ground = here.min(side);
    }
}

/// Add each [`TILE`] entries of a row of ridges and ground across x to a tile.
#[inline(always)]
fn add_to_tiles(tiles: &mut [Tile], ridge: &[u8], ground: &[u8]) {
    let rows = ridge
        .as_chunks::<TILE>()
        .0
        .iter()
        .zip(ground.as_chunks::<TILE>().0);
    for (tile, (ridge, ground)) in tiles.iter_mut().zip(rows) {
        // Up to 16 entries of up to 248 fit 16 bits, which add faster.
        let sum = |bytes: &[u8; TILE]| u32::from(bytes.iter().map(|&v| u16::from(v)).sum::<u16>());
        tile.ridge[0] += sum(ridge);
        tile.ground[0] += sum(ground);
    }
}
