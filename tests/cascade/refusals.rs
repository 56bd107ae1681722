//! Models and settings that are refused, and what the errors say.

use std::path::Path;

use super::sessions::{cpu, error_text, ramp, runtime};
use crate::helpers::{Tiny, tiny_metadata, tiny_model};
use gstdepixelate::cascade::{
    Backend, Crops, INPUT, LoadError, MAX_MODEL_BYTES, Model, OrtBackend, RESTORED, STAGE1,
};
use gstdepixelate::onnx::proto::{DimensionValue, ModelProto, ValueInfoProto};
use gstdepixelate::onnx::{Dim, ElementType, GraphBuilder, batch_of, decode, encode};

/// A tiny model after a change to its file.
fn changed(change: impl FnOnce(&mut ModelProto)) -> Result<Model, LoadError> {
    let mut model = decode(&tiny_model(16, Tiny::Identity)).unwrap();
    change(&mut model);
    Model::from_bytes("m.onnx", encode(&model))
}

fn value<'a>(model: &'a mut ModelProto, name: &str) -> &'a mut ValueInfoProto {
    let graph = model.graph.as_mut().unwrap();
    let mut values = graph.input.iter_mut().chain(&mut graph.output);
    values.find(|value| value.name == name).unwrap()
}

fn set_side(model: &mut ModelProto, name: &str, axis: usize, side: i64) {
    let tensor = value(model, name).r#type.as_mut().unwrap();
    let shape = tensor.tensor_type.as_mut().unwrap().shape.as_mut().unwrap();
    shape.dim[axis].value = Some(DimensionValue::DimValue(side));
}

#[test]
fn wrong_inputs_and_outputs_are_named() {
    type Change = fn(&mut ModelProto);
    let cases: [(Change, &str); 9] = [
        (
            |m| value(m, INPUT).name = "x".into(),
            "input `pixelated` is missing among `x`, expected Float[N, 3, 16, 16]",
        ),
        (
            |m| value(m, RESTORED).name = "first".into(),
            "output `restored` is missing among `stage1`, `first`, expected",
        ),
        (
            |m| m.graph.as_mut().unwrap().output.clear(),
            "output `restored` is missing, expected",
        ),
        (
            |m| set_side(m, INPUT, 0, 1),
            "input `pixelated` is Float[1, 3, 16, 16], expected Float[N, 3, 16, 16] with an open N",
        ),
        (
            |m| set_side(m, INPUT, 3, 32),
            "input `pixelated` is Float[open, 3, 16, 32], expected",
        ),
        (
            |m| set_side(m, RESTORED, 1, 4),
            "output `restored` is Float[open, 4, 16, 16], expected",
        ),
        (
            |m| {
                let r#type = value(m, RESTORED).r#type.as_mut().unwrap();
                r#type.tensor_type.as_mut().unwrap().elem_type = ElementType::Float16.into();
            },
            "output `restored` is Float16[open, 3, 16, 16], expected",
        ),
        (
            |m| value(m, STAGE1).r#type = None,
            "output `stage1` is no tensor with a shape, expected",
        ),
        (
            |m| {
                let tensor = value(m, INPUT).r#type.as_mut().unwrap();
                let shape = tensor.tensor_type.as_mut().unwrap().shape.as_mut().unwrap();
                shape.dim.pop();
            },
            "input `pixelated` is Float[open, 3, 16], expected",
        ),
    ];
    for (change, expected) in cases {
        let text = error_text(changed(change));
        let expected = format!("model m.onnx: {expected}");
        assert!(text.starts_with(&expected), "{text}\n{expected}");
    }
}

#[test]
fn a_second_input_is_named_but_weights_among_the_inputs_are_not() {
    let second = |m: &mut ModelProto| {
        let mut other = value(m, INPUT).clone();
        other.name = "noise".into();
        m.graph.as_mut().unwrap().input.push(other);
    };
    let text = error_text(changed(second));
    assert!(text.contains("input `noise` is there, expected"), "{text}");

    let mut model = decode(&tiny_model(16, Tiny::Scaled(1.0))).unwrap();
    let mut weight = value(&mut model, INPUT).clone();
    weight.name = "factor".into();
    model.graph.as_mut().unwrap().input.push(weight);
    Model::from_bytes("old", encode(&model)).unwrap();
}

#[test]
fn wrong_metadata_is_named() {
    let text = error_text(changed(|m| m.metadata_props.clear()));
    assert!(
        text.starts_with("model m.onnx: metadata property `depixelate.format` is missing"),
        "{text}"
    );
    let text = error_text(changed(|m| m.metadata_props[1].value = "15".into()));
    assert!(
        text.contains("`depixelate.size` is `15`, expected a multiple of 4 from 16 to 1024"),
        "{text}"
    );
}

/// `TensorProto` with the field that says where its data lie, which our own writer never sets.
#[derive(Clone, PartialEq, prost::Message)]
struct ExternalTensor {
    #[prost(string, tag = "8")]
    name: String,
    #[prost(int32, tag = "14")]
    data_location: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ExternalGraph {
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<ExternalTensor>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ExternalModel {
    #[prost(message, optional, tag = "7")]
    graph: Option<ExternalGraph>,
}

#[test]
fn weights_in_other_files_are_refused() {
    let external = ExternalModel {
        graph: Some(ExternalGraph {
            initializer: vec![ExternalTensor {
                name: "w".into(),
                data_location: 1,
            }],
        }),
    };
    // Concatenated messages are merged.
    let mut bytes = tiny_model(16, Tiny::Identity);
    bytes.extend(prost::Message::encode_to_vec(&external));
    let text = error_text(Model::from_bytes("m.onnx", bytes));
    assert!(text.contains("its weights lie in other files"), "{text}");
}

#[test]
fn files_that_are_no_models_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let refused = |path: &Path| error_text(Model::open(path));

    let missing = path("missing.onnx");
    let expected = format!("model file {} not found: check the path", missing.display());
    assert_eq!(refused(&missing), expected);
    assert!(refused(folder.path()).contains("not a regular file"));

    let model = tiny_model(16, Tiny::Identity);
    for (name, bytes) in [
        ("empty.onnx", &b""[..]),
        ("text.onnx", b"version https://git-lfs.github.com/spec/v1\n"),
        ("zeros.onnx", &[0; 512]),
        ("cut.onnx", &model[..model.len() - 7]),
    ] {
        std::fs::write(path(name), bytes).unwrap();
        let text = refused(&path(name));
        assert!(
            text.contains(name) && text.contains("not an ONNX model"),
            "{text}"
        );
    }

    let large = path("large.onnx");
    let file = std::fs::File::create(&large).unwrap();
    file.set_len(MAX_MODEL_BYTES + 1).unwrap();
    assert!(refused(&large).contains("is larger than 1073741824 bytes"));

    let good = path("good.onnx");
    std::fs::write(&good, &model).unwrap();
    assert_eq!(Model::open(&good).unwrap().metadata(), &tiny_metadata(16));
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.onnx");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    assert!(error_text(Model::open(&pipe)).contains("not a regular file"));
}

/// A model whose node or output is not what the file says; only ONNX Runtime can know.
fn lying(op: &str, declared: &[Dim], attrs: &[(&str, i64)]) -> Vec<u8> {
    let mut g = GraphBuilder::new("lying");
    tiny_metadata(16).write_to(&mut g);
    let x = g.input_f32(INPUT, &batch_of(&[3, 16, 16]));
    let attrs = attrs
        .iter()
        .map(|&(name, value)| gstdepixelate::onnx::attr::int(name, value))
        .collect();
    let y = g.node(op, &[&x], attrs);
    g.output_f32(STAGE1, &x, &batch_of(&[3, 16, 16]));
    g.output_f32(RESTORED, &y, declared);
    encode(&g.finish().unwrap())
}

#[test]
fn what_only_the_runtime_can_see_is_an_error_too() {
    let square = batch_of(&[3, 16, 16]);
    let open = |bytes| {
        let model = Model::from_bytes("m.onnx", bytes).unwrap();
        OrtBackend::new(runtime(), &model, &cpu())
    };
    let text = error_text(open(lying("NoSuchOperator", &square, &[])));
    assert!(text.starts_with("cannot read model m.onnx"), "{text}");
    assert!(text.contains("NoSuchOperator"), "{text}");

    // The shape that is made differs from the one declared: an error at the latest when it runs.
    let flat = open(lying("Flatten", &square, &[("axis", 1)])).and_then(|mut backend| {
        Ok(backend.run(Crops::new(&ramp(1, 16), 1), 0.0, &mut Vec::new())?)
    });
    let text = error_text(flat);
    assert!(text.contains("shape") || text.contains("rank"), "{text}");
}
