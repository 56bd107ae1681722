//! From a window to a mosaic.

use super::blocking::Blocking;
use super::comb::Comb;
use super::evidence::weigh;
use super::gate::Window;
use super::grow::Grower;
use super::hypotheses::hypotheses;
use super::outline::{Outline, completed, ellipse};
use super::plane::{Plane, Span2};
use super::regions::{DetectSettings, Region, lattice};
use super::score::{Shape, score};
use super::steps::Ridges;
use crate::frame::Rect;

/// A window that shares more than one in so many of its pixels with a lattice that was followed is
/// part of it.
const SHARED_PART: u64 = 8;
/// Distance in pixels up to which lines are the same.
const SAME_LINE: f32 = 2.0;

/// A lattice that was followed, and how far.
#[derive(Clone, Copy, Debug)]
struct Followed {
    area: Rect,
    combs: [Comb; 2],
    /// Whether it was a mosaic.
    found: bool,
}

/// Follows lattices; keeps its memory, and what was followed in one frame.
#[derive(Debug, Default)]
pub(super) struct Search {
    pub(super) grower: Grower,
    pub(super) profiles: [Vec<u32>; 2],
    followed: Vec<Followed>,
    /// Hexagons and bricks, of which a part may look like a lattice of squares.
    staggered: Vec<Rect>,
    /// Windows from which no mosaic was found, with their likeliest lattice.
    in_vain: Vec<(Span2, [Comb; 2])>,
    blocking: Blocking,
}

impl Search {
    /// Forget the last frame. The next one has noise of a standard deviation of `grain` levels.
    pub(super) fn reset(&mut self, grain: f32) {
        self.grower.set_grain(grain);
        self.followed.clear();
        self.staggered.clear();
        self.in_vain.clear();
        self.blocking.reset();
    }

    /// Whether most of `rect` lies in hexagons or bricks that were followed.
    pub(super) fn is_staggered(&self, rect: &Rect) -> bool {
        let mut shared = (self.staggered.iter()).filter_map(|area| area.intersect(rect));
        shared.any(|shared| 2 * shared.area() > rect.area())
    }

    /// Windows from which no mosaic was found, with their likeliest lattice; those that told most
    /// of one come first.
    pub(super) fn in_vain(&self) -> &[(Span2, [Comb; 2])] {
        &self.in_vain
    }

    /// The mosaic that `window` is a part of. The pixels visited are taken from `budget`.
    pub(super) fn look(
        &mut self,
        plane: &Plane<'_>,
        ridges: &Ridges,
        window: &Window,
        settings: &DetectSettings,
        budget: &mut usize,
    ) -> Option<Region> {
        let wanted = |region: &Region| {
            region.rect.width >= settings.min_width
                && region.rect.height >= settings.min_height
                && region.score >= settings.score_threshold
        };
        ridges.profiles(&window.area, &mut self.profiles);
        let likely = hypotheses(&self.profiles, window);
        for combs in likely.into_iter().flatten() {
            if self.is_followed(&window.area, &combs) {
                continue;
            }
            let found = self.follow(plane, ridges, &window.area, combs, budget);
            let mut remember = |area: Rect, combs: [Comb; 2], found: bool| {
                self.followed.push(Followed { area, combs, found });
            };
            remember(window.area.rect(), combs, false);
            if let Some((region, combs)) = found {
                let is_wanted = wanted(&region);
                remember(region.rect, combs, is_wanted);
                if is_wanted {
                    return Some(region);
                }
            }
        }
        if let Some(combs) = likely.into_iter().flatten().next() {
            self.in_vain.push((window.area, combs));
        }
        None
    }

    /// Grow a lattice from a window, find its border and weigh its blocks.
    fn follow(
        &mut self,
        plane: &Plane<'_>,
        ridges: &Ridges,
        seed: &Span2,
        combs: [Comb; 2],
        budget: &mut usize,
    ) -> Option<(Region, [Comb; 2])> {
        let grower = &mut self.grower;
        let grown = grower.grow_true(plane, ridges, seed, combs, budget)?;
        let area = grower.border(plane, &grown)?;
        let size = grown.combs.map(|comb| comb.period);
        let evidence = weigh(
            &grower.cells,
            &grower.roles,
            &grown.blocks,
            size,
            &mut grower.queue,
        );
        if evidence.is_staggered() {
            self.staggered.push(area.rect());
        }
        let setting = self.blocking.setting(plane, ridges, &area);
        let radius = ellipse(
            &grower.roles,
            &grower.cells.blocks,
            &grown.blocks,
            &grown.combs,
            &area,
        );
        let rect = radius.map_or(area, |radius| completed(&area, radius, &plane.span()));
        let region = Region {
            rect: rect.rect(),
            lattice: Some(lattice(&grown.combs)),
            outline: radius.map_or(Outline::Rectangle, |_| Outline::Ellipse),
            turn: 0.0,
            score: score(&evidence, &Shape::new(&area, &grown.combs), &setting),
        };
        Some((region, grown.combs))
    }

    /// Whether nearly the same lattice was followed from or into a part of the window already.
    fn is_followed(&self, area: &Span2, combs: &[Comb; 2]) -> bool {
        let rect = area.rect();
        self.followed.iter().any(|followed| {
            let shared = followed.area.intersect(&rect);
            let agrees = |axis: usize| {
                let span = area.axis(axis);
                let centre = (span.start + span.end) as f32 / 2.0;
                combs[axis].agrees(&followed.combs[axis], centre, span.len() as f32, SAME_LINE)
            };
            // A part of a mosaic may show the lines of one axis only.
            shared.is_some_and(|shared| SHARED_PART * shared.area() > rect.area())
                && (agrees(0) && agrees(1) || followed.found && (agrees(0) || agrees(1)))
        })
    }
}
