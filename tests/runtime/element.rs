//! `facedepixelate` where there is no ONNX Runtime.

use std::path::Path;

use crate::helpers::*;
use crate::new_process::{child_folder, in_a_new_process};
use gst::prelude::*;
use gstdepixelate::element::FaceDepixelate;

const NOWHERE: &str = "/nowhere/libonnxruntime.so";

#[test]
fn a_missing_runtime_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let test = "element::child_says_what_to_do";
    in_a_new_process(test, Some(Path::new(NOWHERE)), folder.path());
}

#[test]
fn child_says_what_to_do() {
    if child_folder().is_none() {
        return;
    }
    init();
    let element: FaceDepixelate = gst::glib::Object::new();
    element.set_bus(Some(&gst::Bus::new()));
    for _ in 0..2 {
        assert!(element.set_state(gst::State::Paused).is_err());
        let errors = errors(&element);
        assert_eq!(errors.len(), 1);
        assert!(errors[0].matches(gst::LibraryError::Init), "{}", errors[0]);
        for word in ["ONNX Runtime", NOWHERE, "ORT_DYLIB_PATH"] {
            assert!(errors[0].message().contains(word), "{}", errors[0]);
        }
        element.set_state(gst::State::Null).unwrap();
    }
}
