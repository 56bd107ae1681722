//! Mosaics that come up within a shot on weak evidence: shown once the next frame has them too, and
//! from their first frame on where that frame waits in the queue.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::{VideoFormat, VideoRegionOfInterestMeta};
use gstdepixelate::degrade::mosaic::{Fill, pixelate};
use gstdepixelate::detect::{DetectSettings, Detector, Luma};
use gstdepixelate::element::{FaceDepixelate, MosaicDetect};
use gstdepixelate::frame::{FrameView, FrameViewMut, Lattice, Layout, Rect};
use std::sync::LazyLock;

const SIZE: (u32, u32) = (320, 240);
const MOSAIC: Rect = Rect::new(96, 64, 60, 60);
const BLOCK: u32 = 6;
/// Restored in every frame: so each frame has a run of the model, and can be held in it.
const FIXED: Rect = Rect::new(250, 180, 40, 40);

/// A picture with waves of a strength of 0–1, and a mosaic if there is one.
fn pixels(strength: f32, mosaic: bool) -> Vec<u8> {
    let level = |i: u32| {
        let (x, y) = ((i % SIZE.0) as f32, (i / SIZE.0) as f32);
        let waves = 30.0 * (x / 61.0 + y / 83.0).sin()
            + 22.0 * (x / 17.0 - y / 23.0).cos()
            + 14.0 * (x / 7.3 + y / 5.9).sin();
        (80.0 + strength * waves) as u8
    };
    let mut data: Vec<u8> = (0..SIZE.0 * SIZE.1).flat_map(|i| [level(i); 3]).collect();
    if mosaic {
        let layout = Layout::rgb(SIZE.0, SIZE.1);
        let mut view = FrameViewMut::packed(&layout, &mut data, 3 * SIZE.0 as usize).unwrap();
        let lattice = Lattice::square(BLOCK, MOSAIC.x, MOSAIC.y);
        pixelate(&mut view, &MOSAIC, &lattice, Fill::TileMean);
    }
    data
}

/// The least score of a mosaic in such a picture, if it has one and that is found.
fn score(strength: f32) -> Option<f32> {
    let data = pixels(strength, true);
    let layout = Layout::rgb(SIZE.0, SIZE.1);
    let view = FrameView::packed(&layout, &data, 3 * SIZE.0 as usize).unwrap();
    let (mut scratch, mut regions) = (Vec::new(), Vec::new());
    let luma = Luma::of(&view, &mut scratch);
    Detector::new().detect(&luma, &DetectSettings::default(), &mut regions);
    let scores = regions.iter().map(|region| region.score);
    scores.min_by(f32::total_cmp)
}

/// A strength at which the mosaic is found, but not well.
fn weak() -> f32 {
    static WEAK: LazyLock<f32> = LazyLock::new(|| {
        let mut strengths = (10..100).map(|percent| percent as f32 / 100.0);
        let is_weak = |strength: &f32| score(*strength).is_some_and(|score| score < 0.85);
        strengths.find(is_weak).expect("some mosaic is a weak one")
    });
    *WEAK
}

fn frame(number: u64, mosaic: bool, strength: f32) -> gst::Buffer {
    let mut buffer = gst::Buffer::from_mut_slice(pixels(strength, mosaic));
    stamp(buffer.make_mut(), number);
    buffer
}

fn restorer(fake: &Fake) -> FaceDepixelate {
    let element = element(fake);
    element.set_property_from_str("inference-region", "full-frame");
    element.set_property("regions", regions(&[FIXED]));
    element
}

/// Regions restored in each frame of a stream that waits in the queue as a whole before the second
/// one is looked at.
fn queued(mosaics: &[bool], strength: f32) -> Vec<usize> {
    let (fake, gate) = Gate::fake();
    let element = restorer(&fake);
    let mut h = harness(&element);
    h.set_src_caps(caps_of(VideoFormat::Rgb, SIZE.0, SIZE.1));
    for (number, &mosaic) in (0..).zip(mosaics) {
        h.push(frame(number, mosaic, strength)).unwrap();
    }
    gate.wait();
    for _ in mosaics {
        gate.open();
    }
    for _ in mosaics {
        h.pull().unwrap();
    }
    fake.run_sizes()
}

#[test]
fn the_queue_tells_a_mosaic_from_what_is_there_for_one_frame() {
    let strength = weak();
    assert_eq!(queued(&[false, true, true, true], strength), [1, 2, 2, 2]);
    assert_eq!(queued(&[false, true, false, false], strength), [1; 4]);
    // Nothing came before.
    assert_eq!(queued(&[true], strength), [2]);
}

#[test]
fn without_a_next_frame_a_weak_newcomer_waits_for_it() {
    let strength = weak();
    let fake = Fake::new();
    let element = restorer(&fake);
    let mut h = harness(&element);
    h.set_src_caps(caps_of(VideoFormat::Rgb, SIZE.0, SIZE.1));
    for (number, mosaic) in (0..).zip([false, true, true]) {
        h.push_and_pull(frame(number, mosaic, strength)).unwrap();
    }
    assert_eq!(fake.run_sizes(), [1, 1, 2]);
}

#[test]
fn the_detector_has_no_queue() {
    let (weak, caps) = (weak(), caps_of(VideoFormat::Rgb, SIZE.0, SIZE.1));
    for (strength, expected) in [(weak, [0, 0, 1]), (1.0, [0, 1, 1])] {
        let element: MosaicDetect = gst::glib::Object::new();
        let mut h = harness(&element);
        h.set_src_caps(caps.clone());
        let named = (0..).zip([false, true, true]).map(|(number, mosaic)| {
            let after = h.push_and_pull(frame(number, mosaic, strength)).unwrap();
            after.iter_meta::<VideoRegionOfInterestMeta>().count()
        });
        assert_eq!(named.collect::<Vec<_>>(), expected, "{strength}");
    }
}
