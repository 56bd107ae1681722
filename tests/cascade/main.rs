//! Model files, the graphs in them, and sessions of ONNX Runtime.

mod endings;
mod faces;
#[path = "../helpers/mod.rs"]
mod helpers;
mod neighbours;
mod onnx_layers;
mod refusals;
mod sessions;
mod whole;
