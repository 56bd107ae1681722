//! The reading that makes a network's parameters.

use tch::{Device, Kind, Tensor};

use super::{Conv, DiscriminatorLayers, Grid, Init, Layers, Linear, Parameters};

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

    fn trainable(&mut self, name: &str, part: &str, tensor: Tensor) {
        let tensor = tensor.set_requires_grad(true);
        self.parameters.insert(format!("{name}.{part}"), tensor);
    }

    fn full(&self, shape: &[i64], value: f64) -> Tensor {
        Tensor::full(shape, value, (Kind::Float, self.device))
    }

    fn normal(&self, shape: &[i64], mean: f64, deviation: f64) -> Tensor {
        Tensor::randn(shape, (Kind::Float, self.device)) * deviation + mean
    }

    fn weights(&self, shape: &[i64], init: Init) -> Tensor {
        let fan_in: i64 = shape[1..].iter().product();
        match init {
            Init::Normal(deviation) => self.normal(shape, 0.0, deviation),
            Init::KaimingNormal(factor) => {
                self.normal(shape, 0.0, factor * (2.0 / fan_in as f64).sqrt())
            }
            Init::KaimingUniform => self.uniform(shape, fan_in),
        }
    }

    fn uniform(&self, shape: &[i64], fan_in: i64) -> Tensor {
        let bound = 1.0 / (fan_in as f64).sqrt();
        (Tensor::rand(shape, (Kind::Float, self.device)) * 2.0 - 1.0) * bound
    }

    fn biases(&self, weights: &[i64], output: i64, init: Init) -> Tensor {
        match init {
            Init::Normal(_) | Init::KaimingNormal(_) => self.full(&[output], 0.0),
            Init::KaimingUniform => self.uniform(&[output], weights[1..].iter().product()),
        }
    }

    fn layer(&mut self, name: &str, shape: &[i64], conv: Conv) {
        let init = match conv.equalised {
            true => Init::Normal(1.0),
            false => conv.init.unwrap_or(self.init),
        };
        let weights = self.weights(shape, init);
        self.trainable(name, "weight", weights);
        if conv.bias {
            let biases = self.biases(shape, conv.output, init);
            self.trainable(name, "bias", biases);
        }
    }
}

impl Layers for Declare {
    type Value = ();

    fn conv(&mut self, name: &str, (): &(), conv: Conv) {
        self.layer(name, &conv.shape(), conv);
    }

    fn conv_transpose(&mut self, name: &str, (): &(), conv: Conv) {
        let shape = [conv.input, conv.output, conv.kernel, conv.kernel];
        self.layer(name, &shape, conv);
    }

    fn linear(&mut self, name: &str, (): &(), linear: Linear) {
        let shape = [linear.output, linear.input];
        let (weights, biases) = match linear.equalised {
            Some(equalised) => (
                self.normal(&shape, 0.0, 1.0 / equalised.multiplier),
                self.full(&[linear.output], equalised.bias),
            ),
            None => (
                self.weights(&shape, self.init),
                self.biases(&shape, linear.output, self.init),
            ),
        };
        self.trainable(name, "weight", weights);
        self.trainable(name, "bias", biases);
    }

    fn bias(&mut self, name: &str, (): &(), channels: i64) {
        let zeros = self.full(&[channels], 0.0);
        self.trainable(name, "bias", zeros);
    }

    fn learned_scale(&mut self, name: &str, (): &()) {
        let zero = self.full(&[1], 0.0);
        self.trainable(name, "scale", zero);
    }

    fn constant(&mut self, name: &str, (): &(), sides: [i64; 3]) {
        let maps = self.normal(&sides, 0.0, 1.0);
        self.trainable(name, "maps", maps);
    }

    fn batch_norm(&mut self, name: &str, (): &(), channels: i64) {
        let scale = match self.init {
            Init::Normal(_) => self.normal(&[channels], 1.0, 0.02),
            Init::KaimingUniform | Init::KaimingNormal(_) => self.full(&[channels], 1.0),
        };
        let zeros = self.full(&[channels], 0.0);
        self.trainable(name, "scale", scale);
        self.trainable(name, "shift", zeros);
        for (part, start) in [("mean", 0.0), ("variance", 1.0)] {
            let remembered = self.full(&[channels], start);
            self.parameters.insert(format!("{name}.{part}"), remembered);
        }
    }

    fn prelu(&mut self, name: &str, (): &(), channels: i64) {
        let slopes = self.full(&[channels], 0.25);
        self.trainable(name, "slope", slopes);
    }

    fn demodulation(&mut self, _: &str, (): &(), _: Conv, _: bool) {}
    fn instance_norm(&mut self, (): &()) {}
    fn rms_norm(&mut self, (): &()) {}
    fn dropout(&mut self, (): &(), _: f64) {}
    fn relu(&mut self, (): &()) {}
    fn relu6(&mut self, (): &()) {}
    fn sloped_relu(&mut self, (): &(), _: f64) {}
    fn tanh(&mut self, (): &()) {}
    fn clamp(&mut self, (): &()) {}
    fn scale(&mut self, (): &(), _: f64) {}
    fn add(&mut self, (): &(), (): &()) {}
    fn mul(&mut self, (): &(), (): &()) {}
    fn concat_all(&mut self, _: &[&()]) {}
    fn first_channels(&mut self, (): &(), _: i64) {}
    fn reshape(&mut self, (): &(), _: &[i64]) {}
    fn max_pool(&mut self, (): &()) {}
    fn average_pool(&mut self, (): &()) {}
    fn upsample(&mut self, (): &()) {}
    fn bilinear(&mut self, (): &(), _: i64, _: Grid) {}
    fn pixel_shuffle_by(&mut self, (): &(), _: i64) {}
    fn pixel_unshuffle(&mut self, (): &(), _: i64, _: i64) {}
    fn pad(&mut self, (): &(), _: [i64; 4]) {}
    fn low_pass(&mut self, (): &(), _: i64, _: f64) {}
    fn low_pass_up(&mut self, (): &()) {}
}

impl DiscriminatorLayers for Declare {
    fn minibatch_deviation(&mut self, (): &(), _: i64) {}
}
