//! Which regions of a frame are to be restored.

use super::InferenceRegion;
use super::settings::FrameSettings;
use crate::detect::{Detector, Luma, Region};
use crate::element::metas::{self, NamedRegion};
use crate::frame::{FrameView, Rect, luma};

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

/// Finds the regions; keeps its memory from frame to frame.
#[derive(Default)]
pub struct Finder {
    detector: Detector,
    /// Luma of frames that have no such plane.
    luma: Vec<u8>,
    named: Vec<NamedRegion>,
    detected: Vec<Region>,
    regions: Vec<Region>,
    methods: Vec<Method>,
}

impl Finder {
    /// What the last [`Self::find`] found.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// Who found each of them.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// Forget the last frame and look at the next one's metas. False: it need not be mapped, nothing is to do.
    pub fn prepare(&mut self, buffer: &gst::BufferRef, settings: &FrameSettings) -> bool {
        self.regions.clear();
        self.methods.clear();
        self.named.clear();
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
        let fixed = self.regions.len();
        let most = settings.detect.max_detections.max(fixed);
        match settings.inference_region {
            InferenceRegion::FullFrame => self.add_detected(&luma, settings, most),
            InferenceRegion::RoiList => self.add_upstream(&luma, settings, most),
        }
        self.luma = scratch;
    }

    fn add_detected(&mut self, luma: &Luma<'_>, settings: &FrameSettings, most: usize) {
        let fixed = self.regions.len();
        self.detector
            .detect(luma, &settings.detect, &mut self.detected);
        for index in 0..self.detected.len() {
            let region = self.detected[index];
            if self.regions.len() < most && !self.covered(fixed, &region.rect, settings) {
                self.regions.push(region);
                self.methods.push(Method::Lattice);
            }
        }
    }

    fn add_upstream(&mut self, luma: &Luma<'_>, settings: &FrameSettings, most: usize) {
        let detect = &settings.detect;
        for index in 0..self.named.len() {
            let NamedRegion { rect, confidence } = self.named[index];
            let score = confidence.unwrap_or(1.0);
            let Some(inside) = rect.clamp_to(luma.width, luma.height) else {
                continue;
            };
            let small = inside.width < detect.min_width || inside.height < detect.min_height;
            let known = self.covered(self.regions.len(), &inside, settings);
            if self.regions.len() < most && score >= detect.score_threshold && !small && !known {
                self.add_named(luma, &inside, score, Method::Upstream);
            }
        }
    }

    /// Add the part of `rect` inside the frame, if there is one.
    fn add_named(&mut self, luma: &Luma<'_>, rect: &Rect, score: f32, method: Method) {
        if let Some(rect) = rect.clamp_to(luma.width, luma.height) {
            let lattice = self.detector.lattice_in(luma, &rect);
            self.regions.push(Region {
                rect,
                lattice: lattice.map(|(lattice, _)| lattice),
                score,
            });
            self.methods.push(method);
        }
    }

    /// Whether one of the first `count` regions is the same one as `rect`.
    fn covered(&self, count: usize, rect: &Rect, settings: &FrameSettings) -> bool {
        let threshold = f64::from(settings.detect.iou_threshold);
        let mut others = self.regions[..count].iter();
        others.any(|other| other.rect.iou(rect) > threshold)
    }
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
        let named = named
            .iter()
            .map(|&(rect, confidence)| NamedRegion { rect, confidence });
        let mut finder = Finder {
            named: named.collect(),
            ..Finder::default()
        };
        finder.find(&frame, settings);
        assert_eq!(finder.regions.len(), finder.methods.len());
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
