//! What the networks of StyleGAN2 and GPEN are built from.
//!
//! The modulated convolution multiplies its input by the style and its output by the demodulation,
//! which is the same as multiplying its weights; so no weight depends on the batch.

use crate::train::nn::layers::{Conv, Layers, Linear, Padding};

/// Numbers of a fully connected layer's learning rate in the mapping network.
const MAPPING_MULTIPLIER: f64 = 0.01;

/// Channels of maps of 4, 8, … `side` pixels: `base` ÷ side, but at most `most`.
pub fn channels(side: i64, base: i64, most: i64) -> Vec<i64> {
    let levels = (side / 4).ilog2();
    (0..=levels).map(|i| (base / (4 << i)).min(most)).collect()
}

/// Slope 0.2 below zero, then √2, which keeps the variance.
pub fn activate<L: Layers>(l: &mut L, x: &L::Value) -> L::Value {
    let x = l.leaky_relu(x);
    l.scale(&x, std::f64::consts::SQRT_2)
}

/// Random numbers, normalised, through `layers` layers of `width`.
pub fn mapping<L: Layers>(l: &mut L, z: &L::Value, width: i64, layers: usize) -> L::Value {
    let mut w = l.rms_norm(z);
    for i in 0..layers {
        let linear = Linear::new(width, width).equalised(MAPPING_MULTIPLIER, 0.0);
        let y = l.linear(&format!("mapping{i}"), &w, linear);
        w = activate(l, &y);
    }
    w
}

/// A modulated convolution.
#[derive(Clone, Copy)]
pub struct Modulated {
    /// Input channels.
    pub input: i64,
    /// Output channels.
    pub output: i64,
    /// Numbers in the style's source w.
    pub style: i64,
    /// Doubles the size.
    pub up: bool,
}

impl Modulated {
    /// The convolution `name` of 3 × 3, demodulated; neither noise nor bias nor activation yet.
    pub fn read<L: Layers>(self, l: &mut L, name: &str, x: &L::Value, w: &L::Value) -> L::Value {
        let style = style(l, name, w, [self.style, self.input]);
        let x = modulate(l, x, &style, self.input);
        let conv = Conv {
            padding: if self.up { 0 } else { 1 },
            stride: if self.up { 2 } else { 1 },
            ..Conv::same(self.input, self.output, 3, Padding::Zero)
        };
        let conv = conv.equalised().without_bias();
        let y = if self.up {
            let y = l.conv_transpose(name, &x, conv);
            l.low_pass(&y, 1, 4.0)
        } else {
            l.conv(name, &x, conv)
        };
        let factors = l.demodulation(name, &style, conv, self.up);
        l.mul(&y, &factors)
    }
}

fn style<L: Layers>(l: &mut L, name: &str, w: &L::Value, [from, to]: [i64; 2]) -> L::Value {
    let linear = Linear::new(from, to).equalised(1.0, 1.0);
    l.linear(&format!("{name}.style"), w, linear)
}

fn modulate<L: Layers>(l: &mut L, x: &L::Value, style: &L::Value, channels: i64) -> L::Value {
    let factors = l.reshape(style, &[channels, 1, 1]);
    l.mul(x, &factors)
}

/// The picture in `x`, which has `input` channels, on top of the picture `below` of half the size.
pub fn to_rgb<L: Layers>(
    l: &mut L,
    name: &str,
    x: &L::Value,
    w: &L::Value,
    [style_width, input]: [i64; 2],
    below: Option<&L::Value>,
) -> L::Value {
    let style = style(l, name, w, [style_width, input]);
    let x = modulate(l, x, &style, input);
    let conv = Conv::same(input, 3, 1, Padding::Zero);
    let x = l.conv(name, &x, conv.equalised().without_bias());
    let x = l.bias(name, &x, 3);
    match below {
        Some(below) => {
            let below = l.low_pass_up(below);
            l.add(&below, &x)
        }
        None => x,
    }
}

/// Convolution of 3 × 3 with activation; `halve`: the size, after the low-pass filter.
pub fn conv_act<L: Layers>(
    l: &mut L,
    name: &str,
    x: &L::Value,
    [input, output]: [i64; 2],
    halve: bool,
) -> L::Value {
    let y = if halve {
        let x = l.low_pass(x, 2, 1.0);
        l.conv(name, &x, Conv::strided(input, output, 3, 2, 0).equalised())
    } else {
        let conv = Conv::same(input, output, 3, Padding::Zero);
        l.conv(name, x, conv.equalised())
    };
    activate(l, &y)
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::*;
    use crate::train::nn::layers::{Declare, Forward, Init};

    #[test]
    fn demodulated_maps_have_unit_variance() {
        tch::manual_seed(11);
        for up in [false, true] {
            let modulated = Modulated {
                input: 32,
                output: 16,
                style: 8,
                up,
            };
            let weights = Declare::parameters(Init::Normal(1.0), Device::Cpu, |l| {
                modulated.read(l, "a", &(), &());
            });
            let x = Tensor::randn([4, 32, 32, 32], (Kind::Float, Device::Cpu));
            let w = Tensor::randn([4, 8], (Kind::Float, Device::Cpu));
            let y = modulated.read(&mut Forward(&weights), "a", &x, &w);
            assert_eq!(y.size()[2], if up { 64 } else { 32 });
            let deviation = y.std(true).double_value(&[]);
            // The filter between enlarged samples takes half of white noise's deviation.
            let range = if up { 0.3..1.1 } else { 0.9..1.1 };
            assert!(range.contains(&deviation), "{deviation}");
        }
    }

    #[test]
    fn channels_per_size() {
        assert_eq!(
            channels(256, 16_384, 512),
            [512, 512, 512, 512, 256, 128, 64]
        );
        assert_eq!(channels(64, 2048, 64), [64, 64, 64, 64, 32]);
    }
}
