//! Regions over time: identities, steady boxes, gaps.
//!
//! A detector sees one frame. The lattice of a mosaic hardly ever changes within a shot, so what was found before
//! says what to expect: a region that one frame alone does not show well enough is looked for where it was, and
//! accepted on weaker evidence. Nothing is accepted without any: a place that does not look like a mosaic is not
//! touched, whatever was there before.

mod cut;
mod follow;
mod steady;

pub use follow::Follower;

use crate::detect::{Luma, Region};
use crate::frame::{Lattice, Rect};
use cut::CutDetector;
use steady::Steady;

/// Least overlap (intersection over union) with where a region was expected.
const OVERLAP: f64 = 0.3;
/// Largest ratio of block sizes of one region from frame to frame.
const SAME_BLOCKS: f32 = 1.15;
/// Frames that a region may be away and keep its identity.
const GAP: u32 = 12;

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
}

impl Tracker {
    /// A tracker that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forget everything but the identities that were given: after a seek, a flush or a change of format.
    pub fn reset(&mut self) {
        self.tracks.clear();
        self.cut.reset();
    }

    /// The next frame: `found` by the detector in `luma`. `again` looks for a lattice in a rectangle of the same frame
    /// and gives it with the evidence for it, 0–1; what it gives for a region that was expected and not found is
    /// accepted from `least` on. Gives the frame's regions, in the order of their identities.
    pub fn update(
        &mut self,
        found: &[Region],
        luma: &Luma<'_>,
        least: f32,
        mut again: impl FnMut(&Rect) -> Option<(Lattice, f32)>,
    ) -> &[Tracked] {
        if self.cut.is_cut(luma) {
            self.tracks.clear();
        }
        self.match_up(found);
        for track in &mut self.tracks {
            if track.away == 0 {
                continue;
            }
            let expected = track.steady.expected();
            let Some(rect) = expected.rect.clamp_to(luma.width, luma.height) else {
                continue;
            };
            let evidence = again(&rect).filter(|(lattice, score)| {
                *score >= least && same_blocks(expected.lattice.as_ref(), Some(lattice))
            });
            if let Some((_, score)) = evidence {
                track.steady.keep();
                (track.away, track.score) = (0, score);
                track.age = track.age.saturating_add(1);
            }
        }
        self.tracks.retain(|track| track.away <= GAP);
        self.start(found);
        self.out.clear();
        let seen = self.tracks.iter().filter(|track| track.away == 0);
        self.out.extend(seen.map(|track| Tracked {
            id: track.id,
            region: Region {
                score: track.score,
                ..track.steady.shown()
            },
            age: track.age,
        }));
        &self.out
    }

    /// Give each track the region that overlaps most with it; all others are away for one frame more.
    fn match_up(&mut self, found: &[Region]) {
        self.pairs.clear();
        for (t, track) in self.tracks.iter_mut().enumerate() {
            track.away += 1;
            let expected = track.steady.expected();
            for (r, region) in found.iter().enumerate() {
                let overlap = expected.rect.iou(&region.rect);
                if overlap >= OVERLAP
                    && same_blocks(expected.lattice.as_ref(), region.lattice.as_ref())
                {
                    self.pairs.push((overlap, t, r));
                }
            }
        }
        self.pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        self.taken.clear();
        self.taken.resize(found.len(), false);
        for &(_, t, r) in &self.pairs {
            let track = &mut self.tracks[t];
            if track.away > 0 && !self.taken[r] {
                self.taken[r] = true;
                track.steady.update(&found[r]);
                (track.away, track.score) = (0, found[r].score);
                track.age = track.age.saturating_add(1);
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
            });
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    static GREY: [u8; 200 * 100] = [90; 200 * 100];

    fn luma(data: &[u8]) -> Luma<'_> {
        Luma {
            data,
            stride: 200,
            width: 200,
            height: 100,
        }
    }

    fn region(x: i32, y: i32, side: u32, block: u32) -> Region {
        Region {
            rect: Rect::new(x, y, side, side),
            lattice: Some(Lattice::square(block, x, y)),
            score: 0.9,
        }
    }

    /// What a tracker that gets no second look gives for a frame.
    fn next(tracker: &mut Tracker, found: &[Region]) -> Vec<(u32, Rect)> {
        let tracked = tracker.update(found, &luma(&GREY), 0.3, |_| None);
        tracked.iter().map(|t| (t.id, t.region.rect)).collect()
    }

    #[test]
    fn regions_keep_their_identities_while_they_move_and_swap_order() {
        let mut tracker = Tracker::new();
        for step in 0..20 {
            let (a, b) = (
                region(5 + 3 * step, 10, 40, 8),
                region(120 - 2 * step, 50, 40, 5),
            );
            let found = if step % 2 == 0 { [a, b] } else { [b, a] };
            let ids: Vec<u32> = next(&mut tracker, &found).iter().map(|t| t.0).collect();
            assert_eq!(ids, [1, 2], "{step}");
        }
    }

    #[test]
    fn other_blocks_at_the_same_place_are_another_region() {
        let mut tracker = Tracker::new();
        assert_eq!(next(&mut tracker, &[region(10, 10, 40, 8)])[0].0, 1);
        assert_eq!(next(&mut tracker, &[region(10, 10, 40, 5)])[0].0, 2);
    }

    #[test]
    fn an_identity_outlives_a_gap_but_nothing_is_shown_in_it() {
        let mut tracker = Tracker::new();
        next(&mut tracker, &[region(10, 10, 40, 8)]);
        for _ in 0..GAP {
            assert_eq!(next(&mut tracker, &[]), []);
        }
        assert_eq!(next(&mut tracker, &[region(11, 10, 40, 8)])[0].0, 1);
        for _ in 0..=GAP {
            next(&mut tracker, &[]);
        }
        assert_eq!(next(&mut tracker, &[region(11, 10, 40, 8)])[0].0, 2);
    }

    #[test]
    fn weak_evidence_is_enough_where_a_region_was() {
        let mut tracker = Tracker::new();
        let first = region(10, 10, 40, 8);
        next(&mut tracker, &[first]);
        let mut look = |score: f32, block: u32| {
            let tracked = tracker.update(&[], &luma(&GREY), 0.3, |rect| {
                assert_eq!(*rect, first.rect);
                Some((Lattice::square(block, 10, 10), score))
            });
            tracked.to_vec()
        };
        let kept = look(0.35, 8);
        assert_eq!(
            (kept[0].id, kept[0].region.rect, kept[0].age),
            (1, first.rect, 2)
        );
        assert_eq!(kept[0].region.score, 0.35);
        // Too weak, and another lattice.
        assert_eq!(look(0.25, 8), []);
        assert_eq!(look(0.9, 12), []);
    }

    #[test]
    fn a_cut_ends_all_regions() {
        let mut tracker = Tracker::new();
        next(&mut tracker, &[region(10, 10, 40, 8)]);
        let other: Vec<u8> = (0..200 * 100)
            .map(|i| if i / 200 < 50 { 250 } else { 10 })
            .collect();
        let tracked = tracker.update(&[region(10, 10, 40, 8)], &luma(&other), 0.3, |_| None);
        assert_eq!(tracked[0].id, 2);
        tracker.reset();
        assert_eq!(next(&mut tracker, &[region(10, 10, 40, 8)])[0].0, 3);
    }

    #[test]
    fn strange_frames_and_regions_are_no_trouble() {
        let mut tracker = Tracker::new();
        let huge = Region {
            rect: Rect::new(i32::MIN, i32::MIN, u32::MAX, u32::MAX),
            lattice: None,
            score: f32::NAN,
        };
        let empty = Luma {
            data: &[],
            stride: 0,
            width: 0,
            height: 0,
        };
        for _ in 0..3 {
            tracker.update(&vec![huge; 200], &empty, 0.3, |_| None);
            tracker.update(&[], &luma(&GREY), 0.3, |_| None);
        }
    }
}
