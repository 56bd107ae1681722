//! Frames and metas of strangers: more regions than anybody needs, of all sizes, and pictures of
//! next to none.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::element::MosaicDetect;
use gstdepixelate::frame::Rect;

/// Hundreds of rectangles that overlap, stick out, lie elsewhere or are larger than any frame.
fn crowd() -> Vec<Rect> {
    let numbers = noise(4 * 600, 3);
    let mut rects: Vec<Rect> = numbers
        .chunks_exact(4)
        .map(|n| {
            let [x, y, width, height] = [n[0], n[1], n[2], n[3]].map(i32::from);
            let place = Rect::new(5 * x - 300, 4 * y - 250, 0, 0);
            Rect {
                width: (24 + width % 90) as u32,
                height: (24 + height % 90) as u32,
                ..place
            }
        })
        .collect();
    rects.extend([
        Rect::new(i32::MIN, i32::MIN, u32::MAX, u32::MAX),
        Rect::new(i32::MAX, i32::MAX, u32::MAX, u32::MAX),
        Rect::new(-1, -1, u32::MAX, u32::MAX),
        Rect::new(-5000, 10, 10_000, 60),
    ]);
    rects
}

#[test]
fn a_crowd_of_upstream_regions_is_cut_short_with_one_warning() {
    let caps = caps_of(VideoFormat::I420, 640, 480);
    for (most, expected) in [(64u32, 64), (3, 3)] {
        let fake = Fake::new();
        let element = element(&fake);
        element.set_property("max-detections", most);
        let mut h = harness(&element);
        h.set_src_caps(caps.clone());
        for number in 0..3 {
            let mut buffer = noise_frame(&caps, number);
            for rect in crowd() {
                add_roi(buffer.make_mut(), "face", &rect);
            }
            h.push_and_pull(buffer).unwrap();
        }
        assert_eq!(fake.run_sizes(), [expected; 3]);
        let messages = messages(&element);
        let warnings = messages
            .iter()
            .filter(|message| message.type_() == gst::MessageType::Warning);
        assert_eq!(warnings.count(), 1);
    }
}

#[test]
fn frames_of_any_size_are_looked_at() {
    for (width, height) in [(1, 1), (3, 200), (200, 3), (15, 15), (16, 17), (7680, 2)] {
        for format in [VideoFormat::Gray8, VideoFormat::Rgb, VideoFormat::P01010le] {
            let caps = caps_of(format, width, height);
            for buffer in [noise_frame(&caps, 0), padded_frame(&caps, 1)] {
                let detect: MosaicDetect = gst::glib::Object::new();
                let restore = element(&Fake::new());
                restore.set_property_from_str("inference-region", "full-frame");
                let before = bytes_of(&buffer);
                for element in [detect.upcast_ref::<gst::Element>(), restore.upcast_ref()] {
                    let mut h = harness(element);
                    h.set_src_caps(caps.clone());
                    let after = h.push_and_pull(buffer.copy_deep().unwrap()).unwrap();
                    assert_eq!(bytes_of(&after), before, "{caps}");
                }
            }
        }
    }
}
