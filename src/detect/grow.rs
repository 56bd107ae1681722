//! The extent of a mosaic: the blocks that hang together around a window, then its border to the
//! pixel.

use super::cells::{Blocks, Cells, Role};
use super::comb::{Comb, exact, refined, spaced_comb};
use super::evidence::{Evidence, weigh};
use super::plane::{Plane, Span, Span2};
use super::steps::Ridges;

/// Noise that a flat block may have in any case, levels of standard deviation.
const LEAST_NOISE: f32 = 1.2;
/// The same at most, in dark or strongly coded pictures.
const MOST_NOISE: f32 = 6.0;
/// The same at most in a frame with noise, in parts of that.
const GRAIN_PART: f32 = 1.5;
/// The same in parts of the block's largest sharp difference.
const NOISE_PART: f32 = 0.1;
/// Least difference of neighbours in parts of the mosaic's typical largest.
const LEAST_PART: f32 = 0.1;
/// Most rounds of growing.
const ROUNDS: usize = 12;
/// Movement of the outer lines up to which a lattice has settled, pixels.
const SETTLED: f32 = 0.15;
/// Fewest blocks that make a mosaic.
const LEAST_MEMBERS: usize = 6;

/// Two pixels of a line along a side: those beside a lattice line, or two as far apart in the
/// middle of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) before: usize,
    pub(super) behind: usize,
    pub(super) on_line: bool,
}

/// Follows a lattice; keeps its memory.
#[derive(Debug, Default)]
pub(super) struct Grower {
    pub(super) cells: Cells,
    /// Blocks of other lattices that are compared.
    pub(super) probe: Cells,
    pub(super) roles: Vec<Role>,
    saved: (Cells, Vec<Role>),
    profiles: [Vec<u32>; 2],
    stack: Vec<usize>,
    pub(super) queue: Vec<f32>,
    counts: Vec<usize>,
    pub(super) pairs: [Vec<Pair>; 2],
}

/// How the lines may change while a mosaic grows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fit {
    /// To a spacing nearby, or to a multiple of it.
    Multiple,
    /// To a spacing nearby.
    Near,
    /// Only as far as the peaks beside them ask for.
    Held,
}

/// Times a spacing by which a first look may have it too small.
const MULTIPLES: f32 = 3.0;

/// A mosaic in whole blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grown {
    pub(super) combs: [Comb; 2],
    /// Blocks around its members.
    pub(super) blocks: Blocks,
    /// Noise inside its better blocks, levels of standard deviation: 0 where nothing was coded.
    pub(super) noise: f32,
}

impl Grower {
    /// What comes next has noise of a standard deviation of `grain` levels all over.
    pub(super) fn set_grain(&mut self, grain: f32) {
        for cells in [&mut self.cells, &mut self.probe, &mut self.saved.0] {
            cells.grain = grain;
        }
    }

    /// The mosaic with lines `combs` (x, y), as `fit` changes them, around `seed`; None where too
    /// few blocks support it. The pixels visited are taken from `budget`; growing ends where
    /// nothing is left of it.
    pub(super) fn grow(
        &mut self,
        plane: &Plane<'_>,
        ridges: &Ridges,
        seed: &Span2,
        combs: [Comb; 2],
        fit: Fit,
        budget: &mut usize,
    ) -> Option<Grown> {
        let mut combs = combs;
        let mut limits = Blocks::over(&plane.span(), &combs);
        let mut work = widened(&Blocks::over(seed, &combs), 1, &limits);
        let mut settled = false;
        self.cells.least = 0.0;
        for round in 1.. {
            let block = (combs[0].period * combs[1].period) as usize;
            let pixels = work.columns() * work.rows() * block;
            if pixels > *budget {
                *budget = 0;
                return None;
            }
            *budget -= pixels;
            let noise = self.measure(plane, work, &combs);
            let blocks = self.component(seed, &combs)?;
            if round == 1 {
                self.cells.least = LEAST_PART * self.contrast();
            }
            let next = touched(&blocks, &work, &limits);
            if next == work && settled || round == ROUNDS {
                return Some(Grown {
                    combs,
                    blocks,
                    noise,
                });
            }
            let area = span_of(&blocks, &combs, plane)?;
            let better = self.fit(ridges, &area, &combs, fit)?;
            settled = [0, 1].into_iter().all(|axis| {
                let span = area.axis(axis);
                let centre = (span.start + span.end) as f32 / 2.0;
                better[axis].agrees(&combs[axis], centre, span.len() as f32 * 1.5, SETTLED)
            });
            let reach = span_of(&next, &combs, plane)?;
            combs = better;
            limits = Blocks::over(&plane.span(), &combs);
            work = Blocks::over(&reach, &combs);
        }
        None
    }

    /// What the blocks of the lattice `combs` in `area` say.
    pub(super) fn examine(
        &mut self,
        plane: &Plane<'_>,
        area: &Span2,
        combs: &[Comb; 2],
    ) -> Evidence {
        let blocks = Blocks::over(area, combs);
        self.measure(plane, blocks, combs);
        for role in &mut self.roles {
            if *role != Role::Alien {
                *role = Role::Member;
            }
        }
        let size = [combs[0].period, combs[1].period];
        weigh(&self.cells, &self.roles, &blocks, size, &mut self.queue)
    }

    /// Median of the members' largest difference to a neighbour, levels.
    fn contrast(&mut self) -> f32 {
        self.queue.clear();
        let pairs = self.cells.cells.iter().zip(&self.roles);
        let members = pairs.filter(|(_, role)| **role == Role::Member);
        self.queue.extend(members.map(|(cell, _)| cell.apart));
        self.queue.sort_unstable_by(f32::total_cmp);
        self.queue.get(self.queue.len() / 2).copied().unwrap_or(0.0)
    }

    /// Measure `work` and give each block its role; returns the noise inside good blocks.
    fn measure(&mut self, plane: &Plane<'_>, work: Blocks, combs: &[Comb; 2]) -> f32 {
        self.cells.measure(plane, work, combs);
        self.queue.clear();
        let sharp = self.cells.cells.iter().filter(|cell| cell.sharp >= 2);
        self.queue.extend(sharp.map(|cell| cell.spread));
        self.queue.sort_unstable_by(f32::total_cmp);
        let quarter = self.queue.get(self.queue.len() / 4).copied().unwrap_or(0.0);
        let most = MOST_NOISE.max(GRAIN_PART * self.cells.grain);
        let noise = (2.5 * quarter).clamp(LEAST_NOISE, most);
        self.roles.clear();
        self.roles.extend(self.cells.cells.iter().map(|cell| {
            let flat = cell.there && cell.spread <= noise.max(NOISE_PART * cell.apart);
            if !flat || cell.soft > cell.sharp {
                Role::Alien
            } else if cell.sharp >= 2 {
                Role::Clear
            } else {
                Role::Faint
            }
        }));
        quarter
    }

    /// Make the largest set of blocks that hang together and touch `seed` members; returns the
    /// blocks around them.
    fn component(&mut self, seed: &Span2, combs: &[Comb; 2]) -> Option<Blocks> {
        self.bridge();
        let blocks = self.cells.blocks;
        let inner = Blocks::over(seed, combs);
        let (columns, rows) = (blocks.columns(), blocks.rows());
        let mut best: Option<(usize, usize)> = None;
        let mut seen = std::mem::take(&mut self.counts);
        seen.clear();
        seen.resize(columns * rows, 0);
        for row in inner.y.0.max(blocks.y.0)..inner.y.1.min(blocks.y.1) {
            for column in inner.x.0.max(blocks.x.0)..inner.x.1.min(blocks.x.1) {
                let index = (row - blocks.y.0) as usize * columns + (column - blocks.x.0) as usize;
                if self.roles[index] != Role::Clear || seen[index] != 0 {
                    continue;
                }
                let mark = index + 1;
                let size = self.flood(index, |at| std::mem::replace(&mut seen[at], mark) == 0);
                if best.is_none_or(|(most, _)| size > most) {
                    best = Some((size, mark));
                }
            }
        }
        for (role, &mark) in self.roles.iter_mut().zip(&seen) {
            if best.is_some_and(|(_, best)| best == mark) {
                *role = Role::Member;
            }
        }
        self.counts = seen;
        best.filter(|(size, _)| *size >= LEAST_MEMBERS)?;
        self.tight_blocks()
    }

    /// Faint blocks between clear ones become clear.
    fn bridge(&mut self) {
        let columns = self.cells.blocks.columns();
        for _ in 0..2 {
            self.stack.clear();
            for index in 0..self.roles.len() {
                if self.roles[index] != Role::Faint {
                    continue;
                }
                let is_clear = |near: Option<usize>| {
                    near.and_then(|near| self.roles.get(near)) == Some(&Role::Clear)
                };
                let x = index % columns;
                let left = is_clear(index.checked_sub(1).filter(|_| x > 0));
                let right = is_clear((x + 1 < columns).then_some(index + 1));
                let up = is_clear(index.checked_sub(columns));
                let down = is_clear(Some(index + columns));
                let count = [left, right, up, down].into_iter().filter(|&is| is).count();
                if count >= 3 || left && right || up && down {
                    self.stack.push(index);
                }
            }
            for &index in &self.stack {
                self.roles[index] = Role::Clear;
            }
        }
    }

    /// Visit the clear blocks that hang together with `start`, corner to corner at least; returns
    /// their number.
    fn flood(&mut self, start: usize, mut visit: impl FnMut(usize) -> bool) -> usize {
        let columns = self.cells.blocks.columns() as isize;
        let rows = self.cells.blocks.rows() as isize;
        self.stack.clear();
        visit(start);
        self.stack.push(start);
        let mut size = 0;
        while let Some(index) = self.stack.pop() {
            size += 1;
            let (x, y) = (index as isize % columns, index as isize / columns);
            for (dx, dy) in [
                (-1, 0),
                (1, 0),
                (0, -1),
                (0, 1),
                (-1, -1),
                (1, -1),
                (-1, 1),
                (1, 1),
            ] {
                let (x, y) = (x + dx, y + dy);
                if x < 0 || y < 0 || x >= columns || y >= rows {
                    continue;
                }
                let near = (y * columns + x) as usize;
                if self.roles[near] == Role::Clear && visit(near) {
                    self.stack.push(near);
                }
            }
        }
        size
    }

    /// Blocks around the members, less outer rows and columns that hold next to none.
    fn tight_blocks(&mut self) -> Option<Blocks> {
        let blocks = self.cells.blocks;
        let (columns, rows) = (blocks.columns(), blocks.rows());
        let mut range = |along: usize, across: usize, stride: usize, step: usize| {
            let roles = &self.roles;
            let count = |line: usize| {
                let member = |at: &usize| roles[line * stride + at * step] == Role::Member;
                (0..across).filter(member).count()
            };
            self.counts.clear();
            self.counts.extend((0..along).map(count));
            let most = self.counts.iter().max().copied().unwrap_or(0);
            let enough = |&&count: &&usize| count > 0 && 4 * count > most;
            let first = self.counts.iter().position(|count| enough(&count))?;
            let last = self.counts.iter().rposition(|count| enough(&count))?;
            Some((first as i32, last as i32 + 1))
        };
        let y = range(rows, columns, columns, 1)?;
        let x = range(columns, rows, 1, columns)?;
        Some(Blocks {
            x: (blocks.x.0 + x.0, blocks.x.0 + x.1),
            y: (blocks.y.0 + y.0, blocks.y.0 + y.1),
        })
    }

    /// The lines as they fit all of `area`.
    fn fit(
        &mut self,
        ridges: &Ridges,
        area: &Span2,
        combs: &[Comb; 2],
        fit: Fit,
    ) -> Option<[Comb; 2]> {
        ridges.profiles(area, &mut self.profiles);
        let fitted = |axis: usize| {
            let (profile, origin) = (&self.profiles[axis][..], area.axis(axis).start);
            match fit {
                Fit::Multiple => refined(profile, origin, &combs[axis], MULTIPLES),
                Fit::Near => refined(profile, origin, &combs[axis], 1.0),
                Fit::Held => Some(exact(profile, origin, combs[axis])),
            }
        };
        Some([fitted(0)?, fitted(1)?])
    }

    /// The best lines with the spacing `period` across `axis` in `area`.
    pub(super) fn spaced(
        &mut self,
        ridges: &Ridges,
        area: &Span2,
        axis: usize,
        period: f32,
    ) -> Comb {
        ridges.profiles(area, &mut self.profiles);
        spaced_comb(&self.profiles[axis], area.axis(axis).start, period)
    }

    /// Put the measured blocks aside, and take up those that were put aside before.
    pub(super) fn swap_saved(&mut self) {
        std::mem::swap(&mut self.cells, &mut self.saved.0);
        std::mem::swap(&mut self.roles, &mut self.saved.1);
    }
}

/// `blocks` and a rim of `rim` blocks around, inside `limits`.
fn widened(blocks: &Blocks, rim: i32, limits: &Blocks) -> Blocks {
    let wide = |range: (i32, i32), limit: (i32, i32)| {
        ((range.0 - rim).max(limit.0), (range.1 + rim).min(limit.1))
    };
    Blocks {
        x: wide(blocks.x, limits.x),
        y: wide(blocks.y, limits.y),
    }
}

/// `work`, wider by half where `found` comes within a block of its end.
fn touched(found: &Blocks, work: &Blocks, limits: &Blocks) -> Blocks {
    let wide = |found: (i32, i32), work: (i32, i32), limit: (i32, i32)| {
        let more = ((found.1 - found.0) / 2).max(3);
        let start = if found.0 <= work.0 + 1 {
            work.0 - more
        } else {
            work.0
        };
        let end = if found.1 + 1 >= work.1 {
            work.1 + more
        } else {
            work.1
        };
        (start.max(limit.0), end.min(limit.1))
    };
    Blocks {
        x: wide(found.x, work.x, limits.x),
        y: wide(found.y, work.y, limits.y),
    }
}

/// The pixels of `blocks` inside the plane.
pub(super) fn span_of(blocks: &Blocks, combs: &[Comb; 2], plane: &Plane<'_>) -> Option<Span2> {
    let span = |range: (i32, i32), comb: &Comb, limit: usize| {
        let clip = |line: i32| comb.pixel(line).clamp(0, limit as i32) as usize;
        Span::new(clip(range.0), clip(range.1))
    };
    let area = Span2 {
        x: span(blocks.x, &combs[0], plane.width),
        y: span(blocks.y, &combs[1], plane.height),
    };
    (area.area() > 0).then_some(area)
}
