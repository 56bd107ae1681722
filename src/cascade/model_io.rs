//! Where pictures go into a graph and come out of it, checked against what is said of the model.

use std::collections::HashSet;

use super::description::Description;
use super::properties::shown;
use super::summary::GraphSummary;
use super::{LoadError, ModelMetadata, key};
use crate::blocks::PLANES;
use crate::onnx::ElementType;
use crate::onnx::proto::ValueInfoProto;

/// Name of the input: the mosaic.
pub const INPUT: &str = "pixelated";
/// Name of the input that tells the lattice. A model may have it or not; where it has, the input
/// must have a default of zeros, so that the mosaic alone is enough.
pub const LATTICE: &str = "lattice";
/// Name of the input that tells of neighbouring frames, in a model whose window has such. It has a
/// default of zeros, too.
pub const NEIGHBOURS: &str = "neighbours";
/// Name of the first network's output; a model may have it or not.
pub const STAGE1: &str = "stage1";
/// Name of the last network's output: the truest face.
pub const RESTORED: &str = "restored";
/// Name of the sharpest face with the colours of the truest; a model may have it or not.
pub const DETAILED: &str = "detailed";

/// The inputs and outputs of a graph that are used.
#[derive(Clone, Debug)]
pub(super) struct ModelIo {
    /// Where the mosaics go in.
    pub input: String,
    /// Where the truest faces come out.
    pub output: String,
    /// Whether there is the input [`LATTICE`].
    pub takes_lattice: bool,
    /// Whether there is the output [`STAGE1`].
    pub has_stage1: bool,
    /// Whether there is the output [`DETAILED`].
    pub has_detailed: bool,
    /// The graph takes one crop at a time.
    pub single: bool,
    /// Its channels go blue, green, red.
    pub bgr: bool,
}

impl ModelIo {
    /// Those of a graph that says the facts itself; its names are ours.
    pub(super) fn of_ours(
        model: &str,
        graph: &GraphSummary,
        metadata: &ModelMetadata,
    ) -> Result<Self, LoadError> {
        let check = Check {
            model,
            advice: "export the model again with depixelate-train",
            may_be_single: false,
            open: metadata.multiple.is_some(),
        };
        let inputs = open_inputs(graph);
        let outputs: Vec<_> = graph.outputs.iter().collect();
        check.picture("input", INPUT, &inputs, metadata.size)?;
        check.alone(INPUT, &inputs)?;
        let lattice = check.planes(graph, LATTICE, PLANES, metadata.size)?;
        let neighbours = metadata.window.planes();
        let told = check.planes(graph, NEIGHBOURS, neighbours, metadata.size)?;
        if told != (neighbours > 0) {
            let expected = match told {
                true => format!("none, as there is no `{}` in the metadata", key::FRAMES),
                false => format!("there, as the metadata has `{}`", key::FRAMES),
            };
            let found = if told { "there" } else { "missing" };
            return Err(check.wrong("input", NEIGHBOURS, found.into(), expected));
        }
        let has = |name: &str| outputs.iter().any(|output| output.name == name);
        let side = metadata.output_size();
        check.picture("output", RESTORED, &outputs, side)?;
        for name in [STAGE1, DETAILED] {
            if has(name) {
                check.picture("output", name, &outputs, side)?;
            }
        }
        Ok(Self {
            input: INPUT.into(),
            output: RESTORED.into(),
            takes_lattice: lattice,
            has_stage1: has(STAGE1),
            has_detailed: has(DETAILED),
            single: false,
            bgr: false,
        })
    }

    /// Those of a graph that `description` tells about; a name that it leaves out is that of the
    /// only one.
    pub(super) fn of_described(
        model: &str,
        graph: &GraphSummary,
        description: &Description,
    ) -> Result<Self, LoadError> {
        let check = Check {
            model,
            advice: &format!("{} and the graph must agree", description.file),
            may_be_single: true,
            open: description.metadata.multiple.is_some(),
        };
        let metadata = &description.metadata;
        let inputs = open_inputs(graph);
        let outputs: Vec<_> = graph.outputs.iter().collect();
        let input = check.chosen("input", description.input.as_deref(), &inputs)?;
        let output = check.chosen("output", description.output.as_deref(), &outputs)?;
        let singles = [
            check.picture("input", input, &inputs, metadata.size)?,
            check.picture("output", output, &outputs, metadata.output_size())?,
        ];
        check.alone(input, &inputs)?;
        Ok(Self {
            input: input.into(),
            output: output.into(),
            takes_lattice: false,
            has_stage1: false,
            has_detailed: false,
            single: singles.contains(&true),
            bgr: description.bgr,
        })
    }
}

/// The inputs that must be fed: old files list their weights among the inputs.
fn open_inputs(graph: &GraphSummary) -> Vec<&ValueInfoProto> {
    let weights: HashSet<_> = graph.initializers.iter().map(|t| &t.name).collect();
    let mut inputs: Vec<_> = graph.inputs.iter().collect();
    inputs.retain(|input| !weights.contains(&input.name));
    inputs
}

/// Checks values and words the errors.
struct Check<'a> {
    model: &'a str,
    advice: &'a str,
    /// Whether a batch of 1 will do.
    may_be_single: bool,
    /// Whether height and width must be open.
    open: bool,
}

impl Check<'_> {
    /// The value `name`, or the only one.
    fn chosen<'a>(
        &self,
        kind: &str,
        name: Option<&'a str>,
        values: &[&'a ValueInfoProto],
    ) -> Result<&'a str, LoadError> {
        match (name, values) {
            (Some(name), _) => Ok(name),
            (None, [only]) => Ok(&only.name),
            (None, _) => {
                let expected = format!("one {kind}, or its name under the key `{kind}`");
                Err(self.error(format!("{kind}s"), listed(values), expected))
            }
        }
    }

    /// An error unless the value `name` holds RGB pictures of `side`; whether it holds just one.
    fn picture(
        &self,
        kind: &str,
        name: &str,
        values: &[&ValueInfoProto],
        side: usize,
    ) -> Result<bool, LoadError> {
        let batch = match self.may_be_single {
            true => "N of 1 or open",
            false => "an open N",
        };
        let expected = match self.open {
            true => format!("Float[N, 3, open, open] with {batch}, as its sides are said to be"),
            false => format!("Float[N, 3, {side}, {side}] with {batch}"),
        };
        let found = match values.iter().find(|value| value.name == name) {
            Some(value) => match batch_of_pictures(value, side, self.open) {
                Some(-1) => return Ok(false),
                Some(1) if self.may_be_single => return Ok(true),
                _ => value.described(),
            },
            None if values.is_empty() => "missing".into(),
            None => format!("missing among {}", listed(values)),
        };
        Err(self.wrong(kind, name, found, expected))
    }

    /// Whether there is an input `name`; an error if it cannot take `planes` of pictures of `side`.
    fn planes(
        &self,
        graph: &GraphSummary,
        name: &str,
        planes: usize,
        side: usize,
    ) -> Result<bool, LoadError> {
        match graph.inputs.iter().find(|input| input.name == name) {
            Some(input) if !takes_planes(input, planes, side) => {
                let expected = format!("Float[N, {planes}, {side}, {side}] with an open N");
                Err(self.wrong("input", name, input.described(), expected))
            }
            found => Ok(found.is_some()),
        }
    }

    /// An error if anything but `name` must be fed.
    fn alone(&self, name: &str, inputs: &[&ValueInfoProto]) -> Result<(), LoadError> {
        match inputs.iter().find(|input| input.name != name) {
            Some(other) => {
                let expected = format!("{} as the only input", shown(name));
                Err(self.error(
                    format!("input {}", shown(&other.name)),
                    "there".into(),
                    expected,
                ))
            }
            None => Ok(()),
        }
    }

    fn wrong(&self, kind: &str, name: &str, found: String, expected: String) -> LoadError {
        self.error(format!("{kind} {}", shown(name)), found, expected)
    }

    fn error(&self, value: String, found: String, expected: String) -> LoadError {
        LoadError::Shape {
            model: self.model.into(),
            value,
            found,
            expected,
            advice: self.advice.into(),
        }
    }
}

/// The names of some values.
fn listed(values: &[&ValueInfoProto]) -> String {
    if values.is_empty() {
        return "missing".into();
    }
    let names = values.iter().take(4).map(|value| shown(&value.name));
    names.collect::<Vec<_>>().join(", ")
}

/// Whether an axis of length `found`, or an open one, takes `side`.
fn fits(found: i64, side: usize) -> bool {
    found == -1 || found == side as i64
}

/// The batch, −1 where open, if `value` can hold RGB pictures of `side`, or of any side where they
/// are to be `open`.
fn batch_of_pictures(value: &ValueInfoProto, side: usize, open: bool) -> Option<i64> {
    let fits = |found| if open { found == -1 } else { fits(found, side) };
    match value.sides()? {
        (ElementType::Float, sides) => match sides[..] {
            [batch, 3, height, width] if fits(height) && fits(width) => Some(batch),
            _ => None,
        },
        _ => None,
    }
}

/// Whether `value` can take so many planes of pictures of `side`.
fn takes_planes(value: &ValueInfoProto, planes: usize, side: usize) -> bool {
    value.sides().is_some_and(|(element, sides)| {
        element == ElementType::Float
            && matches!(sides[..], [-1, found, height, width]
                if found == planes as i64 && fits(height, side) && fits(width, side))
    })
}
