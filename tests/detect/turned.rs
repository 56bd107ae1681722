//! Mosaics that are turned with their film: named with their angle, followed, and restored where
//! they are.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::{VideoFormat, VideoRegionOfInterestMeta};
use gstdepixelate::degrade::mosaic::{Fill, pixelate};
use gstdepixelate::element::MosaicDetect;
use gstdepixelate::frame::{FrameViewMut, Lattice, Layout, Rect, Turn};

const SIZE: (u32, u32) = (320, 240);
/// The mosaic as it was before the film was turned.
const MOSAIC: Rect = Rect::new(90, 60, 144, 120);
const BLOCK: u32 = 12;
/// Radians.
const ANGLE: f32 = 0.05;

/// From the upright picture to the frame.
fn turn() -> Turn {
    let middle = [162.0, 120.0];
    Turn::new(ANGLE, middle, middle)
}

/// Where the frame's pixel was in the upright picture.
fn upright(x: u32, y: u32) -> [f64; 2] {
    turn().to_upright([f64::from(x) + 0.5, f64::from(y) + 0.5])
}

/// A busy picture with a turned mosaic.
fn frame(number: u64) -> gst::Buffer {
    let clean = busy_picture(SIZE);
    let mut mosaic = clean.clone();
    let layout = Layout::rgb(SIZE.0, SIZE.1);
    let mut view = FrameViewMut::packed(&layout, &mut mosaic, 3 * SIZE.0 as usize).unwrap();
    let lattice = Lattice::square(BLOCK, MOSAIC.x, MOSAIC.y);
    pixelate(&mut view, &MOSAIC, &lattice, Fill::TileMean);
    let mut data = clean;
    for y in 0..SIZE.1 {
        for x in 0..SIZE.0 {
            let [u, v] = upright(x, y).map(|at| at as u32);
            let inside = (MOSAIC.x as u32..MOSAIC.right() as u32).contains(&u)
                && (MOSAIC.y as u32..MOSAIC.bottom() as u32).contains(&v);
            if inside {
                let to = 3 * (y * SIZE.0 + x) as usize;
                let from = 3 * (v * SIZE.0 + u) as usize;
                data[to..to + 3].copy_from_slice(&mosaic[from..from + 3]);
            }
        }
    }
    let mut buffer = gst::Buffer::from_mut_slice(data);
    stamp(buffer.make_mut(), number);
    buffer
}

fn caps() -> gst::Caps {
    caps_of(VideoFormat::Rgb, SIZE.0, SIZE.1)
}

/// All of the mosaic is painted but for a block at its edge, and nothing farther out than that.
#[track_caller]
fn assert_restored_where_it_is(caps: &gst::Caps, before: &[u8], after: &gst::BufferRef) {
    let whole = patch_of(caps, after, Rect::new(0, 0, SIZE.0, SIZE.1));
    let now = bytes_of(after);
    for y in 0..SIZE.1 {
        for x in 0..SIZE.0 {
            let at = (y * SIZE.0 + x) as usize;
            let [u, v] = upright(x, y);
            let off_x = (u - 162.0).abs() - f64::from(MOSAIC.width) / 2.0;
            let off_y = (v - 120.0).abs() - f64::from(MOSAIC.height) / 2.0;
            let beyond = off_x.max(off_y);
            if beyond > 4.0 {
                assert_eq!(now[3 * at..][..3], before[3 * at..][..3], "{x}, {y}");
            } else if beyond < -f64::from(BLOCK) - 3.0 {
                for (plane, color) in COLOR.into_iter().enumerate() {
                    let off = (whole.plane(plane)[at] - f32::from(color)).abs();
                    assert!(off <= 1.0, "{x}, {y}: {off}");
                }
            }
        }
    }
}

#[test]
fn a_turned_mosaic_is_named_with_its_angle_and_followed() {
    init();
    let element: MosaicDetect = gst::glib::Object::new();
    element.set_property("inference-interval", 3u32);
    let mut h = harness(&element);
    h.set_src_caps(caps());
    for number in 0..7 {
        let after = h.push_and_pull(frame(number)).unwrap();
        let metas: Vec<_> = after.iter_meta::<VideoRegionOfInterestMeta>().collect();
        assert_eq!(metas.len(), 1, "frame {number}");
        let details = metas[0].params().next().unwrap();
        let turn = details.get::<f64>("turn").unwrap();
        assert!(
            (turn - f64::from(ANGLE)).abs() < 0.006,
            "frame {number}: {turn}"
        );
        assert_eq!(details.get::<u32>("track-id").unwrap(), 1);
    }
}

#[test]
fn it_is_restored_where_it_is_found_or_named() {
    init();
    let caps = caps();
    let before = bytes_of(&frame(0));
    let detect: MosaicDetect = gst::glib::Object::new();
    let mut h = harness(&detect);
    h.set_src_caps(caps.clone());
    let named = h.push_and_pull(frame(0)).unwrap();
    for (region, buffer) in [("roi-list", named), ("full-frame", frame(0))] {
        let fake = Fake::new();
        let restore = element(&fake);
        restore.set_property_from_str("inference-region", region);
        let after = through(&restore, &caps, buffer);
        assert_restored_where_it_is(&caps, &before, &after);
        assert_eq!(fake.run_sizes(), [1], "{region}");
    }
}
