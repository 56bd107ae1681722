//! The extent of a mosaic: how far its lattice goes on, first in whole blocks, then in pixels.

use super::comb::Comb;
use super::plane::{Plane, Span, Span2};

/// Steps across an axis, over a run of pixels of the other axis.
#[derive(Clone, Copy, Debug, Default)]
struct Support {
    /// Mean step on the lattice lines.
    on: f32,
    /// Mean step between the lines.
    off: f32,
}

impl Support {
    /// Whether steps gather on the lines.
    fn holds(&self) -> bool {
        self.on >= 1.0 && self.on >= 2.0 * self.off
    }
}

/// Which axis a run of blocks follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axis {
    X,
    Y,
}

/// Whole blocks without support that a mosaic may bridge: faint ones lie in cheeks and walls.
const BRIDGE_PIXELS: usize = 8;
/// Most rounds of growing along x and y.
const ROUNDS: usize = 12;

/// The mosaic with lines `combs` (x, y) around `seed`, to the pixel; None where too few blocks support it.
pub(super) fn grow(plane: &Plane<'_>, seed: Span2, combs: &[Comb; 2]) -> Option<Span2> {
    let mut area = seed;
    for _ in 0..ROUNDS {
        let before = area;
        area.x = run(plane, area, combs, Axis::X)?;
        area.y = run(plane, area, combs, Axis::Y)?;
        if area == before {
            break;
        }
    }
    let x = trim(plane, area, combs, Axis::X);
    let y = trim(plane, area, combs, Axis::Y);
    Some(Span2 { x, y })
}

/// Whole blocks along `axis` that support the lattice, bridging single gaps, around or within `area`.
fn run(plane: &Plane<'_>, area: Span2, combs: &[Comb; 2], axis: Axis) -> Option<Span> {
    let (along, limit) = match axis {
        Axis::X => (area.x, plane.width),
        Axis::Y => (area.y, plane.height),
    };
    let comb = combs[axis as usize];
    let reach = (along.len() / 2).max(4 * comb.period);
    let from = along.start.saturating_sub(reach);
    let to = (along.end + reach).min(limit);
    let bridge = (BRIDGE_PIXELS / comb.period).max(1);
    let mut best: Option<(usize, Span)> = None;
    let mut current: Option<(usize, Span)> = None;
    let mut gap = 0;
    let first = from.saturating_sub(from % comb.period + comb.period) + comb.phase;
    let mut line = first;
    while line < to {
        let unit = Span::new(line, line + comb.period);
        line = unit.end;
        if unit.start < from || unit.end > to {
            continue;
        }
        if unit_support(plane, area, combs, axis, unit) {
            let (count, span) = match current {
                Some((count, span)) if gap <= bridge => {
                    (count + 1, Span::new(span.start, unit.end))
                }
                _ => (1, unit),
            };
            gap = 0;
            current = Some((count, span));
            let touches = span.start < along.end && span.end > along.start;
            if touches && best.is_none_or(|(most, _)| count > most) {
                best = Some((count, span));
            }
        } else {
            gap += 1;
        }
    }
    best.filter(|(count, _)| *count >= 2).map(|(_, span)| span)
}

/// Whether the blocks in `unit` (one block along `axis`) show the lattice's cross lines and are flat along `axis`.
fn unit_support(plane: &Plane<'_>, area: Span2, combs: &[Comb; 2], axis: Axis, unit: Span) -> bool {
    let support = cross_support(plane, area, combs, axis, unit);
    if !support.holds() {
        return false;
    }
    let flat = interior(unit, combs[axis as usize].period);
    let roughness = match axis {
        Axis::X => mean_step_x(plane, flat, area.y),
        Axis::Y => mean_step_y(plane, area.x, flat),
    };
    roughness <= (0.6 * support.on).max(1.5)
}

/// Pixel boundaries inside a block, away from its border where that leaves any.
fn interior(unit: Span, period: usize) -> Span {
    let margin = if period >= 6 { 2 } else { 1 };
    Span::new(unit.start + margin, unit.end - margin + 1)
}

/// Steps across the lines of the other axis, over the pixels `unit` of `axis`.
fn cross_support(
    plane: &Plane<'_>,
    area: Span2,
    combs: &[Comb; 2],
    axis: Axis,
    unit: Span,
) -> Support {
    let comb = combs[1 - axis as usize];
    let other = match axis {
        Axis::X => area.y,
        Axis::Y => area.x,
    };
    let mut sums = [0u32; 2];
    let mut counts = [0u32; 2];
    for at in other.start + 1..other.end {
        let distance = (at + comb.period - comb.phase) % comb.period;
        let on = distance == 0;
        if !on && comb.period >= 6 && (distance == 1 || distance == comb.period - 1) {
            continue;
        }
        let sum = match axis {
            Axis::X => step_sum_y(plane, unit, at),
            Axis::Y => step_sum_x(plane, at, unit),
        };
        sums[usize::from(on)] += sum;
        counts[usize::from(on)] += unit.len() as u32;
    }
    let mean = |i: usize| sums[i] as f32 / counts[i].max(1) as f32;
    Support {
        on: mean(1),
        off: mean(0),
    }
}

/// Move both ends of `area` along `axis` to the pixel where the lattice ends.
fn trim(plane: &Plane<'_>, area: Span2, combs: &[Comb; 2], axis: Axis) -> Span {
    let (along, limit) = match axis {
        Axis::X => (area.x, plane.width),
        Axis::Y => (area.y, plane.height),
    };
    let period = combs[axis as usize].period;
    // From inside the outermost block to the end of the block behind it.
    let outward = |range: &mut dyn Iterator<Item = usize>| {
        let (mut sum, mut best, mut taken) = (0i32, 0i32, 0usize);
        for (index, at) in range.enumerate() {
            let support = cross_support(plane, area, combs, axis, Span::new(at, at + 1));
            sum += if support.holds() { 1 } else { -1 };
            if sum > best {
                (best, taken) = (sum, index + 1);
            }
        }
        taken
    };
    let inner = (along.end - period, along.start + period);
    let right = outward(&mut (inner.0..(along.end + period).min(limit)));
    let left = outward(&mut (along.start.saturating_sub(period)..inner.1).rev());
    Span::new(inner.1 - left, inner.0 + right)
}

/// Sum of the steps between rows `y` − 1 and `y`.
fn step_sum_y(plane: &Plane<'_>, x: Span, y: usize) -> u32 {
    let upper = &plane.row(y - 1)[x.start..x.end];
    let lower = &plane.row(y)[x.start..x.end];
    let steps = upper.iter().zip(lower).map(|(a, &b)| a.abs_diff(b));
    steps.map(u32::from).sum()
}

/// Sum of the steps between columns `x` − 1 and `x`.
fn step_sum_x(plane: &Plane<'_>, x: usize, y: Span) -> u32 {
    let rows = (y.start..y.end).map(|y| &plane.row(y)[x - 1..=x]);
    rows.map(|pair| u32::from(pair[0].abs_diff(pair[1]))).sum()
}

/// Mean step across x on the boundaries `x`.
fn mean_step_x(plane: &Plane<'_>, x: Span, y: Span) -> f32 {
    let mut sum = 0u32;
    for y in y.start..y.end {
        let row = &plane.row(y)[x.start - 1..x.end];
        let steps = row.windows(2).map(|pair| pair[0].abs_diff(pair[1]));
        sum += steps.map(u32::from).sum::<u32>();
    }
    sum as f32 / (x.len() * y.len()).max(1) as f32
}

/// Mean step across y on the boundaries `y`.
fn mean_step_y(plane: &Plane<'_>, x: Span, y: Span) -> f32 {
    let sum: u32 = (y.start..y.end).map(|y| step_sum_y(plane, x, y)).sum();
    sum as f32 / (x.len() * y.len()).max(1) as f32
}
