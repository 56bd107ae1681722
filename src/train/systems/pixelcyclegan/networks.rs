//! UNet++ (Zhou et al., 2018) as a generator, and the published discriminator. Source:
//! gh-BumsooKim/PixelCycleGAN.
//!
//! Node X(i, j) lies at depth i (1/2^i of the size) in column j. It sees all nodes before it in its
//! row, and the one below, enlarged.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::train::nn::layers::{Conv, Grid, Layers, Padding};
use crate::train::nn::network::{Network, Port};

/// A UNet++ generator. Pictures are `[N, 3, H, W]`, −1 … 1, sides multiples of 2^depth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Nested {
    /// Wider as it gets deeper; tanh at the end.
    Pyramid {
        /// Channels per depth.
        widths: Vec<i64>,
    },
    /// As published: as wide at all depths, and instance norm on the picture itself, so that it
    /// cannot show the colours and contrasts that it should.
    AsCoded {
        /// Channels (published: 512).
        width: i64,
        /// Depth (published: 4).
        depth: usize,
    },
}

impl Nested {
    /// The pyramid at the size that is meant for 256 px.
    pub fn pyramid() -> Self {
        let widths = vec![32, 64, 128, 256, 512];
        Self::Pyramid { widths }
    }

    /// An error for sizes that make no network.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(
            (1..=6).contains(&self.depth()),
            "a nested U-Net is 1 to 6 deep"
        );
        ensure!(
            (0..=self.depth()).all(|depth| (1..=1024).contains(&self.width(depth))),
            "widths must lie in 1 … 1024"
        );
        Ok(())
    }

    /// How often the size is halved.
    pub fn depth(&self) -> usize {
        match self {
            Self::Pyramid { widths } => widths.len().saturating_sub(1),
            Self::AsCoded { depth, .. } => *depth,
        }
    }

    fn width(&self, depth: usize) -> i64 {
        match self {
            Self::Pyramid { widths } => widths[depth],
            Self::AsCoded { width, .. } => *width,
        }
    }

    /// X(i, j) of what it sees, which has `input` channels.
    fn node<L: Layers>(&self, l: &mut L, x: &L::Value, [i, j]: [usize; 2], input: i64) -> L::Value {
        let name = format!("x{i}_{j}");
        let width = self.width(i);
        match self {
            Self::Pyramid { .. } => {
                let x = conv_norm(l, &format!("{name}a"), x, [input, width], Padding::Reflect);
                let x = l.relu(&x);
                let x = conv_norm(l, &format!("{name}b"), &x, [width; 2], Padding::Reflect);
                l.relu(&x)
            }
            Self::AsCoded { depth, .. } => {
                let x = match j {
                    0 => l.sloped_relu(x, 0.01),
                    j if j == *depth => l.tanh(x),
                    _ => l.relu(x),
                };
                let output = if j == *depth { 3 } else { width };
                let x = conv_norm(l, &format!("{name}a"), &x, [input, width], Padding::Zero);
                conv_norm(l, &format!("{name}b"), &x, [width, output], Padding::Zero)
            }
        }
    }

    fn enlarge<L: Layers>(&self, l: &mut L, x: &L::Value) -> L::Value {
        match self {
            Self::Pyramid { .. } => l.bilinear(x, 2, Grid::HalfPixel),
            Self::AsCoded { .. } => l.upsample(x),
        }
    }

    /// Column 0, from the picture down.
    fn backbone<L: Layers>(&self, l: &mut L, picture: &L::Value) -> Vec<Vec<L::Value>> {
        let mut rows = vec![vec![self.node(l, picture, [0, 0], 3)]];
        for i in 1..=self.depth() {
            let x = l.max_pool(&rows[i - 1][0]);
            rows.push(vec![self.node(l, &x, [i, 0], self.width(i - 1))]);
        }
        rows
    }
}

fn conv_norm<L: Layers>(
    l: &mut L,
    name: &str,
    x: &L::Value,
    [input, output]: [i64; 2],
    mode: Padding,
) -> L::Value {
    let x = l.conv(name, x, Conv::same(input, output, 3, mode));
    l.instance_norm(&x)
}

impl Network for Nested {
    fn inputs(&self, side: i64) -> Vec<Port> {
        vec![Port::picture(side)]
    }

    fn multiple(&self) -> Option<usize> {
        Some(1 << self.depth())
    }

    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value {
        let mut rows = self.backbone(l, &inputs[0]);
        for j in 1..=self.depth() {
            for i in 0..=self.depth() - j {
                let below = self.enlarge(l, &rows[i + 1][j - 1]);
                let seen: Vec<&L::Value> = rows[i].iter().chain([&below]).collect();
                let x = l.concat_all(&seen);
                let input = j as i64 * self.width(i) + self.width(i + 1);
                let node = self.node(l, &x, [i, j], input);
                rows[i].push(node);
            }
        }
        let last = &rows[0][self.depth()];
        match self {
            Self::Pyramid { .. } => {
                let head = Conv::same(self.width(0), 3, 1, Padding::Zero);
                let x = l.conv("leave", last, head);
                l.tanh(&x)
            }
            // A sum with nothing would be a node more; the last node is the picture.
            Self::AsCoded { .. } => l.scale(last, 1.0),
        }
    }
}

/// The published discriminator of pictures: four halvings, so that it sees 94 pixels, not the 70
/// that its text says. Returns one score per 16 × 16 pixels; `width` is 64.
pub fn discriminator<L: Layers>(l: &mut L, picture: &L::Value, width: i64) -> L::Value {
    let x = l.conv("layer0", picture, Conv::strided(3, width, 4, 2, 1));
    let mut x = l.leaky_relu(&x);
    for i in 0..3 {
        let conv = Conv::strided(width << i, width << (i + 1), 4, 2, 1);
        let y = l.conv(&format!("layer{}", i + 1), &x, conv);
        let y = l.instance_norm(&y);
        x = l.leaky_relu(&y);
    }
    let x = l.pad(&x, [1, 1, 0, 0]);
    l.conv(
        "score",
        &x,
        Conv::strided(8 * width, 1, 4, 1, 1).without_bias(),
    )
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::*;
    use crate::train::nn::layers::{Forward, Init, Measure};
    use crate::train::nn::network::tests::check_parity;
    use crate::train::nn::network::{declare, measure};

    fn small(widths: [i64; 4]) -> Nested {
        let widths = widths.to_vec();
        Nested::Pyramid { widths }
    }

    fn as_coded(width: i64) -> Nested {
        Nested::AsCoded { width, depth: 4 }
    }

    #[test]
    fn published_sizes() {
        let (coded, output) = measure(&as_coded(512), 512);
        assert_eq!(coded.parameters, 113_288_707);
        assert_eq!(coded.operations / 1_000_000_000, 13_705);
        assert_eq!(output, [3, 512, 512]);
        assert_eq!(measure(&as_coded(64), 256).0.parameters, 1_774_787);
        let (pyramid, output) = measure(&Nested::pyramid(), 256);
        assert_eq!((pyramid.parameters, output), (9_156_099, vec![3, 256, 256]));
        assert_eq!((pyramid.operations as f64 / 1e8).round(), 345.0);
        let mut measured = Measure::default();
        let scores = discriminator(&mut measured, &vec![3, 512, 512], 64);
        assert_eq!(measured.parameters, 2_764_736);
        assert_eq!((measured.operations as f64 / 1e7).round(), 665.0);
        assert_eq!(scores, [1, 32, 32]);
    }

    #[test]
    fn small_sizes() {
        assert_eq!(measure(&small([8, 16, 32, 64]), 64).0.parameters, 140_051);
        assert_eq!(measure(&small([16, 32, 64, 128]), 64).0.parameters, 558_883);
    }

    #[test]
    fn parity() {
        check_parity(&small([4, 8, 8, 16]), 32);
        check_parity(&as_coded(6), 32);
    }

    #[test]
    fn a_gradient_reaches_the_deepest_node() {
        let network = small([4, 4, 4, 4]);
        let weights = declare(&network, Init::KaimingUniform, Device::Cpu);
        let picture = Tensor::rand([1, 3, 32, 32], (Kind::Float, Device::Cpu));
        let output = network.read(&mut Forward(&weights), &[picture]);
        output.square().mean(Kind::Float).backward();
        let nodes = weights.keys().filter(|name| name.ends_with("a.weight"));
        assert_eq!(nodes.count(), 4 * 5 / 2);
        let gradient = weights["x3_0a.weight"].grad();
        assert!(gradient.abs().max().double_value(&[]) > 0.0);
    }
}
