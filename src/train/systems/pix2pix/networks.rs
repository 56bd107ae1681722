//! U-Net-256, as in junyanz/pytorch-CycleGAN-and-pix2pix or in TensorFlow's tutorial.
//!
//! The discriminator is [`patch_gan`](crate::train::optim::discriminator::patch::patch_gan) of six
//! channels with batch norm.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::train::nn::layers::{Conv, Layers};
use crate::train::nn::network::{Network, Port};

/// Size and kind of a U-Net. Pictures are `[N, 3, H, W]`, −1 … 1, sides multiples of 2^`halvings`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UNet {
    /// Channels of the first level (published: 64); deeper levels double them up to eight times.
    pub width: i64,
    /// Levels, each of half the size (published: 8, which takes 256 px to one).
    pub halvings: usize,
    /// Normalisation.
    pub norm: UNetNorm,
    /// Whose details.
    pub flavour: Flavour,
}

/// Normalisation in a U-Net.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UNetNorm {
    /// Batch norm on all but the first and the last level (published); exported with remembered
    /// statistics, so the batch should hold eight pictures or more.
    Batch,
    /// As the tutorial: batch norm on the last level, too, where at batch 1 it leaves nothing but
    /// its shift.
    BatchEverywhere,
    /// Instance norm, but not on the two smallest levels, where hardly anything is left to
    /// normalise.
    Instance,
}

/// Details in which the two published programs differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flavour {
    /// Slope 0.2; the way up sees skips without negatives; dropout above the smallest level but
    /// one.
    Base,
    /// Slope 0.3; skips keep their negatives; dropout from the smallest level on.
    Tutorial,
}

impl UNet {
    /// The published network.
    pub const PUBLISHED: Self = Self {
        width: 64,
        halvings: 8,
        norm: UNetNorm::Batch,
        flavour: Flavour::Base,
    };

    /// An error for sizes that make no network.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(
            (1..=1024).contains(&self.width),
            "width is {}; it must lie in 1 … 1024",
            self.width
        );
        ensure!(
            (2..=10).contains(&self.halvings),
            "halvings is {}; it must lie in 2 … 10",
            self.halvings
        );
        Ok(())
    }

    fn channels(&self, level: usize) -> i64 {
        self.width << (level - 1).min(3)
    }

    fn slope(&self) -> f64 {
        match self.flavour {
            Flavour::Base => 0.2,
            Flavour::Tutorial => 0.3,
        }
    }

    /// Normalise the output of `level`, called `name`, if it is normalised.
    fn normalize<L: Layers>(&self, l: &mut L, name: &str, x: L::Value, level: usize) -> L::Value {
        let last = self.halvings;
        match self.norm {
            UNetNorm::Batch if level == last => x,
            UNetNorm::Instance if level + 1 >= last => x,
            UNetNorm::Instance => l.instance_norm(&x),
            UNetNorm::Batch | UNetNorm::BatchEverywhere => {
                l.batch_norm(name, &x, self.channels(level))
            }
        }
    }

    /// Whether the way up forgets half of what `level` says: the only randomness in this generator.
    fn drops(&self, level: usize) -> bool {
        let count = self.halvings.saturating_sub(5);
        let first = match self.flavour {
            Flavour::Base => 4,
            Flavour::Tutorial => 5,
        };
        (first..first + count).contains(&level)
    }

    /// Outputs of all levels, from the first to the last.
    fn down<L: Layers>(&self, l: &mut L, picture: &L::Value) -> Vec<L::Value> {
        let mut outputs: Vec<L::Value> = Vec::new();
        for level in 1..=self.halvings {
            let input = if level == 1 {
                3
            } else {
                self.channels(level - 1)
            };
            let conv = Conv::strided(input, self.channels(level), 4, 2, 1).without_bias();
            let name = format!("down{level}");
            let mut x = l.conv(&name, outputs.last().unwrap_or(picture), conv);
            if level > 1 {
                x = self.normalize(l, &name, x, level);
            }
            // What the base's last level gives meets the rectifier of the way up.
            if level < self.halvings || self.flavour == Flavour::Tutorial {
                x = l.sloped_relu(&x, self.slope());
            }
            outputs.push(x);
        }
        outputs
    }
}

impl Network for UNet {
    fn inputs(&self, side: i64) -> Vec<Port> {
        vec![Port::picture(side)]
    }

    fn multiple(&self) -> Option<usize> {
        Some(1 << self.halvings)
    }

    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value {
        let mut skips = self.down(l, &inputs[0]);
        let mut channels = self.channels(self.halvings);
        let mut x = skips.remove(self.halvings - 1);
        for level in (1..self.halvings).rev() {
            if self.flavour == Flavour::Base {
                x = l.relu(&x);
            }
            let output = self.channels(level);
            let conv = Conv::strided(channels, output, 4, 2, 1).without_bias();
            let name = format!("up{level}");
            let y = l.conv_transpose(&name, &x, conv);
            let mut y = self.normalize(l, &name, y, level);
            if self.drops(level) {
                y = l.dropout(&y, 0.5);
            }
            if self.flavour == Flavour::Tutorial {
                y = l.relu(&y);
            }
            x = l.concat(&skips[level - 1], &y);
            channels = 2 * output;
        }
        if self.flavour == Flavour::Base {
            x = l.relu(&x);
        }
        let x = l.conv_transpose("leave", &x, Conv::strided(channels, 3, 4, 2, 1));
        l.tanh(&x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::nn::layers::Measure;
    use crate::train::nn::network::measure;
    use crate::train::nn::network::tests::check_parity;
    use crate::train::optim::discriminator::patch::{Norm, PatchGanSize, patch_gan};

    const SMALL: UNet = UNet {
        width: 16,
        halvings: 6,
        ..UNet::PUBLISHED
    };

    #[test]
    fn published_sizes() {
        let (unet, output) = measure(&UNet::PUBLISHED, 256);
        assert_eq!((unet.parameters, output), (54_413_955, vec![3, 256, 256]));
        assert_eq!((unet.operations as f64 / 1e7).round(), 605.0);
        let tutorial = UNet {
            norm: UNetNorm::BatchEverywhere,
            flavour: Flavour::Tutorial,
            ..UNet::PUBLISHED
        };
        assert_eq!(measure(&tutorial, 256).0.parameters, 54_414_979);
        let mut discriminator = Measure::default();
        let size = PatchGanSize {
            width: 64,
            layers: 3,
            norm: Norm::Batch,
        };
        let scores = patch_gan(&mut discriminator, &vec![6, 256, 256], 6, size);
        assert_eq!(discriminator.parameters, 2_768_705);
        assert_eq!((discriminator.operations as f64 / 1e7).round(), 320.0);
        assert_eq!(scores, [1, 30, 30]);
    }

    #[test]
    fn small_sizes() {
        assert_eq!(measure(&SMALL, 64).0.parameters, 1_830_563);
        let middle = UNet {
            width: 32,
            halvings: 7,
            ..UNet::PUBLISHED
        };
        let parameters = measure(&middle, 128).0.parameters as f64;
        assert_eq!((parameters / 1e5).round(), 105.0);
    }

    #[test]
    fn parity() {
        for norm in [
            UNetNorm::Batch,
            UNetNorm::BatchEverywhere,
            UNetNorm::Instance,
        ] {
            for flavour in [Flavour::Base, Flavour::Tutorial] {
                let network = UNet {
                    norm,
                    flavour,
                    width: 8,
                    ..SMALL
                };
                check_parity(&network, 64);
            }
        }
    }

    #[test]
    fn dropout_is_where_it_was_published() {
        let levels = |unet: UNet| -> Vec<usize> { (1..8).filter(|&l| unet.drops(l)).collect() };
        assert_eq!(levels(UNet::PUBLISHED), [4, 5, 6]);
        let flavour = Flavour::Tutorial;
        let tutorial = UNet {
            flavour,
            ..UNet::PUBLISHED
        };
        assert_eq!(levels(tutorial), [5, 6, 7]);
    }
}
