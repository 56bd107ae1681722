//! `facedepixelate` with ONNX Runtime and tiny models: what loads, and what is said about what does
//! not.

use crate::helpers::*;
use crate::helpers::{Tiny, tiny_model};
use gst::glib;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::element::FaceDepixelate;
use gstdepixelate::frame::Rect;
use std::path::Path;

const REGION: Rect = Rect::new(12, 10, 40, 32);

fn with_model(file: &Path) -> FaceDepixelate {
    init();
    let element: FaceDepixelate = glib::Object::new();
    element.set_bus(Some(&gst::Bus::new()));
    element.set_property("model-file", file.to_str());
    element.set_property_from_str("inference-region", "roi-list");
    element.set_property_from_str("execution-provider", "cpu");
    element.set_property("projection", 0f32);
    element.set_property("regions", regions(&[REGION]));
    element
}

/// The one error of an element that does not reach PAUSED, and so never sees a frame.
#[track_caller]
fn refusal(element: &FaceDepixelate) -> glib::Error {
    assert!(element.set_state(gst::State::Paused).is_err());
    let mut errors = errors(element);
    assert_eq!(errors.len(), 1, "{errors:?}");
    element.set_state(gst::State::Null).unwrap();
    errors.remove(0)
}

#[test]
fn a_model_restores() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tiny.onnx");
    // −1 … 1, as the tiny models say.
    let color = COLOR.map(|value| f32::from(value) / 127.5 - 1.0);
    std::fs::write(&file, tiny_model(32, Tiny::Color(color))).unwrap();
    for format in [VideoFormat::I420, VideoFormat::Bgrx] {
        let caps = caps_of(format, 80, 60);
        let element = with_model(&file);
        let mut h = harness(&element);
        h.set_src_caps(caps.clone());
        for number in 0..3 {
            let before = noise_frame(&caps, number);
            let after = h.push_and_pull(before).unwrap();
            assert_restored(&caps, &after, &REGION);
        }
        let stats = element.property::<gst::Structure>("stats");
        assert_eq!(stats.get::<&str>("execution-provider"), Ok("cpu"));
        assert!(errors(&element).is_empty());
    }
}

#[test]
fn the_built_in_model_loads() {
    init();
    let element: FaceDepixelate = glib::Object::new();
    element.set_bus(Some(&gst::Bus::new()));
    let loaded = element.set_state(gst::State::Paused);
    assert!(loaded.is_ok(), "{:?}", errors(&element));
    element.set_state(gst::State::Null).unwrap();
}

#[test]
fn a_missing_file_is_named() {
    let error = refusal(&with_model(Path::new("/nowhere/face.onnx")));
    assert!(error.matches(gst::ResourceError::NotFound), "{error}");
    for word in ["model-file", "/nowhere/face.onnx"] {
        assert!(error.message().contains(word), "{error}");
    }
}

#[test]
fn files_that_are_no_models_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let model = tiny_model(32, Tiny::Identity);
    let truncated = &model[..model.len() / 2];
    let empty: &[u8] = &[];
    for (name, bytes) in [
        ("text.onnx", b"not a model".as_slice()),
        ("empty.onnx", empty),
        ("truncated.onnx", truncated),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let error = refusal(&with_model(&file));
        assert!(error.matches(gst::ResourceError::OpenRead), "{error}");
        assert!(error.message().contains(name), "{error}");
    }
    let error = refusal(&with_model(folder.path()));
    assert!(error.matches(gst::ResourceError::OpenRead), "{error}");
}

#[test]
fn properties_that_no_provider_takes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tiny.onnx");
    std::fs::write(&file, tiny_model(32, Tiny::Identity)).unwrap();
    let element = with_model(&file);
    // Of the runtime that tests use, which is built for the CPU.
    element.set_property_from_str("execution-provider", "openvino");
    let error = refusal(&element);
    assert!(error.matches(gst::ResourceError::Settings), "{error}");
    assert!(error.message().contains("execution-provider"), "{error}");
    // The element can be mended and used.
    element.set_property_from_str("execution-provider", "cpu");
    assert!(element.set_state(gst::State::Paused).is_ok());
    element.set_state(gst::State::Null).unwrap();
}
