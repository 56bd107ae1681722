//! The exporter's reading of [`Layers`]: every layer becomes nodes of an ONNX graph.

use tch::{Kind, Tensor};

use super::layers::{Conv, Grid, Layers, Linear, Padding, Parameters};
use super::tensors::numbers;
use crate::onnx::{Conv2d, ConvTranspose2d, GraphBuilder, PadMode, Weights};

/// Writes a network into `graph`; names of weights get `prefix` in front.
pub(crate) struct OnnxLayers<'a> {
    /// The graph under construction.
    pub graph: &'a mut GraphBuilder,
    /// The network's weights.
    pub parameters: &'a Parameters,
    /// Put before the name of each weight, e.g. `stage1.`.
    pub prefix: &'a str,
}

/// A value of the graph: its name and its number of channels.
pub(crate) struct Node {
    /// Name of the value.
    pub name: String,
    /// Number of channels, or of features.
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
    fn parameter(&self, name: &str, part: &str) -> &Tensor {
        &self.parameters[&format!("{name}.{part}")]
    }

    /// A tensor of layer `name` under its own name.
    fn store(&self, name: &str, part: &str, tensor: &Tensor) -> Stored {
        Stored {
            name: format!("{}{name}.{part}", self.prefix),
            dims: tensor.size(),
            data: numbers(tensor),
        }
    }

    /// A parameter of layer `name`, times `gain`.
    fn stored(&self, name: &str, part: &str, gain: f64) -> Stored {
        let tensor = self.parameter(name, part);
        match gain {
            1.0 => self.store(name, part, tensor),
            _ => self.store(name, part, &(tensor * gain)),
        }
    }

    /// Weight and bias of a convolution.
    fn kernel(&self, name: &str, conv: &Conv) -> (Stored, Option<Stored>) {
        let bias = conv.bias.then(|| self.stored(name, "bias", 1.0));
        (self.stored(name, "weight", conv.gain()), bias)
    }
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
        let (weight, bias) = self.kernel(name, &conv);
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
        let geometry = Conv2d {
            groups: conv.groups,
            ..Conv2d::new(conv.stride, padding)
        };
        let bias = bias.as_ref().map(Stored::weights);
        Node {
            name: self
                .graph
                .conv(&input, &weight.weights(), bias.as_ref(), geometry),
            channels: conv.output as usize,
        }
    }

    fn conv_transpose(&mut self, name: &str, x: &Node, conv: Conv) -> Node {
        let (weight, bias) = self.kernel(name, &conv);
        let geometry = ConvTranspose2d {
            strides: [conv.stride; 2],
            pads: [conv.padding; 4],
            output_padding: [conv.output_padding; 2],
        };
        let bias = bias.as_ref().map(Stored::weights);
        Node {
            name: self
                .graph
                .conv_transpose(&x.name, &weight.weights(), bias.as_ref(), geometry),
            channels: conv.output as usize,
        }
    }

    fn linear(&mut self, name: &str, x: &Node, linear: Linear) -> Node {
        let (gain, bias_gain) = linear.gains();
        let weight = self.stored(name, "weight", gain);
        let bias = self.stored(name, "bias", bias_gain);
        Node {
            name: self
                .graph
                .linear(&x.name, &weight.weights(), &bias.weights()),
            channels: linear.output as usize,
        }
    }

    fn bias(&mut self, name: &str, x: &Node, channels: i64) -> Node {
        let bias = self.parameter(name, "bias").view([1, channels, 1, 1]);
        let bias = self.store(name, "bias", &bias);
        let bias = self.graph.weights(&bias.weights());
        same(x, self.graph.add(&x.name, &bias))
    }

    fn learned_scale(&mut self, name: &str, x: &Node) -> Node {
        let factor = self.stored(name, "scale", 1.0);
        let factor = self.graph.weights(&factor.weights());
        same(x, self.graph.mul(&x.name, &factor))
    }

    fn constant(&mut self, name: &str, like: &Node, sides: [i64; 3]) -> Node {
        let maps = self.parameter(name, "maps").unsqueeze(0);
        let maps = self.store(name, "maps", &maps);
        Node {
            name: self.graph.repeat_like(&maps.weights(), &like.name),
            channels: sides[0] as usize,
        }
    }

    fn demodulation(&mut self, name: &str, style: &Node, conv: Conv, transposed: bool) -> Node {
        let weight = self.parameter(name, "weight") * conv.gain();
        let power = weight
            .square()
            .sum_dim_intlist([2i64, 3].as_slice(), false, Kind::Float);
        let power = if transposed { power } else { power.tr() };
        let power = self.store(name, "power", &power);
        Node {
            name: self.graph.demodulation(&style.name, &power.weights()),
            channels: conv.output as usize,
        }
    }

    fn instance_norm(&mut self, x: &Node) -> Node {
        same(x, self.graph.instance_norm(&x.name, x.channels))
    }

    fn batch_norm(&mut self, name: &str, x: &Node, _: i64) -> Node {
        let parts = ["scale", "shift", "mean", "variance"].map(|part| self.stored(name, part, 1.0));
        let parts = parts.each_ref().map(Stored::weights);
        same(x, self.graph.batch_norm(&x.name, parts.each_ref()))
    }

    fn rms_norm(&mut self, x: &Node) -> Node {
        same(x, self.graph.rms_norm(&x.name))
    }

    fn dropout(&mut self, x: &Node, _: f64) -> Node {
        same(x, x.name.clone())
    }

    fn relu(&mut self, x: &Node) -> Node {
        same(x, self.graph.relu(&x.name))
    }

    fn relu6(&mut self, x: &Node) -> Node {
        same(x, self.graph.clip(&x.name, 0.0, 6.0))
    }

    fn sloped_relu(&mut self, x: &Node, slope: f64) -> Node {
        same(x, self.graph.leaky_relu(&x.name, slope as f32))
    }

    fn prelu(&mut self, name: &str, x: &Node, channels: i64) -> Node {
        let slopes = self.parameter(name, "slope").view([channels, 1, 1]);
        let slopes = self.store(name, "slope", &slopes);
        same(x, self.graph.prelu(&x.name, &slopes.weights()))
    }

    fn tanh(&mut self, x: &Node) -> Node {
        same(x, self.graph.tanh(&x.name))
    }

    fn clamp(&mut self, x: &Node) -> Node {
        same(x, self.graph.clip(&x.name, -1.0, 1.0))
    }

    fn scale(&mut self, x: &Node, factor: f64) -> Node {
        same(x, self.graph.scale(&x.name, factor as f32))
    }

    fn add(&mut self, a: &Node, b: &Node) -> Node {
        same(a, self.graph.add(&a.name, &b.name))
    }

    fn mul(&mut self, a: &Node, b: &Node) -> Node {
        same(a, self.graph.mul(&a.name, &b.name))
    }

    fn concat_all(&mut self, values: &[&Node]) -> Node {
        let names: Vec<&str> = values.iter().map(|node| node.name.as_str()).collect();
        Node {
            name: self.graph.concat(&names, 1),
            channels: values.iter().map(|node| node.channels).sum(),
        }
    }

    fn first_channels(&mut self, x: &Node, count: i64) -> Node {
        Node {
            name: self.graph.first_channels(&x.name, count),
            channels: count as usize,
        }
    }

    fn reshape(&mut self, x: &Node, sides: &[i64]) -> Node {
        Node {
            name: self.graph.reshape(&x.name, sides),
            channels: sides.first().map_or(0, |&side| side as usize),
        }
    }

    fn max_pool(&mut self, x: &Node) -> Node {
        same(x, self.graph.max_pool_2(&x.name))
    }

    fn average_pool(&mut self, x: &Node) -> Node {
        same(x, self.graph.mean_pool_2(&x.name))
    }

    fn upsample(&mut self, x: &Node) -> Node {
        same(x, self.graph.upsample_nearest_2(&x.name))
    }

    fn bilinear(&mut self, x: &Node, factor: i64, grid: Grid) -> Node {
        let corners = grid == Grid::AlignCorners;
        same(x, self.graph.enlarge_bilinear(&x.name, factor, corners))
    }

    fn pixel_shuffle_by(&mut self, x: &Node, factor: i64) -> Node {
        Node {
            name: self.graph.pixel_shuffle(&x.name, factor),
            channels: x.channels / (factor * factor) as usize,
        }
    }

    fn pixel_unshuffle(&mut self, x: &Node, channels: i64, factor: i64) -> Node {
        Node {
            name: self.graph.pixel_unshuffle(&x.name, channels, factor),
            channels: (channels * factor * factor) as usize,
        }
    }

    fn pad(&mut self, x: &Node, sides: [i64; 4]) -> Node {
        same(x, self.graph.pad(&x.name, PadMode::Zero, sides))
    }

    fn low_pass(&mut self, x: &Node, padding: i64, gain: f64) -> Node {
        let channels = x.channels as i64;
        same(
            x,
            self.graph.low_pass(&x.name, channels, padding, gain as f32),
        )
    }

    fn low_pass_up(&mut self, x: &Node) -> Node {
        same(x, self.graph.low_pass_up(&x.name, x.channels as i64))
    }
}
