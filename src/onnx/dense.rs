//! Layers over features, normalisation and learned factors as ONNX nodes. Definitions: see
//! [`super::layers`].

use super::attr;
use super::graph::{GraphBuilder, Weights};

/// Keeps divisions by small numbers in bounds; as in batch normalisation of libtorch.
const BATCH_EPSILON: f32 = 1e-5;
/// As above, in the norms of StyleGAN2.
const POWER_EPSILON: f32 = 1e-8;

impl GraphBuilder {
    /// x·weightᵀ + bias; `x` is `[N, in]`, `weight` is `[out, in]`, `bias` is `[out]`.
    pub fn linear(&mut self, x: &str, weight: &Weights<'_>, bias: &Weights<'_>) -> String {
        let [weight, bias] = [weight, bias].map(|weights| self.weights(weights));
        let attrs = vec![
            attr::float("alpha", 1.0),
            attr::float("beta", 1.0),
            attr::int("transA", 0),
            attr::int("transB", 1),
        ];
        self.node("Gemm", &[x, &weight, &bias], attrs)
    }

    /// Batch normalisation by remembered statistics, ε = 1e-5: `[scale, shift, mean, variance]`,
    /// each `[channels]`.
    pub fn batch_norm(&mut self, x: &str, parts: [&Weights<'_>; 4]) -> String {
        let [scale, shift, mean, variance] = parts.map(|weights| self.weights(weights));
        let attrs = vec![
            attr::float("epsilon", BATCH_EPSILON),
            attr::int("training_mode", 0),
        ];
        let inputs = [x, &scale, &shift, &mean, &variance];
        self.node("BatchNormalization", &inputs, attrs)
    }

    /// x where positive, else `slopes`·x; `slopes` is `[channels, 1, 1]`, or `[1, 1, 1]` for all.
    pub fn prelu(&mut self, x: &str, slopes: &Weights<'_>) -> String {
        let slopes = self.weights(slopes);
        self.node("PRelu", &[x, &slopes], vec![])
    }

    /// x · `factor`
    pub fn scale(&mut self, x: &str, factor: f32) -> String {
        let factor = self.number(factor);
        self.mul(x, &factor)
    }

    /// x / √(mean of x² over axis 1 + 1e-8)
    pub fn rms_norm(&mut self, x: &str) -> String {
        let power = self.mul(x, x);
        // In opset 17 the axes of a mean are an attribute, those of a sum an input.
        let attrs = vec![attr::ints("axes", &[1]), attr::int("keepdims", 1)];
        let mean = self.node("ReduceMean", &[&power], attrs);
        let epsilon = self.number(POWER_EPSILON);
        let mean = self.add(&mean, &epsilon);
        let root = self.node("Sqrt", &[&mean], vec![]);
        self.node("Div", &[x, &root], vec![])
    }

    /// `(style²·power + 1e-8)^(−½)` as `[N, out, 1, 1]`; `style` is `[N, in]`, `power` is `[in,
    /// out]`.
    pub fn demodulation(&mut self, style: &str, power: &Weights<'_>) -> String {
        let outputs = power.dims.last().copied().unwrap_or(0);
        let power = self.weights(power);
        let squared = self.mul(style, style);
        let sum = self.node("MatMul", &[&squared, &power], vec![]);
        let epsilon = self.number(POWER_EPSILON);
        let sum = self.add(&sum, &epsilon);
        let root = self.node("Sqrt", &[&sum], vec![]);
        let factors = self.node("Reciprocal", &[&root], vec![]);
        self.reshape(&factors, &[outputs, 1, 1])
    }

    /// The same numbers in the shape `[N, sides…]`.
    pub fn reshape(&mut self, x: &str, sides: &[i64]) -> String {
        // 0 copies the batch.
        let shape: Vec<i64> = std::iter::once(0).chain(sides.iter().copied()).collect();
        let shape = self.constant_i64(&shape);
        self.node("Reshape", &[x, &shape], vec![attr::int("allowzero", 0)])
    }

    /// `maps`, `[1, C, H, W]`, as often as `like` has entries.
    pub fn repeat_like(&mut self, maps: &Weights<'_>, like: &str) -> String {
        let maps = self.weights(maps);
        let shape = self.node("Shape", &[like], vec![]);
        let [start, end] = [0, 1].map(|value| self.constant_i64(&[value]));
        let batch = self.node("Slice", &[&shape, &start, &end], vec![]);
        let sides = self.constant_i64(&[1, 1, 1]);
        let shape = self.concat(&[&batch, &sides], 0);
        self.node("Expand", &[&maps, &shape], vec![])
    }

    /// One number that several nodes share.
    fn number(&mut self, value: f32) -> String {
        self.constant_f32(&format!("number_{value:e}"), &[value])
    }
}
