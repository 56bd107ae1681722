//! StyleGAN2's discriminator: residual blocks down to 4 × 4, then one score.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::blocks::{activate, conv_act};
use crate::train::nn::layers::{Conv, DiscriminatorLayers, Layers, Linear, Padding};

/// Size of the discriminator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscriminatorNetwork {
    /// Channels at 4, 8, 16, … pixels, as many as there are sizes.
    pub channels: Vec<i64>,
}

/// What a discriminator says.
pub struct DiscriminatorOutput<V> {
    /// Outputs of all residual blocks, the largest maps first.
    pub features: Vec<V>,
    /// Raw scores, `[N, 1]`.
    pub score: V,
}

impl DiscriminatorOutput<Tensor> {
    /// The root mean square difference of the features, summed over blocks.
    pub fn distance(&self, other: &Self) -> Tensor {
        let pairs = self.features.iter().zip(&other.features);
        let distances = pairs.map(|(a, b)| {
            let mean = (a - b).square().mean(Kind::Float);
            // Keeps the root's slope finite.
            (mean + 1e-12).sqrt()
        });
        distances.sum()
    }
}

impl DiscriminatorNetwork {
    /// Discriminator pictures. The batch is a multiple of `group`, within which pictures are
    /// compared.
    pub fn read<L: DiscriminatorLayers>(
        &self,
        l: &mut L,
        picture: &L::Value,
        group: i64,
    ) -> DiscriminatorOutput<L::Value> {
        let mut widths = self.channels.iter().rev().copied();
        let mut width = widths.next().unwrap_or(1);
        let enter = Conv::same(3, width, 1, Padding::Zero).equalised();
        let x = l.conv("enter", picture, enter);
        let entered = activate(l, &x);
        let mut features: Vec<L::Value> = Vec::new();
        for (i, next) in widths.enumerate() {
            let x = features.last().unwrap_or(&entered);
            features.push(residual(l, &format!("block{i}"), x, [width, next]));
            width = next;
        }
        let x = l.minibatch_deviation(features.last().unwrap_or(&entered), group);
        let x = conv_act(l, "last", &x, [width + 1, width], false);
        let x = l.reshape(&x, &[16 * width]);
        let linear = |input, output| Linear::new(input, output).equalised(1.0, 0.0);
        let x = l.linear("hidden", &x, linear(16 * width, width));
        let x = activate(l, &x);
        let score = l.linear("score", &x, linear(width, 1));
        DiscriminatorOutput { features, score }
    }
}

/// Half the size; both ways together keep the variance.
fn residual<L: Layers>(l: &mut L, name: &str, x: &L::Value, [input, output]: [i64; 2]) -> L::Value {
    let y = conv_act(l, &format!("{name}a"), x, [input, input], false);
    let y = conv_act(l, &format!("{name}b"), &y, [input, output], true);
    let skip = l.low_pass(x, 1, 1.0);
    let conv = Conv::strided(input, output, 1, 2, 0);
    let skip = l.conv(&format!("{name}s"), &skip, conv.equalised().without_bias());
    let sum = l.add(&skip, &y);
    l.scale(&sum, std::f64::consts::FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::super::blocks::channels;
    use super::*;
    use crate::train::nn::layers::{Declare, Init, Measure, Training};

    #[test]
    fn published_sizes() {
        for (side, base, most, parameters) in [
            (256, 16_384, 512, 24_001_089),
            (1024, 32_768, 512, 29_012_513),
            (64, 2048, 64, 366_945),
            (32, 1024, 64, 288_993),
        ] {
            let discriminator = DiscriminatorNetwork {
                channels: channels(side, base, most),
            };
            let mut l = Measure::default();
            let judgement = discriminator.read(&mut l, &vec![3, side, side], 4);
            assert_eq!(l.parameters, parameters, "{side}");
            assert_eq!(judgement.score, [1]);
        }
    }

    /// R1 and path length need the derivative of a derivative.
    #[test]
    fn the_gradient_has_a_gradient() {
        let discriminator = DiscriminatorNetwork {
            channels: channels(16, 128, 8),
        };
        let weights = Declare::parameters(Init::Normal(1.0), Device::Cpu, |l| {
            discriminator.read(l, &(), 2);
        });
        let picture = Tensor::randn([4, 3, 16, 16], (Kind::Float, Device::Cpu));
        let picture = picture.set_requires_grad(true);
        let score = discriminator
            .read(&mut Training(&weights), &picture, 2)
            .score;
        let sum = score.sum(Kind::Float);
        let slopes = Tensor::run_backward(&[&sum], &[&picture], true, true);
        slopes[0].square().sum(Kind::Float).backward();
        let gradient = weights["block0a.weight"].grad();
        assert!(gradient.abs().max().double_value(&[]) > 0.0);
    }

    #[test]
    fn the_deviation_is_that_of_each_group() {
        let x = Tensor::from_slice(&[0.0f32, 1.0, 2.0, 1.0]).view([4, 1, 1, 1]);
        let none = Default::default();
        // Groups take every second entry: 0 and 2, 1 and 1.
        let y = Training(&none).minibatch_deviation(&x, 2);
        let map = Vec::<f32>::try_from(y.narrow(1, 1, 1).flatten(0, -1)).unwrap();
        for (found, expected) in map.iter().zip([1.0, 0.0, 1.0, 0.0]) {
            assert!((found - expected).abs() < 1e-3, "{map:?}");
        }
    }
}
