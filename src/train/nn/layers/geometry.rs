//! Shapes and starts of the layers that have weights.

/// How weights start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Weights N(0, σ), biases 0.
    Normal(f64),
    /// Weights and biases uniform in ±1/√fan-in: PyTorch's default (Kaiming, a = √5).
    KaimingUniform,
    /// Weights N(0, √(2/fan-in)) times this factor, biases 0 (He et al., 2015; the factor as in
    /// ESRGAN).
    KaimingNormal(f64),
}

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

/// How bilinear resizing lays the samples over the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// The edges of the outermost samples meet the picture's edges.
    HalfPixel,
    /// The centres of the outermost samples lie on the outermost samples.
    AlignCorners,
}

/// A convolution or transposed convolution.
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
    /// Groups of channels that do not see each other (not in transposed convolutions).
    pub groups: i64,
    /// Rows and columns that a transposed convolution adds at the bottom and the right.
    pub output_padding: i64,
    /// There is a bias per output channel.
    pub bias: bool,
    /// How the weights start, if not as the network's others.
    pub init: Option<Init>,
    /// Equalised learning rate (Karras et al., 2018): weights start as N(0, 1), and are multiplied
    /// by 1/√fan-in wherever they are used.
    pub equalised: bool,
}

impl Conv {
    /// Stride 1 and "same" size.
    pub const fn same(input: i64, output: i64, kernel: i64, mode: Padding) -> Self {
        Self {
            mode,
            ..Self::strided(input, output, kernel, 1, kernel / 2)
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
            groups: 1,
            output_padding: 0,
            bias: true,
            init: None,
            equalised: false,
        }
    }

    /// One kernel per channel, each of which sees its own channel alone.
    pub const fn depthwise(channels: i64, kernel: i64, stride: i64, padding: i64) -> Self {
        Self {
            groups: channels,
            ..Self::strided(channels, channels, kernel, stride, padding)
        }
    }

    /// Sides of the stored weights.
    pub const fn shape(&self) -> [i64; 4] {
        let input = self.input / self.groups;
        [self.output, input, self.kernel, self.kernel]
    }

    /// The same without biases.
    pub const fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }

    /// The same with an equalised learning rate.
    pub const fn equalised(mut self) -> Self {
        self.equalised = true;
        self
    }

    /// The same with weights that start in a way of their own.
    pub const fn starting(mut self, init: Init) -> Self {
        self.init = Some(init);
        self
    }

    /// Factor of the stored weights.
    pub fn gain(&self) -> f64 {
        if self.equalised {
            1.0 / ((self.input / self.groups * self.kernel * self.kernel) as f64).sqrt()
        } else {
            1.0
        }
    }
}

/// A fully connected layer.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    /// Input features.
    pub input: i64,
    /// Output features.
    pub output: i64,
    /// Equalised learning rate, if it has one.
    pub equalised: Option<Equalised>,
}

/// Equalised learning rate (Karras et al., 2018) of a fully connected layer.
#[derive(Clone, Copy, Debug)]
pub struct Equalised {
    /// Multiplier m of the learning rate: weights start as N(0, 1)/m and are multiplied by
    /// m/√fan-in, biases by m.
    pub multiplier: f64,
    /// What the biases start at.
    pub bias: f64,
}

impl Linear {
    /// Weights and biases as they are.
    pub const fn new(input: i64, output: i64) -> Self {
        Self {
            input,
            output,
            equalised: None,
        }
    }

    /// The same with an equalised learning rate.
    pub const fn equalised(mut self, multiplier: f64, bias: f64) -> Self {
        self.equalised = Some(Equalised { multiplier, bias });
        self
    }

    /// Factors of the stored weights and biases.
    pub fn gains(&self) -> (f64, f64) {
        self.equalised.map_or((1.0, 1.0), |e| {
            (e.multiplier / (self.input as f64).sqrt(), e.multiplier)
        })
    }
}
