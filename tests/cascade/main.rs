//! Model files, the graphs in them, and sessions of ONNX Runtime.

#[path = "../helpers/mod.rs"]
mod helpers;
mod onnx_layers;
mod refusals;
mod sessions;
mod whole;
