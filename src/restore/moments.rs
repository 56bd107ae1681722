//! What the frames of a film show of their mosaics, kept for as long as others are told of it.
//!
//! A mosaic is found again in another frame by its identity. One that nobody follows is the one of
//! the next frame that it overlaps most with, and from there on of the one after that. Nothing is
//! found again in another shot.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use super::region_task::RegionTask;
use crate::blocks::Surface;
use crate::cascade::Window;
use crate::frame::{Lattice, Rect};

/// Least overlap (intersection over union) of a mosaic that nobody follows with itself in the next
/// frame.
const OVERLAP: f64 = 0.5;
/// Largest ratio of its blocks' sides there.
const SAME_BLOCKS: f32 = 1.15;
/// Most blocks of a mosaic that is kept: more are finer than what a network sees.
const MOST_BLOCKS: usize = 1 << 14;

/// A mosaic in a frame.
#[derive(Debug, Default)]
struct Seen {
    id: Option<u32>,
    rect: Rect,
    /// None: nothing is to be told of it, nor to it.
    lattice: Option<Lattice>,
    surface: Surface,
}

/// What a frame shows; keeps its memory.
#[derive(Debug, Default)]
struct Moment {
    shot: u64,
    /// In the order of the frame's tasks. Of those beyond `count` only the memory is of use.
    seen: Vec<Seen>,
    count: usize,
}

/// The last frames of a film: as many as a mosaic's own and its neighbours.
#[derive(Debug, Default)]
pub struct Moments {
    window: Window,
    kept: VecDeque<Moment>,
    /// Number of the next frame.
    next: u64,
    shot: u64,
    /// Width and height of the last frame.
    size: (u32, u32),
}

impl Moments {
    /// For a model with this window.
    pub fn new(window: Window) -> Self {
        Self {
            window,
            ..Self::default()
        }
    }

    /// What comes has nothing to do with what was before: another shot or stream, another place in
    /// it, other pictures.
    pub fn begin_anew(&mut self) {
        self.shot += 1;
    }

    /// The next frame shows nothing, as far as is known. Returns its number.
    pub fn pass(&mut self) -> u64 {
        self.advance(&mut [])
    }

    /// The next frame, of `size` (width, height) pixels, shows what `tasks` have read of it, and
    /// leave. Returns its number.
    pub(super) fn take(&mut self, size: (u32, u32), tasks: &mut [RegionTask]) -> u64 {
        if std::mem::replace(&mut self.size, size) != size {
            self.begin_anew();
        }
        self.advance(tasks)
    }

    /// Number of the last frame.
    pub fn last(&self) -> Option<u64> {
        self.next.checked_sub(1)
    }

    fn advance(&mut self, tasks: &mut [RegionTask]) -> u64 {
        let number = self.next;
        self.next += 1;
        if self.window.neighbours() == 0 {
            return number;
        }
        let reach = self.window.frames_behind() + self.window.frames_ahead();
        let mut moment = match self.kept.len() > reach {
            true => self.kept.pop_front().unwrap_or_default(),
            false => Moment::default(),
        };
        moment.shot = self.shot;
        moment.take(tasks);
        self.kept.push_back(moment);
        number
    }

    /// What is seen `offset` frames after frame `number` of the mosaic that is its `index`-th.
    pub(super) fn find(&self, number: u64, index: usize, offset: isize) -> Option<&Surface> {
        let here = self.moment(number)?;
        let own = here.mosaics().get(index)?;
        own.lattice?;
        let found = match own.id {
            Some(_) => {
                let there = self.moment(number.checked_add_signed(offset as i64)?)?;
                let same = |it: &&Seen| it.id == own.id && there.shot == here.shot;
                there.mosaics().iter().find(same)?
            }
            None => {
                let (step, mut number, mut index) = (offset.signum() as i64, number, index);
                for _ in 0..offset.unsigned_abs() {
                    let next = number.checked_add_signed(step)?;
                    index = self.moment(number)?.goes_on(index, self.moment(next)?)?;
                    number = next;
                }
                self.moment(number)?.mosaics().get(index)?
            }
        };
        Some(&found.surface).filter(|surface| !surface.is_empty())
    }

    fn moment(&self, number: u64) -> Option<&Moment> {
        let first = self.next - self.kept.len() as u64;
        let place = number.checked_sub(first)?;
        self.kept.get(usize::try_from(place).ok()?)
    }
}

impl Moment {
    /// Become what `tasks` show, whose surfaces it gets; they get its old ones.
    fn take(&mut self, tasks: &mut [RegionTask]) {
        self.count = tasks.len();
        while self.seen.len() < self.count {
            self.seen.push(Seen::default());
        }
        for (seen, task) in self.seen.iter_mut().zip(tasks) {
            // The surface of a turned region is that of another frame.
            let is_told = !task.is_turned && task.surface.count() <= MOST_BLOCKS;
            let lattice = task.lattice.filter(|_| is_told);
            (seen.id, seen.rect, seen.lattice) = (task.id, task.rect, lattice);
            seen.surface.clear();
            if lattice.is_some() {
                std::mem::swap(&mut seen.surface, &mut task.surface);
            }
        }
    }

    fn mosaics(&self) -> &[Seen] {
        &self.seen[..self.count]
    }

    /// Which mosaic of `next`, a frame beside this one, is this one's `index`-th, of those that
    /// nobody follows: each overlaps more with the other than with any that is beside it.
    fn goes_on(&self, index: usize, next: &Self) -> Option<usize> {
        if next.shot != self.shot {
            return None;
        }
        let there = self.mosaics().get(index)?.most_like(next.mosaics())?;
        let back = next.mosaics()[there].most_like(self.mosaics());
        back.filter(|back| *back == index).map(|_| there)
    }
}

impl Seen {
    /// The one of `others`, of another frame, that it overlaps most with.
    fn most_like(&self, others: &[Self]) -> Option<usize> {
        let overlaps = others.iter().enumerate().filter_map(|(index, other)| {
            let overlap = self.rect.iou(&other.rect);
            let may_be = other.id.is_none() && overlap >= OVERLAP && self.has_blocks_of(other);
            may_be.then_some((index, overlap))
        });
        // Of equals the first: `max_by` takes the last.
        let best = overlaps.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map(|(index, _)| index)
    }

    fn has_blocks_of(&self, other: &Self) -> bool {
        let near = |a: f32, b: f32| a.max(b) <= SAME_BLOCKS * a.min(b);
        self.lattice.zip(other.lattice).is_some_and(|(a, b)| {
            near(a.block_width, b.block_width) && near(a.block_height, b.block_height)
        })
    }
}
