//! Networks: layers and their readings, weights, ONNX graphs.

pub mod block_projection;
pub mod exported;
pub mod layers;
pub mod network;
pub mod onnx_layers;
pub mod parameters;
pub mod precision;
pub mod spectral_norm;
pub mod tensors;
