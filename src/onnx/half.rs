//! Models that calculate in 16-bit floats, where a device is faster in them. Inputs and outputs
//! stay 32-bit.

use std::collections::HashSet;

use half::f16;

use super::attr;
use super::proto::{DataType, GraphProto, ModelProto, NodeProto, TensorProto};

/// Appended to the names of inputs and outputs inside the graph.
const INSIDE: &str = ".half";

/// Make all of `model` calculate in 16-bit floats; what is larger than they can hold becomes the
/// largest of them.
pub fn calculate_in_halves(model: &mut ModelProto) {
    let Some(graph) = &mut model.graph else {
        return;
    };
    let kept = kept(graph);
    for tensor in &mut graph.initializer {
        if !kept.contains(&tensor.name) {
            halve(tensor);
        }
    }
    let float = DataType::Float as i64;
    for node in &mut graph.node {
        for attribute in &mut node.attribute {
            if node.op_type == "Cast" && attribute.name == "to" && attribute.i == Some(float) {
                attribute.i = Some(DataType::Float16 as i64);
            }
        }
    }
    cast_at_the_ends(graph);
}

/// Initialisers that stay as they are: defaults of inputs, and what `Resize` reads beside its
/// picture.
fn kept(graph: &GraphProto) -> HashSet<String> {
    let inputs = graph.input.iter().map(|input| input.name.clone());
    let resizes = graph.node.iter().filter(|node| node.op_type == "Resize");
    let read = resizes.flat_map(|node| node.input.iter().skip(1).cloned());
    inputs.chain(read).collect()
}

fn halve(tensor: &mut TensorProto) {
    if tensor.data_type != DataType::Float as i32 {
        return;
    }
    if let Some(raw) = &mut tensor.raw_data {
        let numbers = raw
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let (least, most) = (f16::MIN.to_f32(), f16::MAX.to_f32());
        *raw = numbers
            .flat_map(|number| f16::from_f32(number.clamp(least, most)).to_le_bytes())
            .collect();
        tensor.data_type = DataType::Float16 as i32;
    }
}

/// Rename inputs and outputs inside the graph, and put casts between those names and theirs.
fn cast_at_the_ends(graph: &mut GraphProto) {
    let names = |values: &[super::proto::ValueInfoProto]| -> Vec<String> {
        values.iter().map(|value| value.name.clone()).collect()
    };
    let (inputs, outputs) = (names(&graph.input), names(&graph.output));
    let ends: HashSet<&String> = inputs.iter().chain(&outputs).collect();
    for node in &mut graph.node {
        for value in node.input.iter_mut().chain(&mut node.output) {
            if ends.contains(value) {
                value.push_str(INSIDE);
            }
        }
    }
    let to_half = |name: &String| cast(name, &format!("{name}{INSIDE}"), DataType::Float16);
    let to_float = |name: &String| cast(&format!("{name}{INSIDE}"), name, DataType::Float);
    let nodes = std::mem::take(&mut graph.node);
    graph.node = (inputs.iter().map(to_half))
        .chain(nodes)
        .chain(outputs.iter().map(to_float))
        .collect();
}

fn cast(from: &str, to: &str, kind: DataType) -> NodeProto {
    NodeProto {
        input: vec![from.to_owned()],
        output: vec![to.to_owned()],
        name: format!("Cast.{to}"),
        op_type: "Cast".to_owned(),
        attribute: vec![attr::int("to", kind as i64)],
        domain: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{GraphBuilder, batch_of};

    #[test]
    fn weights_are_halves_and_ends_are_not() {
        let mut g = GraphBuilder::new("test");
        let x = g.input_f32("x", &batch_of(&[2]));
        let factor = g.initializer_f32("factor", &[2], &[1.5, 1e9]);
        let y = g.mul(&x, &factor);
        g.output_f32("y", &y, &batch_of(&[2]));
        let mut model = g.finish().unwrap();
        calculate_in_halves(&mut model);
        let graph = model.graph.unwrap();
        let factor = &graph.initializer[0];
        assert_eq!(factor.data_type, DataType::Float16 as i32);
        let raw = factor.raw_data.as_ref().unwrap();
        let halves = raw
            .chunks(2)
            .map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32());
        assert_eq!(halves.collect::<Vec<_>>(), [1.5, 65504.0]);
        let reads: Vec<_> = graph.node.iter().map(|node| &node.input[0]).collect();
        assert_eq!(reads[0], "x");
        assert_eq!(reads[1], "x.half");
        assert_eq!(graph.node.last().unwrap().output, ["y"]);
        let types = graph.input.iter().chain(&graph.output).map(|value| {
            let tensor = value.r#type.as_ref().unwrap().tensor_type.as_ref();
            tensor.unwrap().elem_type
        });
        assert_eq!(types.collect::<Vec<_>>(), [DataType::Float as i32; 2]);
    }
}
