//! The exporter's reading of [`Layers`]: every layer becomes a node of an ONNX graph.

use tch::Tensor;

use super::layers::{Conv, Layers, Padding, Parameters};
use crate::onnx::{Conv2d, ConvTranspose2d, GraphBuilder, PadMode, Weights};

/// Writes a network into `graph`; names of weights get `prefix` in front.
pub struct OnnxLayers<'a> {
    /// The graph under construction.
    pub graph: &'a mut GraphBuilder,
    /// The network's weights.
    pub parameters: &'a Parameters,
    /// Put before the name of each weight, e.g. `stage1.`.
    pub prefix: &'a str,
}

/// A value of the graph: its name and its number of channels.
pub struct Node {
    /// Name of the value.
    pub name: String,
    /// Number of channels.
    pub channels: usize,
}

/// A weight's numbers on their way into the file.
struct Stored {
    name: String,
    dims: Vec<i64>,
    data: Vec<f32>,
}

impl Stored {
    fn weights(&self) -> Weights<'_> {
        Weights {
            name: &self.name,
            dims: &self.dims,
            data: &self.data,
        }
    }
}

impl OnnxLayers<'_> {
    /// Weight and bias of layer `name`.
    fn stored(&self, name: &str) -> [Stored; 2] {
        ["weight", "bias"].map(|part| {
            let tensor = &self.parameters[&format!("{name}.{part}")];
            Stored {
                name: format!("{}{name}.{part}", self.prefix),
                dims: tensor.size(),
                data: numbers(tensor),
            }
        })
    }
}

/// The numbers of a tensor, row by row.
pub fn numbers(tensor: &Tensor) -> Vec<f32> {
    let flat = tensor
        .detach()
        .to_device(tch::Device::Cpu)
        .contiguous()
        .view(-1);
    let mut data = vec![0.0; flat.numel()];
    flat.copy_data(&mut data, flat.numel());
    data
}

fn same(x: &Node, name: String) -> Node {
    Node {
        name,
        channels: x.channels,
    }
}

impl Layers for OnnxLayers<'_> {
    type Value = Node;

    fn conv(&mut self, name: &str, x: &Node, conv: Conv) -> Node {
        let [weight, bias] = self.stored(name);
        let p = conv.padding;
        let mode = match conv.mode {
            _ if p == 0 => None,
            Padding::Zero => None,
            Padding::Reflect => Some(PadMode::Reflect),
            Padding::Replicate => Some(PadMode::Edge),
        };
        let (input, padding) = match mode {
            Some(mode) => (self.graph.pad(&x.name, mode, [p; 4]), 0),
            None => (x.name.clone(), p),
        };
        let geometry = Conv2d::new(conv.stride, padding);
        let bias = bias.weights();
        Node {
            name: self
                .graph
                .conv(&input, &weight.weights(), Some(&bias), geometry),
            channels: conv.output as usize,
        }
    }

    fn conv_up(&mut self, name: &str, x: &Node, _: i64, output: i64) -> Node {
        let [weight, bias] = self.stored(name);
        let geometry = ConvTranspose2d {
            strides: [2; 2],
            pads: [1; 4],
            output_padding: [1; 2],
        };
        let bias = bias.weights();
        Node {
            name: self
                .graph
                .conv_transpose(&x.name, &weight.weights(), Some(&bias), geometry),
            channels: output as usize,
        }
    }

    fn instance_norm(&mut self, x: &Node) -> Node {
        same(x, self.graph.instance_norm(&x.name, x.channels))
    }

    fn relu(&mut self, x: &Node) -> Node {
        same(x, self.graph.relu(&x.name))
    }

    fn leaky_relu(&mut self, x: &Node) -> Node {
        same(x, self.graph.leaky_relu(&x.name, 0.2))
    }

    fn tanh(&mut self, x: &Node) -> Node {
        same(x, self.graph.tanh(&x.name))
    }

    fn add(&mut self, a: &Node, b: &Node) -> Node {
        same(a, self.graph.add(&a.name, &b.name))
    }

    fn concat(&mut self, a: &Node, b: &Node) -> Node {
        Node {
            name: self.graph.concat(&[&a.name, &b.name], 1),
            channels: a.channels + b.channels,
        }
    }

    fn max_pool(&mut self, x: &Node) -> Node {
        same(x, self.graph.max_pool_2(&x.name))
    }

    fn upsample(&mut self, x: &Node) -> Node {
        same(x, self.graph.upsample_nearest_2(&x.name))
    }

    fn pixel_shuffle(&mut self, x: &Node) -> Node {
        Node {
            name: self.graph.pixel_shuffle_2(&x.name),
            channels: x.channels / 4,
        }
    }

    fn first_channels(&mut self, x: &Node, count: i64) -> Node {
        Node {
            name: self.graph.first_channels(&x.name, count),
            channels: count as usize,
        }
    }

    fn clamp(&mut self, x: &Node) -> Node {
        same(x, self.graph.clip(&x.name, -1.0, 1.0))
    }
}
