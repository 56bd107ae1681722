//! Mosaic lattices in a luma plane: rectangle, block size, phase and score of each.
//!
//! One pass over the plane divides its steps into ridges and ground ([`steps`]). Where ridges outweigh the ground
//! both ways ([`gate`]), their spectrum gives a lattice ([`comb`]). Its blocks are followed as far as they hang
//! together ([`grow`]), the border is found to the pixel ([`border`]), and the blocks have the last word
//! ([`cells`], [`score`]).

mod blocking;
mod border;
mod cells;
mod comb;
mod evidence;
mod gate;
mod grow;
mod harmonics;
mod peaks;
mod plane;
mod score;
mod steps;
#[cfg(test)]
mod tests;

use blocking::{Blocking, Setting};
use comb::{Comb, SAMPLES, any_comb, sharpened, spaced_comb, window_comb};
use gate::{Gate, LEVELS, Window};
use grow::Grower;
use peaks::peak_comb;
use plane::{Plane, Span2};
use evidence::weigh;
use score::{Shape, score};
use steps::Ridges;

use crate::frame::{Lattice, Rect};

/// A region of a frame that is, or is said to be, pixelated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// The pixelated pixels. May stick out of the frame where a stranger names it.
    pub rect: Rect,
    /// Its grid; None where it was named by someone else and no grid was found in it.
    pub lattice: Option<Lattice>,
    /// Confidence, 0–1.
    pub score: f32,
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

/// Least quality of the lines in a window that are followed up.
const COMB_QUALITY: f32 = 0.45;
/// Pixels that following lattices from windows of one level may visit in a frame, in parts of the frame's.
const PASSES: usize = 12;

/// Most windows of a level that are looked at; bounds the time spent on frames full of text.
const MOST_LOOKS: usize = 128;
/// A window that shares more than one in so many of its pixels with a lattice that was followed is part of it.
const SHARED_PART: u64 = 8;

/// Blocks between two parts of a mosaic at most.
const GAP: f32 = 2.5;

/// A lattice that was followed, and how far.
#[derive(Clone, Copy, Debug)]
struct Followed {
    area: Rect,
    combs: [Comb; 2],
    /// Whether it was a mosaic.
    found: bool,
}

/// Finds mosaics; keeps its scratch memory from frame to frame.
#[derive(Debug, Default)]
pub struct Detector {
    ridges: Ridges,
    gate: Gate,
    grower: Grower,
    profiles: [Vec<u32>; 2],
    followed: Vec<Followed>,
    blocking: Blocking,
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
        self.followed.clear();
        self.blocking.reset();
        let mut budgets = [PASSES * plane.width * plane.height; LEVELS];
        let (tiles, counts) = self.ridges.tiles();
        let windows = self.gate.windows(tiles, counts);
        let mut looks = [0; LEVELS];
        for window in windows {
            let budget = &mut budgets[window.level];
            let spent = *budget == 0 || looks[window.level] == MOST_LOOKS;
            if spent || is_known(&window.area, regions) {
                continue;
            }
            looks[window.level] += 1;
            let wanted = |region: &Region| {
                region.rect.width >= settings.min_width
                    && region.rect.height >= settings.min_height
                    && region.score >= settings.score_threshold
            };
            self.ridges.profiles(&window.area, &mut self.profiles);
            for combs in hypotheses(&self.profiles, window).into_iter().flatten() {
                if is_followed(&window.area, &combs, &self.followed) {
                    continue;
                }
                let found = follow(
                    &plane,
                    &self.ridges,
                    &mut self.grower,
                    &mut self.blocking,
                    &window.area,
                    combs,
                    budget,
                );
                self.followed.push(Followed {
                    area: window.area.rect(),
                    combs,
                    found: false,
                });
                if let Some((region, combs)) = found {
                    self.followed.push(Followed {
                        area: region.rect,
                        combs,
                        found: false,
                    });
                    if wanted(&region) {
                        if let Some(followed) = self.followed.last_mut() {
                            followed.found = true;
                        }
                        regions.push(region);
                        break;
                    }
                }
            }
        }
        #[cfg(feature = "trace")]
        eprintln!("LOOKS {looks:?} windows {:?} budget {budgets:?} of {}", [0,1,2].map(|l| windows.iter().filter(|w| w.level == l).count()), PASSES * plane.width * plane.height);
        merge(regions);
        keep_best(regions, settings);
    }

    /// The grid inside `rect`, with its score, for regions that someone else named.
    pub fn lattice_in(&mut self, luma: &Luma<'_>, rect: &Rect) -> Option<(Lattice, f32)> {
        let plane = Plane::new(luma)?;
        let area = plane.clamp(rect)?;
        self.ridges.measure(&plane);
        self.ridges.profiles(&area, &mut self.profiles);
        let comb = |axis: usize| any_comb(&self.profiles[axis], area.axis(axis).start);
        let combs = [comb(0)?, comb(1)?];
        let evidence = self.grower.examine(&plane, &area, &combs);
        // Whoever names a rectangle knows better than its surroundings.
        let score = score(&evidence, &Shape::new(&area, &combs), &Setting::default());
        (score > 0.0).then(|| (lattice(&combs), score))
    }
}

/// Lattices that a window with these profiles may belong to, most likely first.
fn hypotheses(profiles: &[Vec<u32>; 2], window: &Window) -> [Option<[Comb; 2]>; 4] {
    let origin = |axis: usize| window.area.axis(axis).start;
    let both = |combs: [Option<Comb>; 2]| {
        let good = |comb: Option<Comb>| comb.filter(|comb| comb.quality >= COMB_QUALITY);
        Some([good(combs[0])?, good(combs[1])?])
    };
    let spectral = both([0, 1].map(|axis| spectral_comb(&profiles[axis], origin(axis), window.level)));
    let peaks = match window.level {
        0 => None,
        _ => both([0, 1].map(|axis| peak_comb(&profiles[axis], origin(axis)))),
    };
    // Most blocks are square, and one of two spacings may be misread where few lines show.
    let squares = spectral.filter(|[x, y]| (x.period / y.period).ln().abs() > 0.02);
    let with = |axis: usize, period: f32| spaced_comb(&profiles[axis], origin(axis), period);
    [
        spectral,
        squares.map(|[x, _]| [x, with(1, x.period)]),
        squares.map(|[_, y]| [with(0, y.period), y]),
        peaks,
    ]
}

/// The best spacing in the profile of a window of `level`.
fn spectral_comb(profile: &[u32], origin: usize, level: usize) -> Option<Comb> {
    let unit = 1 << level;
    let mut samples = [0f32; SAMPLES];
    for (sample, sums) in samples.iter_mut().zip(profile.chunks_exact(unit)) {
        *sample = sums.iter().sum::<u32>() as f32;
    }
    let comb = window_comb(&samples, origin, unit)?;
    let coarse = level > 0 && comb.quality >= COMB_QUALITY;
    Some(if coarse { sharpened(profile, origin, &comb) } else { comb })
}

/// Grow a lattice from a window, find its border and weigh its blocks.
fn follow(
    plane: &Plane<'_>,
    ridges: &Ridges,
    grower: &mut Grower,
    blocking: &mut Blocking,
    seed: &Span2,
    combs: [Comb; 2],
    budget: &mut usize,
) -> Option<(Region, [Comb; 2])> {
    let grown = grower.grow_true(plane, ridges, seed, combs, budget)?;
    let size = [0, 1].map(|axis| grown.combs[axis].period);
    let area = grower.border(plane, &grown)?;
    let evidence = weigh(
        &grower.cells,
        &grower.roles,
        &grown.blocks,
        size,
        &mut grower.queue,
    );
    let setting = blocking.setting(plane, ridges, &area);
    let score = score(&evidence, &Shape::new(&area, &grown.combs), &setting);
    #[cfg(feature = "trace")]
    eprintln!("TRACE {:?} seed {:?} {:?} {:?} {setting:?} noise {} score {score} FEAT {:?}", area.rect(), seed.rect(), grown.combs, evidence, grown.noise, score::features(&evidence, &Shape::new(&area, &grown.combs), &setting));
    let region = Region {
        rect: area.rect(),
        lattice: Some(lattice(&grown.combs)),
        score,
    };
    Some((region, grown.combs))
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
    let mut shared = regions.iter().filter_map(|region| region.rect.intersect(&area));
    shared.any(|shared| 2 * shared.area() >= area.area())
}

/// Whether nearly the same lattice was followed from or into a part of the window already.
fn is_followed(area: &Span2, combs: &[Comb; 2], followed: &[Followed]) -> bool {
    let rect = area.rect();
    followed.iter().any(|followed| {
        let shared = followed.area.intersect(&rect);
        let agrees = |axis: usize| {
            let span = area.axis(axis);
            let centre = (span.start + span.end) as f32 / 2.0;
            combs[axis].agrees(&followed.combs[axis], centre, span.len() as f32, 2.0)
        };
        // A part of a mosaic may show the lines of one axis only.
        shared.is_some_and(|shared| SHARED_PART * shared.area() > rect.area())
            && (agrees(0) && agrees(1) || followed.found && (agrees(0) || agrees(1)))
    })
}

/// Make one of regions that lie close together on one lattice: coding may have torn a mosaic.
fn merge(regions: &mut Vec<Region>) {
    let mut index = 0;
    while index < regions.len() {
        let here = regions[index];
        let other = (index + 1..regions.len()).find(|&other| belong_together(&here, &regions[other]));
        let Some(other) = other else {
            index += 1;
            continue;
        };
        let other = regions.swap_remove(other);
        let (a, b) = (here.rect, other.rect);
        let (x, y) = (a.x.min(b.x), a.y.min(b.y));
        let width = a.right().max(b.right()) - i64::from(x);
        let height = a.bottom().max(b.bottom()) - i64::from(y);
        let larger = if a.area() >= b.area() { here } else { other };
        regions[index] = Region {
            rect: Rect::new(x, y, width as u32, height as u32),
            score: here.score.max(other.score),
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
fn keep_best(regions: &mut Vec<Region>, settings: &DetectSettings) {
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

