//! Which regions of a frame are to be restored.

use super::choices::InferenceRegion;
use super::found::{Found, Method};
use super::named::Named;
use super::settings::FrameSettings;
use crate::blocks::{Sampling, SamplingProbe};
use crate::cascade::RunError;
use crate::detect::{Luma, Region};
use crate::face_check::{Answer, FaceCheck, Question};
use crate::frame::{FrameView, Rect};
use crate::restore::{is_covered, is_mostly_within};
use crate::track::{CutDetector, MosaicTracker, Poise};

/// Finds the regions; keeps its memory from frame to frame.
#[derive(Default)]
pub(super) struct Finder {
    follower: MosaicTracker,
    cut: CutDetector,
    is_cut: bool,
    /// Luma of frames that have no such plane.
    luma: Vec<u8>,
    /// The same of the frames that come next.
    luma_ahead: Vec<u8>,
    named: Named,
    found: Vec<Found>,
    /// Regions that upstream named beyond the most that are restored.
    left_out: usize,
    /// Most regions of a frame, whoever names them.
    most: usize,
    sampling: SamplingProbe,
    poise: Poise,
    /// Mosaics that are no faces.
    refused: usize,
}

impl Finder {
    /// What the last [`Self::find`] found.
    pub(super) fn found(&self) -> &[Found] {
        &self.found
    }

    /// Regions of upstream's that the last [`Self::find`] left out, as there were too many.
    pub(super) fn left_out(&self) -> usize {
        self.left_out
    }

    /// Mosaics of the frame that stay as they are, as they do not seem to cover faces.
    pub(super) fn refused(&self) -> usize {
        self.refused
    }

    /// A finder of so many regions in a frame at most.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    /// Whether another scene begins with the frame of the last [`Self::find`].
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Forget the last frame and look at the next one's metas. False: it need not be mapped,
    /// nothing is to do.
    pub(super) fn prepare(&mut self, buffer: &gst::BufferRef, settings: &FrameSettings) -> bool {
        self.found.clear();
        self.named.clear();
        self.left_out = 0;
        self.refused = 0;
        self.is_cut = false;
        if buffer.flags().contains(gst::BufferFlags::DISCONT) {
            self.follower.reset();
        }
        if settings.blend.alpha <= 0.0 {
            // Who is looked for again later may have moved on.
            self.follower.reset();
            return false;
        }
        self.named.read(buffer, settings);
        settings.inference_region == InferenceRegion::FullFrame || !self.named.is_empty()
    }

    /// Find the regions of the frame of the last [`Self::prepare`], or of the next one of its
    /// fields: those by hand first, and no others that they cover. `ahead` shows the picture that
    /// comes next, if it is there; it is asked to where a region is in doubt.
    pub(super) fn find(
        &mut self,
        frame: &FrameView<'_>,
        settings: &FrameSettings,
        ahead: impl FnOnce(&mut dyn FnMut(&FrameView<'_>)),
    ) {
        self.found.clear();
        let mut scratch = std::mem::take(&mut self.luma);
        let luma = Luma::of(frame, &mut scratch);
        self.is_cut = self.cut.is_cut(&luma);
        for index in 0..self.named.by_hand.len() {
            let named = self.named.by_hand[index];
            let Some(region) = named.region().clamp_to(luma.width, luma.height) else {
                continue;
            };
            if self.found.len() < self.most {
                self.add_named(&luma, region, Method::Fixed, named.id);
            } else {
                self.left_out += 1;
            }
        }
        let fixed = self.found.len();
        let most = settings.detect.max_detections.max(fixed).min(self.most);
        match settings.inference_region {
            InferenceRegion::FullFrame => self.add_detected(&luma, ahead, settings, most),
            InferenceRegion::RoiList => self.add_upstream(&luma, settings, most),
        }
        self.luma = scratch;
    }

    /// Leave out what the detector found and is no face with a probability of `threshold` or more;
    /// and see where in the regions the faces are.
    pub(super) fn keep_faces(
        &mut self,
        frame: &FrameView<'_>,
        check: &mut FaceCheck,
        threshold: f32,
    ) -> Result<(), RunError> {
        let question = |found: &Found| {
            Some(Question {
                region: found.region,
                id: found.id,
                // Who names a region knows what it shows.
                may_go: found.method == Method::Lattice,
            })
        };
        let tell = |found: &mut Found, answer: Answer| {
            (found.face, found.probability) = (answer.face, Some(answer.probability));
        };
        self.refused = check.retain(frame, threshold, &mut self.found, question, tell)?;
        Ok(())
    }

    /// See where the regions have been lately, and what the colours of their blocks are.
    pub(super) fn tell_more(&mut self, frame: &FrameView<'_>) {
        for found in &mut self.found {
            let square = |id| self.poise.square(id, &found.region.rect);
            found.around = found.id.map(square);
            if let Some(lattice) = &found.region.lattice
                && !found.region.is_turned()
            {
                let rect = &found.region.rect;
                found.sampling = self.sampling.sampling(frame, rect, lattice, found.id);
            }
        }
    }

    fn add_detected(
        &mut self,
        luma: &Luma<'_>,
        ahead: impl FnOnce(&mut dyn FnMut(&FrameView<'_>)),
        settings: &FrameSettings,
        most: usize,
    ) {
        let interval = settings.inference_interval;
        self.follower.next(luma, &settings.detect, interval);
        let Self {
            follower,
            found,
            named,
            luma_ahead,
            ..
        } = self;
        if follower.is_in_doubt() {
            ahead(&mut |next| {
                follower.look_ahead(&Luma::of(next, luma_ahead), &settings.detect);
            });
        }
        let fixed = found.len();
        for tracked in follower.regions() {
            let region = tracked.region;
            let (rect, by_hand) = (&region.rect, || rects(&found[..fixed]));
            let known = is_covered(by_hand(), rect, settings.detect.iou_threshold)
                || is_mostly_within(by_hand(), rect)
                || named.excludes(rect);
            if found.len() < most && !known {
                found.push(Found {
                    region,
                    method: Method::Lattice,
                    id: Some(tracked.id),
                    face: None,
                    around: None,
                    probability: None,
                    sampling: Sampling::Mean,
                });
            }
        }
    }

    fn add_upstream(&mut self, luma: &Luma<'_>, settings: &FrameSettings, most: usize) {
        let detect = &settings.detect;
        for index in 0..self.named.found.len() {
            let named = self.named.found[index].region();
            let Some(region) = named.clamp_to(luma.width, luma.height) else {
                continue;
            };
            let rect = &region.rect;
            let small = rect.width < detect.min_width || rect.height < detect.min_height;
            let known = is_covered(rects(&self.found), rect, detect.iou_threshold);
            if region.score < detect.score_threshold || small || known || self.named.excludes(rect)
            {
                continue;
            }
            if self.found.len() < most {
                self.add_named(luma, region, Method::Upstream, None);
            } else {
                self.left_out += 1;
            }
        }
    }

    /// Add a region inside the frame, with the lattice that is found in it unless it is known.
    fn add_named(&mut self, luma: &Luma<'_>, mut region: Region, method: Method, id: Option<u32>) {
        if region.lattice.is_none() {
            let found = self.follower.detector().lattice_of(luma, &region);
            region.lattice = found.map(|(lattice, _)| lattice);
        }
        self.found.push(Found {
            region,
            method,
            id,
            face: None,
            around: None,
            probability: None,
            sampling: Sampling::Mean,
        });
    }
}

/// Where `found` are.
fn rects(found: &[Found]) -> impl Iterator<Item = Rect> + '_ {
    found.iter().map(|found| found.region.rect)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::metas::NamedRegion;
    use crate::frame::Layout;

    const GREY: [u8; 64 * 48 * 3] = [90; 64 * 48 * 3];

    fn settings(region: InferenceRegion) -> FrameSettings {
        FrameSettings {
            inference_region: region,
            ..Default::default()
        }
    }

    /// Regions found among `named` in a grey frame of 64 × 48 pixels, and how many too many there
    /// were.
    fn found(settings: &FrameSettings, named: &[(Rect, Option<f32>)]) -> (Vec<Rect>, usize) {
        let layout = Layout::rgb(64, 48);
        let frame = FrameView::packed(&layout, &GREY, 64 * 3).unwrap();
        let named = named.iter().map(|&(rect, confidence)| NamedRegion {
            confidence,
            ..NamedRegion::at(rect)
        });
        let mut finder = Finder::new(1024);
        finder.named.found.extend(named);
        finder.find(&frame, settings, |_| {});
        let rects = finder.found().iter().map(|found| found.region.rect);
        (rects.collect(), finder.left_out())
    }

    #[test]
    fn upstream_regions_are_clamped_and_judged() {
        let settings = settings(InferenceRegion::RoiList);
        let named = [
            (Rect::new(-10, -10, 40, 40), None),
            (Rect::new(60, 40, 100, 100), None),
            (Rect::new(64, 0, 30, 30), Some(1.0)),
            (Rect::new(34, 0, u32::MAX, u32::MAX), Some(0.5)),
            (Rect::new(34, 10, 30, 30), Some(0.49)),
            // The first one again, nearly.
            (Rect::new(0, 0, 30, 29), None),
        ];
        let expected = [Rect::new(0, 0, 30, 30), Rect::new(34, 0, 30, 48)];
        assert_eq!(found(&settings, &named), (expected.to_vec(), 0));
    }

    #[test]
    fn upstream_regions_are_counted() {
        let mut settings = settings(InferenceRegion::RoiList);
        settings.detect.max_detections = 1;
        let named = [
            (Rect::new(0, 0, 30, 30), None),
            (Rect::new(34, 0, 30, 30), None),
        ];
        let first = Rect::new(0, 0, 30, 30);
        assert_eq!(found(&settings, &named), (vec![first], 1));
        settings.detect.max_detections = 0;
        assert_eq!(found(&settings, &named), (vec![], 2));
    }
}
