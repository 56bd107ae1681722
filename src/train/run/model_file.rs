//! A system's networks as model files, and the proof that they do what libtorch does.

use anyhow::ensure;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::cascade::{
    INPUT, Model, ModelMetadata, OrtBackend, Pictures, RESTORED, SessionSettings, ValueRange,
    Window, runtime,
};
use crate::onnx::{Dim, GraphBuilder, batch_of, encode, open_pictures};
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

/// The model file of a network of pictures; `recipe` is the run's, a TOML text. Height and width
/// are open where the network takes pictures of many sizes, and the metadata then says which.
///
/// Fails where the network's output has not the size that `metadata` say, and where ONNX Runtime
/// makes something else of random pictures than libtorch, at batch 1 or 3, or oblong where they may
/// be that.
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
    let metadata = ModelMetadata {
        multiple: network.multiple(),
        window: Window::default(),
        ..metadata.clone()
    };
    let mut graph = GraphBuilder::new("depixelate");
    let picture = Node {
        name: graph.input_f32(INPUT, &shape(&metadata, 1)),
        channels: 3,
    };
    let mut layers = OnnxLayers {
        graph: &mut graph,
        parameters: weights,
        prefix: "stage1.",
    };
    let restored = network.read(&mut layers, &[picture]);
    graph.output_f32(RESTORED, &restored.name, &shape(&metadata, metadata.scale));
    metadata.write_to(&mut graph);
    graph.metadata(RECIPE, recipe);
    let onnx = encode(&graph.finish()?);
    prove(network, weights, &onnx)?;
    Ok(onnx)
}

/// Shape of a batch of pictures that are `scale` times as large as the input's.
pub(in crate::train) fn shape(metadata: &ModelMetadata, scale: usize) -> Vec<Dim> {
    let side = (metadata.size * scale) as i64;
    match metadata.multiple {
        Some(_) => open_pictures(scale),
        None => batch_of(&[3, side, side]),
    }
}

/// An error if the element's own code gets other numbers out of `onnx` than libtorch out of
/// `weights`.
fn prove(network: &impl Network, weights: &Parameters, onnx: &[u8]) -> anyhow::Result<()> {
    let model = Model::from_bytes("the exported network", onnx.to_vec())?;
    let metadata = model.metadata();
    let (size, least) = (metadata.size, metadata.least_side());
    let mut shapes = vec![(1, [size; 2]), (3, [size; 2])];
    shapes.extend(metadata.multiple.map(|it| (1, [least, least + it])));
    for (batch, sides) in shapes {
        let difference = difference(network, weights, &model, batch, sides)?;
        ensure!(
            difference <= TOLERANCE,
            "ONNX Runtime and libtorch differ by {difference:e}, more than {TOLERANCE:e}; nothing was written"
        );
    }
    Ok(())
}

/// Largest difference between what ONNX Runtime makes of random pictures of `sides` (height, width)
/// and what libtorch does; infinite where one makes other sizes, or no numbers.
fn difference(
    network: &impl Network,
    weights: &Parameters,
    model: &Model,
    batch: usize,
    sides: [usize; 2],
) -> anyhow::Result<f32> {
    let runtime = runtime::load_for_program()?;
    let mut session = OrtBackend::new(runtime, model, &SessionSettings::default())?;
    let [height, width] = sides.map(|side| side as i64);
    let shape = [batch as i64, 3, height / 4, width / 4];
    let noise = Tensor::rand(shape, (Kind::Float, Device::Cpu));
    let noise = match model.metadata().range {
        ValueRange::Signed => noise * 2 - 1,
        ValueRange::Unit => noise,
    };
    let picture = noise.upsample_nearest2d([height, width], None, None);
    let (input, mut found) = (numbers(&picture), Vec::new());
    let pictures = Pictures {
        count: batch,
        sides,
        data: &input,
    };
    session.run_pictures(pictures, 0.0, &mut found)?;
    let device = weights.values().next().map_or(Device::Cpu, Tensor::device);
    let expected = numbers(&forward(network, weights, &[picture.to_device(device)]));
    if expected.len() != found.len() {
        return Ok(f32::INFINITY);
    }
    let differences = expected.iter().zip(&found).map(|(a, b)| (a - b).abs());
    // A difference that is no number must not pass as none.
    Ok(differences.fold(0.0, |worst: f32, it| match it.is_nan() {
        true => f32::INFINITY,
        false => worst.max(it),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::MosaicInput;
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

    fn enlargers() -> Vec<SrResNet> {
        use ResidualKind::{Compact, Plain, Srgan};
        let network = |kind| SrResNet {
            width: 4,
            blocks: 1,
            kind,
        };
        [Srgan, Plain, Compact].map(network).into()
    }

    fn rrdb(scale: i64) -> RrdbNet {
        RrdbNet {
            width: 4,
            blocks: 1,
            growth: 2,
            scale,
        }
    }

    fn u_net(norm: UNetNorm) -> UNet {
        UNet {
            width: 4,
            halvings: 5,
            norm,
            flavour: Flavour::Base,
        }
    }

    const RESTORER: Restorer = Restorer {
        widths: [4, 4, 4],
        blocks: [1, 1],
        align_corners: false,
    };

    /// The file for pictures of `size` takes such of other sizes, and ONNX Runtime makes of them
    /// what libtorch does.
    fn check_open(network: &impl Network, size: usize, multiple: usize) {
        tch::manual_seed(3);
        let weights = declare(network, Init::KaimingUniform, Device::Cpu);
        let (_, output) = measure(network, size as i64);
        let metadata = ModelMetadata {
            size,
            scale: output[1] as usize / size,
            range: ValueRange::Unit,
            margin: 1.3,
            mosaic: MosaicInput::Blocks,
            blocks: (1.0, 8.0),
            trained_on: "nothing".to_owned(),
            license: "MIT".to_owned(),
            multiple: None,
            window: Window::default(),
        };
        let onnx = model_file(network, &weights, &metadata, "").unwrap();
        let model = Model::from_bytes("open", onnx).unwrap();
        let found = model.metadata();
        assert_eq!((found.size, found.multiple), (size, Some(multiple)));
        let least = found.least_side();
        for sides in [[least + multiple, least], [least, least + 3 * multiple]] {
            assert_ne!(sides, [size; 2]);
            let difference = difference(network, &weights, &model, 2, sides).unwrap();
            println!("{sides:?}: {difference:.1e}");
            assert!(difference <= TOLERANCE, "{sides:?}: {difference:e}");
        }
        if multiple > 1 {
            let sides = [least + 1, least];
            let error = difference(network, &weights, &model, 1, sides).unwrap_err();
            assert!(error.to_string().contains("takes no pictures"), "{error}");
        }
    }

    #[test]
    fn open_sides_hold_what_libtorch_makes() {
        enlargers().iter().for_each(|it| check_open(it, 16, 1));
        for scale in [1, 2, 4] {
            check_open(&rrdb(scale), 16, 4 / scale as usize);
        }
        check_open(&RESTORER, 16, 1);
        let corners = Restorer {
            align_corners: true,
            ..RESTORER
        };
        check_open(&corners, 16, 1);
        check_open(&u_net(UNetNorm::Batch), 32, 32);
        check_open(&u_net(UNetNorm::Instance), 64, 32);
        let widths = vec![4, 4, 4];
        check_open(&Nested::Pyramid { widths }, 32, 4);
        check_open(&Nested::AsCoded { width: 4, depth: 3 }, 32, 8);
    }

    #[test]
    fn a_training_starts_from_the_file_of_each_network() {
        enlargers().iter().for_each(|it| check_start(it, 16));
        check_start(&rrdb(4), 16);
        for norm in [UNetNorm::Batch, UNetNorm::Instance] {
            check_start(&u_net(norm), 32);
        }
        let widths = vec![4, 4, 4];
        check_start(&Nested::Pyramid { widths }, 32);
        check_start(&RESTORER, 16);
        let dcgan = Dcgan {
            width: 4,
            side: 32,
            norm_first: true,
        };
        check_start(&dcgan, 32);
        check_start(&FaceNet { width: 3 }, 32);
    }
}
