//! Mosaic lattices in a luma plane: rectangle, block size, phase and score of each.
//!
//! One pass over the plane keeps the isolated steps ([`steps`]); where enough of them lie, their spacing gives a
//! lattice ([`comb`]), which is followed as far as it goes ([`grow`]); its blocks then have the last word
//! ([`cells`]).

mod cells;
mod comb;
mod grow;
mod plane;
mod steps;
#[cfg(test)]
mod tests;

use cells::{Cells, Evidence};
use comb::{Comb, MAX_BLOCK, MIN_BLOCK, best_comb};
use plane::{Plane, Span, Span2};
use steps::{StepMaps, TILE, profiles_of};

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

/// A square of tiles in which lattices of some block sizes are looked for.
struct Scale {
    /// Side of the square and distance to the next one, tiles.
    side: usize,
    step: usize,
    /// Block sizes, pixels.
    blocks: (usize, usize),
}

const SCALES: [Scale; 4] = [
    Scale {
        side: 2,
        step: 1,
        blocks: (4, 10),
    },
    Scale {
        side: 4,
        step: 2,
        blocks: (6, 20),
    },
    Scale {
        side: 8,
        step: 4,
        blocks: (12, 36),
    },
    Scale {
        side: 12,
        step: 6,
        blocks: (24, 48),
    },
];

/// Least quality of a comb that is followed up.
const COMB_QUALITY: f32 = 0.45;
/// Least mean of isolated steps on lattice lines, in sums over eight pixels: below it lies coding noise.
const LEAST_STEP: usize = 4;
/// Most lattices of a frame that are followed up; bounds the time spent on frames full of text.
const MOST_GUESSES: usize = 256;
/// Pixels that following guesses may visit in a frame, in parts of the frame's.
const PASSES: usize = 24;
/// Least correlation of neighbouring blocks where a guess was made: fewer blocks than in the whole mosaic.
const GUESS_CORRELATION: f32 = -0.75;

/// A lattice in a square of tiles.
#[derive(Clone, Copy, Debug)]
struct Guess {
    area: Span2,
    combs: [Comb; 2],
    quality: f32,
}

/// Finds mosaics; keeps its scratch memory from frame to frame.
#[derive(Debug, Default)]
pub struct Detector {
    steps: StepMaps,
    profiles: [Vec<u32>; 2],
    guesses: Vec<Guess>,
    refused: Vec<(Rect, Lattice)>,
    cells: Cells,
    sums: Vec<u32>,
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
        self.steps.measure(&plane);
        self.guess();
        self.refused.clear();
        let mut budget = PASSES * plane.width * plane.height;
        for index in 0..self.guesses.len() {
            let guess = self.guesses[index];
            if budget == 0 {
                break;
            }
            if is_known(&guess, regions) || is_refused(&guess, &self.refused) {
                continue;
            }
            let region = self.follow(&plane, &guess, &mut budget);
            let good = region.filter(|region| {
                region.rect.width >= settings.min_width
                    && region.rect.height >= settings.min_height
                    && region.score >= settings.score_threshold
            });
            match good {
                Some(region) => regions.push(region),
                None => self.refused.push((
                    region.map_or(guess.area.rect(), |region| region.rect),
                    lattice(&guess.combs),
                )),
            }
        }
        keep_best(regions, settings);
    }

    /// The grid inside `rect`, with its score, for regions that someone else named.
    pub fn lattice_in(&mut self, luma: &Luma<'_>, rect: &Rect) -> Option<(Lattice, f32)> {
        let plane = Plane::new(luma)?;
        let area = plane.clamp(rect)?;
        let combs = self.combs_in(&plane, &area)?;
        let evidence = self.cells.examine(&plane, &area, &combs);
        let score = score(&evidence);
        (score > 0.0).then(|| (lattice(&combs), score))
    }

    /// List lattices in squares of tiles, best first.
    fn guess(&mut self) {
        self.guesses.clear();
        let (across, down) = self.steps.tile_counts();
        for scale in &SCALES {
            let starts =
                |count: usize| (0..(count + 1).saturating_sub(scale.side)).step_by(scale.step);
            for ty in starts(down) {
                for tx in starts(across) {
                    self.guess_at(scale, tx, ty);
                }
            }
        }
        // Wide squares first: a divisor of the true spacing looks as good in a small one.
        let order = |a: &Guess, b: &Guess| {
            let side = |guess: &Guess| guess.area.x.len();
            side(b).cmp(&side(a)).then(b.quality.total_cmp(&a.quality))
        };
        self.guesses.sort_unstable_by(order);
        self.guesses.truncate(MOST_GUESSES);
    }

    fn guess_at(&mut self, scale: &Scale, tx: usize, ty: usize) {
        let side = scale.side * TILE;
        // Lines of the widest spacing, each `side` long: `side` / 8 sums of steps.
        let least = side / scale.blocks.1 * (side / steps::STRIP) * LEAST_STEP;
        let energy = self.steps.energy(tx, ty, scale.side);
        if energy.iter().any(|&energy| energy < least as u32) {
            return;
        }
        let span = |tile: usize| Span::new(tile * TILE, tile * TILE + side);
        let area = Span2 {
            x: span(tx),
            y: span(ty),
        };
        self.steps.profiles(&area, &mut self.profiles);
        let comb = |axis: usize, origin: usize| {
            best_comb(&self.profiles[axis], origin, scale.blocks.0, scale.blocks.1)
                .filter(|comb| comb.quality >= COMB_QUALITY)
        };
        let (Some(x), Some(y)) = (comb(0, area.x.start), comb(1, area.y.start)) else {
            return;
        };
        self.guesses.push(Guess {
            area,
            combs: [x, y],
            quality: x.quality * y.quality,
        });
    }

    /// Grow a guess, look once more for the spacing in the whole of it, and weigh its blocks.
    fn follow(&mut self, plane: &Plane<'_>, guess: &Guess, budget: &mut usize) -> Option<Region> {
        let mut combs = guess.combs;
        let evidence = self.cells.examine(plane, &guess.area, &combs);
        *budget = budget.saturating_sub(guess.area.x.len() * guess.area.y.len());
        if evidence.correlation < GUESS_CORRELATION {
            return None;
        }
        let mut area = grow::grow(&mut self.sums, plane, guess.area, &combs, budget)?;
        if let Some(better) = self.combs_in(plane, &area) {
            let same = |a: &Comb, b: &Comb| a.period == b.period && a.phase == b.phase;
            if !(same(&better[0], &combs[0]) && same(&better[1], &combs[1])) {
                combs = better;
                area = grow::grow(&mut self.sums, plane, area, &combs, budget)?;
            }
        }
        let evidence = self.cells.examine(plane, &area, &combs);
        Some(Region {
            rect: area.rect(),
            lattice: Some(lattice(&combs)),
            score: score(&evidence),
        })
    }

    /// The best spacing of the steps in `area`.
    fn combs_in(&mut self, plane: &Plane<'_>, area: &Span2) -> Option<[Comb; 2]> {
        profiles_of(plane, area, &mut self.profiles);
        let comb = |axis: usize, span: &Span| {
            best_comb(
                &self.profiles[axis],
                span.start,
                MIN_BLOCK,
                MAX_BLOCK.min(span.len() / 2),
            )
        };
        Some([comb(0, &area.x)?, comb(1, &area.y)?])
    }
}

fn lattice(combs: &[Comb; 2]) -> Lattice {
    Lattice {
        block_width: combs[0].period as f32,
        block_height: combs[1].period as f32,
        phase_x: combs[0].phase as f32,
        phase_y: combs[1].phase as f32,
    }
}

/// Whether a region that was found already explains the guess.
fn is_known(guess: &Guess, regions: &[Region]) -> bool {
    let area = guess.area.rect();
    regions.iter().any(|region| {
        let shared = region.rect.intersect(&area);
        shared.is_some_and(|shared| 2 * shared.area() >= area.area())
            || shared.is_some() && region.lattice == Some(lattice(&guess.combs))
    })
}

/// Whether following the same lattice has led to nothing in most of the guess.
fn is_refused(guess: &Guess, refused: &[(Rect, Lattice)]) -> bool {
    let area = guess.area.rect();
    let same = lattice(&guess.combs);
    refused.iter().any(|(rect, lattice)| {
        let shared = rect.intersect(&area).map_or(0, |shared| shared.area());
        *lattice == same && 2 * shared > area.area()
    })
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

/// Confidence in a lattice, 0–1, from what its blocks say.
fn score(evidence: &Evidence) -> f32 {
    let ramp = |value: f32, zero: f32, one: f32| ((value - zero) / (one - zero)).clamp(0.0, 1.0);
    let sharpness = evidence.sharpness[0].min(evidence.sharpness[1]);
    // The part of the contrast that lies on the edges. The blocks of coarsely coded JPEG pictures are flat
    // and sharp too, but their quantiser's steps stay below those of a mosaic.
    let steps = [0, 1].map(|axis| evidence.contrast[axis] * evidence.sharpness[axis]);
    let step = steps[0].min(steps[1]);
    let blocks = evidence.columns.min(evidence.rows) as f32;
    // Few blocks say little about the correlation: 1/√n is its spread.
    let unlike = -0.1 - 1.5 / ((evidence.columns * evidence.rows).max(1) as f32).sqrt();
    ramp(evidence.flat, 0.4, 0.8)
        * ramp(sharpness, 0.4, 0.7)
        * ramp(step, 1.5, 4.5)
        * ramp(evidence.clear, 0.2, 0.5)
        * ramp(evidence.correlation, unlike, unlike + 0.2)
        * ramp(1.0 - evidence.two_level, 0.0, 0.1)
        * ramp(blocks, 2.0, 4.0)
}
