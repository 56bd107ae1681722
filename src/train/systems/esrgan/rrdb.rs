//! RRDBNet, the generator of ESRGAN and Real-ESRGAN: dense blocks within residual blocks.
//!
//! Source: XPixelGroup/BasicSR. For scales 1 and 2 the picture is first folded into channels, so
//! that the body always works at a quarter of the output's size.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::train::nn::layers::{Conv, Init, Layers, Padding};
use crate::train::nn::network::{Network, Port};

/// Size of the network. Pictures are `[N, 3, H, W]`, 0 … 1; the output is not cut to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RrdbNet {
    /// Channels (published: 64).
    pub width: i64,
    /// Residual blocks of three dense blocks each (published: 23 or 6).
    pub blocks: usize,
    /// Channels that each convolution of a dense block adds (published: 32).
    pub growth: i64,
    /// Output side ÷ input side: 1, 2 or 4. For 2 and 1 the input's sides are multiples of 2 and 4.
    pub scale: i64,
}

/// Share of a block's own result in its output.
const RESIDUAL: f64 = 0.2;

const fn conv3(input: i64, output: i64) -> Conv {
    Conv::same(input, output, 3, Padding::Zero)
}

impl RrdbNet {
    /// The published network.
    pub const PUBLISHED: Self = Self {
        width: 64,
        blocks: 23,
        growth: 32,
        scale: 4,
    };

    /// An error for sizes that make no network.
    pub fn check(&self) -> anyhow::Result<()> {
        for (name, value) in [("width", self.width), ("growth", self.growth)] {
            ensure!(
                (1..=1024).contains(&value),
                "{name} is {value}; it must lie in 1 … 1024"
            );
        }
        ensure!(
            [1, 2, 4].contains(&self.scale),
            "scale is {}; it must be 1, 2 or 4",
            self.scale
        );
        Ok(())
    }

    fn dense<L: Layers>(&self, l: &mut L, name: &str, x: &L::Value) -> L::Value {
        let start = Init::KaimingNormal(0.1);
        let mut grown: Vec<L::Value> = Vec::new();
        for i in 0..4 {
            let seen: Vec<&L::Value> = std::iter::once(x).chain(&grown).collect();
            let y = match seen.as_slice() {
                [only] => l.conv(
                    &format!("{name}.{i}"),
                    only,
                    conv3(self.width, self.growth).starting(start),
                ),
                all => {
                    let input = self.width + i * self.growth;
                    let joined = l.concat_all(all);
                    let conv = conv3(input, self.growth).starting(start);
                    l.conv(&format!("{name}.{i}"), &joined, conv)
                }
            };
            grown.push(l.leaky_relu(&y));
        }
        let seen: Vec<&L::Value> = std::iter::once(x).chain(&grown).collect();
        let joined = l.concat_all(&seen);
        let conv = conv3(self.width + 4 * self.growth, self.width).starting(start);
        let y = l.conv(&format!("{name}.4"), &joined, conv);
        residual(l, x, &y)
    }

    fn block<L: Layers>(&self, l: &mut L, name: &str, x: &L::Value) -> L::Value {
        let y = self.dense(l, &format!("{name}.dense0"), x);
        let y = self.dense(l, &format!("{name}.dense1"), &y);
        let y = self.dense(l, &format!("{name}.dense2"), &y);
        residual(l, x, &y)
    }
}

fn residual<L: Layers>(l: &mut L, x: &L::Value, y: &L::Value) -> L::Value {
    let y = l.scale(y, RESIDUAL);
    l.add(x, &y)
}

impl Network for RrdbNet {
    fn inputs(&self, side: i64) -> Vec<Port> {
        vec![Port::picture(side)]
    }

    fn multiple(&self) -> Option<usize> {
        Some(4 / self.scale as usize)
    }

    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value {
        let (w, fold) = (self.width, 4 / self.scale);
        let folded = (fold > 1).then(|| l.pixel_unshuffle(&inputs[0], 3, fold));
        let picture = folded.as_ref().unwrap_or(&inputs[0]);
        let first = l.conv("enter", picture, conv3(3 * fold * fold, w));
        let mut x: Option<L::Value> = None;
        for i in 0..self.blocks {
            x = Some(self.block(l, &format!("block{i}"), x.as_ref().unwrap_or(&first)));
        }
        let y = l.conv("body", x.as_ref().unwrap_or(&first), conv3(w, w));
        let mut x = l.add(&first, &y);
        for name in ["up1", "up2"] {
            let y = l.upsample(&x);
            let y = l.conv(name, &y, conv3(w, w));
            x = l.leaky_relu(&y);
        }
        let x = l.conv("high", &x, conv3(w, w));
        let x = l.leaky_relu(&x);
        l.conv("leave", &x, conv3(w, 3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::nn::network::measure;
    use crate::train::nn::network::tests::check_parity;

    #[test]
    fn published_sizes() {
        for (scale, blocks, side, parameters, operations) in [
            (4, 23, 64, 16_697_987, 734),
            (4, 6, 64, 4_467_779, 234),
            (2, 23, 64, 16_703_171, 184),
            (1, 23, 64, 16_723_907, 46),
        ] {
            let network = RrdbNet {
                scale,
                blocks,
                ..RrdbNet::PUBLISHED
            };
            let (measured, output) = measure(&network, side);
            assert_eq!(measured.parameters, parameters, "×{scale}, {blocks}");
            let rounded = (measured.operations as f64 / 1e8).round();
            assert_eq!(rounded, f64::from(operations), "×{scale}, {blocks}");
            assert_eq!(output, [3, scale * side, scale * side]);
        }
    }

    #[test]
    fn small_sizes() {
        for ([width, blocks, growth, scale], parameters) in [
            ([16, 2, 8, 4], 100_307),
            ([32, 3, 16, 4], 578_755),
            ([32, 3, 16, 1], 591_715),
        ] {
            let network = RrdbNet {
                width,
                blocks: blocks as usize,
                growth,
                scale,
            };
            assert_eq!(measure(&network, 16).0.parameters, parameters);
        }
    }

    #[test]
    fn parity() {
        for scale in [1, 2, 4] {
            let network = RrdbNet {
                width: 8,
                blocks: 2,
                growth: 4,
                scale,
            };
            check_parity(&network, 16);
        }
    }
}
