//! The ends of a model file: what can be known of it without its weights.

use prost::Message;

use crate::onnx::proto::{StringStringEntryProto, ValueInfoProto};

/// The parts of a model file that are checked before it is opened; the weights are skipped without
/// a copy. Field numbers as in [`crate::onnx::proto`].
#[derive(Clone, PartialEq, Message)]
pub(super) struct Head {
    #[prost(message, optional, tag = "7")]
    pub graph: Option<GraphSummary>,
    #[prost(message, repeated, tag = "14")]
    pub metadata: Vec<StringStringEntryProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct GraphSummary {
    #[prost(message, repeated, tag = "5")]
    pub initializers: Vec<TensorHead>,
    #[prost(message, repeated, tag = "11")]
    pub inputs: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "12")]
    pub outputs: Vec<ValueInfoProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TensorHead {
    #[prost(string, tag = "8")]
    pub name: String,
}
