//! A model file in `facedepixelate`, on a short clip.

use super::frames::*;
use super::harness::*;
use gst::glib;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::element::FaceDepixelate;
use gstdepixelate::frame::Rect;
use std::path::Path;

/// The larger of the two regions that [`assert_plays`] names.
pub const REGION: Rect = Rect::new(12, 10, 40, 32);

/// An element with the model in `file`, on a bus of its own.
pub fn with_model(file: &Path) -> FaceDepixelate {
    init();
    let element: FaceDepixelate = glib::Object::new();
    element.set_bus(Some(&gst::Bus::new()));
    element.set_property("model-file", file.to_str());
    element.set_property_from_str("execution-provider", "cpu");
    element
}

/// Play a short clip with a fixed region: as many frames come out as go in, and only the region
/// changes.
#[track_caller]
pub fn assert_plays(file: &Path) {
    for format in [VideoFormat::Nv12, VideoFormat::Rgb] {
        let caps = caps_of(format, 80, 60);
        let element = with_model(file);
        let rects = [REGION, Rect::new(60, 40, 12, 12)];
        element.set_property_from_str("inference-region", "roi-list");
        element.set_property("regions", regions(&rects));
        let mut h = harness(&element);
        h.set_src_caps(caps.clone());
        for number in 0..4 {
            let before = noise_frame(&caps, number);
            let bytes = bytes_of(&before);
            let after = h.push_and_pull(before).unwrap();
            assert_eq!(after.offset(), number);
            assert_unchanged_outside(&caps, &bytes, &after, &rects);
            let inside = bytes_inside(&caps, &after, &REGION);
            let pairs = bytes.iter().zip(bytes_of(&after)).zip(inside);
            let (changed, all) = pairs
                .filter(|(_, inside)| *inside)
                .fold((0, 0), |(changed, all), ((a, b), _)| {
                    (changed + usize::from(*a != b), all + 1)
                });
            assert!(10 * changed > 9 * all, "{changed} of {all} samples changed");
        }
        assert!(errors(&element).is_empty());
    }
}
