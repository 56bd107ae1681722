//! The border of a mosaic to the pixel. It may cut blocks: beyond the last whole one, flat ground goes on to
//! where the mosaic ends.

use super::cells::{Cells, margin};
use super::comb::Comb;
use super::grow::{Grown, Grower, LEAST_NOISE, Role, span_of};
use super::plane::{Plane, Span, Span2};

/// A side of a mosaic.
#[derive(Clone, Copy, Debug)]
struct Side {
    /// The axis across the side: x for the left and the right one.
    axis: usize,
    /// Whether it is the right or lower one.
    far: bool,
}

/// Least change between two rows of pixels that ends a flat block, levels.
const LEAST_CHANGE: f32 = 1.6;
/// The same in parts of the noise inside.
const CHANGE_OF_NOISE: f32 = 1.6;

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

    /// Where the mosaic ends at `side`; None where that cannot be told from its last line.
    fn end(&mut self, plane: &Plane<'_>, grown: &Grown, side: Side) -> Option<usize> {
        let blocks = self.cells.blocks;
        let (rows, outer, lanes) = if side.axis == 0 {
            (blocks.x, grown.blocks.x, grown.blocks.y)
        } else {
            (blocks.y, grown.blocks.y, grown.blocks.x)
        };
        let outermost = if side.far { outer.1 - 1 } else { outer.0 };
        let across = if side.axis == 0 { blocks.y } else { blocks.x };
        let columns = blocks.columns();
        let mut found = std::mem::take(&mut self.ends);
        found.clear();
        let mut lanes_seen = 0;
        let mut seen = (lanes.1, lanes.0);
        for lane in lanes.0..lanes.1 {
            let (along, over) = ((outermost - rows.0) as usize, (lane - across.0) as usize);
            let index = if side.axis == 0 {
                over * columns + along
            } else {
                along * columns + over
            };
            if self.roles[index] != Role::Member {
                continue;
            }
            lanes_seen += 1;
            seen = (seen.0.min(lane), seen.1.max(lane + 1));
            let walk = Walk::new(plane, grown, side, outermost, lane, &self.cells);
            found.extend(walk.and_then(|walk| walk.end()));
        }
        let end = agreed(&mut found, lanes_seen, side.far);
        self.ends = found;
        let line = grown.combs[side.axis].pixel(if side.far { outer.1 } else { outer.0 });
        end.filter(|&end| {
            let beyond = (end as i32 - line) * if side.far { 1 } else { -1 };
            beyond < 2 || cut_blocks_differ(plane, grown, side, (line, end as i32), seen)
        })
    }
}

/// The end that most lanes agree on; where they do not (a round mosaic), one that few exceed.
fn agreed(ends: &mut [usize], lanes: usize, far: bool) -> Option<usize> {
    if ends.is_empty() || 3 * ends.len() < lanes {
        return None;
    }
    ends.sort_unstable();
    if !far {
        ends.reverse();
    }
    // Now the outermost come last.
    let near = |end: usize| ends.iter().filter(|other| other.abs_diff(end) <= 1).count();
    let exact = |end: usize| ends.iter().filter(|&&other| other == end).count();
    let common = ends.iter().copied().max_by_key(|&end| (near(end), exact(end)))?;
    if 2 * near(common) >= ends.len() {
        return Some(common);
    }
    Some(ends[ends.len() * 3 / 4])
}

/// Whether the ground between an outer line and an end behind it falls into blocks as the mosaic does.
fn cut_blocks_differ(
    plane: &Plane<'_>,
    grown: &Grown,
    side: Side,
    strip: (i32, i32),
    lanes: (i32, i32),
) -> bool {
    let comb = &grown.combs[1 - side.axis];
    let limits = [plane.width as i32, plane.height as i32];
    let strip = (strip.0.min(strip.1).max(0), strip.0.max(strip.1).min(limits[side.axis]));
    // Clear of the smear on the line and on the end.
    let rim = i32::from(strip.1 - strip.0 >= 5);
    let level = |across: i32| {
        let across = across.clamp(0, limits[1 - side.axis] - 1) as usize;
        let along = (strip.0 + rim) as usize..(strip.1 - rim) as usize;
        let count = along.len() as f32;
        let sum: u32 = match side.axis {
            0 => plane.row(across)[along].iter().map(|&p| u32::from(p)).sum(),
            _ => along.map(|y| u32::from(plane.row(y)[across])).sum(),
        };
        sum as f32 / count
    };
    let (mut apart, mut step) = (0.0, 0.0);
    for lane in lanes.0 + 1..lanes.1 {
        let line = comb.pixel(lane);
        let reach = (comb.period / 2.0) as i32;
        let near = i32::from(comb.period >= 6.0);
        let difference = level(line + reach) - level(line - 1 - reach);
        apart += difference.abs();
        step += (level(line + near) - level(line - 1 - near)) * difference.signum();
    }
    step > 0.6 * apart && apart > (lanes.1 - lanes.0 - 1) as f32
}

/// A walk outwards from the middle of an outermost block.
struct Walk<'a> {
    plane: &'a Plane<'a>,
    side: Side,
    /// Pixels across the walk that are clear of lines.
    lane: Span,
    start: i32,
    /// The block's outer line.
    line: i32,
    /// Last pixel that a cut block could have.
    last: i32,
    /// Pixels about the line where a step may lie.
    skip: i32,
    change: f32,
}

impl<'a> Walk<'a> {
    fn new(
        plane: &'a Plane<'a>,
        grown: &Grown,
        side: Side,
        block: i32,
        lane: i32,
        cells: &Cells,
    ) -> Option<Self> {
        let (comb, other): (&Comb, &Comb) = (&grown.combs[side.axis], &grown.combs[1 - side.axis]);
        let limits = [plane.width as i32, plane.height as i32];
        let (from, to) = (other.pixel(lane), other.pixel(lane + 1));
        let margin = margin(to - from, cells.smear);
        let lane = Span::new(
            (from + margin).max(0) as usize,
            (to - margin).clamp(0, limits[1 - side.axis]) as usize,
        );
        let limit = limits[side.axis];
        let middle = ((comb.line(block) + comb.line(block + 1)) / 2.0) as i32;
        let line = comb.pixel(if side.far { block + 1 } else { block });
        let reach = comb.period as i32;
        let last = if side.far { line + reach } else { line - reach };
        let exact = grown.combs.iter().all(Comb::is_whole) && grown.noise <= LEAST_NOISE;
        let smeared = if exact { 0 } else { cells.smear.max(i32::from(comb.period >= 6.0)) };
        (lane.len() >= 2).then_some(Self {
            plane,
            side,
            lane,
            start: middle.clamp(1, limit - 2),
            line: line.clamp(0, limit),
            last: last.clamp(0, limit),
            skip: smeared,
            change: (CHANGE_OF_NOISE * grown.noise).max(LEAST_CHANGE),
        })
    }

    /// The first place where the ground changes; the frame's border where it lies within a block; None where
    /// nothing changes.
    fn end(&self) -> Option<usize> {
        let outward = if self.side.far { 1 } else { -1 };
        let mut at = self.start;
        // A place is the line between two pixels: before pixel `place` on the walk.
        loop {
            let place = if self.side.far { at + 1 } else { at };
            if place == self.last {
                break;
            }
            let next = at + outward;
            let on_line = (place - self.line).abs() <= self.skip;
            if !on_line && self.changes(at, next) {
                let beyond = (place - self.line) * outward;
                let settled = if (0..=self.skip + 1).contains(&beyond) {
                    self.line
                } else {
                    place
                };
                return Some(settled as usize);
            }
            at = next;
        }
        let limit = [self.plane.width, self.plane.height][self.side.axis] as i32;
        (self.last == 0 || self.last == limit).then_some(self.last as usize)
    }

    /// Whether the lines of pixels `here` and `next` differ, or `next` is not flat.
    fn changes(&self, here: i32, next: i32) -> bool {
        let pixel = |along: i32, across: usize| {
            let along = along as usize;
            match self.side.axis {
                0 => self.plane.row(across)[along],
                _ => self.plane.row(along)[across],
            }
        };
        let lane = self.lane.start..self.lane.end;
        let sum: u32 = lane
            .clone()
            .map(|at| u32::from(pixel(here, at).abs_diff(pixel(next, at))))
            .sum();
        let rough: u32 = (lane.start + 1..lane.end)
            .map(|at| u32::from(pixel(next, at - 1).abs_diff(pixel(next, at))))
            .sum();
        sum as f32 > self.change * self.lane.len() as f32
            || rough as f32 > self.change * (self.lane.len() - 1) as f32
    }
}
