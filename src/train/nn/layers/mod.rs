//! The layers that networks are written in, and their readings.
//!
//! A network is a function over [`Layers`]. Read with [`Declare`] it makes its parameters, with
//! [`Forward`] or [`Training`] it runs in libtorch, with [`Measure`] it counts parameters,
//! operations and sizes without any memory, with [`Kept`] what the way back needs, with `OnnxLayers` (the exporter's) it becomes a graph:
//! one description, no second copy.

mod declare;
mod forward;
mod geometry;
mod kept;
mod measure;

use std::collections::BTreeMap;

use tch::Tensor;

pub use declare::Declare;
pub use forward::{Forward, Training};
pub use geometry::{Conv, Equalised, Grid, Init, Linear, Padding};
pub use kept::{Kept, Map};
pub use measure::Measure;

/// Tensors of a network by name, e.g. `down1.weight`: the trainable ones, and what batch
/// normalisation remembers.
pub type Parameters = BTreeMap<String, Tensor>;

/// Layers of a network over some kind of value: feature maps `[N, C, H, W]` or features `[N, C]`.
pub trait Layers {
    /// A batch of feature maps or features.
    type Value;

    /// Convolution `name`.
    fn conv(&mut self, name: &str, x: &Self::Value, conv: Conv) -> Self::Value;
    /// Transposed convolution `name`.
    fn conv_transpose(&mut self, name: &str, x: &Self::Value, conv: Conv) -> Self::Value;
    /// Fully connected layer `name` over features.
    fn linear(&mut self, name: &str, x: &Self::Value, linear: Linear) -> Self::Value;
    /// The bias `name` of each of the `channels` of maps.
    fn bias(&mut self, name: &str, x: &Self::Value, channels: i64) -> Self::Value;
    /// The same learned number `name` times everything; it starts at 0.
    fn learned_scale(&mut self, name: &str, x: &Self::Value) -> Self::Value;
    /// Learned maps `name` of the sides `[C, H, W]`, as many times as `like` has entries; they
    /// start as N(0, 1).
    fn constant(&mut self, name: &str, like: &Self::Value, sides: [i64; 3]) -> Self::Value;
    /// What brings the maps of convolution `name` back to unit variance after its input was
    /// multiplied by `style` (features): `[N, output, 1, 1]`, see `(Σ (W·style)² + 1e-8)^(−½)` in
    /// Karras et al., 2020.
    fn demodulation(
        &mut self,
        name: &str,
        style: &Self::Value,
        conv: Conv,
        transposed: bool,
    ) -> Self::Value;

    /// Instance norm without parameters, biased variance, ε = 1e-5.
    fn instance_norm(&mut self, x: &Self::Value) -> Self::Value;
    /// Batch norm `name`, ε = 1e-5: by the batch's statistics in training, else by remembered ones.
    fn batch_norm(&mut self, name: &str, x: &Self::Value, channels: i64) -> Self::Value;
    /// x / √(mean of x² over the features + 1e-8).
    fn rms_norm(&mut self, x: &Self::Value) -> Self::Value;
    /// In training: each number becomes 0 with probability `share`, the others grow; else nothing.
    fn dropout(&mut self, x: &Self::Value, share: f64) -> Self::Value;

    /// max(x, 0).
    fn relu(&mut self, x: &Self::Value) -> Self::Value;
    /// min(max(x, 0), 6).
    fn relu6(&mut self, x: &Self::Value) -> Self::Value;
    /// Slope `slope` below zero.
    fn sloped_relu(&mut self, x: &Self::Value, slope: f64) -> Self::Value;
    /// Learned slopes `name` below zero, one per channel or (`channels` = 1) one for all; they
    /// start at 0.25.
    fn prelu(&mut self, name: &str, x: &Self::Value, channels: i64) -> Self::Value;
    /// Hyperbolic tangent.
    fn tanh(&mut self, x: &Self::Value) -> Self::Value;
    /// Cut to −1 … 1.
    fn clamp(&mut self, x: &Self::Value) -> Self::Value;
    /// Everything times `factor`.
    fn scale(&mut self, x: &Self::Value, factor: f64) -> Self::Value;

    /// Sum of maps `a` and `b` of the same shape, or `b` of one channel.
    fn add(&mut self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// Product of maps `a` and `b` of the same shape, or `b` of shape `[N, C, 1, 1]` or `[N, 1, 1,
    /// 1]`.
    fn mul(&mut self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// Channels of each value, one after the other.
    fn concat_all(&mut self, values: &[&Self::Value]) -> Self::Value;
    /// The first `count` channels.
    fn first_channels(&mut self, x: &Self::Value, count: i64) -> Self::Value;
    /// The same numbers in the shape `[N, sides…]`.
    fn reshape(&mut self, x: &Self::Value, sides: &[i64]) -> Self::Value;

    /// Largest of each 2×2 cell.
    fn max_pool(&mut self, x: &Self::Value) -> Self::Value;
    /// Mean of each 2×2 cell.
    fn average_pool(&mut self, x: &Self::Value) -> Self::Value;
    /// Every sample twice in both directions.
    fn upsample(&mut self, x: &Self::Value) -> Self::Value;
    /// Bilinear enlargement by a whole factor.
    fn bilinear(&mut self, x: &Self::Value, factor: i64, grid: Grid) -> Self::Value;
    /// `factor`² channels become the `factor` × `factor` samples of one (Shi et al., 2016).
    fn pixel_shuffle_by(&mut self, x: &Self::Value, factor: i64) -> Self::Value;
    /// The inverse of [`Self::pixel_shuffle_by`]; `channels` are those of `x`.
    fn pixel_unshuffle(&mut self, x: &Self::Value, channels: i64, factor: i64) -> Self::Value;
    /// Zeros around the maps: rows and columns at the top, left, bottom, right.
    fn pad(&mut self, x: &Self::Value, sides: [i64; 4]) -> Self::Value;
    /// The low-pass filter `[1, 3, 3, 1]/8` in both directions, after `padding` zeros on every
    /// side, times `gain`.
    fn low_pass(&mut self, x: &Self::Value, padding: i64, gain: f64) -> Self::Value;
    /// Twice the size, with that filter between the samples.
    fn low_pass_up(&mut self, x: &Self::Value) -> Self::Value;

    /// Transposed convolution `name`: kernel 3, stride 2, padding 1, output padding 1 (doubles the
    /// size).
    fn conv_up(&mut self, name: &str, x: &Self::Value, input: i64, output: i64) -> Self::Value {
        let conv = Conv {
            output_padding: 1,
            ..Conv::strided(input, output, 3, 2, 1)
        };
        self.conv_transpose(name, x, conv)
    }

    /// Slope 0.2 below zero.
    fn leaky_relu(&mut self, x: &Self::Value) -> Self::Value {
        self.sloped_relu(x, 0.2)
    }

    /// Channels of `a`, then channels of `b`.
    fn concat(&mut self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        self.concat_all(&[a, b])
    }

    /// Four channels become the 2×2 samples of one.
    fn pixel_shuffle(&mut self, x: &Self::Value) -> Self::Value {
        self.pixel_shuffle_by(x, 2)
    }
}

/// Layers that only discriminators need; they are never exported.
pub trait DiscriminatorLayers: Layers {
    /// One more channel: how much the entries of each group of `group` differ (Karras et al.,
    /// 2018); the batch is a multiple of `group`.
    fn minibatch_deviation(&mut self, x: &Self::Value, group: i64) -> Self::Value;
}
