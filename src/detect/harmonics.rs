//! Whether a spacing is the true one or a multiple or a part of it. The spectrum cannot always
//! tell: coding weakens every second line, and the border adds lines of its own. The blocks can: no
//! edge lies inside a block, and some edge lies on most lines.

use super::cells::{Blocks, Edge, Role};
use super::comb::{Comb, MAX_BLOCK, MIN_BLOCK};
use super::grow::{Fit, Grower, Grown, span_of};
use super::plane::{Plane, Span2};
use super::steps::Ridges;

/// Share of sharp edges, compared with that on the best lines, up to which lines are none.
const NO_LINE: f32 = 0.12;
/// The same from which lines between the lines are some.
const LINE: f32 = 0.4;

/// Spacings tried for one mosaic after the first.
const TRIES: usize = 2;
/// Part of its pixels that a mosaic keeps at least where its blocks are taken as square: most are,
/// and a border or a few weak lines pull at one of two spacings.
const SQUARE: f32 = 0.95;

impl Grower {
    /// See [`Grower::grow`]; the spacing is the true one as far as the blocks can tell.
    pub(super) fn grow_true(
        &mut self,
        plane: &Plane<'_>,
        ridges: &Ridges,
        seed: &Span2,
        combs: [Comb; 2],
        budget: &mut usize,
    ) -> Option<Grown> {
        let mut grown = self.grow(plane, ridges, seed, combs, Fit::Multiple, budget)?;
        for _ in 0..TRIES {
            let Some(better) = self.harmonic(plane, &grown) else {
                break;
            };
            self.swap_saved();
            match self.grow(plane, ridges, seed, better, Fit::Near, budget) {
                Some(next) => grown = next,
                None => {
                    self.swap_saved();
                    break;
                }
            }
        }
        for axis in [0, 1] {
            let [x, y] = grown.combs;
            if (x.period / y.period).ln().abs() < 1e-3 {
                break;
            }
            let area = span_of(&grown.blocks, &grown.combs, plane)?;
            let square = self.spaced(ridges, &area, axis, grown.combs[1 - axis].period);
            let mut combs = grown.combs;
            combs[axis] = square;
            let least = SQUARE * self.pixels(&grown.combs);
            self.swap_saved();
            let next = self.grow(plane, ridges, seed, combs, Fit::Held, budget);
            match next.filter(|next| self.pixels(&next.combs) >= least) {
                Some(next) => grown = next,
                None => self.swap_saved(),
            }
        }
        Some(grown)
    }

    /// Pixels of the mosaic's blocks.
    fn pixels(&self, combs: &[Comb; 2]) -> f32 {
        let members = self.roles.iter().filter(|role| **role == Role::Member);
        members.count() as f32 * combs[0].period * combs[1].period
    }

    /// The lines of `grown` with one spacing corrected; None where both are right.
    pub(super) fn harmonic(&mut self, plane: &Plane<'_>, grown: &Grown) -> Option<[Comb; 2]> {
        for axis in 0..2 {
            let comb = grown.combs[axis];
            let better = self.divided(plane, grown, axis, 2).or_else(|| {
                self.probe.measure(plane, grown.blocks, &grown.combs);
                [3, 2]
                    .into_iter()
                    .find_map(|times| self.multiplied(&grown.blocks, axis, &comb, times))
            });
            if let Some(better) = better {
                let mut combs = grown.combs;
                combs[axis] = better;
                return Some(combs);
            }
        }
        None
    }

    /// Lines `parts` times as close, where there are edges between the lines of `grown` too.
    fn divided(
        &mut self,
        plane: &Plane<'_>,
        grown: &Grown,
        axis: usize,
        parts: usize,
    ) -> Option<Comb> {
        let area = span_of(&grown.blocks, &grown.combs, plane)?;
        let mut combs = grown.combs;
        self.probe.least = self.cells.least;
        combs[axis].period /= parts as f32;
        if combs[axis].period < MIN_BLOCK {
            return None;
        }
        self.probe
            .measure(plane, Blocks::over(&area, &combs), &combs);
        let blocks = self.probe.blocks;
        let shares = self.sharp_shares(&blocks, axis, parts);
        // Line 0 of both is the same.
        let between = shares[1..parts].iter().copied().fold(1.0, f32::min);
        (shares[0] > 0.0 && between >= LINE * shares[0]).then(|| combs[axis].normal())
    }

    /// Lines `times` as far apart, where edges lie on each `times`-th line only.
    fn multiplied(&self, blocks: &Blocks, axis: usize, comb: &Comb, times: usize) -> Option<Comb> {
        let range = if axis == 0 { blocks.x } else { blocks.y };
        let period = comb.period * times as f32;
        // Each class of lines must have been seen.
        if period > MAX_BLOCK || range.1 - range.0 <= times as i32 {
            return None;
        }
        let shares = self.sharp_shares(blocks, axis, times);
        let best = (0..times).max_by(|&a, &b| shares[a].total_cmp(&shares[b]))?;
        let others = (0..times).filter(|&class| class != best);
        let most = others.map(|class| shares[class]).fold(0.0, f32::max);
        let phase = comb.line(best as i32);
        (shares[best] > 0.0 && most <= NO_LINE * shares[best]).then(|| {
            Comb {
                period,
                phase,
                quality: comb.quality,
            }
            .normal()
        })
    }

    /// Share of sharp edges on the inner lines of `blocks` across `axis`, by line number modulo
    /// `classes` (≤ 3).
    fn sharp_shares(&self, blocks: &Blocks, axis: usize, classes: usize) -> [f32; 3] {
        let columns = blocks.columns();
        let (mut sharp, mut all) = ([0.0; 3], [0.0f32; 3]);
        for (index, cell) in self.probe.cells.iter().enumerate() {
            let (x, y) = (index % columns, index / columns);
            let (inner, line) = match axis {
                0 => (x > 0, blocks.x.0 + x as i32),
                _ => (y > 0, blocks.y.0 + y as i32),
            };
            if inner {
                let class = line.rem_euclid(classes as i32) as usize;
                all[class] += 1.0;
                sharp[class] += f32::from(u8::from(cell.edge[axis] == Edge::Sharp));
            }
        }
        [0, 1, 2].map(|class| sharp[class] / all[class].max(1.0))
    }
}
