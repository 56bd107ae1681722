//! The layers of our networks as ONNX nodes.
//!
//! Attributes are written out even where they equal the operator's default, so that a file reads
//! the same for whoever inspects it. Definitions: <https://onnx.ai/onnx/operators/>, opset 17.

use super::graph::{GraphBuilder, Weights};
use super::{OnnxError, attr};

/// Added to the variance in instance normalisation; libtorch's default.
const NORM_EPSILON: f32 = 1e-5;

/// Geometry of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Rows and columns per step.
    pub strides: [i64; 2],
    /// Zeros at top, left, bottom, right.
    pub pads: [i64; 4],
    /// Groups of channels that do not see each other.
    pub groups: i64,
}

impl Conv2d {
    /// The same stride on both axes and the same padding on all sides.
    pub fn new(stride: i64, padding: i64) -> Self {
        Self {
            strides: [stride; 2],
            pads: [padding; 4],
            groups: 1,
        }
    }
}

/// Geometry of a transposed convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvTranspose2d {
    /// Rows and columns per step.
    pub strides: [i64; 2],
    /// Rows and columns cut off at top, left, bottom, right.
    pub pads: [i64; 4],
    /// Rows and columns added at the bottom and the right.
    pub output_padding: [i64; 2],
}

/// Where the pixels beyond the border come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PadMode {
    /// Mirrored, the border row itself not repeated.
    Reflect,
    /// The border row repeated.
    Edge,
    /// Zeros.
    Zero,
}

impl GraphBuilder {
    /// Convolution; `weight` is `[out, in ÷ groups, height, width]`, `bias` is `[out]`.
    pub fn conv(
        &mut self,
        x: &str,
        weight: &Weights<'_>,
        bias: Option<&Weights<'_>>,
        geometry: Conv2d,
    ) -> String {
        let kernel = self.kernel("Conv", weight);
        let mut attrs = vec![
            attr::ints("kernel_shape", &kernel),
            attr::ints("pads", &geometry.pads),
            attr::ints("strides", &geometry.strides),
        ];
        if geometry.groups != 1 {
            attrs.insert(0, attr::int("group", geometry.groups));
        }
        self.weighted("Conv", x, weight, bias, attrs)
    }

    /// Transposed convolution; `weight` is `[in, out, height, width]`, `bias` is `[out]`.
    pub fn conv_transpose(
        &mut self,
        x: &str,
        weight: &Weights<'_>,
        bias: Option<&Weights<'_>>,
        geometry: ConvTranspose2d,
    ) -> String {
        let kernel = self.kernel("ConvTranspose", weight);
        let attrs = vec![
            attr::ints("kernel_shape", &kernel),
            attr::ints("output_padding", &geometry.output_padding),
            attr::ints("pads", &geometry.pads),
            attr::ints("strides", &geometry.strides),
        ];
        self.weighted("ConvTranspose", x, weight, bias, attrs)
    }

    /// Instance normalisation without weights, over `channels` channels, epsilon 1e-5.
    pub fn instance_norm(&mut self, x: &str, channels: usize) -> String {
        let scale = self.constant_f32(&format!("ones_{channels}"), &vec![1.0; channels]);
        let bias = self.constant_f32(&format!("zeros_{channels}"), &vec![0.0; channels]);
        self.node(
            "InstanceNormalization",
            &[x, &scale, &bias],
            vec![attr::float("epsilon", NORM_EPSILON)],
        )
    }

    /// Padding of the picture by `[top, left, bottom, right]` pixels.
    pub fn pad(&mut self, x: &str, mode: PadMode, pads: [i64; 4]) -> String {
        let [top, left, bottom, right] = pads;
        let key = format!("pads_{top}_{left}_{bottom}_{right}");
        // In opset 17 the amounts are an input: first all axes' starts, then all ends.
        let pads = match self.constants.get(&key) {
            Some(name) => name.clone(),
            None => {
                let name =
                    self.initializer_i64(&key, &[8], &[0, 0, top, left, 0, 0, bottom, right]);
                self.constants.insert(key, name.clone());
                name
            }
        };
        let mode = match mode {
            PadMode::Reflect => "reflect",
            PadMode::Edge => "edge",
            PadMode::Zero => "constant",
        };
        self.node("Pad", &[x, &pads], vec![attr::string("mode", mode)])
    }

    /// max(0, x)
    pub fn relu(&mut self, x: &str) -> String {
        self.node("Relu", &[x], vec![])
    }

    /// x where positive, else `alpha`·x
    pub fn leaky_relu(&mut self, x: &str, alpha: f32) -> String {
        self.node("LeakyRelu", &[x], vec![attr::float("alpha", alpha)])
    }

    /// tanh x
    pub fn tanh(&mut self, x: &str) -> String {
        self.node("Tanh", &[x], vec![])
    }

    /// a + b, element by element
    pub fn add(&mut self, a: &str, b: &str) -> String {
        self.node("Add", &[a, b], vec![])
    }

    /// a · b, element by element
    pub fn mul(&mut self, a: &str, b: &str) -> String {
        self.node("Mul", &[a, b], vec![])
    }

    /// `inputs` one after the other along `axis` (1 = channels).
    pub fn concat(&mut self, inputs: &[&str], axis: i64) -> String {
        self.node("Concat", inputs, vec![attr::int("axis", axis)])
    }

    /// The largest of each 2×2 pixels.
    pub fn max_pool_2(&mut self, x: &str) -> String {
        self.node(
            "MaxPool",
            &[x],
            vec![
                attr::ints("kernel_shape", &[2, 2]),
                attr::ints("strides", &[2, 2]),
            ],
        )
    }

    /// a − b, element by element
    pub fn sub(&mut self, a: &str, b: &str) -> String {
        self.node("Sub", &[a, b], vec![])
    }

    /// The mean over `side` × `side` pixels (`side` odd) around each pixel; beyond the border is
    /// nothing.
    pub fn mean_around(&mut self, x: &str, side: i64) -> String {
        let attrs = vec![
            attr::int("count_include_pad", 0),
            attr::ints("kernel_shape", &[side, side]),
            attr::ints("pads", &[side / 2; 4]),
            attr::ints("strides", &[1, 1]),
        ];
        self.node("AveragePool", &[x], attrs)
    }

    /// Each pixel twice in both directions.
    pub fn upsample_nearest_2(&mut self, x: &str) -> String {
        let scales = self.constant_f32("scales_2", &[1.0, 1.0, 2.0, 2.0]);
        self.node(
            "Resize",
            &[x, "", &scales],
            vec![
                attr::string("coordinate_transformation_mode", "asymmetric"),
                attr::string("mode", "nearest"),
                attr::string("nearest_mode", "floor"),
            ],
        )
    }

    /// The first `count` channels.
    pub fn first_channels(&mut self, x: &str, count: i64) -> String {
        let [start, end, axis] = [0, count, 1].map(|value| self.constant_i64(&[value]));
        self.node("Slice", &[x, &start, &end, &axis], vec![])
    }

    /// x, cut to `low` … `high`
    pub fn clip(&mut self, x: &str, low: f32, high: f32) -> String {
        let [low, high] =
            [low, high].map(|limit| self.shared_f32(&format!("limit_{limit}"), &[], &[limit]));
        self.node("Clip", &[x, &low, &high], vec![])
    }

    /// `x`, whose default has one pixel and one picture, repeated to `channels` channels of the
    /// size of `like`, which has `like_channels`.
    pub fn expand_like(
        &mut self,
        x: &str,
        channels: i64,
        like: &str,
        like_channels: i64,
    ) -> String {
        debug_assert!(channels % like_channels == 0);
        let shape = self.node("Shape", &[like], vec![]);
        let factors = self.constant_i64(&[1, channels / like_channels, 1, 1]);
        let shape = self.node("Mul", &[&shape, &factors], vec![]);
        self.node("Expand", &[x, &shape], vec![])
    }

    /// x
    pub fn identity(&mut self, x: &str) -> String {
        self.node("Identity", &[x], vec![])
    }

    /// A vector that several nodes share; `key` says what is in it.
    pub(super) fn constant_f32(&mut self, key: &str, data: &[f32]) -> String {
        self.shared_f32(key, &[data.len() as i64], data)
    }

    /// As [`Self::constant_f32`], of any shape.
    pub(super) fn shared_f32(&mut self, key: &str, dims: &[i64], data: &[f32]) -> String {
        if let Some(name) = self.constants.get(key) {
            return name.clone();
        }
        let name = self.initializer_f32(key, dims, data);
        self.constants.insert(key.into(), name.clone());
        name
    }

    /// As [`Self::constant_f32`].
    pub(super) fn constant_i64(&mut self, data: &[i64]) -> String {
        let numbers: Vec<String> = data.iter().map(i64::to_string).collect();
        let key = format!("integers_{}", numbers.join("_"));
        if let Some(name) = self.constants.get(&key) {
            return name.clone();
        }
        let name = self.initializer_i64(&key, &[data.len() as i64], data);
        self.constants.insert(key, name.clone());
        name
    }

    fn kernel(&mut self, op: &'static str, weight: &Weights<'_>) -> [i64; 2] {
        if let &[_, _, height, width] = weight.dims {
            return [height, width];
        }
        self.fail(OnnxError::Axes {
            name: weight.name.into(),
            dims: weight.dims.into(),
            op,
            axes: 4,
        });
        [1, 1]
    }

    fn weighted(
        &mut self,
        op: &str,
        x: &str,
        weight: &Weights<'_>,
        bias: Option<&Weights<'_>>,
        attrs: Vec<super::proto::AttributeProto>,
    ) -> String {
        let weight = self.weights(weight);
        match bias {
            Some(bias) => {
                let bias = self.weights(bias);
                self.node(op, &[x, &weight, &bias], attrs)
            }
            None => self.node(op, &[x, &weight], attrs),
        }
    }
}
