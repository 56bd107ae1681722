//! The discriminators of the family: two with one score per picture, one with a score per pixel.
//!
//! Sources: Ledig et al., 2017 (SRGAN); XPixelGroup/BasicSR (ESRGAN); xinntao/Real-ESRGAN (U-Net).

use crate::train::nn::layers::{Conv, Grid, Layers, Linear, Padding};

const SLOPE: f64 = 0.2;

fn conv_norm<L: Layers>(l: &mut L, name: &str, x: &L::Value, conv: Conv) -> L::Value {
    let x = l.conv(name, x, conv);
    let x = l.batch_norm(name, &x, conv.output);
    l.sloped_relu(&x, SLOPE)
}

/// Two fully connected layers over maps of `sides`.
fn score<L: Layers>(l: &mut L, x: &L::Value, sides: [i64; 3], hidden: i64) -> L::Value {
    let features = sides.iter().product();
    let x = l.reshape(x, &[features]);
    let x = l.linear("hidden", &x, Linear::new(features, hidden));
    let x = l.sloped_relu(&x, SLOPE);
    l.linear("score", &x, Linear::new(hidden, 1))
}

/// SRGAN's discriminator of pictures of `side` pixels (published: 96, a multiple of 16): `[N, 1]`;
/// `width` is 64.
pub(crate) fn srgan<L: Layers>(l: &mut L, picture: &L::Value, width: i64, side: i64) -> L::Value {
    let same = |input, output| Conv::same(input, output, 3, Padding::Zero);
    let x = l.conv("layer0", picture, same(3, width));
    let mut x = l.sloped_relu(&x, SLOPE);
    let mut input = width;
    for i in 1..8 {
        let output = width << (i / 2);
        let stride = 1 + i % 2;
        let conv = Conv::strided(input, output, 3, stride, 1);
        x = conv_norm(l, &format!("layer{i}"), &x, conv);
        input = output;
    }
    score(l, &x, [input, side / 16, side / 16], 16 * width)
}

/// ESRGAN's discriminator of pictures of `side` pixels (published: 128): `[N, 1]`; `width` is 64.
/// As many stages halve the size as bring it to 4.
pub(crate) fn esrgan<L: Layers>(l: &mut L, picture: &L::Value, width: i64, side: i64) -> L::Value {
    let stages = (side / 4).ilog2();
    let mut input = 3;
    let mut x: Option<L::Value> = None;
    for i in 0..stages {
        let output = width << i.min(3);
        let conv = Conv::same(input, output, 3, Padding::Zero);
        let seen = x.as_ref().unwrap_or(picture);
        let y = if i == 0 {
            let y = l.conv("stage0a", seen, conv);
            l.sloped_relu(&y, SLOPE)
        } else {
            conv_norm(l, &format!("stage{i}a"), seen, conv.without_bias())
        };
        let halve = Conv::strided(output, output, 4, 2, 1).without_bias();
        x = Some(conv_norm(l, &format!("stage{i}b"), &y, halve));
        input = output;
    }
    score(l, x.as_ref().unwrap_or(picture), [input, 4, 4], 100)
}

/// Real-ESRGAN's discriminator: a U-Net with a raw score per pixel; `width` is 64, sides are
/// multiples of 8. Its layers without biases are the ones that spectral norm divides, see
/// [`is_spectral`].
pub(crate) fn u_net<L: Layers>(l: &mut L, picture: &L::Value, width: i64) -> L::Value {
    let w = width;
    let x = l.conv("enter", picture, Conv::same(3, w, 3, Padding::Zero));
    let mut rows = vec![l.sloped_relu(&x, SLOPE)];
    for i in 0..3 {
        let conv = Conv::strided(w << i, w << (i + 1), 4, 2, 1).without_bias();
        let y = l.conv(&format!("down{i}"), &rows[i], conv);
        rows.push(l.sloped_relu(&y, SLOPE));
    }
    let same = |input, output| Conv::same(input, output, 3, Padding::Zero).without_bias();
    let mut x = rows.remove(3);
    for i in (0..3).rev() {
        let y = l.bilinear(&x, 2, Grid::HalfPixel);
        let y = l.conv(&format!("up{i}"), &y, same(w << (i + 1), w << i));
        let y = l.sloped_relu(&y, SLOPE);
        x = l.add(&y, &rows[i]);
    }
    for name in ["last0", "last1"] {
        let y = l.conv(name, &x, same(w, w));
        x = l.sloped_relu(&y, SLOPE);
    }
    l.conv("score", &x, Conv::same(w, 1, 3, Padding::Zero))
}

/// Whether spectral norm divides the weight `name` of [`u_net`]: all but the first and the last.
pub(crate) fn is_spectral(name: &str) -> bool {
    name.ends_with(".weight") && !name.starts_with("enter.") && !name.starts_with("score.")
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::*;
    use crate::train::nn::layers::{Declare, Init, Measure, Training};
    use crate::train::nn::spectral_norm::SpectralNorm;

    #[test]
    fn published_sizes() {
        let mut l = Measure::default();
        assert_eq!(srgan(&mut l, &vec![3, 96, 96], 64, 96), [1]);
        assert_eq!(l.parameters, 23_565_505);
        for (side, parameters) in [(128, 14_499_401), (256, 21_055_049)] {
            let mut l = Measure::default();
            assert_eq!(esrgan(&mut l, &vec![3, side, side], 64, side), [1]);
            assert_eq!(l.parameters, parameters);
        }
        let mut l = Measure::default();
        assert_eq!(u_net(&mut l, &vec![3, 256, 256], 64), [1, 256, 256]);
        assert_eq!(l.parameters, 4_376_897);
        assert_eq!((l.operations as f64 / 1e8).round(), 259.0);
        let mut l = Measure::default();
        u_net(&mut l, &vec![3, 64, 64], 16);
        assert_eq!(l.parameters, 274_001);
    }

    #[test]
    fn spectral_norm_of_the_middle_layers() {
        let weights = Declare::parameters(Init::KaimingUniform, Device::Cpu, |l| {
            u_net(l, &(), 4);
        });
        let spectral = SpectralNorm::of(&weights, is_spectral);
        assert_eq!(spectral.vectors.len(), 8);
        let normalized = spectral.normalized(&weights);
        assert_eq!(normalized["enter.weight"], weights["enter.weight"]);
        let picture = Tensor::rand([2, 3, 32, 32], (Kind::Float, Device::Cpu));
        let scores = u_net(&mut Training(&normalized), &picture, 4);
        assert_eq!(scores.size(), [2, 1, 32, 32]);
        scores.mean(Kind::Float).backward();
        assert!(weights["down1.weight"].grad().defined());
    }
}
