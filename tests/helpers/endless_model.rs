//! A model whose run ends only where all that it is shown is black: so loading it finds no fault.

use gstdepixelate::cascade::{INPUT, RESTORED};
use gstdepixelate::onnx::{ElementType, GraphBuilder, attr, batch_of};
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};

use super::tiny_metadata;

/// The bytes of such a model for crops of `size` × `size` pixels.
pub fn endless_model(size: usize) -> Vec<u8> {
    let mut g = GraphBuilder::new("endless");
    tiny_metadata(size).write_to(&mut g);
    let shape = batch_of(&[3, size as i64, size as i64]);
    let x = g.input_f32(INPUT, &shape);
    let zero = g.initializer_f32("zero", &[], &[0.0]);
    let most = g.initializer_i64("most", &[], &[i64::MAX]);
    let brightest = g.node("ReduceMax", &[&x], vec![attr::int("keepdims", 0)]);
    let size = g.node("Abs", &[&brightest], vec![]);
    let shows = g.node("Greater", &[&size, &zero], vec![]);
    let sum = g.node("Loop", &[&most, &shows, &zero], vec![]);
    let nothing = g.mul(&sum, &zero);
    let y = g.add(&x, &nothing);
    g.output_f32(RESTORED, &y, &shape);
    let mut model = g.finish().unwrap();
    let graph = model.graph.take().unwrap();
    // The writer knows no graphs inside attributes: the loop's is put in by hand.
    let mut rest = graph.clone();
    rest.node.clear();
    let nodes = graph.node.iter().flat_map(|node| {
        let mut bytes = node.encode_to_vec();
        if node.op_type == "Loop" {
            bytes.extend(field(5, &body()));
        }
        field(1, &bytes)
    });
    let graph: Vec<u8> = rest.encode_to_vec().into_iter().chain(nodes).collect();
    [model.encode_to_vec(), field(7, &graph)].concat()
}

/// The attribute `body`: 1 more each time, as long as the condition holds, which stays what it is.
fn body() -> Vec<u8> {
    const GRAPH: u64 = 5;
    let mut g = GraphBuilder::new("body");
    g.input("iteration", ElementType::Int64, &[]);
    let condition = g.input("condition", ElementType::Bool, &[]);
    let sum = g.input_f32("sum", &[]);
    let one = g.initializer_f32("one", &[], &[1.0]);
    let more = g.add(&sum, &one);
    let same = g.identity(&condition);
    g.output("goes-on", &same, ElementType::Bool, &[]);
    g.output_f32("more", &more, &[]);
    let graph = g.finish().unwrap().graph.unwrap();
    let mut kind = Vec::new();
    encode_key(20, WireType::Varint, &mut kind);
    encode_varint(GRAPH, &mut kind);
    [field(1, b"body"), field(6, &graph.encode_to_vec()), kind].concat()
}

fn field(tag: u32, content: &[u8]) -> Vec<u8> {
    let mut field = Vec::new();
    encode_key(tag, WireType::LengthDelimited, &mut field);
    encode_varint(content.len() as u64, &mut field);
    field.extend_from_slice(content);
    field
}
