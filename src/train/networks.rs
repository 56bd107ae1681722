//! The published networks of the cascade, with their widths as parameters.
//!
//! Source: apperrs/facial_demosaicing; generator and discriminator as in junyanz/pytorch-CycleGAN-and-pix2pix.
//! Pictures are `[N, 3, H, W]`, −1 … 1, H and W multiples of 4.

use serde::{Deserialize, Serialize};

use super::layers::{Conv, Layers, Padding};

/// Size of a ResNet generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneratorSize {
    /// Channels at full resolution (published: 64).
    pub width: i64,
    /// Residual blocks (published: 9).
    pub blocks: usize,
}

/// Size of a PatchGAN discriminator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscriminatorSize {
    /// Channels of the first layer (published: 64).
    pub width: i64,
    /// Stride-2 layers (published: 3, a field of view of 70 pixels).
    pub layers: usize,
}

/// Size of the encoder–decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DcednSize {
    /// Channels at full resolution (published: 64).
    pub width: i64,
}

/// ResNet generator: two halvings, residual blocks, two doublings, tanh.
pub fn generator<L: Layers>(l: &mut L, x: &L::Value, size: GeneratorSize) -> L::Value {
    use Padding::Reflect;
    let w = size.width;
    let x = l.conv("enter", x, Conv::same(3, w, 7, Reflect));
    let mut x = norm_relu(l, &x);
    for (i, width) in [w, 2 * w].into_iter().enumerate() {
        let down = Conv::strided(width, 2 * width, 3, 2, 1);
        let y = l.conv(&format!("down{}", i + 1), &x, down);
        x = norm_relu(l, &y);
    }
    for i in 1..=size.blocks {
        let conv = Conv::same(4 * w, 4 * w, 3, Reflect);
        let y = l.conv(&format!("block{i}a"), &x, conv);
        let y = norm_relu(l, &y);
        let y = l.conv(&format!("block{i}b"), &y, conv);
        let y = l.instance_norm(&y);
        x = l.add(&x, &y);
    }
    for (i, width) in [4 * w, 2 * w].into_iter().enumerate() {
        let y = l.conv_up(&format!("up{}", i + 1), &x, width, width / 2);
        x = norm_relu(l, &y);
    }
    let x = l.conv("leave", &x, Conv::same(w, 3, 7, Reflect));
    l.tanh(&x)
}

fn norm_relu<L: Layers>(l: &mut L, x: &L::Value) -> L::Value {
    let x = l.instance_norm(x);
    l.relu(&x)
}

/// PatchGAN discriminator: a map of raw scores, one per patch.
pub fn discriminator<L: Layers>(l: &mut L, x: &L::Value, size: DiscriminatorSize) -> L::Value {
    let w = size.width;
    let x = l.conv("layer0", x, Conv::strided(3, w, 4, 2, 1));
    let mut x = l.leaky_relu(&x);
    let mut width = w;
    for i in 1..=size.layers {
        // The published network stops widening at eight times its first layer.
        let next = (w << i).min(8 * w);
        let stride = if i < size.layers { 2 } else { 1 };
        let y = l.conv(
            &format!("layer{i}"),
            &x,
            Conv::strided(width, next, 4, stride, 1),
        );
        let y = l.instance_norm(&y);
        x = l.leaky_relu(&y);
        width = next;
    }
    l.conv("score", &x, Conv::strided(width, 1, 4, 1, 1))
}

/// DCEDN: sees the first stage's picture and the mosaic, gives the picture in true colours.
pub fn dcedn<L: Layers>(
    l: &mut L,
    stage1: &L::Value,
    pixelated: &L::Value,
    size: DcednSize,
) -> L::Value {
    let w = size.width;
    let same = |input, output, kernel| Conv::same(input, output, kernel, Padding::Replicate);
    let x = l.concat(stage1, pixelated);
    let x = conv_act(l, "encode1", &x, same(6, w, 3));
    let skip1 = l.max_pool(&x);
    let x = conv_act(l, "encode2", &skip1, same(w, 2 * w, 5));
    let skip2 = l.max_pool(&x);
    let x = conv_act(l, "encode3", &skip2, same(2 * w, 4 * w, 7));
    let x = conv_act(l, "decode1", &x, same(4 * w, 4 * w, 7));
    let x = l.concat(&x, &skip2);
    let x = l.upsample(&x);
    let x = conv_act(l, "decode2", &x, same(6 * w, 2 * w, 5));
    let x = l.concat(&x, &skip1);
    let x = l.upsample(&x);
    let x = conv_act(l, "decode3", &x, same(3 * w, w, 3));
    let x = l.conv("leave", &x, same(w, 3, 1));
    l.tanh(&x)
}

fn conv_act<L: Layers>(l: &mut L, name: &str, x: &L::Value, conv: Conv) -> L::Value {
    let x = l.conv(name, x, conv);
    l.leaky_relu(&x)
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::super::layers::{Declare, Forward, Init, Parameters};
    use super::*;

    fn count(parameters: &Parameters) -> usize {
        parameters.values().map(Tensor::numel).sum()
    }

    fn declare(network: impl FnOnce(&mut Declare)) -> Parameters {
        Declare::parameters(Init::Normal(0.02), Device::Cpu, network)
    }

    const GENERATOR: GeneratorSize = GeneratorSize {
        width: 64,
        blocks: 9,
    };
    const DISCRIMINATOR: DiscriminatorSize = DiscriminatorSize {
        width: 64,
        layers: 3,
    };

    #[test]
    fn published_parameter_counts() {
        let g = declare(|l| generator(l, &(), GENERATOR));
        assert_eq!(count(&g), 11_378_179);
        let d = declare(|l| discriminator(l, &(), DISCRIMINATOR));
        assert_eq!(count(&d), 2_764_737);
        let e = declare(|l| dcedn(l, &(), &(), DcednSize { width: 64 }));
        assert_eq!(count(&e), 6_365_635);
    }

    #[test]
    fn small_parameter_counts() {
        // The specification's variants for quick runs.
        let size = GeneratorSize {
            width: 16,
            blocks: 3,
        };
        assert_eq!(count(&declare(|l| generator(l, &(), size))), 272_515);
        let size = DiscriminatorSize {
            width: 16,
            layers: 2,
        };
        assert_eq!(count(&declare(|l| discriminator(l, &(), size))), 42_865);
        let e = declare(|l| dcedn(l, &(), &(), DcednSize { width: 16 }));
        assert_eq!(count(&e), 398_707);
    }

    #[test]
    fn shapes_of_the_outputs() {
        let x = Tensor::zeros([1, 3, 256, 256], (Kind::Float, Device::Cpu));
        let d = declare(|l| discriminator(l, &(), DISCRIMINATOR));
        let score = discriminator(&mut Forward(&d), &x, DISCRIMINATOR);
        assert_eq!(score.size(), [1, 1, 30, 30]);
        let x = Tensor::zeros([2, 3, 64, 48], (Kind::Float, Device::Cpu));
        let size = GeneratorSize {
            width: 8,
            blocks: 1,
        };
        let g = declare(|l| generator(l, &(), size));
        let y = generator(&mut Forward(&g), &x, size);
        assert_eq!(y.size(), x.size());
        let size = DcednSize { width: 8 };
        let e = declare(|l| dcedn(l, &(), &(), size));
        assert_eq!(dcedn(&mut Forward(&e), &y, &x, size).size(), x.size());
    }
}
