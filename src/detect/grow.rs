//! The extent of a mosaic: how far its lattice goes on, first in whole blocks, then in pixels.

use super::cells::first_line;
use super::comb::Comb;
use super::plane::{Plane, Span, Span2};

/// Steps across an axis, over a run of pixels of the other axis.
#[derive(Clone, Copy, Debug, Default)]
struct Support {
    /// Mean step on the lattice lines, beside the pixels next to them.
    on: f32,
    /// Mean step between the lines.
    off: f32,
}

impl Support {
    /// Whether steps gather on the lines.
    fn holds(&self) -> bool {
        self.on >= LEAST_ON && self.on >= 2.0 * self.off
    }
}

/// Which axis a run of blocks follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axis {
    X,
    Y,
}

impl Axis {
    /// Extent of `area` along the other axis.
    fn other(self, area: Span2) -> Span {
        match self {
            Self::X => area.y,
            Self::Y => area.x,
        }
    }
}

/// Whole blocks without support that a mosaic may bridge: faint ones lie in cheeks and walls.
const BRIDGE_PIXELS: usize = 12;
/// Most that one line counts, levels: an outline that falls on a line by chance must not speak for all.
const LINE_CAP: f32 = 4.0;
/// Least mean step on the lines, levels.
const LEAST_ON: f32 = 0.8;
/// Most rounds of growing along x and y.
const ROUNDS: usize = 12;

/// The mosaic with lines `combs` (x, y) around `seed`, to the pixel; None where too few blocks support it.
/// The pixels visited are taken from `budget`, and growing ends where nothing is left of it.
pub(super) fn grow(
    scratch: &mut Vec<u32>,
    plane: &Plane<'_>,
    seed: Span2,
    combs: &[Comb; 2],
    budget: &mut usize,
) -> Option<Span2> {
    let view = View { plane, combs };
    let mut area = seed;
    for _ in 0..ROUNDS {
        let before = area;
        *budget = budget.saturating_sub(2 * area.x.len() * area.y.len());
        if *budget == 0 {
            break;
        }
        area.x = run(scratch, &view, area, Axis::X)?;
        area.y = run(scratch, &view, area, Axis::Y)?;
        if area == before {
            break;
        }
    }
    let x = trim(scratch, &view, area, Axis::X);
    let y = trim(scratch, &view, area, Axis::Y);
    Some(Span2 { x, y })
}

/// Whole blocks along `axis` that support the lattice, bridging single gaps, around or within `area`.
fn run(scratch: &mut Vec<u32>, view: &View<'_>, area: Span2, axis: Axis) -> Option<Span> {
    let (along, limit) = view.along(area, axis);
    let comb = view.combs[axis as usize];
    let reach = (along.len() / 2).max(4 * comb.period);
    let first = first_line(along.start.saturating_sub(reach), &comb);
    let last = (along.end + reach).min(limit);
    let count = last.saturating_sub(first) / comb.period;
    gather(scratch, view.plane, area, axis, first, comb.period, count);
    let bridge = (BRIDGE_PIXELS / comb.period).max(1);
    let mut best: Option<(usize, Span)> = None;
    let mut current: Option<(usize, Span)> = None;
    let mut gap = 0;
    for index in 0..count {
        let unit = Span::new(
            first + index * comb.period,
            first + (index + 1) * comb.period,
        );
        let support = view.support(scratch, area, axis, index, comb.period);
        if !support.holds() || view.roughness(area, axis, unit) > (0.6 * support.on).max(1.5) {
            gap += 1;
            continue;
        }
        let (blocks, span) = match current {
            Some((blocks, span)) if gap <= bridge => (blocks + 1, Span::new(span.start, unit.end)),
            _ => (1, unit),
        };
        gap = 0;
        current = Some((blocks, span));
        let touches = span.start < along.end && span.end > along.start;
        if touches && best.is_none_or(|(most, _)| blocks > most) {
            best = Some((blocks, span));
        }
    }
    best.filter(|(blocks, _)| *blocks >= 2)
        .map(|(_, span)| span)
}

/// Move both ends of `area` along `axis` to the pixel where the lattice ends.
fn trim(scratch: &mut Vec<u32>, view: &View<'_>, area: Span2, axis: Axis) -> Span {
    let (along, limit) = view.along(area, axis);
    let period = view.combs[axis as usize].period;
    // From the outermost block's inner end to the outer end of the block behind it.
    let mut reach = |span: Span, outward: bool| {
        let count = span.len();
        gather(scratch, view.plane, area, axis, span.start, 1, count);
        let (mut sum, mut best, mut taken) = (0i32, 0i32, 0usize);
        for index in 0..count {
            let at = if outward { index } else { count - 1 - index };
            let holds = view.support(scratch, area, axis, at, 1).holds();
            sum += if holds { 1 } else { -1 };
            if sum > best {
                (best, taken) = (sum, index + 1);
            }
        }
        taken
    };
    let right = Span::new(along.end - period, (along.end + period).min(limit));
    let left = Span::new(along.start.saturating_sub(period), along.start + period);
    let end = right.start + reach(right, true);
    Span::new(left.end - reach(left, false), end)
}

/// The plane and the lattice that is followed in it.
struct View<'a> {
    plane: &'a Plane<'a>,
    combs: &'a [Comb; 2],
}

impl View<'_> {
    /// Extent of `area` and of the plane along `axis`.
    fn along(&self, area: Span2, axis: Axis) -> (Span, usize) {
        match axis {
            Axis::X => (area.x, self.plane.width),
            Axis::Y => (area.y, self.plane.height),
        }
    }

    /// Support of the run `index` of `length` pixels that [`gather`] has measured.
    fn support(
        &self,
        sums: &[u32],
        area: Span2,
        axis: Axis,
        index: usize,
        length: usize,
    ) -> Support {
        let comb = self.combs[1 - axis as usize];
        let other = axis.other(area);
        let sums = &sums[index * (other.len() + 1)..][..other.len() + 1];
        let step = |at: usize| sums[at] as f32 / length as f32;
        let (mut on, mut lines, mut off, mut others) = (0.0, 0, 0.0, 0);
        let mut distance = (other.start + comb.period - comb.phase) % comb.period;
        for at in 1..other.len() {
            distance = (distance + 1) % comb.period;
            if distance == 0 {
                let around = (step(at - 1) + step(at + 1)) / 4.0;
                on += (step(at) - around).clamp(0.0, LINE_CAP);
                lines += 1;
            } else if comb.period < 6 || (distance > 1 && distance < comb.period - 1) {
                off += step(at).min(LINE_CAP);
                others += 1;
            }
        }
        Support {
            on: on / lines.max(1) as f32,
            off: off / others.max(1) as f32,
        }
    }

    /// Mean step along `axis` inside the blocks `unit`.
    fn roughness(&self, area: Span2, axis: Axis, unit: Span) -> f32 {
        let period = self.combs[axis as usize].period;
        let margin = if period >= 6 { 2 } else { 1 };
        let inner = Span::new(unit.start + margin, unit.end - margin + 1);
        let plane = self.plane;
        let (sum, across): (u32, usize) = match axis {
            Axis::X => {
                let rows = (area.y.start..area.y.end).map(|y| plane.row(y));
                let sums = rows.map(|row| {
                    let pixels = &row[inner.start - 1..inner.end];
                    difference(&pixels[..inner.len()], &pixels[1..])
                });
                (sums.sum(), area.y.len())
            }
            Axis::Y => {
                let part = |y: usize| &plane.row(y)[area.x.start..area.x.end];
                let sums = (inner.start..inner.end).map(|y| difference(part(y - 1), part(y)));
                (sums.sum(), area.x.len())
            }
        };
        sum as f32 / (inner.len() * across).max(1) as f32
    }
}

/// Sums of the steps across the axis other than `axis`, over `count` runs of `length` pixels of `axis` from
/// `first`: one for each line of `area` from its start to its end, both included; zero at the plane's border.
fn gather(
    sums: &mut Vec<u32>,
    plane: &Plane<'_>,
    area: Span2,
    axis: Axis,
    first: usize,
    length: usize,
    count: usize,
) {
    let other = axis.other(area);
    let lines = other.len() + 1;
    sums.clear();
    sums.resize(count * lines, 0);
    let last = first + count * length;
    match axis {
        Axis::X => {
            for y in other.start.max(1)..(other.end + 1).min(plane.height) {
                let upper = plane.row(y - 1)[first..last].chunks_exact(length);
                let lower = plane.row(y)[first..last].chunks_exact(length);
                for (index, (upper, lower)) in upper.zip(lower).enumerate() {
                    sums[index * lines + y - other.start] = difference(upper, lower);
                }
            }
        }
        Axis::Y => {
            let from = other.start.max(1);
            let to = (other.end + 1).min(plane.width);
            for y in first..last {
                let row = plane.row(y);
                let sums = &mut sums[(y - first) / length * lines + from - other.start..];
                let pairs = row[from - 1..to - 1].iter().zip(&row[from..to]);
                for (sum, (a, &b)) in sums.iter_mut().zip(pairs) {
                    *sum += u32::from(a.abs_diff(b));
                }
            }
        }
    }
}

/// Sum of absolute differences.
fn difference(a: &[u8], b: &[u8]) -> u32 {
    a.iter()
        .zip(b)
        .map(|(a, &b)| u32::from(a.abs_diff(b)))
        .sum()
}
