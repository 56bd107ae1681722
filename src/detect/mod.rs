//! Mosaic lattices in a luma plane: rectangle, block size, phase and score of each.
//!
//! One pass over the plane divides its steps into ridges and ground (`steps`). Where ridges outweigh the ground
//! both ways (`gate`), their spectrum or their peaks give a lattice (`hypotheses`, `comb`, `peaks`). Its
//! blocks (`cells`) are followed as far as they hang together (`grow`), multiples and parts of the spacing are
//! compared (`harmonics`), the border is found to the pixel (`border`) and the outline named (`outline`), and the
//! blocks and what is around them have the last word (`evidence`, `blocking`, `score`). `stages` tells what the
//! first of these see.

mod blocking;
mod border;
mod cells;
mod comb;
mod evidence;
mod gate;
mod grow;
mod harmonics;
mod hypotheses;
mod outline;
mod peaks;
mod plane;
mod regions;
mod score;
mod search;
mod stages;
mod steps;
#[cfg(test)]
mod tests;

use blocking::Setting;
use comb::{Comb, any_comb};
use gate::{Gate, LEVELS};
pub use outline::Outline;
use plane::{Plane, Span2};
use regions::{keep_best, merge};
use score::{Shape, score};
use search::Search;
pub use stages::{Profile, Stages, Window};
use steps::{Ridges, STRIP};

use crate::frame::{FrameView, Lattice, Rect, luma};

/// A region of a frame that is, or is said to be, pixelated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// The pixelated pixels. May stick out of the frame where a stranger names it.
    pub rect: Rect,
    /// Its grid; None where it was named by someone else and no grid was found in it.
    pub lattice: Option<Lattice>,
    /// Which part of the rectangle it is.
    pub outline: Outline,
    /// Confidence, 0–1.
    pub score: f32,
}

impl Region {
    /// The part inside a frame of `width` × `height` pixels. A part of an ellipse counts as a rectangle.
    pub fn clamp_to(&self, width: u32, height: u32) -> Option<Self> {
        let rect = self.rect.clamp_to(width, height)?;
        let outline = match rect == self.rect {
            true => self.outline,
            false => Outline::Rectangle,
        };
        Some(Self {
            rect,
            outline,
            ..*self
        })
    }
}

/// An 8-bit luma plane.
#[derive(Clone, Copy, Debug)]
pub struct Luma<'a> {
    /// Samples, row by row.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl<'a> Luma<'a> {
    /// That of `frame`: its own plane where it has one of bytes, else made in `scratch`.
    pub fn of(frame: &FrameView<'a>, scratch: &'a mut Vec<u8>) -> Self {
        let (data, stride) = luma(frame, scratch);
        Self {
            data,
            stride,
            width: frame.layout().width,
            height: frame.layout().height,
        }
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

/// Pixels that following lattices from windows of one level may visit in a frame, in parts of the frame's.
const PASSES: usize = 12;

/// Most windows of a level that are looked at; bounds the time spent on frames full of text.
const MOST_LOOKS: usize = 128;

/// Finds mosaics; keeps its scratch memory from frame to frame. An example is on the [crate's page](crate).
#[derive(Debug, Default)]
pub struct Detector {
    ridges: Ridges,
    /// The same of a rectangle that was named.
    near: Ridges,
    gate: Gate,
    search: Search,
}

impl Detector {
    /// A detector that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replace `regions` by the mosaics in `luma`, best first.
    pub fn detect(
        &mut self,
        luma: &Luma<'_>,
        settings: &DetectSettings,
        regions: &mut Vec<Region>,
    ) {
        regions.clear();
        let Some(plane) = Plane::new(luma) else {
            return;
        };
        self.ridges.measure(&plane);
        self.search.reset();
        let mut budgets = [PASSES * plane.width * plane.height; LEVELS];
        let mut looks = [0; LEVELS];
        let (tiles, counts) = self.ridges.tiles();
        for window in self.gate.windows(tiles, counts) {
            let budget = &mut budgets[window.level];
            let spent = *budget == 0 || looks[window.level] == MOST_LOOKS;
            if !spent && !is_known(&window.area, regions) {
                looks[window.level] += 1;
                let found = self
                    .search
                    .look(&plane, &self.ridges, window, settings, budget);
                regions.extend(found);
            }
        }
        merge(regions);
        keep_best(regions, settings);
    }

    /// The grid inside `rect`, with its score, for regions that someone else named. Looks at these pixels and a rim of
    /// a few more only.
    pub fn lattice_in(&mut self, luma: &Luma<'_>, rect: &Rect) -> Option<(Lattice, f32)> {
        let plane = Plane::new(luma)?;
        let area = plane.clamp(rect)?;
        let seen = plane.around(&area, STRIP);
        self.near.measure(&plane.part(&seen));
        let search = &mut self.search;
        self.near.profiles(&area.from(&seen), &mut search.profiles);
        let comb = |axis: usize| any_comb(&search.profiles[axis], area.axis(axis).start);
        let combs = [comb(0)?, comb(1)?];
        let evidence = search.grower.examine(&plane, &area, &combs);
        // Whoever names a rectangle knows better than its surroundings.
        let score = score(&evidence, &Shape::new(&area, &combs), &Setting::default());
        (score > 0.0).then(|| (lattice(&combs), score))
    }
}

fn lattice(combs: &[Comb; 2]) -> Lattice {
    Lattice {
        block_width: combs[0].period,
        block_height: combs[1].period,
        phase_x: combs[0].phase,
        phase_y: combs[1].phase,
    }
}

/// Whether most of a window lies in a region that was found already.
fn is_known(area: &Span2, regions: &[Region]) -> bool {
    let area = area.rect();
    let mut shared = regions
        .iter()
        .filter_map(|region| region.rect.intersect(&area));
    shared.any(|shared| 2 * shared.area() >= area.area())
}
