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
    #[prost(message, repeated, tag = "1")]
    pub nodes: Vec<NodeHead>,
    #[prost(message, repeated, tag = "5")]
    pub initializers: Vec<TensorHead>,
    #[prost(message, repeated, tag = "15")]
    pub sparse: Vec<SparseHead>,
    #[prost(message, repeated, tag = "11")]
    pub inputs: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "12")]
    pub outputs: Vec<ValueInfoProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct NodeHead {
    #[prost(message, repeated, tag = "5")]
    pub attributes: Vec<AttributeHead>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AttributeHead {
    #[prost(message, optional, tag = "5")]
    pub tensor: Option<TensorHead>,
    #[prost(message, optional, tag = "6")]
    pub graph: Option<GraphSummary>,
    #[prost(message, repeated, tag = "10")]
    pub tensors: Vec<TensorHead>,
    #[prost(message, repeated, tag = "11")]
    pub graphs: Vec<GraphSummary>,
    #[prost(message, optional, tag = "22")]
    pub sparse: Option<SparseHead>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SparseHead {
    #[prost(message, optional, tag = "1")]
    pub values: Option<TensorHead>,
    #[prost(message, optional, tag = "2")]
    pub indices: Option<TensorHead>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TensorHead {
    #[prost(string, tag = "8")]
    pub name: String,
    /// 1 = in another file.
    #[prost(int32, tag = "14")]
    pub location: i32,
}

impl SparseHead {
    fn is_external(&self) -> bool {
        let parts = [&self.values, &self.indices];
        parts.into_iter().flatten().any(|part| part.location != 0)
    }
}

impl GraphSummary {
    /// Whether any weight lies in another file: a model must not make us open paths that it names.
    /// The depth of the recursion is limited by the decoder's.
    pub(super) fn has_external_data(&self) -> bool {
        let external = |tensor: &TensorHead| tensor.location != 0;
        self.initializers.iter().any(external)
            || self.sparse.iter().any(SparseHead::is_external)
            || self.nodes.iter().flat_map(|n| &n.attributes).any(|a| {
                a.tensor.iter().chain(&a.tensors).any(external)
                    || a.graph.iter().chain(&a.graphs).any(Self::has_external_data)
                    || a.sparse.iter().any(SparseHead::is_external)
            })
    }
}
