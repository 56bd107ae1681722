//! The model file: read, and checked before ONNX Runtime sees it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use prost::Message;

use super::facts::shown;
use super::{CascadeError, ModelFacts};
use crate::blocks::PLANES;
use crate::onnx::ElementType;
use crate::onnx::proto::{DimensionValue, StringStringEntryProto, ValueInfoProto};

/// The model that comes with the plugin.
pub const DEFAULT_MODEL: &[u8] = include_bytes!("../../models/default.onnx");

/// Largest model file that is read, bytes.
pub const MAX_MODEL_BYTES: u64 = 1 << 30;

/// Name of the input: the mosaic.
pub const INPUT: &str = "pixelated";
/// Name of the input that tells the lattice. A model may have it or not; where it has, the input must have a
/// default of zeros, so that the mosaic alone is enough.
pub const LATTICE: &str = "lattice";
/// Name of the first network's output.
pub const STAGE1: &str = "stage1";
/// Name of the second network's output: the truest face.
pub const RESTORED: &str = "restored";
/// Name of the sharpest face with the colours of the truest; a model may have it or not.
pub const DETAILED: &str = "detailed";

/// A model file that passed all checks which need no ONNX Runtime.
#[derive(Clone, Debug)]
pub struct Model {
    name: String,
    bytes: Cow<'static, [u8]>,
    facts: ModelFacts,
    takes_lattice: bool,
    has_detailed: bool,
}

impl Model {
    /// The model that comes with the plugin.
    pub fn bundled() -> Result<Self, CascadeError> {
        Self::from_bytes("(bundled)", DEFAULT_MODEL)
    }

    /// The model in a file.
    pub fn open(path: &Path) -> Result<Self, CascadeError> {
        Self::from_bytes(&path.display().to_string(), read(path)?)
    }

    /// The model in the bytes of a file; `name` stands for it in errors.
    pub fn from_bytes(
        name: &str,
        bytes: impl Into<Cow<'static, [u8]>>,
    ) -> Result<Self, CascadeError> {
        let bytes = bytes.into();
        let unreadable = |reason: String| CascadeError::ModelUnreadable {
            model: name.into(),
            reason,
        };
        let head = Head::decode(bytes.as_ref())
            .map_err(|error| unreadable(format!("not an ONNX model ({error})")))?;
        let graph = head
            .graph
            .ok_or_else(|| unreadable("not an ONNX model (it holds no graph)".into()))?;
        if graph.has_external_data() {
            return Err(unreadable(
                "its weights lie in other files: export it as one file".into(),
            ));
        }
        let facts = ModelFacts::from_metadata(name, &head.metadata)?;
        graph.check(name, &facts)?;
        Ok(Self {
            name: name.into(),
            takes_lattice: graph.input(LATTICE).is_some(),
            has_detailed: graph.outputs.iter().any(|output| output.name == DETAILED),
            bytes,
            facts,
        })
    }

    /// What stands for the model in errors: its path, or `(bundled)`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the model says about itself.
    pub fn facts(&self) -> &ModelFacts {
        &self.facts
    }

    /// Whether the model has the input [`LATTICE`].
    pub fn takes_lattice(&self) -> bool {
        self.takes_lattice
    }

    /// Whether the model has the output [`DETAILED`].
    pub fn has_detailed(&self) -> bool {
        self.has_detailed
    }

    /// The file's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CascadeError> {
    let model = || path.display().to_string();
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => CascadeError::ModelNotFound { path: path.into() },
        _ => CascadeError::ModelUnreadable {
            model: model(),
            reason: error.to_string(),
        },
    };
    // Opening a named pipe would wait for its writer, so look first.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(CascadeError::ModelUnreadable {
            model: model(),
            reason: "not a regular file".into(),
        });
    }
    let too_large = || CascadeError::ModelTooLarge {
        model: model(),
        limit: MAX_MODEL_BYTES,
    };
    if metadata.len() > MAX_MODEL_BYTES {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // The file may grow while it is read.
    fs::File::open(path)
        .and_then(|file| file.take(MAX_MODEL_BYTES + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_MODEL_BYTES {
        return Err(too_large());
    }
    Ok(bytes)
}

/// The parts of a model file that are checked here; the weights are skipped without a copy.
/// Field numbers as in [`crate::onnx::proto`].
#[derive(Clone, PartialEq, Message)]
struct Head {
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphHead>,
    #[prost(message, repeated, tag = "14")]
    metadata: Vec<StringStringEntryProto>,
}

#[derive(Clone, PartialEq, Message)]
struct GraphHead {
    #[prost(message, repeated, tag = "1")]
    nodes: Vec<NodeHead>,
    #[prost(message, repeated, tag = "5")]
    initializers: Vec<TensorHead>,
    #[prost(message, repeated, tag = "15")]
    sparse: Vec<SparseHead>,
    #[prost(message, repeated, tag = "11")]
    inputs: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "12")]
    outputs: Vec<ValueInfoProto>,
}

#[derive(Clone, PartialEq, Message)]
struct NodeHead {
    #[prost(message, repeated, tag = "5")]
    attributes: Vec<AttributeHead>,
}

#[derive(Clone, PartialEq, Message)]
struct AttributeHead {
    #[prost(message, optional, tag = "5")]
    tensor: Option<TensorHead>,
    #[prost(message, optional, tag = "6")]
    graph: Option<GraphHead>,
    #[prost(message, repeated, tag = "10")]
    tensors: Vec<TensorHead>,
    #[prost(message, repeated, tag = "11")]
    graphs: Vec<GraphHead>,
    #[prost(message, optional, tag = "22")]
    sparse: Option<SparseHead>,
}

#[derive(Clone, PartialEq, Message)]
struct SparseHead {
    #[prost(message, optional, tag = "1")]
    values: Option<TensorHead>,
    #[prost(message, optional, tag = "2")]
    indices: Option<TensorHead>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorHead {
    #[prost(string, tag = "8")]
    name: String,
    /// 1 = in another file.
    #[prost(int32, tag = "14")]
    location: i32,
}

impl SparseHead {
    fn is_external(&self) -> bool {
        let parts = [&self.values, &self.indices];
        parts.into_iter().flatten().any(|part| part.location != 0)
    }
}

impl GraphHead {
    /// Whether any weight lies in another file: a model must not make us open paths that it names.
    /// The depth of the recursion is limited by the decoder's.
    fn has_external_data(&self) -> bool {
        let external = |tensor: &TensorHead| tensor.location != 0;
        self.initializers.iter().any(external)
            || self.sparse.iter().any(SparseHead::is_external)
            || self.nodes.iter().flat_map(|n| &n.attributes).any(|a| {
                a.tensor.iter().chain(&a.tensors).any(external)
                    || a.graph.iter().chain(&a.graphs).any(Self::has_external_data)
                    || a.sparse.iter().any(SparseHead::is_external)
            })
    }

    fn input(&self, name: &str) -> Option<&ValueInfoProto> {
        self.inputs.iter().find(|input| input.name == name)
    }

    fn check(&self, model: &str, facts: &ModelFacts) -> Result<(), CascadeError> {
        // Old files list their weights among the inputs.
        let weights: HashSet<_> = self.initializers.iter().map(|t| &t.name).collect();
        let mut inputs: Vec<_> = self.inputs.iter().collect();
        inputs.retain(|input| !weights.contains(&input.name));
        let outputs: Vec<_> = self.outputs.iter().collect();
        check_value(model, "input", INPUT, &inputs, facts.size)?;
        if let Some(other) = inputs.iter().find(|input| input.name != INPUT) {
            return Err(CascadeError::Shape {
                model: model.into(),
                value: format!("input {}", shown(&other.name)),
                found: "there".into(),
                expected: format!("`{INPUT}` as the only input"),
            });
        }
        if let Some(lattice) = self
            .input(LATTICE)
            .filter(|input| !is_lattice(input, facts.size))
        {
            return Err(CascadeError::Shape {
                model: model.into(),
                value: format!("input `{LATTICE}`"),
                found: described(lattice),
                expected: format!("Float[N, {PLANES}, {0}, {0}] with an open N", facts.size),
            });
        }
        check_value(model, "output", STAGE1, &outputs, facts.size)?;
        check_value(model, "output", RESTORED, &outputs, facts.output_size())?;
        if outputs.iter().any(|output| output.name == DETAILED) {
            check_value(model, "output", DETAILED, &outputs, facts.output_size())?;
        }
        Ok(())
    }
}

fn check_value(
    model: &str,
    kind: &str,
    name: &str,
    values: &[&ValueInfoProto],
    side: usize,
) -> Result<(), CascadeError> {
    let expected = format!("Float[N, 3, {side}, {side}] with an open N");
    let found = match values.iter().find(|value| value.name == name) {
        Some(value) if has_shape(value, side) => return Ok(()),
        Some(value) => described(value),
        None if values.is_empty() => "missing".into(),
        None => {
            let others = values.iter().take(4).map(|value| shown(&value.name));
            format!("missing among {}", others.collect::<Vec<_>>().join(", "))
        }
    };
    Err(CascadeError::Shape {
        model: model.into(),
        value: format!("{kind} `{name}`"),
        found,
        expected,
    })
}

/// Sides of a tensor, −1 where open; `None` when it is no tensor or has no shape.
fn sides(value: &ValueInfoProto) -> Option<(ElementType, Vec<i64>)> {
    let tensor = value.r#type.as_ref()?.tensor_type.as_ref()?;
    let dims = &tensor.shape.as_ref()?.dim;
    let side = |dim: &Option<DimensionValue>| match dim {
        Some(DimensionValue::DimValue(side)) => *side,
        // An open axis; whether it has a name does not matter.
        Some(DimensionValue::DimParam(_)) | None => -1,
    };
    let sides = dims.iter().map(|dim| side(&dim.value)).collect();
    Some((tensor.elem_type(), sides))
}

fn has_shape(value: &ValueInfoProto, side: usize) -> bool {
    let side = side as i64;
    sides(value).is_some_and(|(element, sides)| {
        element == ElementType::Float && sides == [-1, 3, side, side]
    })
}

/// Whether `value` can take the lattice planes of pictures of `side`; their sides may be left open.
fn is_lattice(value: &ValueInfoProto, side: usize) -> bool {
    let fits = |found: i64| found == -1 || found == side as i64;
    sides(value).is_some_and(|(element, sides)| {
        element == ElementType::Float
            && matches!(sides[..], [-1, planes, height, width]
                if planes == PLANES as i64 && fits(height) && fits(width))
    })
}

fn described(value: &ValueInfoProto) -> String {
    /// More axes than this are not worth a longer message.
    const MAX_AXES: usize = 8;
    let Some((element, sides)) = sides(value) else {
        return "no tensor with a shape".into();
    };
    let axes = sides.iter().take(MAX_AXES).map(|&side| match side {
        ..0 => "open".into(),
        side => side.to_string(),
    });
    let dots = if sides.len() > MAX_AXES { ", …" } else { "" };
    let axes = axes.collect::<Vec<String>>().join(", ");
    format!("{element:?}[{axes}{dots}]")
}
