//! Surfaces over the blocks of a mosaic.
//!
//! A surface is the bilinear interpolation of one value per block, placed at the blocks' centres.
//! Its mean over a block is linear in those values, and separable; along one axis it is a
//! tridiagonal system of as many unknowns as there are blocks, which is solved exactly.

/// Turn wanted block means, row by row, into values at the blocks' centres.
pub(super) fn solve(columns: &Axis, rows: &Axis, blocks: &mut [f32]) {
    let width = columns.count();
    for row in blocks.chunks_exact_mut(width) {
        columns.solve(row, 1);
    }
    for column in 0..width {
        rows.solve(&mut blocks[column..], width);
    }
}

/// One axis: blocks, interpolation between their centres, and the means of that interpolation.
#[derive(Debug, Default)]
pub(super) struct Axis {
    /// Borders of the blocks, pixels of the frame.
    cuts: Vec<usize>,
    /// Per pixel: the block whose centre is at or before it, and the weight of the next one.
    nodes: Vec<(usize, f32)>,
    /// Mean weight of the previous, own and next centre in each block, then eliminated for
    /// [`Self::solve`].
    lower: Vec<f32>,
    diagonal: Vec<f32>,
    upper: Vec<f32>,
}

impl Axis {
    /// Take the borders that `fill` writes: strictly rising, at least two.
    pub(super) fn set(&mut self, fill: impl FnOnce(&mut Vec<usize>)) {
        fill(&mut self.cuts);
        self.prepare();
    }

    /// Number of blocks.
    pub(super) fn count(&self) -> usize {
        self.cuts.len() - 1
    }

    /// Pixels from the first to the last border.
    pub(super) fn length(&self) -> usize {
        self.cuts[self.count()] - self.cuts[0]
    }

    /// Pixels of each block, counted from the patch's edge.
    pub(super) fn blocks(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let first = self.cuts[0];
        self.cuts
            .windows(2)
            .map(move |cut| cut[0] - first..cut[1] - first)
    }

    /// Per pixel: the block whose centre is at or before it, and the weight of the next one.
    pub(super) fn nodes(&self) -> &[(usize, f32)] {
        &self.nodes
    }

    /// The block under `at` (pixels of the frame), and where in it: −1 at its first border, 1 at
    /// its last. None outside all blocks.
    pub(super) fn block_at(&self, at: f64) -> Option<(usize, f32)> {
        let last = self.cuts[self.count()] as f64;
        if !(self.cuts[0] as f64..last).contains(&at) {
            return None;
        }
        let block = self.cuts.partition_point(|&cut| cut as f64 <= at) - 1;
        let (a, b) = (self.cuts[block] as f64, self.cuts[block + 1] as f64);
        Some((block, (2.0 * (at - a) / (b - a) - 1.0) as f32))
    }

    /// Distance of `at` from the nearer end, in its end's blocks; negative outside.
    pub(super) fn depth(&self, at: f64) -> f32 {
        let (cuts, count) = (&self.cuts, self.count());
        let width = |block: usize| (cuts[block + 1] - cuts[block]) as f64;
        let from_first = (at - cuts[0] as f64) / width(0);
        let from_last = (cuts[count] as f64 - at) / width(count - 1);
        from_first.min(from_last) as f32
    }

    /// As an entry of [`Self::nodes`], for any place inside `block`, given as by
    /// [`Self::block_at`].
    pub(super) fn node_at(&self, block: usize, place: f32) -> (usize, f32) {
        let before = place < 0.0;
        if (before && block == 0) || (!before && block == self.count() - 1) {
            return (block, 0.0);
        }
        let half = |block: usize| (self.cuts[block + 1] - self.cuts[block]) as f32 / 2.0;
        let node = if before { block - 1 } else { block };
        let (own, next) = (half(node), half(node + 1));
        let from_border = if before {
            next * (1.0 + place)
        } else {
            own * (place - 1.0)
        };
        (node, (own + from_border) / (own + next))
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

    /// First half of the Thomas algorithm: `upper` and `diagonal` become those of the reduced
    /// system. Every row is diagonally dominant, as a centre weighs most in its own block.
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

    #[test]
    fn places_agree_with_pixels() {
        let mut axis = Axis::default();
        axis.set(|cuts| *cuts = vec![3, 5, 11, 18, 20]);
        for (pixel, &(node, weight)) in axis.nodes().iter().enumerate() {
            let (block, place) = axis.block_at(pixel as f64 + 3.5).unwrap();
            let (found, w) = axis.node_at(block, place);
            // The same point may be the end of one span or the start of the next.
            let position = |node: usize, weight: f32| node as f32 + weight;
            assert!((position(found, w) - position(node, weight)).abs() < 1e-5);
        }
        assert_eq!(axis.block_at(2.9), None);
        assert_eq!(axis.block_at(20.0), None);
        assert_eq!(axis.block_at(5.0), Some((1, -1.0)));
    }
}
