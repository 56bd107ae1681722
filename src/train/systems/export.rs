//! A restorer of a system as a model file that `facedepixelate` plays, and the proof that it does what libtorch does.

use anyhow::ensure;
use tch::{Device, Kind, Tensor};

use super::{Network, forward};
use crate::cascade::{
    Backend, Crops, INPUT, Model, ModelFacts, OrtBackend, RESTORED, STAGE1, SessionSettings,
    runtime,
};
use crate::onnx::{GraphBuilder, batch_of, encode};
use crate::train::export::{RECIPE, TOLERANCE};
use crate::train::layers::Parameters;
use crate::train::onnx_layers::{Node, OnnxLayers, numbers};

/// The model file of a network that gives pictures of the size that it takes; `recipe` is the run's, a TOML text.
///
/// Fails where ONNX Runtime makes something else of random pictures than libtorch, at batch 1 or 3.
pub fn model_file(
    network: &impl Network,
    weights: &Parameters,
    facts: &ModelFacts,
    recipe: &str,
) -> anyhow::Result<Vec<u8>> {
    ensure!(
        facts.scale == 1,
        "networks that change the size are no restorers for the element yet"
    );
    let side = facts.size as i64;
    let shape = batch_of(&[3, side, side]);
    let mut graph = GraphBuilder::new("depixelate");
    let picture = Node {
        name: graph.input_f32(INPUT, &shape),
        channels: 3,
    };
    let mut layers = OnnxLayers {
        graph: &mut graph,
        parameters: weights,
        prefix: "stage1.",
    };
    let restored = network.read(&mut layers, &[picture]);
    // One network is the first and the last stage.
    graph.output_f32(STAGE1, &restored.name, &shape);
    graph.output_f32(RESTORED, &restored.name, &shape);
    facts.write_to(&mut graph);
    graph.metadata(RECIPE, recipe);
    let onnx = encode(&graph.finish()?);
    prove(network, weights, &onnx)?;
    Ok(onnx)
}

/// An error if the element's own code gets other numbers out of `onnx` than libtorch out of `weights`.
fn prove(network: &impl Network, weights: &Parameters, onnx: &[u8]) -> anyhow::Result<()> {
    let model = Model::from_bytes("the exported network", onnx.to_vec())?;
    let runtime = runtime::load_for_program()?;
    let mut session = OrtBackend::new(runtime, &model, &SessionSettings::default())?;
    let side = model.facts().size as i64;
    for batch in [1, 3] {
        let noise = Tensor::rand([batch, 3, side / 4, side / 4], (Kind::Float, Device::Cpu));
        let picture = (noise * 2 - 1).upsample_nearest2d([side, side], None, None);
        let input = numbers(&picture);
        let mut found = Vec::new();
        session.run(Crops::new(&input, batch as usize), 0.0, &mut found)?;
        let expected = numbers(&forward(network, weights, &[picture]));
        let pairs = expected.iter().zip(&found);
        let good = |(a, b): (&f32, &f32)| (a - b).abs() <= TOLERANCE;
        ensure!(
            expected.len() == found.len() && pairs.into_iter().all(good),
            "ONNX Runtime and libtorch differ by more than {TOLERANCE:e}; nothing was written"
        );
    }
    Ok(())
}
