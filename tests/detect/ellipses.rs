//! Mosaics that are ellipses: what lies between an ellipse and its box is nobody's to touch.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::{VideoFormat, VideoRegionOfInterestMeta};
use gstdepixelate::degrade::mosaic::{Fill, pixelate};
use gstdepixelate::degrade::soft::cut_ellipse;
use gstdepixelate::element::MosaicDetect;
use gstdepixelate::frame::{FrameViewMut, Lattice, Layout, Rect};

const SIZE: (u32, u32) = (320, 240);
const MOSAIC: Rect = Rect::new(72, 48, 160, 128);
const BLOCK: u32 = 8;

/// A busy picture, pixelated in the ellipse of [`MOSAIC`].
fn frame() -> gst::Buffer {
    let clean = busy_picture(SIZE);
    let mut data = clean.clone();
    let layout = Layout::rgb(SIZE.0, SIZE.1);
    let mut view = FrameViewMut::packed(&layout, &mut data, 3 * SIZE.0 as usize).unwrap();
    let lattice = Lattice::square(BLOCK, MOSAIC.x, MOSAIC.y);
    pixelate(&mut view, &MOSAIC, &lattice, Fill::TileMean);
    cut_ellipse(&mut data, &clean, SIZE.0 as usize, &MOSAIC, 0.0);
    let mut buffer = gst::Buffer::from_mut_slice(data);
    stamp(buffer.make_mut(), 0);
    buffer
}

/// Where a pixel lies: its distance from the middle in parts of that of the ellipse `rim` pixels
/// around the mosaic.
fn radius(x: i32, y: i32, rim: f32) -> f32 {
    let half = (MOSAIC.width as f32 / 2.0, MOSAIC.height as f32 / 2.0);
    let dx = (x - MOSAIC.x) as f32 + 0.5 - half.0;
    let dy = (y - MOSAIC.y) as f32 + 0.5 - half.1;
    (dx / (half.0 + rim)).hypot(dy / (half.1 + rim))
}

/// All of the ellipse is restored but for a block at its edge, and nothing is touched farther out
/// than a block.
#[track_caller]
fn assert_restored_inside(caps: &gst::Caps, before: &[u8], after: &gst::BufferRef) {
    let whole = patch_of(caps, after, Rect::new(0, 0, SIZE.0, SIZE.1));
    let now = bytes_of(after);
    for y in 0..SIZE.1 as i32 {
        for x in 0..SIZE.0 as i32 {
            let at = y as usize * SIZE.0 as usize + x as usize;
            if radius(x, y, BLOCK as f32) > 1.0 {
                assert_eq!(now[3 * at..][..3], before[3 * at..][..3], "{x}, {y}");
            } else if radius(x, y, -(BLOCK as f32)) < 1.0 {
                for (plane, color) in COLOR.into_iter().enumerate() {
                    let off = (whole.plane(plane)[at] - f32::from(color)).abs();
                    assert!(off <= 1.0, "{x}, {y}");
                }
            }
        }
    }
}

#[test]
fn an_ellipse_is_restored_and_its_corners_are_not_touched() {
    let caps = caps_of(VideoFormat::Rgb, SIZE.0, SIZE.1);
    let element = element(&Fake::new());
    element.set_property_from_str("inference-region", "full-frame");
    let mut h = harness(&element);
    h.set_src_caps(caps.clone());
    let before = bytes_of(&frame());
    let after = h.push_and_pull(frame()).unwrap();
    assert_restored_inside(&caps, &before, &after);
}

#[test]
fn metas_hand_the_outline_on() {
    let caps = caps_of(VideoFormat::Rgb, SIZE.0, SIZE.1);
    init();
    let detect: MosaicDetect = gst::glib::Object::new();
    let mut h = harness(&detect);
    h.set_src_caps(caps.clone());
    let seen = h.push_and_pull(frame()).unwrap();
    let meta = seen.meta::<VideoRegionOfInterestMeta>().unwrap();
    let details = meta.param("mosaic").unwrap();
    assert_eq!(details.get::<&str>("outline"), Ok("ellipse"));
    let element = element(&Fake::new());
    let mut h = harness(&element);
    h.set_src_caps(caps.clone());
    let before = bytes_of(&seen);
    let after = h.push_and_pull(seen).unwrap();
    assert_restored_inside(&caps, &before, &after);
}
