//! Block-mean projection: shift a restored picture smoothly until the mean of every mosaic block is the one
//! that was observed.
//!
//! The shift is the bilinear interpolation of one value per block, placed at the blocks' centres. The mean of
//! that surface over a block is linear in those values, and separable; along one axis it is a tridiagonal
//! system of as many unknowns as there are blocks, which is solved exactly.

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
    /// One row of block values, interpolated along y.
    line: Vec<f32>,
}

impl Projector {
    /// Shift `restored` so that its block means become those of `observed`, by the share `strength` (0–1).
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
        lattice.columns(left, left + rect.width as usize, 0, &mut self.columns.cuts);
        lattice.rows(top, top + rect.height as usize, 0, &mut self.rows.cuts);
        self.columns.prepare();
        self.rows.prepare();
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
                self.solve();
                self.shift(restored, strength.min(1.0));
            }
        }
    }

    /// Fill `blocks` with observed minus restored block means; gives the largest magnitude.
    fn differences(&mut self, restored: &[f32], observed: &[f32]) -> f32 {
        let width = self.columns.length();
        self.blocks.clear();
        let mut worst = 0f32;
        for y in self.rows.blocks() {
            for x in self.columns.blocks() {
                let mut sum = 0.0;
                for row in y.clone() {
                    let range = row * width + x.start..row * width + x.end;
                    let pairs = observed[range.clone()].iter().zip(&restored[range]);
                    sum += pairs.map(|(o, r)| o - r).sum::<f32>();
                }
                let mean = sum / (x.len() * y.len()) as f32;
                worst = worst.max(mean.abs());
                self.blocks.push(mean);
            }
        }
        worst
    }

    /// Turn wanted block means into values at the blocks' centres.
    fn solve(&mut self) {
        let width = self.columns.count();
        for row in self.blocks.chunks_exact_mut(width) {
            self.columns.solve(row, 1);
        }
        for column in 0..width {
            self.rows.solve(&mut self.blocks[column..], width);
        }
    }

    /// Add the interpolated block values to `plane`.
    fn shift(&mut self, plane: &mut [f32], strength: f32) {
        let width = self.columns.count();
        for (row, &(node, weight)) in plane
            .chunks_exact_mut(self.columns.length())
            .zip(&self.rows.nodes)
        {
            let next = (node + 1).min(self.rows.count() - 1);
            self.line.clear();
            self.line.extend((0..width).map(|x| {
                let (a, b) = (self.blocks[node * width + x], self.blocks[next * width + x]);
                strength * (a + (b - a) * weight)
            }));
            for (value, &(node, weight)) in row.iter_mut().zip(&self.columns.nodes) {
                let a = self.line[node];
                let b = self.line[(node + 1).min(width - 1)];
                *value = (*value + a + (b - a) * weight).clamp(0.0, 255.0);
            }
        }
    }
}

/// One axis: blocks, interpolation between their centres, and the means of that interpolation.
#[derive(Debug, Default)]
struct Axis {
    /// Borders of the blocks, pixels of the frame.
    cuts: Vec<usize>,
    /// Per pixel: the block whose centre is at or before it, and the weight of the next one.
    nodes: Vec<(usize, f32)>,
    /// Mean weight of the previous, own and next centre in each block, then eliminated for [`Self::solve`].
    lower: Vec<f32>,
    diagonal: Vec<f32>,
    upper: Vec<f32>,
}

impl Axis {
    fn count(&self) -> usize {
        self.cuts.len() - 1
    }

    fn length(&self) -> usize {
        self.cuts[self.count()] - self.cuts[0]
    }

    /// Pixels of each block, counted from the patch's edge.
    fn blocks(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let first = self.cuts[0];
        self.cuts
            .windows(2)
            .map(move |cut| cut[0] - first..cut[1] - first)
    }

    fn prepare(&mut self) {
        let (count, first) = (self.count(), self.cuts[0]);
        let centre = |cuts: &[usize], i: usize| (cuts[i] + cuts[i + 1]) as f32 / 2.0 - first as f32;
        self.nodes.clear();
        for band in [&mut self.lower, &mut self.diagonal, &mut self.upper] {
            band.clear();
            band.resize(count, 0.0);
        }
        for block in 0..count {
            let pixels = self.cuts[block] - first..self.cuts[block + 1] - first;
            let share = 1.0 / pixels.len() as f32;
            for pixel in pixels {
                let at = pixel as f32 + 0.5;
                // Before the first and after the last centre the surface is level.
                let before = at < centre(&self.cuts, block);
                if (before && block == 0) || (!before && block == count - 1) {
                    self.diagonal[block] += share;
                    self.nodes.push((block, 0.0));
                    continue;
                }
                let node = if before { block - 1 } else { block };
                let (a, b) = (centre(&self.cuts, node), centre(&self.cuts, node + 1));
                let weight = (at - a) / (b - a);
                self.nodes.push((node, weight));
                if before {
                    self.lower[block] += share * (1.0 - weight);
                    self.diagonal[block] += share * weight;
                } else {
                    self.diagonal[block] += share * (1.0 - weight);
                    self.upper[block] += share * weight;
                }
            }
        }
        self.eliminate();
    }

    /// First half of the Thomas algorithm: `upper` and `diagonal` become those of the reduced system. Every row
    /// is diagonally dominant, as a centre weighs most in its own block.
    fn eliminate(&mut self) {
        for i in 0..self.count() {
            if i > 0 {
                self.diagonal[i] -= self.lower[i] * self.upper[i - 1];
            }
            self.upper[i] /= self.diagonal[i];
        }
    }

    /// Solve for the values at every `step`-th place of `means`, in place.
    fn solve(&self, means: &mut [f32], step: usize) {
        let count = self.count();
        for i in 0..count {
            let previous = if i > 0 { means[(i - 1) * step] } else { 0.0 };
            means[i * step] = (means[i * step] - self.lower[i] * previous) / self.diagonal[i];
        }
        for i in (0..count - 1).rev() {
            means[i * step] -= self.upper[i] * means[(i + 1) * step];
        }
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
                // The mosaic's own rounding moves a mean by half a level, its surface by little more.
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
