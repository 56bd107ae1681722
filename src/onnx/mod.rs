//! Just enough of the ONNX file format to write and read model files.
//!
//! [`GraphBuilder`] makes a model, [`encode`] and [`decode`] turn it into bytes and back.
//! IR version 8 with operator set 17 is the newest pair that every ONNX Runtime from 1.13 on reads.

pub mod attr;
mod dense;
mod graph;
mod half;
mod layers;
pub mod proto;
mod resample;
mod value;

pub use self::half::calculate_in_halves;
pub use graph::{Dim, ElementType, FEWEST_HALVES, GraphBuilder, Weights, batch_of, open_pictures};
pub use layers::{Conv2d, ConvTranspose2d, PadMode};

use prost::Message;
use proto::ModelProto;

/// Version of the file format that we write.
pub const IR_VERSION: i64 = 8;

/// Version of the operator set that we write.
pub const OPSET_VERSION: i64 = 17;

/// Why a graph could not be built, or bytes are not a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OnnxError {
    /// The bytes are no protobuf message, or one whose fields have other types.
    #[error("not an ONNX model: {0}")]
    Malformed(String),
    /// The bytes are some protobuf message, but hold no graph.
    #[error("not an ONNX model: it holds no graph")]
    NoGraph,
    /// A tensor's number of elements is not the product of its sides.
    #[error("tensor `{name}` has {found} elements, but its shape {dims:?} wants {expected}")]
    Elements {
        /// The tensor.
        name: String,
        /// Its shape.
        dims: Vec<i64>,
        /// Elements given.
        found: usize,
        /// Elements that the shape asks for.
        expected: i64,
    },
    /// A layer's weights have the wrong number of axes.
    #[error("tensor `{name}` has shape {dims:?}, but `{op}` wants {axes} axes")]
    Axes {
        /// The tensor.
        name: String,
        /// Its shape.
        dims: Vec<i64>,
        /// Who uses it.
        op: &'static str,
        /// Axes wanted.
        axes: usize,
    },
    /// A node or output reads a value that nothing before it makes.
    #[error("`{reader}` reads `{value}`, which nothing before it makes")]
    UnknownValue {
        /// The node or output.
        reader: String,
        /// The name it reads.
        value: String,
    },
    /// Two inputs, or an output and another value, have the same name.
    #[error("the name `{0}` is used twice")]
    DuplicateName(String),
}

/// A model as the bytes of an `.onnx` file.
pub fn encode(model: &ModelProto) -> Vec<u8> {
    model.encode_to_vec()
}

/// The model in the bytes of an `.onnx` file. Parts that [`proto`] does not describe are left out.
pub fn decode(bytes: &[u8]) -> Result<ModelProto, OnnxError> {
    let model =
        ModelProto::decode(bytes).map_err(|error| OnnxError::Malformed(error.to_string()))?;
    if model.graph.is_none() {
        return Err(OnnxError::NoGraph);
    }
    Ok(model)
}

#[cfg(test)]
mod tests;
