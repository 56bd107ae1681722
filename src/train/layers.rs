//! The layers that networks are written in, and two of their readings.
//!
//! A network is a function over [`Layers`]. Read with [`Declare`] it makes its parameters, with [`Forward`] it
//! runs in libtorch, with `OnnxLayers` (the exporter's) it becomes a graph: one description, no second copy.

use std::collections::BTreeMap;

use tch::{Device, Kind, Tensor};

/// Trainable tensors by name, e.g. `down1.weight`.
pub type Parameters = BTreeMap<String, Tensor>;

/// What lies outside a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Zeros.
    Zero,
    /// The picture mirrored at its edge sample.
    Reflect,
    /// The edge sample repeated.
    Replicate,
}

/// A convolution or transposed convolution with bias.
#[derive(Clone, Copy, Debug)]
pub struct Conv {
    /// Input channels.
    pub input: i64,
    /// Output channels.
    pub output: i64,
    /// Side of the kernel.
    pub kernel: i64,
    /// Stride.
    pub stride: i64,
    /// Padding on every side.
    pub padding: i64,
    /// What the padding holds.
    pub mode: Padding,
}

impl Conv {
    /// Stride 1 and "same" size.
    pub const fn same(input: i64, output: i64, kernel: i64, mode: Padding) -> Self {
        Self {
            input,
            output,
            kernel,
            stride: 1,
            padding: kernel / 2,
            mode,
        }
    }

    /// Zero padding and any stride.
    pub const fn strided(input: i64, output: i64, kernel: i64, stride: i64, padding: i64) -> Self {
        Self {
            input,
            output,
            kernel,
            stride,
            padding,
            mode: Padding::Zero,
        }
    }
}

/// Layers of a network over some kind of value.
pub trait Layers {
    /// A batch of feature maps.
    type Value;

    /// Convolution `name`.
    fn conv(&mut self, name: &str, x: &Self::Value, conv: Conv) -> Self::Value;
    /// Transposed convolution `name`: kernel 3, stride 2, padding 1, output padding 1 (doubles the size).
    fn conv_up(&mut self, name: &str, x: &Self::Value, input: i64, output: i64) -> Self::Value;
    /// Instance norm without parameters, biased variance, ε = 1e-5.
    fn instance_norm(&mut self, x: &Self::Value) -> Self::Value;
    /// max(x, 0).
    fn relu(&mut self, x: &Self::Value) -> Self::Value;
    /// Slope 0.2 below zero.
    fn leaky_relu(&mut self, x: &Self::Value) -> Self::Value;
    /// Hyperbolic tangent.
    fn tanh(&mut self, x: &Self::Value) -> Self::Value;
    /// Sum of two values of equal shape.
    fn add(&mut self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// Channels of `a`, then channels of `b`.
    fn concat(&mut self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// Largest of each 2×2 cell.
    fn max_pool(&mut self, x: &Self::Value) -> Self::Value;
    /// Every sample twice in both directions.
    fn upsample(&mut self, x: &Self::Value) -> Self::Value;
    /// Four channels become the 2×2 samples of one (Shi et al., 2016).
    fn pixel_shuffle(&mut self, x: &Self::Value) -> Self::Value;
    /// The first `count` channels.
    fn first_channels(&mut self, x: &Self::Value, count: i64) -> Self::Value;
    /// Cut to −1 … 1.
    fn clamp(&mut self, x: &Self::Value) -> Self::Value;
}

/// How weights start.
#[derive(Clone, Copy, Debug)]
pub enum Init {
    /// Weights N(0, σ), biases 0.
    Normal(f64),
    /// Weights and biases uniform in ±1/√fan-in: PyTorch's default (Kaiming, a = √5).
    KaimingUniform,
}

/// Makes the parameters of a network.
pub struct Declare {
    init: Init,
    device: Device,
    parameters: Parameters,
}

impl Declare {
    /// The parameters of `network`, on `device`.
    pub fn parameters(init: Init, device: Device, network: impl FnOnce(&mut Self)) -> Parameters {
        let mut declare = Self {
            init,
            device,
            parameters: Parameters::new(),
        };
        network(&mut declare);
        declare.parameters
    }

    fn tensors(&mut self, name: &str, weight: &[i64], output: i64) {
        let options = (Kind::Float, self.device);
        let (weight, bias) = match self.init {
            Init::Normal(deviation) => (
                Tensor::randn(weight, options) * deviation,
                Tensor::zeros([output], options),
            ),
            Init::KaimingUniform => {
                let fan_in: i64 = weight[1..].iter().product();
                let bound = 1.0 / (fan_in as f64).sqrt();
                let uniform = |shape: &[i64]| (Tensor::rand(shape, options) * 2.0 - 1.0) * bound;
                (uniform(weight), uniform(&[output]))
            }
        };
        for (part, tensor) in [("weight", weight), ("bias", bias)] {
            let tensor = tensor.set_requires_grad(true);
            self.parameters.insert(format!("{name}.{part}"), tensor);
        }
    }
}

impl Layers for Declare {
    type Value = ();

    fn conv(&mut self, name: &str, (): &(), conv: Conv) {
        let shape = [conv.output, conv.input, conv.kernel, conv.kernel];
        self.tensors(name, &shape, conv.output);
    }

    fn conv_up(&mut self, name: &str, (): &(), input: i64, output: i64) {
        self.tensors(name, &[input, output, 3, 3], output);
    }

    fn instance_norm(&mut self, (): &()) {}
    fn relu(&mut self, (): &()) {}
    fn leaky_relu(&mut self, (): &()) {}
    fn tanh(&mut self, (): &()) {}
    fn add(&mut self, (): &(), (): &()) {}
    fn concat(&mut self, (): &(), (): &()) {}
    fn max_pool(&mut self, (): &()) {}
    fn upsample(&mut self, (): &()) {}
    fn pixel_shuffle(&mut self, (): &()) {}
    fn first_channels(&mut self, (): &(), _: i64) {}
    fn clamp(&mut self, (): &()) {}
}

/// Runs a network in libtorch.
pub struct Forward<'a>(pub &'a Parameters);

impl Forward<'_> {
    fn weight(&self, name: &str) -> &Tensor {
        &self.0[&format!("{name}.weight")]
    }

    fn bias(&self, name: &str) -> Option<&Tensor> {
        self.0.get(&format!("{name}.bias"))
    }
}

impl Layers for Forward<'_> {
    type Value = Tensor;

    fn conv(&mut self, name: &str, x: &Tensor, conv: Conv) -> Tensor {
        let (weight, bias) = (self.weight(name), self.bias(name));
        let s = conv.stride;
        let p = conv.padding;
        let mode = match conv.mode {
            Padding::Zero => return x.conv2d(weight, bias, [s, s], [p, p], [1, 1], 1),
            Padding::Reflect => "reflect",
            Padding::Replicate => "replicate",
        };
        let padded = if p == 0 {
            x.shallow_clone()
        } else {
            x.pad([p, p, p, p], mode, None)
        };
        padded.conv2d(weight, bias, [s, s], [0, 0], [1, 1], 1)
    }

    fn conv_up(&mut self, name: &str, x: &Tensor, _: i64, _: i64) -> Tensor {
        let (weight, bias) = (self.weight(name), self.bias(name));
        x.conv_transpose2d(weight, bias, [2, 2], [1, 1], [1, 1], 1, [1, 1])
    }

    fn instance_norm(&mut self, x: &Tensor) -> Tensor {
        let none: [Option<Tensor>; 4] = [None, None, None, None];
        let [weight, bias, mean, variance] = none;
        x.instance_norm(weight, bias, mean, variance, true, 0.0, 1e-5, true)
    }

    fn relu(&mut self, x: &Tensor) -> Tensor {
        x.relu()
    }

    fn leaky_relu(&mut self, x: &Tensor) -> Tensor {
        // `leaky_relu` has no slope here; this is one pass over memory where `max(x, 0.2 x)` is two.
        x.prelu(&Tensor::full([1], 0.2, (Kind::Float, x.device())))
    }

    fn tanh(&mut self, x: &Tensor) -> Tensor {
        x.tanh()
    }

    fn add(&mut self, a: &Tensor, b: &Tensor) -> Tensor {
        a + b
    }

    fn concat(&mut self, a: &Tensor, b: &Tensor) -> Tensor {
        Tensor::cat(&[a, b], 1)
    }

    fn max_pool(&mut self, x: &Tensor) -> Tensor {
        x.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)
    }

    fn upsample(&mut self, x: &Tensor) -> Tensor {
        let size = x.size();
        x.upsample_nearest2d([2 * size[2], 2 * size[3]], None, None)
    }

    fn pixel_shuffle(&mut self, x: &Tensor) -> Tensor {
        x.pixel_shuffle(2)
    }

    fn first_channels(&mut self, x: &Tensor, count: i64) -> Tensor {
        x.narrow(1, 0, count)
    }

    fn clamp(&mut self, x: &Tensor) -> Tensor {
        x.clamp(-1.0, 1.0)
    }
}
