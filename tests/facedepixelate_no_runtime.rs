//! `facedepixelate` where there is no ONNX Runtime. A process looks for it by an environment variable, so this
//! test has one to itself.

#![allow(
    unsafe_code,
    reason = "the environment is changed before anyone reads it"
)]

mod common;

use common::*;
use gst::prelude::*;
use gstdepixelate::element::FaceDepixelate;

#[test]
fn a_missing_runtime_is_an_error_that_says_what_to_do() {
    init();
    // SAFETY: the only test of this process, and no other thread reads the environment by now.
    unsafe { std::env::set_var("ORT_DYLIB_PATH", "/nowhere/libonnxruntime.so") };
    let element: FaceDepixelate = gst::glib::Object::new();
    element.set_bus(Some(&gst::Bus::new()));
    for _ in 0..2 {
        assert!(element.set_state(gst::State::Paused).is_err());
        let errors = errors(&element);
        assert_eq!(errors.len(), 1);
        assert!(errors[0].matches(gst::LibraryError::Init), "{}", errors[0]);
        for word in [
            "ONNX Runtime",
            "/nowhere/libonnxruntime.so",
            "ORT_DYLIB_PATH",
        ] {
            assert!(errors[0].message().contains(word), "{}", errors[0]);
        }
        element.set_state(gst::State::Null).unwrap();
    }
}
