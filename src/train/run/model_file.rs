//! A system's networks as model files, and the proof that they do what libtorch does.

use anyhow::ensure;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::cascade::{
    Backend, Crops, INPUT, Model, ModelMetadata, OrtBackend, RESTORED, SessionSettings, ValueRange,
    runtime,
};
use crate::onnx::{GraphBuilder, batch_of, encode};
use crate::train::nn::layers::Parameters;
use crate::train::nn::network::{Network, forward, graph_of, measure, parity};
use crate::train::nn::onnx_layers::{Node, OnnxLayers};
use crate::train::nn::tensors::numbers;

/// Largest difference between libtorch and ONNX Runtime that passes, in units of the range −1 … 1.
pub const TOLERANCE: f32 = 1e-4;

/// Metadata property with the recipe of the run, a TOML text.
pub const RECIPE: &str = "depixelate.recipe";

/// Where weights come from, for their file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// What the weights are trained on.
    pub trained_on: String,
    /// Licence of the weights.
    pub license: String,
}

/// The file of a network that is no restorer, for inputs of `side`; `recipe` is the run's, a TOML
/// text.
///
/// Fails where ONNX Runtime makes something else of random numbers than libtorch, at batch 1 or 3.
pub fn network_file(
    network: &impl Network,
    weights: &Parameters,
    side: i64,
    origin: &Origin,
    recipe: &str,
) -> anyhow::Result<Vec<u8>> {
    let difference = parity(network, weights, side)?;
    ensure!(
        difference <= TOLERANCE,
        "ONNX Runtime and libtorch differ by {difference:e}, more than {TOLERANCE:e}; nothing was written"
    );
    let metadata = [
        (RECIPE, recipe),
        ("depixelate.trained-on", &origin.trained_on),
        ("depixelate.license", &origin.license),
    ];
    graph_of(network, weights, side, &metadata)
}

/// The model file of a network of pictures; `recipe` is the run's, a TOML text.
///
/// Fails where the network's output has not the size that `facts` say, and where ONNX Runtime makes
/// something else of random pictures than libtorch, at batch 1 or 3.
pub fn model_file(
    network: &impl Network,
    weights: &Parameters,
    metadata: &ModelMetadata,
    recipe: &str,
) -> anyhow::Result<Vec<u8>> {
    let (side, output) = (metadata.size as i64, metadata.output_size() as i64);
    let (_, given) = measure(network, side);
    ensure!(
        given == [3, output, output],
        "of pictures of {side} pixels the network makes {given:?}, not {:?}",
        [3, output, output]
    );
    let mut graph = GraphBuilder::new("depixelate");
    let picture = Node {
        name: graph.input_f32(INPUT, &batch_of(&[3, side, side])),
        channels: 3,
    };
    let mut layers = OnnxLayers {
        graph: &mut graph,
        parameters: weights,
        prefix: "stage1.",
    };
    let restored = network.read(&mut layers, &[picture]);
    graph.output_f32(RESTORED, &restored.name, &batch_of(&[3, output, output]));
    metadata.write_to(&mut graph);
    graph.metadata(RECIPE, recipe);
    let onnx = encode(&graph.finish()?);
    prove(network, weights, &onnx)?;
    Ok(onnx)
}

/// An error if the element's own code gets other numbers out of `onnx` than libtorch out of
/// `weights`.
fn prove(network: &impl Network, weights: &Parameters, onnx: &[u8]) -> anyhow::Result<()> {
    let model = Model::from_bytes("the exported network", onnx.to_vec())?;
    let runtime = runtime::load_for_program()?;
    let mut session = OrtBackend::new(runtime, &model, &SessionSettings::default())?;
    let side = model.metadata().size as i64;
    for batch in [1, 3] {
        let noise = Tensor::rand([batch, 3, side / 4, side / 4], (Kind::Float, Device::Cpu));
        let noise = match model.metadata().range {
            ValueRange::Signed => noise * 2 - 1,
            ValueRange::Unit => noise,
        };
        let picture = noise.upsample_nearest2d([side, side], None, None);
        let input = numbers(&picture);
        let mut found = Vec::new();
        session.run(Crops::new(&input, batch as usize), 0.0, &mut found)?;
        let device = weights.values().next().map_or(Device::Cpu, Tensor::device);
        let expected = forward(network, weights, &[picture.to_device(device)]);
        let expected = numbers(&expected);
        let pairs = expected.iter().zip(&found);
        let good = |(a, b): (&f32, &f32)| (a - b).abs() <= TOLERANCE;
        ensure!(
            expected.len() == found.len() && pairs.into_iter().all(good),
            "ONNX Runtime and libtorch differ by more than {TOLERANCE:e}; nothing was written"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::nn::layers::Init;
    use crate::train::nn::network::declare;
    use crate::train::optim::trained::TrainedNetwork;
    use crate::train::systems::dcgan::networks::Dcgan;
    use crate::train::systems::esrgan::networks::{ResidualKind, SrResNet};
    use crate::train::systems::esrgan::rrdb::RrdbNet;
    use crate::train::systems::face_check::FaceNet;
    use crate::train::systems::pix2pix::networks::{Flavour, UNet, UNetNorm};
    use crate::train::systems::pixelcyclegan::networks::Nested;
    use crate::train::systems::scgan::networks::Restorer;

    /// A training that starts from the file of `network` for inputs of `side` has its weights.
    fn check_start(network: &impl Network, side: i64) {
        let declared = declare(network, Init::KaimingUniform, Device::Cpu).into_iter();
        // Those that start at one value for all would hide that they were not read.
        let weights: Parameters = declared
            .map(|(name, tensor)| (name, tensor.detach().rand_like()))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("network.onnx");
        std::fs::write(&file, graph_of(network, &weights, side, &[]).unwrap()).unwrap();
        let fresh = declare(network, Init::KaimingUniform, Device::Cpu);
        let mut trained = TrainedNetwork::new("network", fresh, 1e-3, [0.9, 0.999]).averaged(0.9);
        trained.start_from(&file, "").unwrap();
        for started in [&trained.weights, trained.best()] {
            assert_eq!(started.len(), weights.len());
            for (name, tensor) in &weights {
                assert_eq!(&started[name].detach(), tensor, "{name}");
            }
        }
    }

    #[test]
    fn a_training_starts_from_the_file_of_each_network() {
        for kind in [
            ResidualKind::Srgan,
            ResidualKind::Plain,
            ResidualKind::Compact,
        ] {
            let (width, blocks) = (4, 1);
            let network = SrResNet {
                width,
                blocks,
                kind,
            };
            check_start(&network, 16);
        }
        let rrdb = RrdbNet {
            width: 4,
            blocks: 1,
            growth: 2,
            scale: 4,
        };
        check_start(&rrdb, 16);
        for norm in [UNetNorm::Batch, UNetNorm::Instance] {
            let unet = UNet {
                width: 4,
                halvings: 5,
                norm,
                flavour: Flavour::Base,
            };
            check_start(&unet, 32);
        }
        let widths = vec![4, 4, 4];
        check_start(&Nested::Pyramid { widths }, 32);
        let restorer = Restorer {
            widths: [4, 4, 4],
            blocks: [1, 1],
            align_corners: false,
        };
        check_start(&restorer, 16);
        let dcgan = Dcgan {
            width: 4,
            side: 32,
            norm_first: true,
        };
        check_start(&dcgan, 32);
        check_start(&FaceNet { width: 3 }, 32);
    }
}
