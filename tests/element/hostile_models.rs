//! Models that mean harm, or are broken: the element can be stopped, and paints no nonsense.

use crate::helpers::*;
use gst::prelude::*;
use gst_check::Harness;
use gst_video::{VideoFormat, VideoRegionOfInterestMeta};
use gstdepixelate::element::FaceDepixelate;
use std::time::{Duration, Instant};

fn caps() -> gst::Caps {
    caps_of(VideoFormat::Rgb, 80, 60)
}

/// An element that restores [`REGION`] of each frame with the model of these bytes.
fn with_bytes(bytes: &[u8]) -> (FaceDepixelate, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.onnx");
    std::fs::write(&file, bytes).unwrap();
    let element = with_model(&file);
    element.set_property_from_str("inference-region", "roi-list");
    element.set_property("regions", regions(&[REGION]));
    (element, folder)
}

fn playing(element: &FaceDepixelate) -> Harness {
    let mut h = harness(element);
    h.set_src_caps(caps());
    h
}

fn warnings(element: &FaceDepixelate) -> Vec<String> {
    let all = messages(element);
    let warnings = all.iter().filter_map(|message| match message.view() {
        gst::MessageView::Warning(warning) => Some(warning.error().to_string()),
        _ => None,
    });
    warnings.collect()
}

#[test]
fn a_face_that_is_no_number_stays_as_it_is() {
    for factor in [f32::NAN, f32::INFINITY] {
        let (element, _folder) = with_bytes(&tiny_model(32, Tiny::Scaled(factor)));
        element.set_property("add-roi-meta", true);
        let mut h = playing(&element);
        for number in 0..3 {
            let before = noise_frame(&caps(), number);
            let bytes = bytes_of(&before);
            let after = h.push_and_pull(before).unwrap();
            assert_eq!(bytes_of(&after), bytes);
            assert!(after.meta::<VideoRegionOfInterestMeta>().is_none());
        }
        let stats = element.property::<gst::Structure>("stats");
        assert_eq!(stats.get::<u64>("regions-unsound"), Ok(3));
        assert_eq!(stats.get::<u64>("regions"), Ok(0));
        let warnings = warnings(&element);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("not a number"), "{warnings:?}");
    }
}

/// An element whose model never comes to an end with the frame that went in.
fn hanging() -> (FaceDepixelate, Harness, tempfile::TempDir) {
    let (element, folder) = with_bytes(&endless_model(32));
    let mut h = playing(&element);
    h.push(noise_frame(&caps(), 0)).unwrap();
    // It is in the model by now, or will be.
    std::thread::sleep(Duration::from_millis(300));
    (element, h, folder)
}

#[track_caller]
fn assert_soon(start: Instant) {
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn an_endless_run_does_not_keep_the_element_from_stopping() {
    let (element, h, _folder) = hanging();
    let start = Instant::now();
    element.set_state(gst::State::Null).unwrap();
    assert_soon(start);
    assert!(errors(&element).is_empty());
    drop(h);
}

#[test]
fn a_flush_ends_an_endless_run() {
    let (element, mut h, _folder) = hanging();
    let start = Instant::now();
    h.push_event(gst::event::FlushStart::new());
    h.push_event(gst::event::FlushStop::new(true));
    assert_soon(start);
    // A black frame does come out, and the one before does not.
    start_stream(&mut h, &caps());
    let mut black = noise_frame(&caps(), 7);
    black.make_mut().map_writable().unwrap().fill(0);
    let bytes = bytes_of(&black);
    while h.try_pull().is_some() {}
    h.push(black).unwrap();
    element.set_property("regions", regions(&[]));
    let out = h.pull().unwrap();
    assert_eq!((out.offset(), bytes_of(&out).len()), (7, bytes.len()));
    assert!(errors(&element).is_empty());
}

#[test]
fn who_shares_an_endless_model_goes_on() {
    let (element, h, folder) = hanging();
    let other = with_model(&folder.path().join("model.onnx"));
    other.set_property_from_str("inference-region", "roi-list");
    other.set_property("regions", regions(&[REGION]));
    let mut goes_on = playing(&other);
    element.set_state(gst::State::Null).unwrap();
    drop(h);
    for number in 0..3 {
        // Grey is what the model sees as black.
        let mut grey = noise_frame(&caps(), number);
        grey.make_mut().map_writable().unwrap().fill(0);
        goes_on.push(grey).unwrap();
    }
    assert!(errors(&other).is_empty());
}
