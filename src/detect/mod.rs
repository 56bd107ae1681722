//! Mosaic lattices in a luma plane: rectangle, block size, phase and score of each.
//!
//! One pass over the plane divides its steps into ridges and ground (`steps`). Where ridges
//! outweigh the ground both ways (`gate`), their spectrum or their peaks give a lattice
//! (`hypotheses`, `spectrum`, `comb`, `peaks`). Its blocks (`cells`) are followed as far as they
//! hang together (`grow`), multiples and parts of the spacing are compared (`harmonics`), the
//! border is found to the pixel (`border`) and the outline named (`outline`), and the blocks and
//! what is around them have the last word (`evidence`, `blocking`, `score`). Where the lines are
//! slanted (`slant`), all of this is done again in a part of the plane that is turned back
//! (`turned`). `stages` tells what the first of these see.

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
mod slant;
mod spectrum;
mod stages;
mod steps;
#[cfg(test)]
mod tests;
mod turned;

use blocking::Setting;
use comb::{Comb, any_comb};
use gate::{Gate, LEVELS};
pub use outline::Outline;
pub use plane::Luma;
use plane::{Plane, Span2};
pub use regions::{DetectSettings, MOST_TURN, Region};
use regions::{keep_best, lattice, merge};
use score::{Shape, score};
use search::Search;
use slant::{LEAST_SLANT, SAME_SLANT, Slant};
pub use stages::{Profile, Stages, Window};
use steps::{Ridges, STRIP};
use turned::Turned;

use crate::frame::{Lattice, Rect};

/// Pixels that following lattices from windows of one level may visit in a frame, in parts of the
/// frame's.
const PASSES: usize = 12;

/// Most windows of a level that are looked at.
const MOST_LOOKS: usize = 128;

/// Slant up to which a lattice that was turned back is upright, radians.
const UPRIGHT: f32 = 0.003;
/// How often a part of the plane is turned back at most, each time nearer to upright.
const TURNS: usize = 3;

/// What may still be done in a search; bounds the time spent on frames full of text or noise.
#[derive(Clone, Copy, Debug)]
struct Budget {
    /// Pixels that may be visited from windows of a level.
    pixels: [usize; LEVELS],
    /// Windows of a level that may be looked at.
    looks: [usize; LEVELS],
}

impl Budget {
    /// That for a whole plane.
    fn of(plane: &Plane<'_>) -> Self {
        Self {
            pixels: [PASSES * plane.width * plane.height; LEVELS],
            looks: [MOST_LOOKS; LEVELS],
        }
    }

    fn of_level(&mut self, level: usize) -> (&mut usize, &mut usize) {
        (&mut self.pixels[level], &mut self.looks[level])
    }
}

/// Finds mosaics; keeps its scratch memory from frame to frame. An example is on the [crate's
/// page](crate).
#[derive(Debug, Default)]
pub struct Detector {
    ridges: Ridges,
    /// The same of a rectangle that was named.
    near: Ridges,
    gate: Gate,
    search: Search,
    slant: Slant,
    turned: Turned,
    /// What is found in the turned plane.
    upright: Vec<Region>,
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
        self.find(&plane, settings, &mut Budget::of(&plane), regions);
        self.straighten(&plane, settings, regions);
        keep_best(regions, settings);
    }

    /// Add the mosaics in `plane` to `regions`, of which there are none yet, as if all were
    /// upright.
    fn find(
        &mut self,
        plane: &Plane<'_>,
        settings: &DetectSettings,
        budget: &mut Budget,
        regions: &mut Vec<Region>,
    ) {
        let grain = self.ridges.measure(plane);
        self.search.reset(grain);
        let (tiles, counts) = self.ridges.tiles();
        for window in self.gate.windows(tiles, counts) {
            let (pixels, looks) = budget.of_level(window.level);
            let spent = *pixels == 0 || *looks == 0;
            let is_staggered = || self.search.is_staggered(&window.area.rect());
            if !spent && !is_known(&window.area, regions) && !is_staggered() {
                *looks -= 1;
                let found = self
                    .search
                    .look(plane, &self.ridges, window, settings, pixels);
                regions.extend(found);
            }
        }
        regions.retain(|region| !self.search.is_staggered(&region.rect));
        merge(regions);
    }

    /// Replace the parts of a slanted mosaic among `regions`, which were just found in `plane`, by
    /// the whole of it, turned. Of several slants in a frame that of the largest part counts; where
    /// no part was found, that which most windows tell whose lattices led nowhere.
    fn straighten(
        &mut self,
        plane: &Plane<'_>,
        settings: &DetectSettings,
        regions: &mut Vec<Region>,
    ) {
        let Some((area, slant)) = (self.slanted_parts(plane, regions))
            .or_else(|| self.slant.most(&self.ridges, self.search.in_vain()))
        else {
            return;
        };
        let mut turned = std::mem::take(&mut self.turned);
        let mut upright = std::mem::take(&mut self.upright);
        upright.clear();
        self.turn_back(plane, &area, slant, settings, &mut turned, &mut upright);
        for found in &mut upright {
            *found = turned.region(found);
        }
        regions.retain(|region| {
            let part = is_part(region, slant);
            let replaced = |found: &Region| {
                let shared = found
                    .rect
                    .intersect(&region.rect)
                    .map_or(0, |rect| rect.area());
                let inside = 2 * shared > region.rect.area();
                let smaller = 2 * region.rect.area() < found.rect.area();
                shared > 0 && part || inside && smaller
            };
            !upright.iter().any(replaced)
        });
        // One that sticks out of the frame is left alone, parts and all.
        let (width, height) = (plane.width as u32, plane.height as u32);
        upright.retain(|region| region.clamp_to(width, height).is_some());
        upright.retain(|found| !is_mostly_in(&found.rect, regions));
        for region in regions.iter_mut() {
            region.turn = 0.0;
        }
        regions.extend_from_slice(&upright);
        (self.turned, self.upright) = (turned, upright);
    }

    /// What is around all parts of the largest slanted mosaic among `regions`, and its slant. The
    /// slants of all stand in their `turn` until it is known what becomes of them.
    fn slanted_parts(&mut self, plane: &Plane<'_>, regions: &mut [Region]) -> Option<(Rect, f32)> {
        for region in regions.iter_mut() {
            let slant = self.slant_of(plane, region);
            region.turn = slant
                .filter(|slant| slant.abs() >= LEAST_SLANT)
                .unwrap_or(0.0);
        }
        let slanted = regions.iter().filter(|region| region.turn != 0.0);
        let slant = slanted.max_by_key(|region| region.rect.area())?.turn;
        let parts = regions.iter().filter(|region| is_part(region, slant));
        let all = parts.map(|region| region.rect).reduce(|a, b| a.union(&b))?;
        Some((all, slant))
    }

    /// Turn `area` of `plane` back by `slant`, more or less, so that what is found there is
    /// upright; only that stays in `upright`.
    fn turn_back(
        &mut self,
        plane: &Plane<'_>,
        area: &Rect,
        slant: f32,
        settings: &DetectSettings,
        turned: &mut Turned,
        upright: &mut Vec<Region>,
    ) {
        let mut angle = slant;
        let mut budget = Budget::of(plane);
        for _ in 0..TURNS {
            turned.fill(plane, area, angle);
            upright.clear();
            let luma = turned.luma();
            let Some(view) = Plane::new(&luma) else {
                return;
            };
            self.find(&view, settings, &mut budget, upright);
            let largest = upright.iter().max_by_key(|region| region.rect.area());
            let rest = largest.and_then(|region| self.slant_of(&view, region));
            let Some(rest) = rest.filter(|rest| rest.abs() > UPRIGHT) else {
                break;
            };
            angle += rest;
        }
        let luma = turned.luma();
        let view = Plane::new(&luma).filter(|_| turned.angle().abs() <= MOST_TURN);
        upright.retain(|region| {
            let slant = view.and_then(|view| self.slant_of(&view, region));
            // Of few blocks it may not be told.
            let large = 2 * region.rect.area() > area.area();
            slant.map_or(large, |slant| slant.abs() < LEAST_SLANT)
        });
    }

    /// The slant of a region's lattice in the plane whose ridges were measured last, radians.
    fn slant_of(&mut self, plane: &Plane<'_>, region: &Region) -> Option<f32> {
        let lattice = region.lattice?;
        let comb = |period: f32, phase: f32| Comb {
            period,
            phase,
            quality: 1.0,
        };
        let combs = [
            comb(lattice.block_width, lattice.phase_x),
            comb(lattice.block_height, lattice.phase_y),
        ];
        let area = plane.clamp(&region.rect)?;
        self.slant.of(&self.ridges, &area, &combs)
    }

    /// The grid of a region that someone else named, or that was found in the frame before, with its
    /// score, as [`Self::lattice_in`]; that of a turned one as [`Region::turn`] says.
    pub fn lattice_of(&mut self, luma: &Luma<'_>, region: &Region) -> Option<(Lattice, f32)> {
        if !region.is_turned() {
            return self.lattice_in(luma, &region.rect);
        }
        let plane = Plane::new(luma)?;
        plane.clamp(&region.rect)?;
        let mut turned = std::mem::take(&mut self.turned);
        turned.fill(&plane, &region.rect, region.turn);
        let found = self.lattice_in(&turned.luma(), &turned.upright(region));
        let found = found.map(|(lattice, score)| (turned.lattice(&lattice, &region.rect), score));
        self.turned = turned;
        found
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

/// Whether a region, in whose `turn` its slant stands, is a part of a mosaic with this slant.
fn is_part(region: &Region, slant: f32) -> bool {
    region.turn != 0.0 && (region.turn - slant).abs() < SAME_SLANT
}

/// Whether most of a window lies in a region that was found already.
fn is_known(area: &Span2, regions: &[Region]) -> bool {
    is_mostly_in(&area.rect(), regions)
}

/// Whether half of `area` or more lies in one of the regions.
fn is_mostly_in(area: &Rect, regions: &[Region]) -> bool {
    let mut shared = regions
        .iter()
        .filter_map(|region| region.rect.intersect(area));
    shared.any(|shared| 2 * shared.area() >= area.area())
}
