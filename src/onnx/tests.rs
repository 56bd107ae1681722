use super::proto::{AttributeType, DataType, DimensionValue};
use super::*;

/// One of every layer.
fn sample() -> GraphBuilder {
    let mut g = GraphBuilder::new("sample");
    let x = g.input_f32("x", &batch_of(&[3, 8, 8]));
    let weight = Weights {
        name: "c.weight",
        dims: &[3, 3, 3, 3],
        data: &[0.5; 81],
    };
    let bias = Weights {
        name: "c.bias",
        dims: &[3],
        data: &[0.0, -0.0, 1e-30],
    };
    let y = g.pad(&x, PadMode::Reflect, [1; 4]);
    let y = g.conv(&y, &weight, Some(&bias), Conv2d::new(2, 0));
    let y = g.instance_norm(&y, 3);
    let y = g.relu(&y);
    let up = ConvTranspose2d {
        strides: [2; 2],
        pads: [1; 4],
        output_padding: [1; 2],
    };
    let y = g.conv_transpose(&y, &weight, None, up);
    let y = g.leaky_relu(&y, 0.2);
    let y = g.max_pool_2(&y);
    let y = g.upsample_nearest_2(&y);
    let y = g.pad(&y, PadMode::Edge, [1; 4]);
    let y = g.conv(&y, &weight, Some(&bias), Conv2d::new(1, 0));
    let both = g.concat(&[&x, &y], 1);
    let sum = g.add(&x, &y);
    let product = g.mul(&sum, &x);
    let end = g.tanh(&product);
    g.output_f32("both", &both, &batch_of(&[6, 8, 8]));
    g.output_f32("end", &end, &batch_of(&[3, 8, 8]));
    g.metadata("key", "old");
    g.metadata("key", "value");
    g
}

#[test]
fn round_trip() {
    let model = sample().finish().unwrap();
    let bytes = encode(&model);
    let back = decode(&bytes).unwrap();
    assert_eq!(back, model);
    assert_eq!((back.ir_version, back.opset_import[0].version), (8, 17));
    assert_eq!(back.metadata_props.len(), 1);
    assert_eq!(back.metadata_props[0].value, "value");
}

#[test]
fn weights_are_little_endian_and_names_unique() {
    let graph = sample().finish().unwrap().graph.unwrap();
    let names: Vec<_> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
    let expected = [
        "pads_1_1_1_1",
        "c.weight",
        "c.bias",
        "ones_3",
        "zeros_3",
        "c.weight_1",
        "scales_2",
        "c.weight_2",
        "c.bias_1",
    ];
    assert_eq!(names, expected);
    let bias = &graph.initializer[2];
    assert_eq!(bias.data_type(), DataType::Float);
    assert_eq!(
        bias.raw_data.as_deref().unwrap()[4..8],
        [0, 0, 0, 0x80],
        "−0 stays −0"
    );
    let mut outputs: Vec<_> = graph.node.iter().map(|n| n.output[0].clone()).collect();
    outputs.sort();
    outputs.dedup();
    assert_eq!(outputs.len(), graph.node.len());
}

#[test]
fn zero_attributes_and_open_axes_are_written() {
    let mut g = GraphBuilder::new("zeros");
    let x = g.input("x", ElementType::Int64, &["N".into(), 0.into()]);
    let y = g.node(
        "Fake",
        &[&x],
        vec![attr::int("i", 0), attr::float("f", 0.0)],
    );
    g.output("y", &y, ElementType::Int64, &["N".into()]);
    let graph = decode(&encode(&g.finish().unwrap()))
        .unwrap()
        .graph
        .unwrap();
    let attributes = &graph.node[0].attribute;
    assert_eq!(attributes[0].i, Some(0));
    assert_eq!(attributes[1].f, Some(0.0));
    assert_eq!(attributes[1].r#type(), AttributeType::Float);
    let tensor = graph.input[0].r#type.as_ref().unwrap().tensor_type.as_ref();
    let dims = &tensor.unwrap().shape.as_ref().unwrap().dim;
    assert_eq!(
        dims[0].value,
        Some(DimensionValue::DimParam("N".to_string()))
    );
    assert_eq!(dims[1].value, Some(DimensionValue::DimValue(0)));
}

#[test]
fn garbage_is_an_error() {
    let model = encode(&sample().finish().unwrap());
    let cut = &model[..model.len() / 2];
    let cases: [&[u8]; 6] = [
        b"",
        b"\x7fELF\x02\x01\x01",
        b"<!DOCTYPE html><html>not a model</html>",
        &[0xff; 64],
        &[0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f],
        cut,
    ];
    for bytes in cases {
        assert!(decode(bytes).is_err(), "{bytes:02x?}");
    }
    // Every cut of a real model either is an error or still holds a graph; none panics.
    for end in 0..model.len() {
        let _ = decode(&model[..end]);
    }
}

#[test]
fn mistakes_are_reported_at_the_end() {
    let with_x = |build: &dyn Fn(&mut GraphBuilder)| {
        let mut g = GraphBuilder::new("bad");
        g.input_f32("x", &batch_of(&[3, 8, 8]));
        build(&mut g);
        g.finish().unwrap_err().to_string()
    };
    assert_eq!(
        with_x(&|g| drop(g.initializer_f32("w", &[2, 3], &[0.0; 5]))),
        "tensor `w` has 5 elements, but its shape [2, 3] wants 6"
    );
    assert_eq!(
        with_x(&|g| drop(g.relu("y"))),
        "`Relu_1` reads `y`, which nothing before it makes"
    );
    assert_eq!(
        with_x(&|g| drop(g.input_f32("x", &batch_of(&[1])))),
        "the name `x` is used twice"
    );
    let flat = Weights {
        name: "w",
        dims: &[4],
        data: &[0.0; 4],
    };
    assert_eq!(
        with_x(&|g| drop(g.conv("x", &flat, None, Conv2d::new(1, 0)))),
        "tensor `w` has shape [4], but `Conv` wants 4 axes"
    );
    assert_eq!(
        with_x(&|g| drop(g.initializer_i64("w", &[i64::MAX, 2], &[]))),
        format!(
            "tensor `w` has 0 elements, but its shape [{}, 2] wants -1",
            i64::MAX
        )
    );
}

#[test]
fn one_graph_goes_behind_another() {
    let inner = sample().finish().unwrap().graph.unwrap();
    let count = inner.node.len();
    let mut g = GraphBuilder::new("outer");
    let x = g.input_f32("picture", &batch_of(&[3, 8, 8]));
    let x = g.relu(&x);
    let bound = [("x", x.as_str())];
    let renamed = g.splice(inner.clone(), "inner.", &bound);
    assert_eq!(renamed("end"), "inner.end");
    g.output_f32("end", &renamed("end"), &batch_of(&[3, 8, 8]));
    let graph = g.finish().unwrap().graph.unwrap();
    assert_eq!(graph.node.len(), count + 2);
    assert_eq!(graph.node[1].input, ["Relu_1", "inner.pads_1_1_1_1"]);
    assert_eq!((graph.input.len(), graph.output.len()), (1, 1));
    let mut g = GraphBuilder::new("outer");
    drop(g.splice(inner, "inner.", &[]));
    let error = g.finish().unwrap_err().to_string();
    assert!(error.contains("reads `inner.x`"), "{error}");
}
