//! Mosaics in pictures of more than eight bits are found as well as in those of eight.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::{VideoFormat, VideoRegionOfInterestMeta};
use gstdepixelate::element::{FacePixelate, MosaicDetect};
use gstdepixelate::frame::{Patch, Rect};

const SIZE: (u32, u32) = (320, 240);

/// A grey picture around a mean level, of waves with a strength of 0–1, pixelated in `rect`.
fn frame(caps: &gst::Caps, mean: f32, strength: f32, rect: Rect, block: u32) -> gst::Buffer {
    let info = gst_video::VideoInfo::from_caps(caps).unwrap();
    let mut buffer = gst::Buffer::from_mut_slice(vec![0u8; info.size()]);
    let mut patch = Patch::default();
    patch.reset(Rect::new(0, 0, SIZE.0, SIZE.1));
    for plane in 0..3 {
        for (i, value) in (0..).zip(patch.plane_mut(plane)) {
            let (x, y) = ((i % SIZE.0) as f32, (i / SIZE.0) as f32);
            let wave = |f: f32| (x * f).sin() * (y * f * 0.8).cos();
            *value = mean + strength * (50.0 * wave(0.07) + 40.0 * wave(0.23));
        }
    }
    paste(caps, buffer.make_mut(), &patch, &vec![1.0; patch.area()]);
    stamp(buffer.make_mut(), 0);
    let pixelate: FacePixelate = gst::glib::Object::new();
    pixelate.set_property("block-size", block);
    pixelate.set_property("regions", regions(&[rect]));
    let mut h = harness(&pixelate);
    h.set_src_caps(caps.clone());
    h.push_and_pull(buffer).unwrap()
}

/// Mosaics found among four, at their place.
fn found(format: VideoFormat, mean: f32, strength: f32) -> usize {
    let caps = caps_of(format, SIZE.0, SIZE.1);
    let cases = (0..4).map(|case| {
        let block = [7, 8, 10, 12][case as usize];
        let rect = Rect::new(30 + 28 * case, 20 + 18 * case, 12 * block, 10 * block);
        let element: MosaicDetect = gst::glib::Object::new();
        let mut h = harness(&element);
        h.set_src_caps(caps.clone());
        let seen = h
            .push_and_pull(frame(&caps, mean, strength, rect, block))
            .unwrap();
        let metas = seen.iter_meta::<VideoRegionOfInterestMeta>();
        let mut rects = metas.map(|meta| {
            let (x, y, width, height) = meta.rect();
            Rect::new(x as i32, y as i32, width, height)
        });
        usize::from(rects.any(|found| found.iou(&rect) > 0.8))
    });
    cases.sum()
}

#[test]
fn depth_costs_no_mosaic() {
    init();
    let deep = [
        VideoFormat::I42010le,
        VideoFormat::P01010le,
        VideoFormat::I42212le,
        VideoFormat::Y44412le,
        VideoFormat::P016Le,
        VideoFormat::Gray16Le,
    ];
    // From full contrast to dark pictures whose blocks differ by a few levels.
    for (mean, strength) in [(128.0, 1.0), (60.0, 0.4), (40.0, 0.25)] {
        let shallow = found(VideoFormat::I420, mean, strength);
        assert!(shallow > 2, "{shallow} of 8 bits");
        for format in deep {
            let found = found(format, mean, strength);
            assert!(found >= shallow, "{format}: {found} of {shallow}");
        }
    }
}
