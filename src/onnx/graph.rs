//! Building a graph node by node.

use std::collections::{HashMap, HashSet};

use super::proto::{
    AttributeProto, DataType, DimensionProto, DimensionValue, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto,
    TypeProto, ValueInfoProto,
};
use super::{IR_VERSION, OPSET_VERSION, OnnxError, attr};

pub use super::proto::DataType as ElementType;

/// Length of one axis of an input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dim {
    /// A fixed length.
    Fixed(i64),
    /// Open until run time, e.g. `N` for the batch.
    Named(String),
}

impl From<i64> for Dim {
    fn from(length: i64) -> Self {
        Self::Fixed(length)
    }
}

impl From<&str> for Dim {
    fn from(name: &str) -> Self {
        Self::Named(name.into())
    }
}

/// The shape `[N, sides…]` with an open batch.
pub fn batch_of(sides: &[i64]) -> Vec<Dim> {
    std::iter::once(Dim::from("N"))
        .chain(sides.iter().map(|&side| Dim::Fixed(side)))
        .collect()
}

/// The shape `[N, 3, H, W]` of RGB pictures of any number and size; those that are `scale` times as
/// large as others have axes of other names.
pub fn open_pictures(scale: usize) -> Vec<Dim> {
    let side = |name: &str| match scale {
        1 => Dim::from(name),
        _ => Dim::Named(format!("{name}_times_{scale}")),
    };
    vec!["N".into(), 3.into(), side("H"), side("W")]
}

/// A tensor of weights, row by row.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// Its name in the file.
    pub name: &'a str,
    /// Its sides.
    pub dims: &'a [i64],
    /// Its elements.
    pub data: &'a [f32],
}

/// Builds a model with one graph.
///
/// Values are known by their names; each method that makes a value returns its name. A mistake is
/// kept and reported by [`Self::finish`], so that building a network needs no error handling per
/// layer.
#[derive(Debug)]
pub struct GraphBuilder {
    graph: GraphProto,
    metadata: Vec<StringStringEntryProto>,
    values: HashSet<String>,
    counters: HashMap<String, usize>,
    pub(super) constants: HashMap<String, String>,
    half_weights: bool,
    error: Option<OnnxError>,
}

/// Weights of fewer elements than this are never stored as halves: there is nothing to save.
pub const FEWEST_HALVES: usize = 1024;

impl GraphBuilder {
    /// An empty graph called `name`.
    pub fn new(name: &str) -> Self {
        Self {
            graph: GraphProto {
                name: name.into(),
                ..Default::default()
            },
            metadata: Vec::new(),
            values: HashSet::new(),
            counters: HashMap::new(),
            constants: HashMap::new(),
            half_weights: false,
            error: None,
        }
    }

    /// Declare an input of type `f32`; see [`batch_of`] for the shape.
    pub fn input_f32(&mut self, name: &str, dims: &[Dim]) -> String {
        self.input(name, ElementType::Float, dims)
    }

    /// Declare an input of any type.
    pub fn input(&mut self, name: &str, element: ElementType, dims: &[Dim]) -> String {
        self.claim(name);
        self.graph.input.push(value_info(name, element, dims));
        name.into()
    }

    /// Declare an input of type `f32` that may be left out; it then is `data`, a tensor of sides
    /// `default_dims`.
    pub fn optional_input_f32(
        &mut self,
        name: &str,
        dims: &[Dim],
        default_dims: &[i64],
        data: &[f32],
    ) -> String {
        self.graph
            .input
            .push(value_info(name, ElementType::Float, dims));
        self.initializer_f32(name, default_dims, data)
    }

    /// Declare that `value` leaves the graph as the output `name`, of type `f32`.
    pub fn output_f32(&mut self, name: &str, value: &str, dims: &[Dim]) {
        self.output(name, value, ElementType::Float, dims);
    }

    /// Declare an output of any type.
    ///
    /// If `value` has another name, an `Identity` joins the two; ONNX Runtime removes it again.
    pub fn output(&mut self, name: &str, value: &str, element: ElementType, dims: &[Dim]) {
        if name == value {
            self.check_known(name, value);
        } else {
            self.claim(name);
            self.push_node("Identity", &[value], vec![], name);
        }
        if self.graph.output.iter().any(|output| output.name == name) {
            self.fail(OnnxError::DuplicateName(name.into()));
        }
        self.graph.output.push(value_info(name, element, dims));
    }

    /// Add a constant of type `f32`. A number is appended to `name` if it is taken.
    pub fn initializer_f32(&mut self, name: &str, dims: &[i64], data: &[f32]) -> String {
        let bytes = data.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.initializer(name, DataType::Float, dims, data.len(), bytes)
    }

    /// From now on store weights of [`FEWEST_HALVES`] elements or more as 16-bit floats, which take
    /// half of the space. They are calculated with as 32-bit floats: the runtime converts them
    /// once, when it loads the model.
    pub fn store_halves(&mut self) {
        self.half_weights = true;
    }

    /// Add weights. A number is appended to their name if it is taken.
    pub fn weights(&mut self, weights: &Weights<'_>) -> String {
        let Weights { name, dims, data } = *weights;
        if !self.half_weights || data.len() < FEWEST_HALVES {
            return self.initializer_f32(name, dims, data);
        }
        let halves = data
            .iter()
            .flat_map(|&v| half::f16::from_f32(v).to_le_bytes());
        let stored = self.initializer(name, DataType::Float16, dims, data.len(), halves.collect());
        let to = attr::int("to", i64::from(i32::from(DataType::Float)));
        self.node("Cast", &[&stored], vec![to])
    }

    /// Add a constant of type `i64`. A number is appended to `name` if it is taken.
    pub fn initializer_i64(&mut self, name: &str, dims: &[i64], data: &[i64]) -> String {
        let bytes = data.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.initializer(name, DataType::Int64, dims, data.len(), bytes)
    }

    /// Add a node with one output. An empty name among `inputs` leaves out an optional input.
    pub fn node(&mut self, op_type: &str, inputs: &[&str], attrs: Vec<AttributeProto>) -> String {
        let output = self.unique(op_type);
        self.push_node(op_type, inputs, attrs, &output);
        output
    }

    /// Put the nodes and weights of `other` behind what is there. Its names get `prefix` in front,
    /// except for inputs: `bound` says which value here each of them is, also where it has a
    /// default. Returns what `name` is called here for its values.
    pub fn splice<'a>(
        &mut self,
        other: GraphProto,
        prefix: &'a str,
        bound: &'a [(&'a str, &'a str)],
    ) -> impl Fn(&str) -> String + use<'a> {
        let renamed = move |name: &str| match bound.iter().find(|(input, _)| *input == name) {
            Some((_, value)) => (*value).to_owned(),
            // An empty name leaves an input out.
            None if name.is_empty() => String::new(),
            None => format!("{prefix}{name}"),
        };
        let is_bound = |name: &str| bound.iter().any(|(input, _)| *input == name);
        for mut tensor in other.initializer {
            if !is_bound(&tensor.name) {
                tensor.name = renamed(&tensor.name);
                self.claim(&tensor.name);
                self.graph.initializer.push(tensor);
            }
        }
        for mut node in other.node {
            node.name = renamed(&node.name);
            for input in node.input.iter_mut().filter(|input| !input.is_empty()) {
                *input = renamed(input);
                self.check_known(&node.name, input);
            }
            for output in &mut node.output {
                *output = renamed(output);
                self.claim(output);
            }
            self.graph.node.push(node);
        }
        renamed
    }

    /// Add a named fact to the model; a later value for a key replaces the earlier one.
    pub fn metadata(&mut self, key: &str, value: &str) {
        self.metadata.retain(|entry| entry.key != key);
        self.metadata.push(StringStringEntryProto {
            key: key.into(),
            value: value.into(),
        });
    }

    /// The finished model, or the first mistake that was made on the way.
    pub fn finish(self) -> Result<ModelProto, OnnxError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        Ok(ModelProto {
            ir_version: IR_VERSION,
            producer_name: env!("CARGO_PKG_NAME").into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            graph: Some(self.graph),
            opset_import: vec![OperatorSetIdProto {
                domain: String::new(),
                version: OPSET_VERSION,
            }],
            metadata_props: self.metadata,
        })
    }

    /// Keep the first mistake.
    pub(super) fn fail(&mut self, error: OnnxError) {
        self.error.get_or_insert(error);
    }

    fn initializer(
        &mut self,
        name: &str,
        data_type: DataType,
        dims: &[i64],
        found: usize,
        bytes: Vec<u8>,
    ) -> String {
        // An overflowing or negative product can never equal a length.
        let expected = dims
            .iter()
            .try_fold(1_i64, |product, &side| product.checked_mul(side))
            .unwrap_or(-1);
        if i64::try_from(found) != Ok(expected) {
            self.fail(OnnxError::Elements {
                name: name.into(),
                dims: dims.into(),
                found,
                expected,
            });
        }
        let name = if self.values.contains(name) {
            self.unique(name)
        } else {
            self.values.insert(name.into());
            name.into()
        };
        self.graph.initializer.push(TensorProto {
            dims: dims.into(),
            data_type: data_type.into(),
            name: name.clone(),
            raw_data: Some(bytes),
        });
        name
    }

    fn push_node(&mut self, op_type: &str, inputs: &[&str], attrs: Vec<AttributeProto>, to: &str) {
        for input in inputs.iter().filter(|input| !input.is_empty()) {
            self.check_known(to, input);
        }
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|&input| input.into()).collect(),
            output: vec![to.into()],
            name: to.into(),
            op_type: op_type.into(),
            attribute: attrs,
            domain: String::new(),
        });
    }

    fn check_known(&mut self, reader: &str, value: &str) {
        if !self.values.contains(value) {
            self.fail(OnnxError::UnknownValue {
                reader: reader.into(),
                value: value.into(),
            });
        }
    }

    fn claim(&mut self, name: &str) {
        if !self.values.insert(name.into()) {
            self.fail(OnnxError::DuplicateName(name.into()));
        }
    }

    fn unique(&mut self, stem: &str) -> String {
        loop {
            let counter = self.counters.entry(stem.into()).or_default();
            *counter += 1;
            let name = format!("{stem}_{counter}");
            if self.values.insert(name.clone()) {
                return name;
            }
        }
    }
}

fn value_info(name: &str, element: ElementType, dims: &[Dim]) -> ValueInfoProto {
    let dim = dims
        .iter()
        .map(|dim| DimensionProto {
            value: Some(match dim {
                Dim::Fixed(length) => DimensionValue::DimValue(*length),
                Dim::Named(name) => DimensionValue::DimParam(name.clone()),
            }),
        })
        .collect();
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto {
            tensor_type: Some(TensorTypeProto {
                elem_type: element.into(),
                shape: Some(TensorShapeProto { dim }),
            }),
        }),
    }
}
