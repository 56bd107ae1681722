//! Regions over time: identities, steady boxes, gaps.
//!
//! A detector sees one frame. The lattice of a mosaic hardly ever changes within a shot, so what
//! was found before says what to expect: a region that one frame alone does not show well enough is
//! looked for where it was, and accepted on weaker evidence. Nothing is accepted without any: a
//! place that does not look like a mosaic is not touched, whatever was there before.
//!
//! A mosaic lives for many frames, a pattern that coding makes by chance for one. So a region that
//! comes up within a shot, on evidence that is enough but not strong, is in doubt until the next
//! frame shows it too: it is followed, but not shown. A single picture and the first frame of a
//! shot have nothing before them that could raise a doubt.

mod cut;
mod edges;
mod follow;
mod poise;
mod recent;
mod steady;
#[cfg(test)]
mod tests;

pub use cut::CutDetector;
pub use follow::MosaicTracker;
pub use poise::Poise;

use crate::detect::{Luma, Region};
use crate::frame::Lattice;
use steady::Steady;

/// Least overlap (intersection over union) with where a region was expected.
const OVERLAP: f64 = 0.3;
/// Largest ratio of block sizes of one region from frame to frame.
const SAME_BLOCKS: f32 = 1.15;
/// Frames that a region may be away and keep its identity.
const GAP: u32 = 12;
/// Evidence from which a region that was not there before is believed at once.
const STRONG: f32 = 0.9;

/// Evidence for a region that is looked at again where it should be, 0–1: the least that is
/// accepted.
#[derive(Clone, Copy, Debug)]
pub struct Bars {
    /// For a region that was shown before.
    pub known: f32,
    /// For one in doubt.
    pub doubted: f32,
}

/// A region with an identity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tracked {
    /// The same as long as the region is followed; never 0, never given twice.
    pub id: u32,
    /// Box and lattice, steadied.
    pub region: Region,
    /// Frames in which it was found so far, this one included.
    pub age: u32,
}

/// One region that is followed.
#[derive(Debug)]
struct Track {
    id: u32,
    steady: Steady,
    score: f32,
    age: u32,
    /// Frames since it was last found.
    away: u32,
    /// It was seen in one frame only, and not well.
    doubted: bool,
}

impl Track {
    /// Whether it belongs to the frame that was looked at last.
    fn is_shown(&self) -> bool {
        self.away == 0 && !self.doubted
    }

    /// The region was seen in one frame more.
    fn seen(&mut self, score: f32) {
        (self.away, self.score, self.doubted) = (0, score, false);
        self.age = self.age.saturating_add(1);
    }
}

/// Follows regions from frame to frame; keeps its memory.
#[derive(Debug, Default)]
pub struct Tracker {
    tracks: Vec<Track>,
    cut: CutDetector,
    /// (overlap, track, region) of all that may belong together.
    pairs: Vec<(f64, usize, usize)>,
    taken: Vec<bool>,
    out: Vec<Tracked>,
    last_id: u32,
    /// A frame of this shot was looked at.
    within_shot: bool,
    /// Width and height of the last frame.
    size: (u32, u32),
}

impl Tracker {
    /// A tracker that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forget everything but the identities that were given: after a seek, a flush or a change of
    /// format.
    pub fn reset(&mut self) {
        self.tracks.clear();
        self.cut.reset();
        self.within_shot = false;
    }

    /// The next frame: `found` by the detector in `luma`. `again` looks for the lattice of a
    /// region in the same frame and gives it with the evidence for it, 0–1; what it gives for a
    /// region that was expected and not found is accepted from the `bars` on. Returns the frame's
    /// regions, all inside the frame, in the order of their identities.
    pub fn update(
        &mut self,
        found: &[Region],
        luma: &Luma<'_>,
        bars: Bars,
        mut again: impl FnMut(&Region) -> Option<(Lattice, f32)>,
    ) -> &[Tracked] {
        self.size = (luma.width, luma.height);
        if self.cut.is_cut(luma) {
            self.tracks.clear();
            self.within_shot = false;
        }
        self.match_up(found);
        for track in &mut self.tracks {
            if track.away == 0 {
                continue;
            }
            let expected = track.steady.expected();
            let Some(inside) = expected.clamp_to(luma.width, luma.height) else {
                continue;
            };
            let least = match track.doubted {
                true => bars.doubted,
                false => bars.known,
            };
            let evidence = again(&inside).filter(|(lattice, score)| {
                *score >= least && same_blocks(expected.lattice.as_ref(), Some(lattice))
            });
            if let Some((lattice, score)) = evidence {
                track.steady.keep(&lattice);
                track.seen(score);
            }
        }
        self.tracks
            .retain(|track| track.away <= if track.doubted { 0 } else { GAP });
        self.start(found);
        self.within_shot = true;
        self.show()
    }

    /// The regions of the last frame.
    pub fn regions(&self) -> &[Tracked] {
        &self.out
    }

    /// Whether a region of the last frame is in doubt.
    pub fn is_in_doubt(&self) -> bool {
        self.tracks.iter().any(|track| track.doubted)
    }

    /// `ahead` was found in the frame that comes next: what it shows again is in doubt no longer.
    /// Returns the regions of the last frame, as [`Self::update`] does.
    pub fn look_ahead(&mut self, ahead: &[Region]) -> &[Tracked] {
        for track in self.tracks.iter_mut().filter(|track| track.doubted) {
            let here = track.steady.shown();
            track.doubted = !ahead.iter().any(|region| overlap(&here, region).is_some());
        }
        self.show()
    }

    /// Fill and give what the last frame has.
    fn show(&mut self) -> &[Tracked] {
        let (width, height) = self.size;
        self.out.clear();
        let shown = self.tracks.iter().filter(|track| track.is_shown());
        self.out.extend(shown.filter_map(|track| {
            let region = track.steady.shown().clamp_to(width, height)?;
            Some(Tracked {
                id: track.id,
                region: Region {
                    score: track.score,
                    ..region
                },
                age: track.age,
            })
        }));
        &self.out
    }

    /// Give each track the region that overlaps most with it; all others are away for one frame
    /// more.
    fn match_up(&mut self, found: &[Region]) {
        self.pairs.clear();
        for (t, track) in self.tracks.iter_mut().enumerate() {
            track.away += 1;
            let expected = track.steady.expected();
            for (r, region) in found.iter().enumerate() {
                if let Some(overlap) = overlap(&expected, region) {
                    self.pairs.push((overlap, t, r));
                }
            }
        }
        // Unstable, as a stable sort takes memory; the order of equals must not be chance.
        self.pairs
            .sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        self.taken.clear();
        self.taken.resize(found.len(), false);
        for &(_, t, r) in &self.pairs {
            let track = &mut self.tracks[t];
            if track.away > 0 && !self.taken[r] {
                self.taken[r] = true;
                track.steady.update(&found[r]);
                track.seen(found[r].score);
            }
        }
    }

    /// Follow what belongs to no track.
    fn start(&mut self, found: &[Region]) {
        for (region, _) in found.iter().zip(&self.taken).filter(|(_, taken)| !**taken) {
            self.last_id = self.last_id.wrapping_add(1).max(1);
            self.tracks.push(Track {
                id: self.last_id,
                steady: Steady::new(region),
                score: region.score,
                age: 1,
                away: 0,
                doubted: self.within_shot && region.score < STRONG,
            });
        }
    }
}

/// Overlap of where a region was expected with one that was found, if both can be the same.
fn overlap(expected: &Region, found: &Region) -> Option<f64> {
    let overlap = expected.rect.iou(&found.rect);
    let same = same_blocks(expected.lattice.as_ref(), found.lattice.as_ref());
    (overlap >= OVERLAP && same).then_some(overlap)
}

/// Whether both are lattices of nearly the same blocks, or neither is one.
fn same_blocks(a: Option<&Lattice>, b: Option<&Lattice>) -> bool {
    let near = |a: f32, b: f32| a.max(b) <= SAME_BLOCKS * a.min(b);
    match (a, b) {
        (Some(a), Some(b)) => {
            near(a.block_width, b.block_width) && near(a.block_height, b.block_height)
        }
        (None, None) => true,
        _ => false,
    }
}
