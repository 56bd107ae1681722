//! What is drawn over a mosaic: subtitles, a logo, a timecode, lines between its blocks.
//!
//! A block is flat, and what scaling and coding smear over its edges lies between it and its
//! neighbours. Pixels far beyond the levels of the flat blocks around them were drawn later. Levels
//! are those of luma and of two differences of colours.

use even::{BEYOND, Evenness, MEASURES, inside, level, ranges};

use crate::frame::{Lattice, Patch};

mod even;
#[cfg(test)]
mod tests;

/// Least side of blocks whose levels can be told from what is on them, pixels: of smaller ones
/// scaling smears the most part.
const SMALLEST: f32 = 6.0;
/// The same in parts of the difference of these blocks, whose ringing grows with it.
const BEYOND_PART: f32 = 0.3;
/// How far from a block's level the pixels inside it are that are like it.
const ALIKE: u8 = 16;
/// A block is flat where at most one in so many pixels inside is not like it.
const UNLIKE_PART: usize = 8;
/// Flat blocks that tell what a mosaic is like around a pixel, and how many blocks away they may be.
const TELLING: usize = 3;
/// See [`TELLING`].
const FARTHEST: usize = 4;
/// Drawn pixels in the 3 × 3 around one that is drawn, at least: what noise does is alone.
const COMPANY: u8 = 3;
/// Pixels by which a drawing is wider than what stands out: its edges are smooth.
const EDGE: usize = 2;
/// A block of which less than one in so many pixels is free shows nothing of itself.
const FREE_PART: usize = 8;

/// A block's level of one measure.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    median: u8,
    /// Whether nearly all pixels inside it have that level.
    is_flat: bool,
}

/// Finds what is drawn over a mosaic; keeps its memory.
#[derive(Debug, Default)]
pub struct Overlay {
    columns: Vec<usize>,
    rows: Vec<usize>,
    even: Evenness,
    /// Levels of the pixels.
    planes: [Vec<u8>; MEASURES],
    /// Those of one measure of the blocks, row by row.
    levels: Vec<Level>,
    /// 1 for pixels that are drawn; empty where none is.
    drawn: Vec<u8>,
    scratch: Vec<u8>,
}

impl Overlay {
    /// Nothing is drawn.
    pub fn clear(&mut self) {
        self.drawn.clear();
    }

    /// Find what is drawn over the mosaic `observed`, and put the blocks' own colours in its place.
    /// Nothing is looked for on blocks of less than 6 pixels.
    pub fn lift(&mut self, observed: &mut Patch, lattice: &Lattice) {
        self.clear();
        let rect = observed.rect();
        let smallest = lattice.block_width.min(lattice.block_height);
        let too_small = smallest.is_nan() || smallest < SMALLEST;
        if rect.is_empty() || rect.x < 0 || rect.y < 0 || too_small {
            return;
        }
        let (left, top) = (rect.x as usize, rect.y as usize);
        let (width, height) = (rect.width as usize, rect.height as usize);
        lattice.columns(left, left + width, 0, &mut self.columns);
        lattice.rows(top, top + height, 0, &mut self.rows);
        for (cuts, start) in [(&mut self.columns, left), (&mut self.rows, top)] {
            cuts.iter_mut().for_each(|cut| *cut -= start);
        }
        if self.even.is_even(observed, &self.columns, &self.rows) {
            return;
        }
        self.drawn.resize(width * height, 0);
        self.measure(observed);
        for measure in 0..MEASURES {
            self.find_levels(measure, width);
            self.stand_out(measure, width);
        }
        self.drop_lonely(width);
        for _ in 0..EDGE {
            self.widen(width);
        }
        if self.drawn.contains(&1) {
            self.clean(observed);
        } else {
            self.clear();
        }
    }

    /// Take the drawn pixels out of `mask`, which has one weight per pixel of what was observed.
    pub fn spare(&self, mask: &mut [f32]) {
        for (weight, &drawn) in mask.iter_mut().zip(&self.drawn) {
            *weight *= f32::from(1 - drawn);
        }
    }

    fn measure(&mut self, observed: &Patch) {
        let [red, green, blue] = [0, 1, 2].map(|channel| observed.plane(channel));
        for (measure, plane) in self.planes.iter_mut().enumerate() {
            let colors = red.iter().zip(green).zip(blue);
            plane.clear();
            plane.extend(colors.map(|((&r, &g), &b)| match measure {
                0 => level::<0>(r, g, b) as u8,
                1 => (128.0 + level::<1>(r, g, b)) as u8,
                _ => (128.0 + level::<2>(r, g, b)) as u8,
            }));
        }
    }

    fn find_levels(&mut self, measure: usize, width: usize) {
        let plane = &self.planes[measure];
        self.levels.clear();
        for y in ranges(&self.rows) {
            for x in ranges(&self.columns) {
                let mut counts = [0u32; 256];
                for y in y.clone() {
                    for &level in &plane[y * width..][x.clone()] {
                        counts[usize::from(level)] += 1;
                    }
                }
                let median = median(&counts, x.len() * y.len());
                let (x, y) = (inside(x), inside(y.clone()));
                let inner = x.len() * y.len();
                let unlike = y.flat_map(|y| &plane[y * width..][x.clone()]);
                let unlike = unlike.filter(|level| level.abs_diff(median) > ALIKE);
                self.levels.push(Level {
                    median,
                    is_flat: UNLIKE_PART * unlike.count() <= inner,
                });
            }
        }
    }

    /// Mark the pixels that lie beyond the flat blocks around them.
    fn stand_out(&mut self, measure: usize, width: usize) {
        let Self {
            columns,
            rows,
            planes,
            levels,
            drawn,
            ..
        } = self;
        let counts = (columns.len() - 1, rows.len() - 1);
        for (row, y) in ranges(rows).enumerate() {
            for (column, x) in ranges(columns).enumerate() {
                let Some((low, high)) = around(levels, counts, (column, row)) else {
                    continue;
                };
                let beyond = BEYOND.max((BEYOND_PART * f32::from(high - low)) as u8);
                let (low, high) = (low.saturating_sub(beyond), high.saturating_add(beyond));
                for y in y.clone() {
                    let pixels = planes[measure][y * width..][x.clone()].iter();
                    for (drawn, &level) in drawn[y * width..][x.clone()].iter_mut().zip(pixels) {
                        *drawn |= u8::from((level < low) | (level > high));
                    }
                }
            }
        }
    }

    /// Forget drawn pixels that have hardly any beside them.
    fn drop_lonely(&mut self, width: usize) {
        self.sum_around(width);
        for (drawn, &sum) in self.drawn.iter_mut().zip(&self.scratch) {
            *drawn &= u8::from(sum >= COMPANY);
        }
    }

    /// Let the drawing grow by a pixel to all sides.
    fn widen(&mut self, width: usize) {
        self.sum_around(width);
        for (drawn, &sum) in self.drawn.iter_mut().zip(&self.scratch) {
            *drawn = u8::from(sum > 0);
        }
    }

    /// Fill the scratch with the number of drawn pixels in the 3 × 3 around each.
    fn sum_around(&mut self, width: usize) {
        self.scratch.clear();
        self.scratch.resize(self.drawn.len(), 0);
        let rows = self.drawn.chunks_exact(width);
        for (y, row) in rows.enumerate() {
            let near = y.saturating_sub(1)..((y + 2) * width).min(self.drawn.len()) / width;
            for y in near {
                let sums = &mut self.scratch[y * width..][..width];
                for (sum, &drawn) in sums.iter_mut().zip(row) {
                    *sum += drawn;
                }
                for (sum, &drawn) in sums[1..].iter_mut().zip(row) {
                    *sum += drawn;
                }
                for (sum, &drawn) in sums.iter_mut().zip(&row[1..]) {
                    *sum += drawn;
                }
            }
        }
    }

    /// Put the mean of a block's other pixels where something is drawn on it.
    fn clean(&self, observed: &mut Patch) {
        let width = observed.rect().width as usize;
        for y in ranges(&self.rows) {
            for x in ranges(&self.columns) {
                let pixels = x.len() * y.len();
                let drawn = |y: usize| &self.drawn[y * width..][x.clone()];
                let count: usize = (y.clone())
                    .map(|y| drawn(y).iter().map(|&d| usize::from(d)).sum::<usize>())
                    .sum();
                let free = pixels - count;
                if count == 0 || FREE_PART * free < pixels {
                    continue;
                }
                for channel in 0..3 {
                    let plane = observed.plane_mut(channel);
                    let mut sum = 0.0;
                    for y in y.clone() {
                        let values = plane[y * width..][x.clone()].iter().zip(drawn(y));
                        sum += values.map(|(v, &d)| v * f32::from(1 - d)).sum::<f32>();
                    }
                    let mean = sum / free as f32;
                    for y in y.clone() {
                        let values = plane[y * width..][x.clone()].iter_mut();
                        let drawn = values.zip(drawn(y)).filter(|(_, d)| **d == 1);
                        drawn.for_each(|(value, _)| *value = mean);
                    }
                }
            }
        }
    }
}

/// Lowest and highest level of the flat blocks around the one at (column, row), of as few as tell;
/// None where there are not so many near it.
fn around(
    levels: &[Level],
    counts: (usize, usize),
    (column, row): (usize, usize),
) -> Option<(u8, u8)> {
    (1..=FARTHEST).find_map(|reach| {
        let near = |at: usize, count: usize| at.saturating_sub(reach)..(at + reach + 1).min(count);
        let blocks = near(row, counts.1)
            .flat_map(|row| &levels[row * counts.0..][near(column, counts.0)])
            .filter(|level| level.is_flat);
        let (mut low, mut high, mut count) = (u8::MAX, u8::MIN, 0);
        for level in blocks {
            (low, high) = (low.min(level.median), high.max(level.median));
            count += 1;
        }
        (count >= TELLING).then_some((low, high))
    })
}

/// The level below and above which half of `all` pixels lie.
fn median(counts: &[u32; 256], all: usize) -> u8 {
    let mut below = 0;
    let mut levels = counts.iter().zip(0u8..=u8::MAX);
    let middle = levels.find(|(count, _)| {
        below += **count as usize;
        2 * below >= all
    });
    middle.map_or(0, |(_, level)| level)
}
