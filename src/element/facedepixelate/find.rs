//! Which regions of a frame are to be restored.

use super::InferenceRegion;
use super::settings::FrameSettings;
use crate::cascade::CascadeError;
use crate::detect::{Luma, Region};
use crate::element::metas::{self, NamedRegion};
use crate::face_check::FaceCheck;
use crate::frame::{FrameView, Rect, luma};
use crate::track::Follower;

/// Who found a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The property `regions`.
    Fixed,
    /// An upstream element.
    Upstream,
    /// The detector.
    Lattice,
}

impl Method {
    /// The name in the meta.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Upstream => "upstream",
            Self::Lattice => "lattice",
        }
    }
}

/// A region that is to be restored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Where it is.
    pub region: Region,
    /// Who found it.
    pub method: Method,
    /// Its identity, if it is followed.
    pub id: Option<u32>,
}

/// Finds the regions; keeps its memory from frame to frame.
#[derive(Default)]
pub struct Finder {
    follower: Follower,
    /// Luma of frames that have no such plane.
    luma: Vec<u8>,
    named: Vec<NamedRegion>,
    found: Vec<Found>,
    /// The same regions without who found them.
    regions: Vec<Region>,
}

impl Finder {
    /// What the last [`Self::find`] found.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// The same with who found them.
    pub fn found(&self) -> &[Found] {
        &self.found
    }

    /// Forget the last frame and look at the next one's metas. False: it need not be mapped, nothing is to do.
    pub fn prepare(&mut self, buffer: &gst::BufferRef, settings: &FrameSettings) -> bool {
        self.found.clear();
        self.regions.clear();
        self.named.clear();
        if buffer.flags().contains(gst::BufferFlags::DISCONT) {
            self.follower.reset();
        }
        if settings.blend.alpha <= 0.0 {
            return false;
        }
        let full_frame = settings.inference_region == InferenceRegion::FullFrame;
        if !full_frame {
            let class = settings.object_class.as_deref();
            self.named.extend(metas::regions_of(buffer, class));
        }
        full_frame || !self.named.is_empty() || !settings.regions.rects().is_empty()
    }

    /// Find the regions of the frame of the last [`Self::prepare`]: fixed ones first, and no others that they
    /// cover.
    pub fn find(&mut self, frame: &FrameView<'_>, settings: &FrameSettings) {
        let layout = frame.layout();
        let mut scratch = std::mem::take(&mut self.luma);
        let (data, stride) = luma(frame, &mut scratch);
        let luma = Luma {
            data,
            stride,
            width: layout.width,
            height: layout.height,
        };
        for rect in settings.regions.rects().iter() {
            self.add_named(&luma, rect, 1.0, Method::Fixed);
        }
        let fixed = self.found.len();
        let most = settings.detect.max_detections.max(fixed);
        match settings.inference_region {
            InferenceRegion::FullFrame => self.add_detected(&luma, settings, most),
            InferenceRegion::RoiList => self.add_upstream(&luma, settings, most),
        }
        self.luma = scratch;
        self.regions
            .extend(self.found.iter().map(|found| found.region));
    }

    /// Leave out what the detector found and is no face with a probability of `threshold` or more.
    pub fn keep_faces(
        &mut self,
        frame: &FrameView<'_>,
        check: &mut FaceCheck,
        threshold: f32,
    ) -> Result<(), CascadeError> {
        // Who names a region knows what it shows.
        let judged = |found: &Found| {
            let found = Some(found).filter(|found| found.method == Method::Lattice)?;
            Some((found.region, found.id))
        };
        check.retain(frame, threshold, &mut self.found, judged)?;
        self.regions.clear();
        self.regions
            .extend(self.found.iter().map(|found| found.region));
        Ok(())
    }

    fn add_detected(&mut self, luma: &Luma<'_>, settings: &FrameSettings, most: usize) {
        let fixed = self.found.len();
        let Self {
            follower, found, ..
        } = self;
        for tracked in follower.next(luma, &settings.detect, settings.inference_interval) {
            let region = tracked.region;
            if found.len() < most && !covered(&found[..fixed], &region.rect, settings) {
                found.push(Found {
                    region,
                    method: Method::Lattice,
                    id: Some(tracked.id),
                });
            }
        }
    }

    fn add_upstream(&mut self, luma: &Luma<'_>, settings: &FrameSettings, most: usize) {
        let detect = &settings.detect;
        for index in 0..self.named.len() {
            let named = self.named[index];
            let score = named.confidence.unwrap_or(1.0);
            let Some(inside) = named.rect.clamp_to(luma.width, luma.height) else {
                continue;
            };
            let small = inside.width < detect.min_width || inside.height < detect.min_height;
            let known = covered(&self.found, &inside, settings);
            if self.found.len() >= most || score < detect.score_threshold || small || known {
                continue;
            }
            match named.lattice {
                Some(lattice) => self.found.push(Found {
                    region: Region {
                        rect: inside,
                        lattice: Some(lattice),
                        score,
                    },
                    method: Method::Upstream,
                    id: None,
                }),
                None => self.add_named(luma, &inside, score, Method::Upstream),
            }
        }
    }

    /// Add the part of `rect` inside the frame, if there is one.
    fn add_named(&mut self, luma: &Luma<'_>, rect: &Rect, score: f32, method: Method) {
        if let Some(rect) = rect.clamp_to(luma.width, luma.height) {
            let lattice = self.follower.detector().lattice_in(luma, &rect);
            let region = Region {
                rect,
                lattice: lattice.map(|(lattice, _)| lattice),
                score,
            };
            self.found.push(Found {
                region,
                method,
                id: None,
            });
        }
    }
}

/// Whether one of `others` is the same one as `rect`.
fn covered(others: &[Found], rect: &Rect, settings: &FrameSettings) -> bool {
    let threshold = f64::from(settings.detect.iou_threshold);
    let mut others = others.iter();
    others.any(|other| other.region.rect.iou(rect) > threshold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Layout;

    const GREY: [u8; 64 * 48 * 3] = [90; 64 * 48 * 3];

    fn settings(region: InferenceRegion) -> FrameSettings {
        FrameSettings {
            inference_region: region,
            ..Default::default()
        }
    }

    /// Regions found among `named` in a grey frame of 64 × 48 pixels.
    fn found(settings: &FrameSettings, named: &[(Rect, Option<f32>)]) -> Vec<Rect> {
        let layout = Layout::rgb(64, 48);
        let frame = FrameView::packed(&layout, &GREY, 64 * 3).unwrap();
        let named = named.iter().map(|&(rect, confidence)| NamedRegion {
            rect,
            confidence,
            lattice: None,
        });
        let mut finder = Finder {
            named: named.collect(),
            ..Finder::default()
        };
        finder.find(&frame, settings);
        assert_eq!(finder.regions.len(), finder.found.len());
        finder.regions.iter().map(|region| region.rect).collect()
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
        assert_eq!(found(&settings, &named), expected);
    }

    #[test]
    fn upstream_regions_are_counted() {
        let mut settings = settings(InferenceRegion::RoiList);
        settings.detect.max_detections = 1;
        let named = [
            (Rect::new(0, 0, 30, 30), None),
            (Rect::new(34, 0, 30, 30), None),
        ];
        assert_eq!(found(&settings, &named), [Rect::new(0, 0, 30, 30)]);
        settings.detect.max_detections = 0;
        assert_eq!(found(&settings, &named), []);
    }
}
