//! Detector and tracker as one: the mosaics of a stream, frame by frame.

use super::{Bars, Tracked, Tracker};
use crate::detect::{DetectSettings, Detector, Luma, Region};

/// Evidence that is enough where a region was expected, as a share of what a new one needs.
const EXPECTED: f32 = 0.6;

/// Finds and follows the mosaics of a stream; keeps its memory from frame to frame.
#[derive(Debug, Default)]
pub struct MosaicTracker {
    detector: Detector,
    tracker: Tracker,
    found: Vec<Region>,
    /// Frames since the detector last ran, itself included.
    frames: u32,
    /// Width and height of the last frame.
    size: (u32, u32),
}

impl MosaicTracker {
    /// One that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The detector, for other questions about the same frame.
    pub fn detector(&mut self) -> &mut Detector {
        &mut self.detector
    }

    /// Another stream begins, or another place in this one.
    pub fn reset(&mut self) {
        self.tracker.reset();
        self.frames = 0;
    }

    /// The regions of the next frame. The detector looks for new ones in every `interval`-th frame
    /// (0 counts as 1); in the others, those that are known are looked at where they should be.
    pub fn next(
        &mut self,
        luma: &Luma<'_>,
        settings: &DetectSettings,
        interval: u32,
    ) -> &[Tracked] {
        let size = (luma.width, luma.height);
        if std::mem::replace(&mut self.size, size) != size {
            self.reset();
        }
        self.found.clear();
        if self.frames == 0 {
            self.detector.detect(luma, settings, &mut self.found);
        }
        self.frames = (self.frames + 1) % interval.max(1);
        let bars = Bars {
            known: EXPECTED * settings.score_threshold,
            doubted: settings.score_threshold,
        };
        let detector = &mut self.detector;
        self.tracker.update(&self.found, luma, bars, |region| {
            detector.lattice_of(luma, region)
        })
    }

    /// The regions of the last frame.
    pub fn regions(&self) -> &[Tracked] {
        self.tracker.regions()
    }

    /// Whether the last frame has a region that [`Self::look_ahead`] may confirm.
    pub fn is_in_doubt(&self) -> bool {
        self.tracker.is_in_doubt()
    }

    /// The regions of the last frame once more, given the one that comes `next`: a region in doubt
    /// that is found there too is a region. That frame's own turn comes later.
    pub fn look_ahead(&mut self, next: &Luma<'_>, settings: &DetectSettings) -> &[Tracked] {
        self.found.clear();
        if (next.width, next.height) == self.size {
            self.detector.detect(next, settings, &mut self.found);
        }
        self.tracker.look_ahead(&self.found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::degrade::mosaic::{Fill, pixelate};
    use crate::detect::Outline;
    use crate::frame::{FrameViewMut, Lattice, Layout, Rect};

    const SIZE: (u32, u32) = (240, 160);

    /// A textured plane with a mosaic of 8-pixel blocks at (`x`, 40), if there is one.
    fn plane(x: Option<i32>) -> Vec<u8> {
        let level = |i: u32| {
            let (x, y) = (i % SIZE.0, i / SIZE.0);
            let wave = |f: f32| (x as f32 * f).sin() * (y as f32 * f * 0.7).cos();
            (128.0 + 50.0 * wave(0.11) + 40.0 * wave(0.31)) as u8
        };
        let mut data: Vec<u8> = (0..SIZE.0 * SIZE.1).map(level).collect();
        if let Some(x) = x {
            let mut rgb: Vec<u8> = data.iter().flat_map(|v| [*v; 3]).collect();
            let layout = Layout::rgb(SIZE.0, SIZE.1);
            let mut frame = FrameViewMut::packed(&layout, &mut rgb, 3 * SIZE.0 as usize).unwrap();
            let rect = Rect::new(x, 40, 80, 80);
            pixelate(
                &mut frame,
                &rect,
                &Lattice::square(8, x, 40),
                Fill::TileMean,
            );
            data = rgb.chunks_exact(3).map(|p| p[0]).collect();
        }
        data
    }

    fn next(follower: &mut MosaicTracker, data: &[u8], interval: u32) -> Vec<(u32, Rect)> {
        let luma = Luma {
            data,
            stride: SIZE.0 as usize,
            width: SIZE.0,
            height: SIZE.1,
        };
        let tracked = follower.next(&luma, &DetectSettings::default(), interval);
        tracked.iter().map(|t| (t.id, t.region.rect)).collect()
    }

    #[test]
    fn a_mosaic_is_followed_between_the_frames_that_are_searched() {
        let mut follower = MosaicTracker::new();
        let there = plane(Some(60));
        for frame in 0..9 {
            let tracked = next(&mut follower, &there, 4);
            assert_eq!(tracked.len(), 1, "{frame}");
            assert_eq!(tracked[0].0, 1);
            assert!(
                tracked[0].1.iou(&Rect::new(60, 40, 80, 80)) > 0.9,
                "{tracked:?}"
            );
        }
        // It goes: nothing may be touched any more, in the very next frame.
        let clean = plane(None);
        for frame in 0..4 {
            assert_eq!(next(&mut follower, &clean, 4), [], "{frame}");
        }
    }

    #[test]
    fn new_regions_wait_for_the_next_search() {
        let mut follower = MosaicTracker::new();
        let (clean, there) = (plane(None), plane(Some(60)));
        assert_eq!(next(&mut follower, &clean, 3), []);
        assert_eq!(next(&mut follower, &there, 3), []);
        assert_eq!(next(&mut follower, &there, 3), []);
        assert_eq!(next(&mut follower, &there, 3).len(), 1);
        follower.reset();
        assert_eq!(next(&mut follower, &there, 3)[0].0, 2);
    }

    #[test]
    fn a_newcomer_in_doubt_is_found_in_the_next_frame() {
        let (clean, there) = (plane(None), plane(Some(60)));
        let luma = |data| Luma {
            data,
            stride: SIZE.0 as usize,
            width: SIZE.0,
            height: SIZE.1,
        };
        let settings = DetectSettings::default();
        let mut follower = MosaicTracker::new();
        follower.next(&luma(&clean), &settings, 1);
        // A strong one needs no second frame.
        assert_eq!(follower.next(&luma(&there), &settings, 1).len(), 1);
        assert!(!follower.is_in_doubt());
        for (next, shown) in [(&clean, 0), (&there, 1)] {
            follower.reset();
            follower.next(&luma(&clean), &settings, 1);
            follower.found = vec![Region {
                rect: Rect::new(60, 40, 80, 80),
                lattice: Some(Lattice::square(8, 60, 40)),
                outline: Outline::Rectangle,
                turn: 0.0,
                score: 0.6,
            }];
            let bars = Bars {
                known: 0.3,
                doubted: 0.5,
            };
            let now = follower
                .tracker
                .update(&follower.found, &luma(&clean), bars, |_| None);
            assert_eq!(now, []);
            assert!(follower.is_in_doubt());
            assert_eq!(follower.look_ahead(&luma(next), &settings).len(), shown);
        }
    }
}
