//! What all networks of the systems have in common: one description, and what can be done with it.

use anyhow::ensure;
use tch::{Device, Kind, Tensor};

use super::layers::{Declare, Forward, Init, Kept, Layers, Measure, Parameters};
use super::onnx_layers::{Node, OnnxLayers};
use super::tensors::numbers;
use crate::cascade::{CpuSession, HostTensor, runtime};
use crate::onnx::{GraphBuilder, batch_of, encode};

/// Name of the random numbers among the inputs of generators.
pub const LATENT: &str = "z";

/// Name of the input that says how much of a style's distance to the mean is kept.
pub const TRUNCATION: &str = "truncation";

/// Name of the output in a file of [`graph_of`].
pub const OUTPUT: &str = "output";

/// An input of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name in ONNX files.
    pub name: String,
    /// Sides of one entry, the batch not among them: `[C, H, W]` or `[features]`.
    pub sides: Vec<i64>,
}

impl Port {
    /// An RGB picture of `side` × `side` pixels.
    pub fn picture(side: i64) -> Self {
        Self {
            name: "picture".to_owned(),
            sides: vec![3, side, side],
        }
    }

    /// Random numbers that a generator starts from.
    pub fn latent(sides: &[i64]) -> Self {
        Self {
            name: LATENT.to_owned(),
            sides: sides.to_vec(),
        }
    }
}

/// A network that can be exported, written once for all readings.
pub trait Network {
    /// What goes in; a network that takes pictures of many sizes takes `side` pixels here, others
    /// heed no `side`.
    fn inputs(&self, side: i64) -> Vec<Port>;

    /// Of which number the sides of pictures must be multiples, for a network that takes them in any
    /// such size, oblong ones too; none for one that takes one size alone.
    fn multiple(&self) -> Option<usize> {
        None
    }

    /// Read the network into `l`; `inputs` as [`Self::inputs`] lists them.
    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value;
}

/// What a network has and does at inputs of `side`, and the sides of its output.
pub fn measure(network: &impl Network, side: i64) -> (Measure, Vec<i64>) {
    let sides: Vec<_> = network
        .inputs(side)
        .into_iter()
        .map(|port| port.sides)
        .collect();
    let mut measure = Measure::default();
    let output = network.read(&mut measure, &sides);
    (measure, output)
}

/// What is kept of a pass through a network at inputs of `side`.
pub fn kept(network: &impl Network, side: i64) -> Kept {
    Kept::of(|l| {
        let inputs = network.inputs(side).into_iter();
        let inputs: Vec<_> = inputs.map(|port| l.entry(&port.sides)).collect();
        network.read(l, &inputs);
    })
}

/// The parameters of a network that knows nothing yet.
pub fn declare(network: &impl Network, init: Init, device: Device) -> Parameters {
    let inputs: Vec<()> = network.inputs(1).iter().map(|_| ()).collect();
    Declare::parameters(init, device, |l| network.read(l, &inputs))
}

/// What libtorch makes of `inputs`, as the exported network would.
pub fn forward(network: &impl Network, weights: &Parameters, inputs: &[Tensor]) -> Tensor {
    tch::no_grad(|| network.read(&mut Forward(weights), inputs))
}

/// The network as an ONNX file of its own, for inputs of `side`; the batch stays open. `metadata`
/// are named texts.
pub fn graph_of(
    network: &impl Network,
    weights: &Parameters,
    side: i64,
    metadata: &[(&str, &str)],
) -> anyhow::Result<Vec<u8>> {
    let mut graph = GraphBuilder::new("depixelate");
    let inputs = network.inputs(side).into_iter().map(|port| Node {
        name: graph.input_f32(&port.name, &batch_of(&port.sides)),
        channels: port.sides[0] as usize,
    });
    let inputs: Vec<Node> = inputs.collect();
    let mut layers = OnnxLayers {
        graph: &mut graph,
        parameters: weights,
        prefix: "",
    };
    let output = network.read(&mut layers, &inputs);
    let (_, sides) = measure(network, side);
    graph.output_f32(OUTPUT, &output.name, &batch_of(&sides));
    for (key, value) in metadata {
        graph.metadata(key, value);
    }
    Ok(encode(&graph.finish()?))
}

/// Largest difference between libtorch and ONNX Runtime on random inputs of `side`, at batch 1 and
/// 3.
pub fn parity(network: &impl Network, weights: &Parameters, side: i64) -> anyhow::Result<f32> {
    parity_at(network, weights, side, &[1, 3])
}

/// As [`parity`], at other batches.
fn parity_at(
    network: &impl Network,
    weights: &Parameters,
    side: i64,
    batches: &[i64],
) -> anyhow::Result<f32> {
    let onnx = graph_of(network, weights, side, &[])?;
    let mut session = CpuSession::new(runtime::load_for_program()?, &onnx)?;
    let mut worst = 0f32;
    for &batch in batches {
        let ports = network.inputs(side);
        let random = |port: &Port| {
            let shape: Vec<i64> = std::iter::once(batch).chain(port.sides.clone()).collect();
            Tensor::randn(shape, (Kind::Float, Device::Cpu)).clamp(-1.0, 1.0)
        };
        let inputs: Vec<Tensor> = ports.iter().map(random).collect();
        let device = weights.values().next().map_or(Device::Cpu, Tensor::device);
        let there: Vec<Tensor> = inputs.iter().map(|x| x.to_device(device)).collect();
        let expected = forward(network, weights, &there);
        let fed: Vec<HostTensor> = inputs
            .iter()
            .map(|tensor| HostTensor {
                shape: tensor.size(),
                data: numbers(tensor),
            })
            .collect();
        let fed: Vec<(&str, &HostTensor)> = ports
            .iter()
            .map(|port| port.name.as_str())
            .zip(&fed)
            .collect();
        let found = session.run(&fed, OUTPUT)?;
        let shape = expected.size();
        ensure!(
            found.shape == shape,
            "ONNX Runtime gives {:?}, libtorch {shape:?}",
            found.shape
        );
        for (a, b) in numbers(&expected).iter().zip(&found.data) {
            let difference = (a - b).abs();
            // A difference that is no number must not pass as none.
            worst = if difference.is_nan() {
                f32::INFINITY
            } else {
                worst.max(difference)
            };
        }
    }
    Ok(worst)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::train::nn::layers::Training;

    /// Parity within 1e-4 for weights of which a wrong layer would show, on inputs of `side`.
    pub fn check_parity(network: &impl Network, side: i64) {
        check_parity_at(network, side, &[1, 3]);
    }

    /// As [`check_parity`], at other batches.
    pub fn check_parity_at(network: &impl Network, side: i64, batches: &[i64]) {
        // More than one entry: where a batch norm sees single pixels, nothing else varies.
        let remembered = batches.iter().max().unwrap() + 1;
        tch::manual_seed(7);
        let mut weights = declare(network, Init::KaimingUniform, Device::Cpu);
        awaken(&mut weights);
        let ports = network.inputs(side);
        let random = |port: &Port| {
            let sides = port.sides.iter().copied();
            let shape: Vec<i64> = std::iter::once(remembered).chain(sides).collect();
            Tensor::randn(shape, (Kind::Float, Device::Cpu))
        };
        // Batch norms remember something.
        let inputs: Vec<Tensor> = ports.iter().map(random).collect();
        let output = tch::no_grad(|| network.read(&mut Training(&weights), &inputs));
        let (_, sides) = measure(network, side);
        assert_eq!(output.size()[1..], sides);
        let output = forward(network, &weights, &inputs);
        assert!(output.std(true).double_value(&[]) > 1e-3, "a flat output");
        let difference = parity_at(network, &weights, side, batches).unwrap();
        println!("difference {difference:.1e}");
        assert!(difference <= 1e-4, "{difference:e}");
        let other = declare(network, Init::KaimingUniform, Device::Cpu);
        let change = forward(network, &other, &inputs) - output;
        assert!(change.abs().max().double_value(&[]) > 1e-3);
    }

    /// Parameters that start at one value for all would hide a mixed-up order.
    fn awaken(weights: &mut Parameters) {
        tch::no_grad(|| {
            for (name, tensor) in weights.iter_mut() {
                if name.ends_with(".weight") || name.ends_with(".variance") {
                    continue;
                }
                let noise = Tensor::randn_like(tensor) * 0.2;
                *tensor += noise;
            }
        });
    }
}
