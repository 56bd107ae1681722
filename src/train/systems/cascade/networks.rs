//! The published networks of the cascade, with their widths as parameters.
//!
//! Source: apperrs/facial_demosaicing; generator and discriminator as in
//! junyanz/pytorch-CycleGAN-and-pix2pix. Pictures are `[N, 3, H, W]`, −1 … 1, H and W multiples of
//! 4.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::stage_io::{Pictures, StageInputs};
use super::u_shaped::UShaped;
use crate::cascade::Window;
use crate::train::nn::layers::{Conv, Layers, Padding};

/// A network that makes pictures, by its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Architecture {
    /// CycleGAN's generator: residual blocks between two halvings and two doublings.
    Resnet {
        /// Channels at full resolution (published: 64).
        width: i64,
        /// Residual blocks (published: 9).
        blocks: usize,
    },
    /// The published second stage.
    Dcedn {
        /// Channels at full resolution (published: 64).
        width: i64,
    },
    /// Our own, given the lattice, see [`super::u_shaped`].
    UShaped(UShaped),
}

impl Architecture {
    /// Read the network into `l`: the picture that it is named for.
    pub fn read<L: Layers>(&self, l: &mut L, inputs: &StageInputs<'_, L::Value>) -> L::Value {
        self.pictures(l, inputs).restored
    }

    /// Read the network into `l`: all that it makes.
    pub fn pictures<L: Layers>(
        &self,
        l: &mut L,
        inputs: &StageInputs<'_, L::Value>,
    ) -> Pictures<L::Value> {
        if let Self::UShaped(shape) = self {
            return shape.read(l, inputs);
        }
        let (pictures, channels) = match inputs.stage1 {
            Some(stage1) => (&l.concat(stage1, inputs.pixelated), 6),
            None => (inputs.pixelated, 3),
        };
        let restored = match *self {
            Self::Resnet { width, blocks } => resnet(l, pictures, channels, width, blocks),
            Self::Dcedn { width } => dcedn(l, pictures, channels, width),
            Self::UShaped(_) => unreachable!("handled above"),
        };
        Pictures {
            restored,
            detailed: None,
        }
    }

    /// Side of the pictures ÷ side of the crop.
    pub fn scale(&self) -> usize {
        match self {
            Self::Resnet { .. } | Self::Dcedn { .. } => 1,
            Self::UShaped(shape) => shape.scale(),
        }
    }

    /// Whether the network makes a picture of invented detail beside the truest one.
    pub fn has_detailed(&self) -> bool {
        matches!(self, Self::UShaped(UShaped { fine: Some(_), .. }))
    }

    /// An error for sizes that make no network.
    pub fn check(&self) -> anyhow::Result<()> {
        match self {
            Self::Resnet { width, .. } | Self::Dcedn { width } => {
                ensure!(
                    (1..=1024).contains(width),
                    "width is {width}; it must lie in 1 … 1024"
                );
            }
            Self::UShaped(shape) => shape.check()?,
        }
        Ok(())
    }

    /// The neighbouring frames that the network is told of.
    pub fn window(&self) -> Window {
        match self {
            Self::UShaped(shape) => shape.neighbours.map(|it| it.window()).unwrap_or_default(),
            Self::Resnet { .. } | Self::Dcedn { .. } => Window::default(),
        }
    }

    /// Whether the network looks at the lattice.
    pub fn sees_lattice(&self) -> bool {
        matches!(self, Self::UShaped(_))
    }

    /// Pictures must have sides that are multiples of this.
    pub fn side_multiple(&self) -> usize {
        match self {
            Self::Resnet { .. } | Self::Dcedn { .. } => 4,
            Self::UShaped(shape) => 1 << shape.widths.len(),
        }
    }
}

/// ResNet generator: two halvings, residual blocks, two doublings, tanh.
fn resnet<L: Layers>(l: &mut L, x: &L::Value, channels: i64, w: i64, blocks: usize) -> L::Value {
    use Padding::Reflect;
    let x = l.conv("enter", x, Conv::same(channels, w, 7, Reflect));
    let mut x = norm_relu(l, &x);
    for (i, width) in [w, 2 * w].into_iter().enumerate() {
        let down = Conv::strided(width, 2 * width, 3, 2, 1);
        let y = l.conv(&format!("down{}", i + 1), &x, down);
        x = norm_relu(l, &y);
    }
    for i in 1..=blocks {
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

/// DCEDN: an encoder–decoder whose skips carry pooled maps; returns the picture in true colours.
fn dcedn<L: Layers>(l: &mut L, x: &L::Value, channels: i64, w: i64) -> L::Value {
    let same = |input, output, kernel| Conv::same(input, output, kernel, Padding::Replicate);
    let x = conv_act(l, "encode1", x, same(channels, w, 3));
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

    use super::*;
    use crate::train::nn::layers::{Declare, Forward, Init, Parameters};
    use crate::train::optim::discriminator::patch::{Norm, PatchGanSize, patch_gan};

    fn count(parameters: &Parameters) -> usize {
        parameters.values().map(Tensor::numel).sum()
    }

    fn declare(network: impl FnOnce(&mut Declare)) -> Parameters {
        Declare::parameters(Init::Normal(0.02), Device::Cpu, network)
    }

    /// Parameters of `network` as first or second stage.
    fn parameters(network: &Architecture, second: bool) -> Parameters {
        let inputs = StageInputs {
            stage1: second.then_some(&()),
            pixelated: &(),
            lattice: &(),
            neighbours: Some(&()),
        };
        declare(|l| network.read(l, &inputs))
    }

    fn discriminator(width: i64, layers: usize) -> PatchGanSize {
        let norm = Norm::Instance;
        PatchGanSize {
            width,
            layers,
            norm,
        }
    }

    #[test]
    fn published_parameter_counts() {
        let (width, blocks) = (64, 9);
        let generator = parameters(&Architecture::Resnet { width, blocks }, false);
        assert_eq!(count(&generator), 11_378_179);
        let d = declare(|l| patch_gan(l, &(), 3, discriminator(64, 3)));
        assert_eq!(count(&d), 2_764_737);
        let dcedn = parameters(&Architecture::Dcedn { width }, true);
        assert_eq!(count(&dcedn), 6_365_635);
    }

    #[test]
    fn small_parameter_counts() {
        // The specification's variants for quick runs.
        let (width, blocks) = (16, 3);
        let generator = parameters(&Architecture::Resnet { width, blocks }, false);
        assert_eq!(count(&generator), 272_515);
        let d = declare(|l| patch_gan(l, &(), 3, discriminator(16, 2)));
        assert_eq!(count(&d), 42_865);
        let dcedn = parameters(&Architecture::Dcedn { width }, true);
        assert_eq!(count(&dcedn), 398_707);
    }

    #[test]
    fn shapes_of_the_outputs() {
        let options = (Kind::Float, Device::Cpu);
        let size = discriminator(64, 3);
        let d = declare(|l| patch_gan(l, &(), 3, size));
        let x = Tensor::zeros([1, 3, 256, 256], options);
        let score = patch_gan(&mut Forward(&d), &x, 3, size);
        assert_eq!(score.size(), [1, 1, 30, 30]);
        let pixelated = Tensor::zeros([2, 3, 64, 48], options);
        let lattice = Tensor::zeros([2, crate::blocks::PLANES as i64, 64, 48], options);
        let u_shaped = UShaped {
            widths: vec![4, 8, 8],
            blocks: vec![1, 2, 1],
            fine: None,
            neighbours: None,
        };
        for network in [
            Architecture::Resnet {
                width: 8,
                blocks: 1,
            },
            Architecture::Dcedn { width: 8 },
            Architecture::UShaped(u_shaped),
        ] {
            for stage1 in [None, Some(&pixelated)] {
                let weights = parameters(&network, stage1.is_some());
                let inputs = StageInputs {
                    stage1,
                    pixelated: &pixelated,
                    lattice: &lattice,
                    neighbours: None,
                };
                let y = network.read(&mut Forward(&weights), &inputs);
                assert_eq!(y.size(), pixelated.size(), "{network:?}");
            }
        }
    }
}
