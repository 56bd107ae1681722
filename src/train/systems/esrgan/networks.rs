//! SRGAN's generator, its relative without batch norm, and the compact generator of Real-ESRGAN.
//!
//! Sources: Ledig et al., 2017; XPixelGroup/BasicSR. All make pictures four times as large.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::train::nn::layers::{Conv, Grid, Layers, Padding};
use crate::train::nn::network::{Network, Port};

/// Residual networks that enlarge a picture at their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SrResNet {
    /// Channels (published: 64).
    pub width: i64,
    /// Residual blocks (published: 16).
    pub blocks: usize,
    /// Whose details.
    pub kind: ResidualKind,
}

/// Details of residual networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResidualKind {
    /// SRGAN: batch norm, learned slopes.
    Srgan,
    /// BasicSR's MSRResNet: no norm, and what it makes goes on top of the picture enlarged.
    Plain,
    /// Real-ESRGAN's compact network: a plain row of convolutions with learned slopes per channel,
    /// everything at the small size, on top of the picture enlarged.
    Compact,
}

const fn conv3(input: i64, output: i64) -> Conv {
    Conv::same(input, output, 3, Padding::Zero)
}

impl SrResNet {
    /// An error for sizes that make no network.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(
            (1..=1024).contains(&self.width),
            "width is {}; it must lie in 1 … 1024",
            self.width
        );
        Ok(())
    }

    fn srgan<L: Layers>(&self, l: &mut L, picture: &L::Value) -> L::Value {
        let w = self.width;
        let conv9 = |input, output| Conv::same(input, output, 9, Padding::Zero);
        let x = l.conv("enter", picture, conv9(3, w));
        let first = l.prelu("enter", &x, 1);
        let mut x = l.scale(&first, 1.0);
        for i in 0..self.blocks {
            let name = |part: &str| format!("block{i}{part}");
            let y = l.conv(&name("a"), &x, conv3(w, w));
            let y = l.batch_norm(&name("a"), &y, w);
            let y = l.prelu(&name("a"), &y, 1);
            let y = l.conv(&name("b"), &y, conv3(w, w));
            let y = l.batch_norm(&name("b"), &y, w);
            x = l.add(&x, &y);
        }
        let x = l.conv("body", &x, conv3(w, w));
        let x = l.batch_norm("body", &x, w);
        let mut x = l.add(&first, &x);
        for name in ["up1", "up2"] {
            let y = l.conv(name, &x, conv3(w, 4 * w));
            let y = l.pixel_shuffle(&y);
            x = l.prelu(name, &y, 1);
        }
        l.conv("leave", &x, conv9(w, 3))
    }

    fn plain<L: Layers>(&self, l: &mut L, picture: &L::Value) -> L::Value {
        const SLOPE: f64 = 0.1;
        let w = self.width;
        let x = l.conv("enter", picture, conv3(3, w));
        let mut x = l.sloped_relu(&x, SLOPE);
        for i in 0..self.blocks {
            let y = l.conv(&format!("block{i}a"), &x, conv3(w, w));
            let y = l.relu(&y);
            let y = l.conv(&format!("block{i}b"), &y, conv3(w, w));
            x = l.add(&x, &y);
        }
        for name in ["up1", "up2"] {
            let y = l.conv(name, &x, conv3(w, 4 * w));
            let y = l.pixel_shuffle(&y);
            x = l.sloped_relu(&y, SLOPE);
        }
        let x = l.conv("high", &x, conv3(w, w));
        let x = l.sloped_relu(&x, SLOPE);
        let x = l.conv("leave", &x, conv3(w, 3));
        let base = l.bilinear(picture, 4, Grid::HalfPixel);
        l.add(&base, &x)
    }

    fn compact<L: Layers>(&self, l: &mut L, picture: &L::Value) -> L::Value {
        let w = self.width;
        let x = l.conv("enter", picture, conv3(3, w));
        let mut x = l.prelu("enter", &x, w);
        for i in 0..self.blocks {
            let name = format!("body{i}");
            let y = l.conv(&name, &x, conv3(w, w));
            x = l.prelu(&name, &y, w);
        }
        let x = l.conv("leave", &x, conv3(w, 48));
        let x = l.pixel_shuffle_by(&x, 4);
        let base = l.upsample(picture);
        let base = l.upsample(&base);
        l.add(&base, &x)
    }
}

impl Network for SrResNet {
    fn inputs(&self, side: i64) -> Vec<Port> {
        vec![Port::picture(side)]
    }

    fn multiple(&self) -> Option<usize> {
        Some(1)
    }

    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value {
        match self.kind {
            ResidualKind::Srgan => self.srgan(l, &inputs[0]),
            ResidualKind::Plain => self.plain(l, &inputs[0]),
            ResidualKind::Compact => self.compact(l, &inputs[0]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::nn::network::measure;
    use crate::train::nn::network::tests::check_parity;

    fn network(kind: ResidualKind, width: i64, blocks: usize) -> SrResNet {
        SrResNet {
            width,
            blocks,
            kind,
        }
    }

    #[test]
    fn published_sizes() {
        use ResidualKind::{Compact, Plain, Srgan};
        for (kind, blocks, parameters, operations) in [
            (Srgan, 16, 1_549_462, 91),
            (Plain, 16, 1_517_571, 104),
            (Compact, 16, 621_424, 25),
            (Compact, 32, 1_213_296, 50),
        ] {
            let (measured, output) = measure(&network(kind, 64, blocks), 64);
            assert_eq!(measured.parameters, parameters, "{kind:?}");
            let rounded = (measured.operations as f64 / 1e8).round();
            assert_eq!(rounded, f64::from(operations), "{kind:?}");
            assert_eq!(output, [3, 256, 256]);
        }
    }

    #[test]
    fn parity() {
        use ResidualKind::{Compact, Plain, Srgan};
        for kind in [Srgan, Plain, Compact] {
            check_parity(&network(kind, 8, 2), 16);
        }
    }
}
