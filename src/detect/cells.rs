//! The blocks of a lattice, one by one: are they flat, do they differ, does the whole difference
//! between two of them lie in the step on their common edge?

use super::comb::Comb;
use super::plane::{Plane, Span2};

/// Blocks `x.0` … `x.1` − 1 across and `y.0` … `y.1` − 1 down, numbered like the lines before them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Blocks {
    pub(super) x: (i32, i32),
    pub(super) y: (i32, i32),
}

impl Blocks {
    /// Blocks that show in `area`, those cut by its border included.
    pub(super) fn over(area: &Span2, combs: &[Comb; 2]) -> Self {
        let range = |axis: usize| {
            let (span, comb) = (area.axis(axis), &combs[axis]);
            let last = comb.before(span.end as f32 - 0.5);
            (comb.before(span.start as f32 + 0.5), last + 1)
        };
        Self {
            x: range(0),
            y: range(1),
        }
    }

    pub(super) fn columns(&self) -> usize {
        (self.x.1 - self.x.0).max(0) as usize
    }

    pub(super) fn rows(&self) -> usize {
        (self.y.1 - self.y.0).max(0) as usize
    }
}

/// What a block is to a mosaic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Role {
    /// No part of it.
    #[default]
    Alien,
    /// Flat, without clear neighbours: may bridge blocks that are.
    Faint,
    /// Flat, with sharp edges.
    Clear,
    /// Belongs to the mosaic that was followed.
    Member,
}

/// How two neighbours meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Edge {
    /// Alike, or one of them is not there.
    #[default]
    None,
    /// They differ, and the difference is a step on the line.
    Sharp,
    /// They differ by degrees, or a line is drawn between them.
    Soft,
}

/// One block.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cell {
    /// Whether enough of it is inside the frame to be judged.
    pub(super) there: bool,
    /// Mean level inside, clear of the smear on the lines.
    pub(super) mean: f32,
    /// Standard deviation inside, levels.
    pub(super) spread: f32,
    /// Step on the left and top line, levels.
    step: [f32; 2],
    /// Standard error of a difference of two means, in parts of the spread.
    sampling: f32,
    /// Standard errors of the steps, in parts of the spread.
    step_sampling: [f32; 2],
    /// Mean level of the pixels at either side of the left and top line.
    line: [f32; 2],
    /// Left and top edge.
    pub(super) edge: [Edge; 2],
    /// Largest difference to a neighbour across a sharp edge, levels.
    pub(super) apart: f32,
    /// Sharp and soft ones of the four edges.
    pub(super) sharp: u8,
    /// See `sharp`.
    pub(super) soft: u8,
}

/// Least difference of two blocks that says anything, levels.
const LEAST_DIFFERENCE: f32 = 1.5;
/// The same in standard errors of the difference.
const NOISE_SIGMAS: f32 = 3.0;
/// The same of frames with noise, in standard errors of the step.
const GRAIN_SIGMAS: f32 = 2.0;
/// How far beyond both blocks the level on their common line may lie at least, levels: joints, gaps
/// and frames lie farther.
const DRAWN: f32 = 4.0;
/// Part of the difference that a sharp edge has at least on its line.
const SHARP: f32 = 0.55;
/// The same of what a ramp from block to block would not have there.
const SHARPER: f32 = 0.35;
/// How much less of the difference a soft edge has on its line at least.
const SOFTER: f32 = 0.15;

/// The blocks in a part of a plane.
#[derive(Debug, Default)]
pub(super) struct Cells {
    pub(super) blocks: Blocks,
    pub(super) cells: Vec<Cell>,
    /// Standard deviation of the noise over the whole frame, levels.
    pub(super) grain: f32,
    /// Pixels from a line to either side over which a step may spread.
    pub(super) smear: i32,
    /// Least difference that counts, levels; grows with the contrast of the mosaic that is
    /// followed.
    pub(super) least: f32,
    /// Part of the difference that sharp edges have on their line, across x and y.
    sharp: [f32; 2],
}

impl Cells {
    /// Measure `blocks` of the lattice `combs` (x, y).
    pub(super) fn measure(&mut self, plane: &Plane<'_>, blocks: Blocks, combs: &[Comb; 2]) {
        self.blocks = blocks;
        let whole = combs.iter().all(Comb::is_whole);
        let least = combs[0].period.min(combs[1].period);
        // A natural ramp has three pixels' worth of its rise in a smeared line: little of a large
        // block.
        self.smear = i32::from(least >= if whole { 7.5 } else { 4.9 });
        self.sharp = [0, 1].map(|axis| {
            let ramp = (1 + 2 * self.smear) as f32 / combs[axis].period;
            SHARP.max(ramp + (1.0 - ramp) * SHARPER)
        });
        self.cells.clear();
        for row in blocks.y.0..blocks.y.1 {
            let y = (combs[1].pixel(row), combs[1].pixel(row + 1));
            for column in blocks.x.0..blocks.x.1 {
                let x = (combs[0].pixel(column), combs[0].pixel(column + 1));
                self.cells.push(cell(plane, x, y, self.smear));
            }
        }
        self.meet();
    }

    /// Judge the edges between neighbours.
    fn meet(&mut self) {
        let columns = self.blocks.columns();
        for index in 0..self.cells.len() {
            let has = [index % columns > 0, index >= columns];
            for (axis, back) in [(0, 1), (1, columns)] {
                if !has[axis] {
                    continue;
                }
                let (here, other) = (self.cells[index], self.cells[index - back]);
                if !(here.there && other.there) {
                    continue;
                }
                let difference = here.mean - other.mean;
                let size = difference.abs();
                let step = here.step[axis] * difference.signum();
                let noise = here.spread.max(other.spread) * here.sampling;
                // In noise a small difference may have any step on its line.
                let grain = GRAIN_SIGMAS * self.grain * here.step_sampling[axis];
                let least = self.least.max(LEAST_DIFFERENCE);
                let least = least.max(NOISE_SIGMAS * noise).max(grain);
                let (low, high) = (here.mean.min(other.mean), here.mean.max(other.mean));
                let rim = DRAWN.max(0.35 * size);
                let drawn = here.line[axis] < low - rim || here.line[axis] > high + rim;
                let edge = if drawn {
                    Edge::Soft
                } else if size < least {
                    Edge::None
                } else if step >= self.sharp[axis] * size {
                    Edge::Sharp
                } else if step < (self.sharp[axis] - SOFTER) * size {
                    Edge::Soft
                } else {
                    Edge::None
                };
                self.cells[index].edge[axis] = edge;
                for cell in [index, index - back] {
                    let cell = &mut self.cells[cell];
                    match edge {
                        Edge::Sharp => {
                            cell.sharp += 1;
                            cell.apart = cell.apart.max(size);
                        }
                        Edge::Soft => cell.soft += 1,
                        Edge::None => {}
                    }
                }
            }
        }
    }

    /// The step from the neighbour before along `axis` to the block `index`, levels.
    pub(super) fn step(&self, index: usize, axis: usize) -> f32 {
        self.cells[index].step[axis]
    }
}

/// Pixels next to a line that are left out of a block of `size` pixels.
pub(super) fn margin(size: i32, smear: i32) -> i32 {
    match size {
        ..6 => smear,
        6..12 => 1,
        12..20 => 2,
        _ => 3,
    }
}

/// Measure the block of the pixels `x` and `y`, as far as it is inside the frame.
fn cell(plane: &Plane<'_>, x: (i32, i32), y: (i32, i32), smear: i32) -> Cell {
    let inner = |span: (i32, i32), limit: usize| {
        let margin = margin(span.1 - span.0, smear);
        let clip = |at: i32| at.clamp(0, limit as i32) as usize;
        (clip(span.0 + margin), clip(span.1 - margin))
    };
    let ((x0, x1), (y0, y1)) = (inner(x, plane.width), inner(y, plane.height));
    let enough = |inner: (usize, usize), whole: (i32, i32)| {
        inner.1 >= inner.0 + 2 && 3 * (inner.1 - inner.0) as i32 >= whole.1 - whole.0
    };
    if !(enough((x0, x1), x) && enough((y0, y1), y)) {
        return Cell::default();
    }
    // Large blocks are judged by every second row.
    let every = if y1 - y0 >= 14 { 2 } else { 1 };
    let (mut sum, mut squares, mut count) = (0u32, 0u32, 0u32);
    let (mut across, mut beside) = (0i32, 0u32);
    let left = x.0 - 1 - smear;
    let right = x.0 + smear;
    let has_left = left >= 0 && (right as usize) < plane.width;
    for row in (y0..y1).step_by(every).map(|y| plane.row(y)) {
        for &pixel in &row[x0..x1] {
            sum += u32::from(pixel);
            squares += u32::from(pixel) * u32::from(pixel);
        }
        count += 1;
        if has_left {
            across += i32::from(row[right as usize]) - i32::from(row[left as usize]);
            beside += u32::from(row[x.0 as usize - 1]) + u32::from(row[x.0 as usize]);
        }
    }
    let rows = count as f32;
    let count = (count as usize * (x1 - x0)) as f32;
    let mean = sum as f32 / count;
    let (above, below) = (y.0 - 1 - smear, y.0 + smear);
    let (mut down, mut beyond) = (0i32, 0u32);
    if above >= 0 && (below as usize) < plane.height {
        let lower = &plane.row(below as usize)[x0..x1];
        let upper = &plane.row(above as usize)[x0..x1];
        for (&lower, &upper) in lower.iter().zip(upper) {
            down += i32::from(lower) - i32::from(upper);
        }
        for row in [y.0 - 1, y.0] {
            let pixels = &plane.row(row as usize)[x0..x1];
            beyond += pixels.iter().map(|&p| u32::from(p)).sum::<u32>();
        }
    }
    let variance = (f64::from(squares) - f64::from(sum).powi(2) / f64::from(count)) as f32 / count;
    Cell {
        there: true,
        mean,
        spread: variance.max(0.0).sqrt(),
        sampling: (2.0 / count).sqrt(),
        step_sampling: [rows, (x1 - x0) as f32].map(|pixels| (2.0 / pixels).sqrt()),
        step: [across as f32 / rows, down as f32 / (x1 - x0) as f32],
        line: [
            beside as f32 / (2.0 * rows),
            beyond as f32 / (2 * (x1 - x0)) as f32,
        ],
        ..Cell::default()
    }
}
