//! PatchGAN (Isola et al., 2017): a discriminator that scores overlapping patches of pictures.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::train::nn::layers::{Conv, Layers};

/// Size of a PatchGAN discriminator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchGanSize {
    /// Channels of the first layer (published: 64).
    pub width: i64,
    /// Stride-2 layers (published: 3, a field of view of 70 pixels).
    pub layers: usize,
    /// What keeps it calm.
    pub norm: Norm,
}

impl PatchGanSize {
    /// The discriminator of pairs of pix2pix.
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
    /// Batch norm of the inner layers' outputs, whose convolutions then have no biases (as in
    /// pix2pix).
    Batch,
    /// Weights divided by their largest singular value (Miyato et al., 2018), see
    /// `train::nn::spectral_norm`.
    Spectral,
}

/// PatchGAN discriminator of pictures with `channels` channels: a map of raw scores, one per patch.
pub fn patch_gan<L: Layers>(
    l: &mut L,
    x: &L::Value,
    channels: i64,
    size: PatchGanSize,
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
