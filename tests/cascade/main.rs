//! Model files, the graphs in them, and sessions of ONNX Runtime.

mod faces;
#[path = "../helpers/mod.rs"]
mod helpers;
mod neighbours;
mod onnx_layers;
mod refusals;
mod sessions;
mod whole;
