//! What is found in a frame; put in order: torn mosaics joined, double finds dropped.

use super::comb::Comb;
use super::outline::Outline;
use crate::frame::{Lattice, Rect};

/// Largest angle by which a mosaic may be turned, radians.
pub const MOST_TURN: f32 = 0.2;

/// A region of a frame that is, or is said to be, pixelated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// The pixelated pixels. May stick out of the frame where a stranger names it.
    pub rect: Rect,
    /// Its grid; None where it was named by someone else and no grid was found in it.
    pub lattice: Option<Lattice>,
    /// Which part of the rectangle it is.
    pub outline: Outline,
    /// The angle by which the mosaic is turned, radians, clockwise; mostly 0. Otherwise `rect` is
    /// the box around it, and `lattice` and `outline` are those of the mosaic turned back about
    /// the middle of `rect`.
    pub turn: f32,
    /// Confidence, 0–1.
    pub score: f32,
}

impl Region {
    /// The part inside a frame of `width` × `height` pixels. A part of an ellipse counts as a
    /// rectangle, and what is turned and sticks out is left out.
    pub fn clamp_to(&self, width: u32, height: u32) -> Option<Self> {
        let rect = self.rect.clamp_to(width, height)?;
        if self.is_turned() {
            return (rect == self.rect).then_some(*self);
        }
        let outline = match rect == self.rect {
            true => self.outline,
            false => Outline::Rectangle,
        };
        Some(Self {
            rect,
            outline,
            turn: 0.0,
            ..*self
        })
    }

    /// Whether it is turned; an angle of more than [`MOST_TURN`] counts as none.
    pub fn is_turned(&self) -> bool {
        self.turn != 0.0 && self.turn.abs() <= MOST_TURN
    }

    /// Width and height of the mosaic turned back, pixels: those of `rect` where it is not turned.
    pub fn upright_size(&self) -> (u32, u32) {
        let (sin, cos) = f64::from(self.turn.abs()).sin_cos();
        let [width, height] = [self.rect.width, self.rect.height].map(f64::from);
        let area = cos * cos - sin * sin;
        if !self.is_turned() {
            return (self.rect.width, self.rect.height);
        }
        let side = |long: f64, short: f64| ((long * cos - short * sin) / area).round().max(1.0);
        (side(width, height) as u32, side(height, width) as u32)
    }
}

/// What counts as a mosaic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectSettings {
    /// Least score, 0–1.
    pub score_threshold: f32,
    /// Overlap (intersection over union) above which two detections are one.
    pub iou_threshold: f32,
    /// Most regions in one frame.
    pub max_detections: usize,
    /// Least width of a region in pixels.
    pub min_width: u32,
    /// Least height of a region in pixels.
    pub min_height: u32,
}

impl Default for DetectSettings {
    fn default() -> Self {
        Self {
            score_threshold: 0.5,
            iou_threshold: 0.5,
            max_detections: 64,
            min_width: 24,
            min_height: 24,
        }
    }
}

/// Blocks between two parts of a mosaic at most.
const GAP: f32 = 2.5;

/// The lattice with the lines `combs` (x, y).
pub(super) fn lattice(combs: &[Comb; 2]) -> Lattice {
    Lattice {
        block_width: combs[0].period,
        block_height: combs[1].period,
        phase_x: combs[0].phase,
        phase_y: combs[1].phase,
    }
}

/// Make one of regions that lie close together on one lattice: coding may have torn a mosaic.
pub(super) fn merge(regions: &mut Vec<Region>) {
    let mut index = 0;
    while index < regions.len() {
        let here = regions[index];
        let other =
            (index + 1..regions.len()).find(|&other| belong_together(&here, &regions[other]));
        let Some(other) = other else {
            index += 1;
            continue;
        };
        let other = regions.swap_remove(other);
        let (a, b) = (here.rect, other.rect);
        let larger = if a.area() >= b.area() { here } else { other };
        regions[index] = Region {
            rect: a.union(&b),
            score: here.score.max(other.score),
            outline: Outline::Rectangle,
            ..larger
        };
        // The larger one may touch regions that were passed over.
        index = 0;
    }
}

/// Whether two regions are on the same lines, with less than [`GAP`] blocks between them.
fn belong_together(a: &Region, b: &Region) -> bool {
    let (Some(one), Some(two)) = (a.lattice, b.lattice) else {
        return false;
    };
    let axis = |start: (i32, i32), end: (i64, i64), size: (f32, f32), phase: (f32, f32)| {
        let comb = |size, phase| Comb {
            period: size,
            phase,
            quality: 1.0,
        };
        let gap = i64::from(start.0.max(start.1)) - end.0.min(end.1);
        let all = end.0.max(end.1) - i64::from(start.0.min(start.1));
        let centre = i64::from(start.0.min(start.1)) + all / 2;
        let (one, two) = (comb(size.0, phase.0), comb(size.1, phase.1));
        gap as f32 <= GAP * size.0 && one.agrees(&two, centre as f32, all as f32, 1.0)
    };
    axis(
        (a.rect.x, b.rect.x),
        (a.rect.right(), b.rect.right()),
        (one.block_width, two.block_width),
        (one.phase_x, two.phase_x),
    ) && axis(
        (a.rect.y, b.rect.y),
        (a.rect.bottom(), b.rect.bottom()),
        (one.block_height, two.block_height),
        (one.phase_y, two.phase_y),
    )
}

/// Best first, without double finds, at most as many as wanted.
pub(super) fn keep_best(regions: &mut Vec<Region>, settings: &DetectSettings) {
    regions.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept = 0;
    for index in 0..regions.len() {
        let region = regions[index];
        let doubles = |other: &Region| {
            let shared = other
                .rect
                .intersect(&region.rect)
                .map_or(0, |shared| shared.area());
            let smaller = other.rect.area().min(region.rect.area());
            other.rect.iou(&region.rect) > f64::from(settings.iou_threshold) || 2 * shared > smaller
        };
        if kept < settings.max_detections && !regions[..kept].iter().any(doubles) {
            regions[kept] = region;
            kept += 1;
        }
    }
    regions.truncate(kept);
}
