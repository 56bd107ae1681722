//! `facedepixelate` tells mosaics over faces from other mosaics, where it is asked to.

mod common;

use common::*;
use gst::glib;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::degrade::mosaic::{Fill, pixelate};
use gstdepixelate::element::FaceDepixelate;
use gstdepixelate::frame::{FrameViewMut, Lattice, Layout, Rect};

/// In the right half of the picture: the face, the shuttle, a part of the flag.
const FACE: Rect = Rect::new(866, 72, 156, 156);
const SHUTTLE: Rect = Rect::new(1120, 60, 150, 260);
const FLAG: Rect = Rect::new(652, 6, 96, 150);
const BLOCK: u32 = 9;

/// The picture of the README, a face and a mosaic; with three more mosaics in it, and the caps.
fn frame() -> (gst::Buffer, gst::Caps) {
    init();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/images/before-after.png");
    let mut picture = image::open(file).unwrap().into_rgb8();
    let (width, height) = picture.dimensions();
    let layout = Layout::rgb(width, height);
    let mut view = FrameViewMut::packed(&layout, &mut picture, 3 * width as usize).unwrap();
    for rect in [FACE, SHUTTLE, FLAG] {
        let lattice = Lattice::square(BLOCK, rect.x, rect.y);
        pixelate(&mut view, &rect, &lattice, Fill::TileMean);
    }
    let mut buffer = gst::Buffer::from_mut_slice(picture.into_raw());
    stamp(buffer.get_mut().unwrap(), 0);
    (buffer, caps_of(VideoFormat::Rgb, width, height))
}

/// Which of the three mosaics changed.
fn restored(threshold: f32) -> [bool; 3] {
    let (before, caps) = frame();
    let element: FaceDepixelate = glib::Object::new();
    element.set_bus(Some(&gst::Bus::new()));
    element.set_property("face-threshold", threshold);
    let mut h = harness(&element);
    h.set_src_caps(caps.clone());
    let after = h.push_and_pull(before.copy_deep().unwrap()).unwrap();
    assert!(errors(&element).is_empty());
    let (before, after) = (bytes_of(&before), bytes_of(&after));
    [FACE, SHUTTLE, FLAG].map(|rect| {
        let middle =
            ((rect.y + rect.height as i32 / 2) * 1288 + rect.x + rect.width as i32 / 2) * 3;
        let row = middle as usize - 60..middle as usize + 60;
        before[row.clone()] != after[row]
    })
}

#[test]
fn every_mosaic_is_restored_unless_asked() {
    assert_eq!(restored(0.0), [true; 3]);
}

#[test]
fn what_is_no_face_is_left_alone() {
    assert_eq!(restored(0.5), [true, false, false]);
}
