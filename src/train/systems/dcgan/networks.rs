//! DCGAN's generator and discriminator at 64 px, as in d2l-ai/d2l-en, and at 32 px without their
//! widest stages.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::train::nn::layers::{Conv, Layers};
use crate::train::nn::network::{Network, Port};

/// How many numbers a picture is made from.
pub const LATENT: i64 = 100;

/// Size of both networks. Pictures are `[N, 3, side, side]`, −1 … 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dcgan {
    /// Channels next to the picture (published: 64).
    pub width: i64,
    /// Side of the pictures: 32, 64, 128 or 256 pixels.
    pub side: i64,
    /// The discriminator's first layer has batch norm, too (as in d2l; the paper leaves it bare).
    pub norm_first: bool,
}

impl Dcgan {
    /// An error for sizes that make no network.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(
            (1..=256).contains(&self.width),
            "width is {}; it must lie in 1 … 256",
            self.width
        );
        ensure!(
            [32, 64, 128, 256].contains(&self.side),
            "side is {}; it must be 32, 64, 128 or 256",
            self.side
        );
        Ok(())
    }

    /// Layers between the picture and maps of 4 × 4.
    fn halvings(&self) -> u32 {
        (self.side / 4).ilog2()
    }

    /// One raw score per picture: `[N, 1, 1, 1]`. In training the share `dropout` of what leaves each
    /// layer is left out.
    pub fn discriminator<L: Layers>(
        &self,
        l: &mut L,
        picture: &L::Value,
        dropout: f64,
    ) -> L::Value {
        let mut input = 3;
        let mut x: Option<L::Value> = None;
        for i in 0..self.halvings() {
            let output = self.width << i;
            let name = format!("layer{i}");
            let conv = Conv::strided(input, output, 4, 2, 1).without_bias();
            let mut y = l.conv(&name, x.as_ref().unwrap_or(picture), conv);
            if i > 0 || self.norm_first {
                y = l.batch_norm(&name, &y, output);
            }
            y = l.leaky_relu(&y);
            if dropout > 0.0 {
                y = l.dropout(&y, dropout);
            }
            x = Some(y);
            input = output;
        }
        let conv = Conv::strided(input, 1, 4, 1, 0).without_bias();
        l.conv("score", x.as_ref().unwrap_or(picture), conv)
    }
}

impl Network for Dcgan {
    fn inputs(&self, _: i64) -> Vec<Port> {
        vec![Port::latent(&[LATENT, 1, 1])]
    }

    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value {
        let last = self.halvings();
        let mut width = self.width << (last - 1);
        let mut conv = Conv::strided(LATENT, width, 4, 1, 0);
        let mut x = l.conv_transpose("layer0", &inputs[0], conv.without_bias());
        for i in 1..=last {
            let y = l.batch_norm(&format!("layer{}", i - 1), &x, width);
            let y = l.relu(&y);
            let output = if i == last { 3 } else { width / 2 };
            conv = Conv::strided(width, output, 4, 2, 1);
            x = l.conv_transpose(&format!("layer{i}"), &y, conv.without_bias());
            width = output;
        }
        l.tanh(&x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::nn::layers::Measure;
    use crate::train::nn::network::measure;
    use crate::train::nn::network::tests::check_parity;

    fn sizes(width: i64, side: i64) -> (i64, i64) {
        let network = Dcgan {
            width,
            side,
            norm_first: true,
        };
        let (generator, picture) = measure(&network, side);
        assert_eq!(picture, [3, side, side]);
        let mut discriminator = Measure::default();
        assert_eq!(
            network.discriminator(&mut discriminator, &picture, 0.25),
            [1, 1, 1]
        );
        (generator.parameters, discriminator.parameters)
    }

    #[test]
    fn published_sizes() {
        assert_eq!(sizes(64, 64), (3_576_704, 2_765_696));
        assert_eq!(sizes(64, 32), (1_068_928, 663_424));
        assert_eq!(sizes(16, 32), (144_352, 42_976));
        assert_eq!(sizes(16, 64), (378_080, 175_328));
    }

    #[test]
    fn parity() {
        for side in [32, 64] {
            let network = Dcgan {
                width: 8,
                side,
                norm_first: true,
            };
            check_parity(&network, side);
        }
    }
}
