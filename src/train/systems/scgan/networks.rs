//! SCGAN's restorer, its degraders and its discriminators; pictures are −1 … 1.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::train::nn::layers::{Conv, Grid, Layers, Linear, Padding};
use crate::train::nn::network::{Network, Port};

/// How many random numbers a degrader takes.
pub const LATENT: i64 = 64;

/// Side of the pictures before degradation, pixels; the small ones have a quarter of it.
pub const SIDE: i64 = 64;

/// How a block changes the size, and what it does with negative numbers of its input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    /// As in the generators: its skip sees what the rectifier left, since that works in place.
    Same,
    /// As above, at half the size (mean).
    Down,
    /// As in the discriminators: the skip sees everything.
    DiscriminatorNetwork,
    /// As above, at half the size (maximum).
    JudgeDown,
}

const fn conv3(input: i64, output: i64) -> Conv {
    Conv::same(input, output, 3, Padding::Zero).without_bias()
}

/// A residual block that rectifies before its convolutions.
fn residual<L: Layers>(
    l: &mut L,
    name: &str,
    x: &L::Value,
    [input, output]: [i64; 2],
    block: Block,
) -> L::Value {
    let rectified = l.relu(x);
    let y = l.conv(&format!("{name}a"), &rectified, conv3(input, output));
    let y = l.relu(&y);
    let seen = match block {
        Block::Same | Block::Down => &rectified,
        Block::DiscriminatorNetwork | Block::JudgeDown => x,
    };
    let halve = |l: &mut L, x: &L::Value| match block {
        Block::Down => Some(l.average_pool(x)),
        Block::JudgeDown => Some(l.max_pool(x)),
        Block::Same | Block::DiscriminatorNetwork => None,
    };
    let halved = halve(l, &y);
    let resized = halved.is_some();
    let y = l.conv(
        &format!("{name}b"),
        halved.as_ref().unwrap_or(&y),
        conv3(output, output),
    );
    if input == output && !resized {
        return l.add(seen, &y);
    }
    let halved = halve(l, seen);
    let skip = Conv::same(input, output, 1, Padding::Zero);
    let skip = l.conv(&format!("{name}s"), halved.as_ref().unwrap_or(seen), skip);
    l.add(&skip, &y)
}

/// The shared restorer: four times the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restorer {
    /// Channels at the input's size, at twice and at four times that (published: 256, 128, 96).
    pub widths: [i64; 3],
    /// Blocks at the input's size and at twice that, the first of which narrows (published: 12, 3).
    pub blocks: [usize; 2],
    /// Lays the first samples onto the first, as published; tiles then do not meet. Else the edges
    /// do.
    pub align_corners: bool,
}

impl Restorer {
    /// The published network.
    pub const PUBLISHED: Self = Self {
        widths: [256, 128, 96],
        blocks: [12, 3],
        align_corners: true,
    };

    /// An error for sizes that make no network.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.widths.iter().all(|width| (1..=1024).contains(width)),
            "widths must lie in 1 … 1024"
        );
        ensure!(
            self.blocks[1] > 0,
            "blocks must list at least one at twice the input's size"
        );
        Ok(())
    }

    fn double<L: Layers>(&self, l: &mut L, name: &str, x: &L::Value, width: i64) -> L::Value {
        let grid = if self.align_corners {
            Grid::AlignCorners
        } else {
            Grid::HalfPixel
        };
        let x = l.bilinear(x, 2, grid);
        let x = l.batch_norm(name, &x, width);
        let x = l.relu(&x);
        l.conv(name, &x, Conv::same(width, width, 1, Padding::Zero))
    }
}

impl Network for Restorer {
    fn inputs(&self, side: i64) -> Vec<Port> {
        vec![Port::picture(side)]
    }

    fn multiple(&self) -> Option<usize> {
        Some(1)
    }

    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value {
        let [w, half, last] = self.widths;
        let enter = l.conv("enter", &inputs[0], conv3(3, w));
        // The first block's rectifier works in place: the sum at the end sees its result.
        let entered = l.relu(&enter);
        let mut x: Option<L::Value> = None;
        for i in 0..self.blocks[0] {
            let seen = x.as_ref().unwrap_or(&entered);
            x = Some(residual(l, &format!("small{i}"), seen, [w, w], Block::Same));
        }
        let x = l.add(&entered, x.as_ref().unwrap_or(&entered));
        let entered = self.double(l, "double0", &x, w);
        let entered = l.relu(&entered);
        let mut x = residual(l, "middle0", &entered, [w, half], Block::Same);
        for i in 1..self.blocks[1] {
            x = residual(l, &format!("middle{i}"), &x, [half, half], Block::Same);
        }
        let skip = Conv::same(w, half, 1, Padding::Zero);
        let skip = l.conv("middle", &entered, skip);
        let x = l.add(&skip, &x);
        let x = self.double(l, "double1", &x, half);
        let x = l.conv("leave0", &x, conv3(half, last));
        let x = l.relu(&x);
        let x = l.conv("leave1", &x, Conv::same(last, last, 1, Padding::Zero));
        let x = l.relu(&x);
        let x = l.conv("leave2", &x, Conv::same(last, 3, 1, Padding::Zero));
        l.tanh(&x)
    }
}

/// A degrader: a picture of 64 px and random numbers become one of 16 px.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Degrader {
    /// Factor of all channels (published: 1): a multiple of 1/16.
    pub width: f64,
}

impl Degrader {
    /// An error for sizes that make no network.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.width > 0.0 && self.width <= 4.0 && (16.0 * self.width).fract() == 0.0,
            "width is {}; it must be a multiple of 1/16 up to 4",
            self.width
        );
        Ok(())
    }

    fn scaled(&self, channels: i64) -> i64 {
        (channels as f64 * self.width) as i64
    }
}

impl Network for Degrader {
    fn inputs(&self, _: i64) -> Vec<Port> {
        vec![Port::picture(SIDE), Port::latent(&[LATENT])]
    }

    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value {
        let z = l.linear("noise", &inputs[1], Linear::new(LATENT, SIDE * SIDE));
        let z = l.reshape(&z, &[1, SIDE, SIDE]);
        let x = l.concat(&inputs[0], &z);
        let mut width = self.scaled(96);
        let mut x = l.conv("enter", &x, conv3(4, width));
        for (i, channels) in [96, 128, 256, 512].into_iter().enumerate() {
            let next = self.scaled(channels);
            x = residual(l, &format!("down{i}a"), &x, [width, next], Block::Down);
            x = residual(l, &format!("down{i}b"), &x, [next, next], Block::Same);
            width = next;
        }
        for i in 0..2 {
            x = l.pixel_shuffle(&x);
            width /= 4;
            for part in ["a", "b"] {
                x = residual(l, &format!("up{i}{part}"), &x, [width, width], Block::Same);
            }
        }
        let x = l.conv("leave0", &x, conv3(width, 8));
        let x = l.relu(&x);
        let x = l.conv("leave1", &x, conv3(8, 3));
        l.tanh(&x)
    }
}

/// The discriminator of pictures of `side` = 64 or 16 pixels: `[N, 1]`. All its weights are for
/// spectral norm to divide; `width` is 128.
pub fn discriminator<L: Layers>(l: &mut L, picture: &L::Value, width: i64, side: i64) -> L::Value {
    let halvings = (side / 4).ilog2() as usize;
    let mut input = 3;
    let mut x: Option<L::Value> = None;
    for (i, factor) in [1, 1, 2, 2, 4, 4].into_iter().enumerate() {
        let output = factor * width;
        let block = if i >= 6 - halvings {
            Block::JudgeDown
        } else {
            Block::DiscriminatorNetwork
        };
        let seen = x.as_ref().unwrap_or(picture);
        x = Some(residual(
            l,
            &format!("block{i}"),
            seen,
            [input, output],
            block,
        ));
        input = output;
    }
    let features = 16 * input;
    let x = l.reshape(x.as_ref().unwrap_or(picture), &[features]);
    let x = l.linear("hidden", &x, Linear::new(features, input));
    let x = l.relu(&x);
    l.linear("score", &x, Linear::new(input, 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::nn::layers::Measure;
    use crate::train::nn::network::measure;
    use crate::train::nn::network::tests::check_parity;

    /// What the published restorer has and never uses: a 1×1 convolution at its end.
    fn with_unused(network: &Restorer) -> i64 {
        let [_, half, last] = network.widths;
        measure(network, 16).0.parameters + (half + 1) * last
    }

    fn restorer(widths: [i64; 3], blocks: [usize; 2]) -> Restorer {
        Restorer {
            widths,
            blocks,
            align_corners: true,
        }
    }

    #[test]
    fn published_sizes() {
        let (measured, output) = measure(&Restorer::PUBLISHED, 16);
        assert_eq!(measured.parameters, 15_476_323 - 12_384);
        assert_eq!(with_unused(&Restorer::PUBLISHED), 15_476_323);
        assert_eq!((measured.operations as f64 / 1e7).round(), 538.0);
        assert_eq!(output, [3, 64, 64]);
        let (measured, output) = measure(&Degrader { width: 1.0 }, SIDE);
        assert_eq!(measured.parameters, 12_291_896);
        assert_eq!((measured.operations as f64 / 1e7).round(), 128.0);
        assert_eq!(output, [3, 16, 16]);
        for (side, parameters, operations) in [(64, 15_456_641, 510.0), (16, 15_390_849, 131.0)] {
            let mut l = Measure::default();
            assert_eq!(discriminator(&mut l, &vec![3, side, side], 128, side), [1]);
            assert_eq!(l.parameters, parameters);
            assert_eq!((l.operations as f64 / 1e7).round(), operations);
        }
    }

    #[test]
    fn small_sizes() {
        assert_eq!(with_unused(&restorer([64, 48, 32], [4, 2])), 416_019);
        assert_eq!(with_unused(&restorer([32, 32, 24], [2, 1])), 67_835);
        let count = |width| measure(&Degrader { width }, SIDE).0.parameters;
        assert_eq!((count(0.25), count(0.125)), (1_019_312, 455_092));
        for (side, parameters) in [(64, 242_225), (16, 241_169)] {
            let mut l = Measure::default();
            discriminator(&mut l, &vec![3, side, side], 16, side);
            assert_eq!(l.parameters, parameters);
        }
    }

    #[test]
    fn parity() {
        for align_corners in [true, false] {
            let network = Restorer {
                align_corners,
                ..restorer([8, 6, 4], [2, 2])
            };
            check_parity(&network, 16);
        }
        check_parity(&Degrader { width: 0.125 }, SIDE);
    }
}
