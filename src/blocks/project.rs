//! Block-mean projection: shift a restored picture smoothly until the mean of every mosaic block is
//! the one that was observed.
//!
//! The shift is the bilinear surface over the blocks whose means are the missing amounts.

use multiversion::multiversion;

use super::axis::{Axis, solve};
use crate::frame::{Lattice, Patch};

/// Rounds: clipping to 0–255 after a shift disturbs the means a little, a further round mends them.
const ROUNDS: usize = 4;
/// A mean this close, in grey levels, needs no further round.
const CLOSE: f32 = 0.25;

/// Projects patches; keeps its memory.
#[derive(Debug, Default)]
pub struct Projector {
    columns: Axis,
    rows: Axis,
    /// One value per block, row by row.
    blocks: Vec<f32>,
    /// Rows of blocks with one value per pixel: sums, or values between the blocks' centres.
    lines: Vec<f32>,
}

impl Projector {
    /// Shift `restored` so that its block means become those of `observed`, by the share `strength`
    /// (0–1).
    ///
    /// Both patches cover the same rectangle inside a frame; values are kept in 0–255.
    pub fn project(
        &mut self,
        restored: &mut Patch,
        observed: &Patch,
        lattice: &Lattice,
        strength: f32,
    ) {
        let rect = restored.rect();
        if strength <= 0.0 || rect.is_empty() || rect != observed.rect() || rect.x < 0 || rect.y < 0
        {
            return;
        }
        let (left, top) = (rect.x as usize, rect.y as usize);
        self.columns
            .set(|cuts| lattice.columns(left, left + rect.width as usize, 0, cuts));
        self.rows
            .set(|cuts| lattice.rows(top, top + rect.height as usize, 0, cuts));
        for channel in 0..3 {
            let observed = observed.plane(channel);
            let restored = restored.plane_mut(channel);
            for round in 0..ROUNDS {
                let worst = self.differences(restored, observed);
                if worst < CLOSE {
                    break;
                }
                // A weaker projection goes part of the way once; repeating it would go all the way.
                if round > 0 && strength < 1.0 {
                    break;
                }
                solve(&self.columns, &self.rows, &mut self.blocks);
                self.shift(restored, strength.min(1.0));
            }
        }
    }

    /// Fill `blocks` with observed minus restored block means; returns the largest magnitude.
    fn differences(&mut self, restored: &[f32], observed: &[f32]) -> f32 {
        let Self {
            columns,
            rows,
            blocks,
            lines,
        } = self;
        blocks.clear();
        for y in rows.blocks() {
            let width = columns.length();
            let pixels = y.start * width..y.end * width;
            sum_of_differences(&observed[pixels.clone()], &restored[pixels], width, lines);
            blocks.extend(columns.blocks().map(|x| {
                let area = (x.len() * y.len()) as f32;
                lines[x].iter().sum::<f32>() / area
            }));
        }
        blocks.iter().fold(0.0, |worst, mean| worst.max(mean.abs()))
    }

    /// Add the interpolated block values to `plane`.
    fn shift(&mut self, plane: &mut [f32], strength: f32) {
        let (count, width) = (self.columns.count(), self.columns.length());
        // Along x first: there are fewer rows of blocks than of pixels.
        self.lines.clear();
        for blocks in self.blocks.chunks_exact(count) {
            self.lines
                .extend(self.columns.nodes().iter().map(|&(node, weight)| {
                    let (a, b) = (blocks[node], blocks[(node + 1).min(count - 1)]);
                    strength * (a + (b - a) * weight)
                }));
        }
        let line = |row: usize| &self.lines[row * width..][..width];
        let rows = plane.chunks_exact_mut(width).zip(self.rows.nodes());
        for (row, &(node, weight)) in rows {
            let next = (node + 1).min(self.rows.count() - 1);
            add_between(row, line(node), line(next), weight);
        }
    }
}

/// Column by column, the sum over rows of `width` pixels of `a` − `b`.
#[multiversion(targets("x86_64+avx2"))]
fn sum_of_differences(a: &[f32], b: &[f32], width: usize, sums: &mut Vec<f32>) {
    sums.clear();
    sums.resize(width, 0.0);
    for (a, b) in a.chunks_exact(width).zip(b.chunks_exact(width)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a - b;
        }
    }
}

/// Add what lies between the lines `a` and `b`; the latter has `weight`. Values are kept in 0–255.
#[multiversion(targets("x86_64+avx2"))]
fn add_between(row: &mut [f32], a: &[f32], b: &[f32], weight: f32) {
    for ((value, a), b) in row.iter_mut().zip(a).zip(b) {
        *value = (*value + a + (b - a) * weight).clamp(0.0, 255.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::degrade::mosaic::{Fill, pixelate};
    use crate::frame::{FrameView, FrameViewMut, Layout, Rect, patch};

    const SIDE: usize = 100;

    /// A textured picture and its mosaic.
    fn scene(rect: &Rect, lattice: &Lattice, low: u8, high: u8) -> [Vec<u8>; 2] {
        let span = usize::from(high - low) + 1;
        let truth: Vec<u8> = (0..SIDE * SIDE * 3)
            .map(|i| low + ((i * i / 7 + i / 300 * 5) % span) as u8)
            .collect();
        let mut mosaic = truth.clone();
        let layout = Layout::rgb(SIDE as u32, SIDE as u32);
        let mut frame = FrameViewMut::packed(&layout, &mut mosaic, SIDE * 3).unwrap();
        pixelate(&mut frame, rect, lattice, Fill::TileMean);
        [truth, mosaic]
    }

    fn read(data: &[u8], rect: Rect) -> Patch {
        let layout = Layout::rgb(SIDE as u32, SIDE as u32);
        let mut out = Patch::default();
        patch::read(
            &FrameView::packed(&layout, data, SIDE * 3).unwrap(),
            rect,
            &mut out,
        );
        out
    }

    /// Largest difference of block means after projecting a grey wedge.
    fn worst_mean(rect: Rect, lattice: &Lattice, low: u8, high: u8) -> f32 {
        let [_, mosaic] = scene(&rect, lattice, low, high);
        let observed = read(&mosaic, rect);
        let mut restored = observed.clone();
        for channel in 0..3 {
            for (i, value) in restored.plane_mut(channel).iter_mut().enumerate() {
                *value = (i % 256) as f32 * 0.3 + 90.0 * channel as f32;
            }
        }
        let mut projector = Projector::default();
        projector.project(&mut restored, &observed, lattice, 1.0);
        (0..3)
            .map(|c| projector.differences(restored.plane(c), observed.plane(c)))
            .fold(0.0, f32::max)
    }

    #[test]
    fn block_means_are_those_that_were_observed() {
        for (block, x, y) in [
            (4, 0, 0),
            (7, 3, 5),
            (12, 11, 1),
            (19, 2, 18),
            (48, 0, 7),
            (200, 0, 0),
        ] {
            let lattice = Lattice::square(block, x, y);
            for rect in [
                Rect::new(5, 9, 77, 64),
                Rect::new(0, 0, 100, 100),
                Rect::new(99, 3, 1, 40),
            ] {
                let worst = worst_mean(rect, &lattice, 40, 210);
                assert!(worst < 0.5, "block {block}, {rect:?}: {worst}");
            }
        }
    }

    #[test]
    fn fractional_blocks_too() {
        let mut lattice = Lattice::square(8, 3, 2);
        lattice.block_width = 10.67;
        lattice.block_height = 7.4;
        let worst = worst_mean(Rect::new(4, 4, 90, 80), &lattice, 40, 210);
        assert!(worst < 0.5, "{worst}");
    }

    #[test]
    fn the_truth_stays_as_it_is() {
        let (rect, lattice) = (Rect::new(10, 10, 60, 60), Lattice::square(12, 10, 10));
        let [truth, mosaic] = scene(&rect, &lattice, 0, 255);
        let mut restored = read(&truth, rect);
        let before = restored.clone();
        Projector::default().project(&mut restored, &read(&mosaic, rect), &lattice, 1.0);
        for channel in 0..3 {
            for (a, b) in restored.plane(channel).iter().zip(before.plane(channel)) {
                // The mosaic's own rounding moves a mean by half a level, its surface by little
                // more.
                assert!((a - b).abs() < 1.5);
            }
        }
    }

    #[test]
    fn strength_goes_part_of_the_way() {
        let (rect, lattice) = (Rect::new(0, 0, 48, 48), Lattice::square(12, 0, 0));
        let [_, mosaic] = scene(&rect, &lattice, 100, 140);
        let observed = read(&mosaic, rect);
        let shifted = |strength| {
            let mut restored = Patch::default();
            restored.reset(rect);
            Projector::default().project(&mut restored, &observed, &lattice, strength);
            restored.plane(0).iter().sum::<f32>() / restored.area() as f32
        };
        assert_eq!(shifted(0.0), 0.0);
        let ratio = shifted(0.5) / shifted(1.0);
        assert!((ratio - 0.5).abs() < 0.02, "{ratio}");
    }
}
