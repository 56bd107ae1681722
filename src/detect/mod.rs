//! Mosaic lattices in a luma plane: rectangle, block size, phase and score of each.
//!
//! One pass over the plane divides its steps into ridges and ground (`steps`). Where ridges
//! outweigh the ground both ways (`gate`), their spectrum or their peaks give a lattice
//! (`hypotheses`, `spectrum`, `comb`, `peaks`). Its blocks (`cells`) are followed as far as they
//! hang together (`grow`), multiples and parts of the spacing are compared (`harmonics`), the
//! border is found to the pixel (`border`) and the outline named (`outline`), and the blocks and
//! what is around them have the last word (`evidence`, `blocking`, `score`). `stages` tells what
//! the first of these see.

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
mod spectrum;
mod stages;
mod steps;
#[cfg(test)]
mod tests;

use blocking::Setting;
use comb::any_comb;
use gate::{Gate, LEVELS};
pub use outline::Outline;
pub use plane::Luma;
use plane::{Plane, Span2};
pub use regions::{DetectSettings, Region};
use regions::{keep_best, lattice, merge};
use score::{Shape, score};
use search::Search;
pub use stages::{Profile, Stages, Window};
use steps::{Ridges, STRIP};

use crate::frame::{Lattice, Rect};

/// Pixels that following lattices from windows of one level may visit in a frame, in parts of the
/// frame's.
const PASSES: usize = 12;

/// Most windows of a level that are looked at; bounds the time spent on frames full of text.
const MOST_LOOKS: usize = 128;

/// Finds mosaics; keeps its scratch memory from frame to frame. An example is on the [crate's
/// page](crate).
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
        let grain = self.ridges.measure(&plane);
        self.search.reset(grain);
        let mut budgets = [PASSES * plane.width * plane.height; LEVELS];
        let mut looks = [0; LEVELS];
        let (tiles, counts) = self.ridges.tiles();
        for window in self.gate.windows(tiles, counts) {
            let budget = &mut budgets[window.level];
            let spent = *budget == 0 || looks[window.level] == MOST_LOOKS;
            let is_staggered = || self.search.is_staggered(&window.area.rect());
            if !spent && !is_known(&window.area, regions) && !is_staggered() {
                looks[window.level] += 1;
                let found = self
                    .search
                    .look(&plane, &self.ridges, window, settings, budget);
                regions.extend(found);
            }
        }
        regions.retain(|region| !self.search.is_staggered(&region.rect));
        merge(regions);
        keep_best(regions, settings);
    }

    /// The grid inside `rect`, with its score, for regions that someone else named. Looks at these
    /// pixels and a rim of a few more only.
    pub fn lattice_in(&mut self, luma: &Luma<'_>, rect: &Rect) -> Option<(Lattice, f32)> {
        let plane = Plane::new(luma)?;
        let area = plane.clamp(rect)?;
        let seen = plane.around(&area, STRIP);
        let grain = self.near.measure(&plane.part(&seen));
        let search = &mut self.search;
        search.grower.set_grain(grain);
        self.near.profiles(&area.from(&seen), &mut search.profiles);
        let comb = |axis: usize| any_comb(&search.profiles[axis], area.axis(axis).start);
        let combs = [comb(0)?, comb(1)?];
        let evidence = search.grower.examine(&plane, &area, &combs);
        // Whoever names a rectangle knows better than its surroundings.
        let score = score(&evidence, &Shape::new(&area, &combs), &Setting::default());
        (score > 0.0).then(|| (lattice(&combs), score))
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
