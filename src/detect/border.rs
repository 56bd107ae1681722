//! The border of a mosaic to the pixel. It may cut blocks: as long as steps gather on the lines
//! that run towards a side, the mosaic goes on.

use super::cells::Role;
use super::comb::Comb;
use super::grow::{Grower, Grown, Pair, span_of};
use super::plane::{Plane, Span, Span2};

/// Most that one line counts, levels: an outline that falls on a line by chance must not speak for
/// all.
const LINE_CAP: i32 = 4;
/// Least mean step on the lines, levels.
const LEAST_ON: f32 = 0.8;
/// The same in steps between the lines.
const LEAST_RATIO: f32 = 2.0;
/// In noise: pixels outwards that are seen together, and what the least ratio is then.
const SEEN_TOGETHER: i32 = 7;
const NOISY_RATIO: f32 = 1.8;
/// Pixels without support that a mosaic may bridge at least: faint blocks lie in cheeks and walls.
const BRIDGE: i32 = 6;

/// Pairs of pixels inside a block that are asked.
const PAIRS: usize = 8;

/// Noise inside blocks from which a clip was coded, levels of standard deviation.
const CODED: f32 = 0.1;
/// Pixels that coding may blur at the end of a block.
const BLUR: i32 = 2;
/// Lines from which chance cannot make them look supported for longer than a block.
const MANY_LINES: usize = 10;
/// Blocks behind the last clear one at most.
const FARTHEST: i32 = 8;

/// A side of a mosaic.
#[derive(Clone, Copy, Debug)]
struct Side {
    /// The axis across the side: x for the left and the right one.
    axis: usize,
    /// Whether it is the right or lower one.
    far: bool,
}

impl Grower {
    /// The pixels of the mosaic that [`Grower::grow`] has found.
    pub(super) fn border(&mut self, plane: &Plane<'_>, grown: &Grown) -> Option<Span2> {
        let whole = span_of(&grown.blocks, &grown.combs, plane)?;
        let mut ends = |axis: usize| {
            let [near, far] = [false, true].map(|far| self.end(plane, grown, Side { axis, far }));
            let span = whole.axis(axis);
            Span::new(near.unwrap_or(span.start), far.unwrap_or(span.end))
        };
        let (x, y) = (ends(0), ends(1));
        (x.len() > 0 && y.len() > 0).then_some(Span2 { x, y })
    }

    /// Where the mosaic ends at `side`; None where no two neighbours on its last line tell.
    fn end(&mut self, plane: &Plane<'_>, grown: &Grown, side: Side) -> Option<usize> {
        let lanes = self.lanes(grown, side)?;
        let limit = [plane.height, plane.width][side.axis];
        let comb = &grown.combs[1 - side.axis];
        // Coding smears some steps of a clip that was not scaled, and leaves others as they were.
        let narrow = if comb.is_whole() { 0 } else { self.cells.smear };
        for (pairs, smear) in self.pairs.iter_mut().zip([narrow, self.cells.smear]) {
            find_pairs(comb, lanes, smear, limit, pairs);
        }
        let told = self.pairs[0].iter().any(|pair| pair.on_line);
        let view = View {
            plane,
            axis: side.axis,
            grain: self.cells.grain,
        };
        told.then(|| walk(&view, grown, side, &self.pairs))
    }

    /// First and last + 1 of the blocks along the last line of blocks at `side`.
    fn lanes(&self, grown: &Grown, side: Side) -> Option<(i32, i32)> {
        let blocks = self.cells.blocks;
        let columns = blocks.columns() as i32;
        let (outer, along) = match side.axis {
            0 => (grown.blocks.x, grown.blocks.y),
            _ => (grown.blocks.y, grown.blocks.x),
        };
        let outermost = if side.far { outer.1 - 1 } else { outer.0 };
        let is_member = |&lane: &i32| {
            let (x, y) = if side.axis == 0 {
                (outermost, lane)
            } else {
                (lane, outermost)
            };
            let index = (y - blocks.y.0) * columns + x - blocks.x.0;
            self.roles.get(index as usize) == Some(&Role::Member)
        };
        let mut members = (along.0..along.1).filter(is_member);
        let first = members.next()?;
        Some((first, members.next_back().unwrap_or(first) + 1))
    }
}

/// Places on the lines between the blocks `lanes`, and in the middle of these blocks.
fn find_pairs(comb: &Comb, lanes: (i32, i32), smear: i32, limit: usize, pairs: &mut Vec<Pair>) {
    pairs.clear();
    let mut add = |line: i32, on_line: bool| {
        let (before, behind) = (line - 1 - smear, line + smear);
        if before >= 0 && (behind as usize) < limit {
            pairs.push(Pair {
                before: before as usize,
                behind: behind as usize,
                on_line,
            });
        }
    };
    for lane in lanes.0..lanes.1 {
        let (line, next) = (comb.pixel(lane), comb.pixel(lane + 1));
        if lane > lanes.0 {
            add(line, true);
        }
        let inner = line + 1 + 2 * smear..(next - 2 * smear).max(line + 2 + 2 * smear);
        let every = (inner.len() / PAIRS).max(1);
        inner.step_by(every).for_each(|at| add(at, false));
    }
}

/// Walk from within the last block outwards, as long as the pixels that support the lattice
/// outnumber the others.
fn walk(view: &View<'_>, grown: &Grown, side: Side, pairs: &[Vec<Pair>; 2]) -> usize {
    let plane = view.plane;
    let comb = &grown.combs[side.axis];
    let range = [grown.blocks.x, grown.blocks.y][side.axis];
    let limit = [plane.width, plane.height][side.axis] as i32;
    let (line, outward) = if side.far {
        (comb.pixel(range.1), 1)
    } else {
        (comb.pixel(range.0), -1)
    };
    let period = comb.period.round() as i32;
    let lines = pairs[0].iter().filter(|pair| pair.on_line).count();
    let farthest = if lines < MANY_LINES {
        period
    } else {
        FARTHEST * period
    };
    // The end lies before pixel `end`; the pixel behind it, seen from inside, is asked.
    let start = (line - outward * period).clamp(0, limit);
    let (mut end, mut sum, mut best, mut taken) = (start, 0, 0, start);
    while sum > best - BRIDGE.max(period) {
        let pixel = if side.far { end } else { end - 1 };
        if !(0..limit).contains(&pixel) || (end - line) * outward > farthest {
            break;
        }
        let supported = pairs
            .iter()
            .any(|pairs| view.supports(pixel as usize, pairs));
        sum += if supported { 1 } else { -1 };
        end += outward;
        if sum > best {
            (best, taken) = (sum, end);
        }
    }
    // Coding blurs the last pixels of a block into what is behind.
    let short = (line - taken) * outward;
    let blurred = grown.noise > CODED && (1..=BLUR).contains(&short) && period > 2 * BLUR;
    (if blurred { line.clamp(0, limit) } else { taken }) as usize
}

/// A plane, seen along lines of pixels that a side runs by.
struct View<'a> {
    plane: &'a Plane<'a>,
    /// See [`Side::axis`].
    axis: usize,
    /// Noise of the frame, levels of standard deviation.
    grain: f32,
}

impl View<'_> {
    /// Whether steps gather on the lattice's lines, in the line of pixels `at` along the side. In
    /// noise its neighbours are seen together with it.
    fn supports(&self, at: usize, pairs: &[Pair]) -> bool {
        let (reach, cap, ratio) = match self.grain > 0.0 {
            true => (
                SEEN_TOGETHER / 2,
                LINE_CAP + 2 * self.grain as i32,
                NOISY_RATIO,
            ),
            false => (0, LINE_CAP, LEAST_RATIO),
        };
        let limit = [self.plane.width, self.plane.height][self.axis] as i32;
        let first = (at as i32 - reach).max(0);
        let lines = first..(at as i32 + reach + 1).min(limit);
        let pixel = |at: i32, across: usize| match self.axis {
            0 => i32::from(self.plane.row(across)[at as usize]),
            _ => i32::from(self.plane.row(at as usize)[across]),
        };
        let (mut sums, mut counts) = ([0.0, 0.0], [0, 0]);
        for pair in pairs {
            let steps = lines
                .clone()
                .map(|at| pixel(at, pair.before) - pixel(at, pair.behind));
            let step = steps.sum::<i32>().abs() as f32 / lines.len() as f32;
            sums[usize::from(pair.on_line)] += step.min(cap as f32);
            counts[usize::from(pair.on_line)] += 1;
        }
        let [off, on] = [0, 1].map(|kind| sums[kind] / counts[kind].max(1) as f32);
        on >= LEAST_ON && on >= ratio * off
    }
}
