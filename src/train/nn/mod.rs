//! Networks: layers and their readings, weights, ONNX graphs.

pub(crate) mod block_projection;
pub mod exported;
pub mod layers;
pub mod network;
pub(crate) mod onnx_layers;
pub mod parameters;
pub mod precision;
pub(crate) mod spectral_norm;
pub(crate) mod tensors;
