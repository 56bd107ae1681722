//! The outline of a mosaic: some tools pixelate all of a box, others the ellipse in it.

use super::cells::{Blocks, Role};
use super::comb::Comb;
use super::plane::{Span, Span2};

/// Form of a region in its box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outline {
    /// All of the box.
    #[default]
    Rectangle,
    /// The ellipse that fills the box. What is between both is no part of the mosaic.
    Ellipse,
}

impl Outline {
    /// The name in metas.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rectangle => "rectangle",
            Self::Ellipse => "ellipse",
        }
    }

    /// The outline of this name; a rectangle, which leaves nothing out, for any other.
    pub fn named(name: &str) -> Self {
        match name == Self::Ellipse.as_str() {
            true => Self::Ellipse,
            false => Self::Rectangle,
        }
    }
}

/// Part of a corner's blocks that may belong to the mosaic where it is cut off.
const MOST_IN_CORNER: f32 = 0.25;
/// Corners that are cut off at least: in a few large blocks, one that an ellipse only just cuts may
/// look whole.
const LEAST_CUT: usize = 3;
/// Part of the blocks inside the ellipse that belong to it at least; where fewer do, little is
/// known of the corners.
const LEAST_INSIDE: f32 = 0.75;

/// Ellipses that are compared, from the smallest to the largest, their radii in parts of the box's:
/// the box around whole blocks may be one short on each side.
const SIZES: usize = 19;
const SMALLEST: f32 = 0.9;
const STEP: f32 = 0.02;

/// Radius from which a box is too small for its ellipse.
const SHORT: f32 = 1.06;
/// Part of a block's half up to which the ellipse must hold it: one that lacks but a corner still
/// looks level.
const NEARLY: f32 = 0.4;

/// Radius of ellipse `size`.
fn radius(size: usize) -> f32 {
    SMALLEST + STEP * size as f32
}

/// A block in a box.
#[derive(Clone, Copy, Debug)]
struct Block {
    /// The quarter of the box that its middle lies in.
    quarter: usize,
    /// Radius of the smallest ellipse that holds nearly all of it.
    reach: f32,
    member: bool,
}

/// Radius of the ellipse that a mosaic in `area` with the lines `combs` is, in parts of that in its
/// box: of the one that holds the members among `whole`, the blocks that its border does not cut,
/// and no others. None where it is none: the corners are not cut off. `roles` are those of the
/// blocks `measured`.
pub(super) fn ellipse(
    roles: &[Role],
    measured: &Blocks,
    whole: &Blocks,
    combs: &[Comb; 2],
    area: &Span2,
) -> Option<f32> {
    let blocks = || blocks(roles, measured, whole, combs, area);
    let mut wrong = [0u32; SIZES];
    for block in blocks() {
        for (size, wrong) in wrong.iter_mut().enumerate() {
            *wrong += u32::from((block.reach <= radius(size)) != block.member);
        }
    }
    let least = wrong.iter().min()?;
    let first = wrong.iter().position(|wrong| wrong == least)?;
    let last = wrong.iter().rposition(|wrong| wrong == least)?;
    let best = (radius(first) + radius(last)) / 2.0;
    let (mut corners, mut inside) = ([(0.0, 0.0); 4], (0.0, 0.0));
    for block in blocks() {
        let (members, all) = match block.reach > best {
            true => &mut corners[block.quarter],
            false => &mut inside,
        };
        *members += f32::from(u8::from(block.member));
        *all += 1.0;
    }
    let cut = |&(members, all): &(f32, f32)| all > 0.0 && members <= MOST_IN_CORNER * all;
    let sum = |(a, b): (f32, f32), corner: &(f32, f32)| (a + corner.0, b + corner.1);
    let is_cut = corners.iter().filter(|corner| cut(corner)).count() >= LEAST_CUT
        && cut(&corners.iter().fold((0.0, 0.0), sum));
    (is_cut && inside.0 >= LEAST_INSIDE * inside.1).then_some(best)
}

/// The blocks `whole` in the box `area`.
fn blocks(
    roles: &[Role],
    measured: &Blocks,
    whole: &Blocks,
    combs: &[Comb; 2],
    area: &Span2,
) -> impl Iterator<Item = Block> {
    // Middle and half the size of a block, the box being −1 … 1.
    let place = |axis: usize, block: i32| {
        let (span, comb) = (area.axis(axis), &combs[axis]);
        let half = span.len() as f32 / 2.0;
        let middle = comb.line(block) + comb.period / 2.0 - span.start as f32 - half;
        (middle / half, comb.period / 2.0 / half)
    };
    let rows = whole.y.0.max(measured.y.0)..whole.y.1.min(measured.y.1);
    rows.flat_map(move |row| {
        let columns = whole.x.0.max(measured.x.0)..whole.x.1.min(measured.x.1);
        columns.map(move |column| {
            let ((x, wide), (y, high)) = (place(0, column), place(1, row));
            let index = (row - measured.y.0) as usize * measured.columns()
                + (column - measured.x.0) as usize;
            Block {
                quarter: usize::from(x > 0.0) + 2 * usize::from(y > 0.0),
                reach: (x.abs() + NEARLY * wide).hypot(y.abs() + NEARLY * high),
                member: roles[index] == Role::Member,
            }
        })
    })
}

/// The box of an ellipse of `radius` times the one in `area`, inside `limits`: where the border of
/// its outermost blocks, of which there are few, was not found, the box ends with the whole ones.
pub(super) fn completed(area: &Span2, radius: f32, limits: &Span2) -> Span2 {
    if radius < SHORT {
        return *area;
    }
    let scale = |axis: usize| {
        let (span, limit) = (area.axis(axis), limits.axis(axis));
        let more = ((radius - 1.0) * span.len() as f32 / 2.0).round() as usize;
        let start = span.start.saturating_sub(more).max(limit.start);
        Span::new(start, (span.end + more).min(limit.end))
    };
    Span2 {
        x: scale(0),
        y: scale(1),
    }
}
