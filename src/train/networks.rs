//! The published networks of the cascade, with their widths as parameters.
//!
//! Source: apperrs/facial_demosaicing; generator and discriminator as in junyanz/pytorch-CycleGAN-and-pix2pix.
//! Pictures are `[N, 3, H, W]`, −1 … 1, H and W multiples of 4.

use anyhow::ensure;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::layers::{Conv, Layers, Padding};
use super::projected::ProjectedSize;
use super::u_shaped::{Pictures, UShaped};

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
    /// Our own, told the lattice, see [`super::u_shaped`].
    UShaped(UShaped),
}

/// What a network sees. In the second stage the first one's picture is there, too.
pub struct Seen<'a, V> {
    /// What the first stage made.
    pub stage1: Option<&'a V>,
    /// The mosaic in its surroundings.
    pub pixelated: &'a V,
    /// What is known of its lattice, see [`crate::blocks::PLANES`].
    pub lattice: &'a V,
}

impl Architecture {
    /// Read the network into `l`: the picture that it is named for.
    pub fn read<L: Layers>(&self, l: &mut L, seen: &Seen<'_, L::Value>) -> L::Value {
        self.pictures(l, seen).restored
    }

    /// Read the network into `l`: all that it makes.
    pub fn pictures<L: Layers>(&self, l: &mut L, seen: &Seen<'_, L::Value>) -> Pictures<L::Value> {
        if let Self::UShaped(shape) = self {
            return shape.read(l, seen);
        }
        let (pictures, channels) = match seen.stage1 {
            Some(stage1) => (&l.concat(stage1, seen.pixelated), 6),
            None => (seen.pixelated, 3),
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

/// What tells real pictures from made ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Discriminator {
    /// A PatchGAN of the pictures themselves.
    Patch(DiscriminatorSize),
    /// Heads on a pretrained network's features, see [`super::projected`].
    Projected(ProjectedSize),
}

impl<'de> Deserialize<'de> for Discriminator {
    /// One that names no kind is a PatchGAN, as in recipes from before there were others.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = toml::Table::deserialize(deserializer)?;
        let kind = table.remove("kind");
        match kind.as_ref().map(toml::Value::as_str) {
            None | Some(Some("patch")) => table.try_into().map(Self::Patch),
            Some(Some("projected")) => table.try_into().map(Self::Projected),
            Some(_) => return Err(D::Error::custom("kind must be patch or projected")),
        }
        .map_err(D::Error::custom)
    }
}

impl Discriminator {
    /// The size of a PatchGAN, if it is one.
    pub fn patch(self) -> Option<DiscriminatorSize> {
        match self {
            Self::Patch(size) => Some(size),
            Self::Projected(_) => None,
        }
    }

    /// The size of a projected one, if it is that.
    pub fn projected(self) -> Option<ProjectedSize> {
        match self {
            Self::Patch(_) => None,
            Self::Projected(size) => Some(size),
        }
    }

    /// An error for sizes that make no network, for pictures of `side` pixels.
    pub fn check(&self, side: usize) -> anyhow::Result<()> {
        match self {
            Self::Patch(size) => size.check(side),
            Self::Projected(size) => size.check(),
        }
    }
}

/// Size of a PatchGAN discriminator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscriminatorSize {
    /// Channels of the first layer (published: 64).
    pub width: i64,
    /// Stride-2 layers (published: 3, a field of view of 70 pixels).
    pub layers: usize,
    /// What keeps it calm.
    pub norm: Norm,
}

impl DiscriminatorSize {
    /// The judge of pairs of pix2pix.
    pub const PIX2PIX: Self = Self {
        width: 64,
        layers: 3,
        norm: Norm::Batch,
    };

    /// An error for sizes that make no network, for pictures of `side` pixels.
    pub fn check(&self, side: usize) -> anyhow::Result<()> {
        ensure!(
            (1..=512).contains(&self.width),
            "width is {}; it must lie in 1 … 512",
            self.width
        );
        // The last two convolutions take a pixel each.
        let most = (side / 3).checked_ilog2().unwrap_or(0) as usize;
        ensure!(
            (1..=most).contains(&self.layers),
            "layers is {}; for pictures of {side} pixels it must lie in 1 … {most}",
            self.layers
        );
        Ok(())
    }
}

/// Normalisation in a discriminator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// Instance norm of the inner layers' outputs (published).
    Instance,
    /// Batch norm of the inner layers' outputs, whose convolutions then have no biases (as in pix2pix).
    Batch,
    /// Weights divided by their largest singular value (Miyato et al., 2018), see [`super::spectral`].
    Spectral,
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

/// PatchGAN discriminator of pictures with `channels` channels: a map of raw scores, one per patch.
pub fn discriminator<L: Layers>(
    l: &mut L,
    x: &L::Value,
    channels: i64,
    size: DiscriminatorSize,
) -> L::Value {
    let w = size.width;
    let x = l.conv("layer0", x, Conv::strided(channels, w, 4, 2, 1));
    let mut x = l.leaky_relu(&x);
    let mut width = w;
    for i in 1..=size.layers {
        // The published network stops widening at eight times its first layer.
        let next = (w << i).min(8 * w);
        let stride = if i < size.layers { 2 } else { 1 };
        let conv = Conv::strided(width, next, 4, stride, 1);
        let name = format!("layer{i}");
        x = match size.norm {
            Norm::Instance => {
                let x = l.conv(&name, &x, conv);
                l.instance_norm(&x)
            }
            Norm::Batch => {
                let x = l.conv(&name, &x, conv.without_bias());
                l.batch_norm(&name, &x, next)
            }
            Norm::Spectral => l.conv(&name, &x, conv),
        };
        x = l.leaky_relu(&x);
        width = next;
    }
    l.conv("score", &x, Conv::strided(width, 1, 4, 1, 1))
}

/// DCEDN: an encoder–decoder whose skips carry pooled maps; gives the picture in true colours.
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

    use super::super::layers::{Declare, Forward, Init, Parameters};
    use super::*;

    fn count(parameters: &Parameters) -> usize {
        parameters.values().map(Tensor::numel).sum()
    }

    fn declare(network: impl FnOnce(&mut Declare)) -> Parameters {
        Declare::parameters(Init::Normal(0.02), Device::Cpu, network)
    }

    /// Parameters of `network` as first or second stage.
    fn parameters(network: &Architecture, second: bool) -> Parameters {
        let seen = Seen {
            stage1: second.then_some(&()),
            pixelated: &(),
            lattice: &(),
        };
        declare(|l| network.read(l, &seen))
    }

    fn judge(width: i64, layers: usize) -> DiscriminatorSize {
        let norm = Norm::Instance;
        DiscriminatorSize {
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
        let d = declare(|l| discriminator(l, &(), 3, judge(64, 3)));
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
        let d = declare(|l| discriminator(l, &(), 3, judge(16, 2)));
        assert_eq!(count(&d), 42_865);
        let dcedn = parameters(&Architecture::Dcedn { width }, true);
        assert_eq!(count(&dcedn), 398_707);
    }

    #[test]
    fn shapes_of_the_outputs() {
        let options = (Kind::Float, Device::Cpu);
        let size = judge(64, 3);
        let d = declare(|l| discriminator(l, &(), 3, size));
        let x = Tensor::zeros([1, 3, 256, 256], options);
        let score = discriminator(&mut Forward(&d), &x, 3, size);
        assert_eq!(score.size(), [1, 1, 30, 30]);
        let pixelated = Tensor::zeros([2, 3, 64, 48], options);
        let lattice = Tensor::zeros([2, crate::blocks::PLANES as i64, 64, 48], options);
        let u_shaped = UShaped {
            widths: vec![4, 8, 8],
            blocks: vec![1, 2, 1],
            fine: None,
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
                let seen = Seen {
                    stage1,
                    pixelated: &pixelated,
                    lattice: &lattice,
                };
                let y = network.read(&mut Forward(&weights), &seen);
                assert_eq!(y.size(), pixelated.size(), "{network:?}");
            }
        }
    }
}
