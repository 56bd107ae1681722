//! `facedepixelate` tells mosaics over faces from other mosaics, where it is asked to.

use crate::helpers::*;
use gst::glib;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::degrade::mosaic::{Fill, pixelate};
use gstdepixelate::element::FaceDepixelate;
use gstdepixelate::frame::{FrameViewMut, Lattice, Layout, Rect};
use image::RgbImage;

/// In the right half of the picture: the face, the shuttle, a part of the flag.
const FACE: Rect = Rect::new(866, 72, 156, 156);
const SHUTTLE: Rect = Rect::new(1120, 60, 150, 260);
const FLAG: Rect = Rect::new(652, 6, 96, 150);
const BLOCK: u32 = 9;

/// The picture of the README, a face and a mosaic.
fn picture() -> RgbImage {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/images/before-after.png");
    image::open(file).unwrap().into_rgb8()
}

/// The picture with mosaics in it, and the caps.
fn frame(mosaics: &[Rect]) -> (gst::Buffer, gst::Caps) {
    init();
    let mut picture = picture();
    let (width, height) = picture.dimensions();
    let layout = Layout::rgb(width, height);
    let mut view = FrameViewMut::packed(&layout, &mut picture, 3 * width as usize).unwrap();
    for &rect in mosaics {
        let lattice = Lattice::square(BLOCK, rect.x, rect.y);
        pixelate(&mut view, &rect, &lattice, Fill::TileMean);
    }
    let mut buffer = gst::Buffer::from_mut_slice(picture.into_raw());
    stamp(buffer.get_mut().unwrap(), 0);
    (buffer, caps_of(VideoFormat::Rgb, width, height))
}

/// What becomes of a frame, as true as it gets.
fn through(before: &gst::Buffer, caps: &gst::Caps, threshold: f32) -> Vec<u8> {
    let element: FaceDepixelate = glib::Object::new();
    element.set_bus(Some(&gst::Bus::new()));
    element.set_property("face-threshold", threshold);
    element.set_property("detail", 0f32);
    let mut h = harness(&element);
    h.set_src_caps(caps.clone());
    let after = h.push_and_pull(before.copy_deep().unwrap()).unwrap();
    assert!(errors(&element).is_empty());
    bytes_of(&after)
}

/// Which of the three mosaics changed.
fn restored(threshold: f32) -> [bool; 3] {
    let (before, caps) = frame(&[FACE, SHUTTLE, FLAG]);
    let after = through(&before, &caps, threshold);
    let before = bytes_of(&before);
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

/// Mean squared error inside `rect`.
fn error(data: &[u8], rect: &Rect) -> f64 {
    let truth = picture();
    let row = 3 * truth.width() as usize;
    let bytes = 3 * rect.x as usize..3 * rect.right() as usize;
    let rows = rect.y as usize..rect.bottom() as usize;
    let squares = rows.flat_map(|y| {
        let range = y * row + bytes.start..y * row + bytes.end;
        let pairs = data[range.clone()].iter().zip(&truth.as_raw()[range]);
        pairs
            .map(|(&a, &b)| f64::from(a.abs_diff(b)).powi(2))
            .collect::<Vec<_>>()
    });
    squares.sum::<f64>() / (3 * rect.area()) as f64
}

#[test]
fn a_face_in_a_large_mosaic_is_looked_at_closely() {
    // Twice as wide as the face's square is.
    let large = Rect::new(784, 2, 324, 318);
    let (before, caps) = frame(&[large]);
    let [as_it_is, placed] =
        [0.0, 0.5].map(|threshold| error(&through(&before, &caps, threshold), &FACE));
    assert!(placed < 0.9 * as_it_is, "{placed} {as_it_is}");
    assert!(placed < 0.8 * error(&bytes_of(&before), &FACE));
}
