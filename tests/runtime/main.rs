//! ONNX Runtime that is missing, broken or too old.
//!
//! A process looks for ONNX Runtime once, so this is a program of its own, and most of its tests
//! start it anew.

mod element;
#[path = "../helpers/mod.rs"]
mod helpers;
mod library;
mod new_process;
