//! Recipes: every constant of a training run, as a TOML file.

mod check;
mod text;

pub(super) use text::{meant_key, table_with};

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::train::held_back::HeldBack;
use crate::train::networks::{Architecture, Discriminator};

/// All constants of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of all chance: initial weights, order of the pictures, damage.
    pub seed: u64,
    /// File of the feature network that perceptual losses and projected discriminators see pictures by. No part of what
    /// a run is: it may lie elsewhere when the run goes on.
    #[serde(default, skip_serializing)]
    pub features: Option<PathBuf>,
    /// Which pictures are held back.
    #[serde(default)]
    pub data: HeldBack,
    /// What the model file promises.
    pub model: Model,
    /// Sizes of the networks.
    pub networks: Networks,
    /// How faces get damaged.
    pub damage: Damage,
    /// CycleGAN.
    pub stage1: Stage1,
    /// DCEDN.
    pub stage2: Stage2,
}

/// What the model file promises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Side of the crop in pixels, a multiple of 4.
    pub size: usize,
    /// Side of the crop ÷ longer side of the mosaic's box.
    pub margin: f64,
    /// The model file also offers the first stage's picture with the second's colours.
    pub detailed: bool,
    /// The model file stores weights as 16-bit floats, in half of the space.
    pub half: bool,
    /// What the weights are trained on, for the model file.
    pub trained_on: String,
    /// Licence of the weights.
    pub license: String,
}

/// Sizes of the networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Networks {
    /// Generator pixelated → clean; the one that is exported.
    pub generator: Architecture,
    /// Generator clean → pixelated; only unpaired training needs it.
    pub reverse: Architecture,
    /// Both discriminators.
    pub discriminator: Discriminator,
    /// The second stage.
    pub dcedn: Architecture,
}

impl Networks {
    /// Whether any exported network looks at the lattice.
    pub fn see_lattice(&self) -> bool {
        self.generator.sees_lattice() || self.dcedn.sees_lattice()
    }
}

/// How faces get damaged. Shares are probabilities, 0–1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Damage {
    /// Smallest and largest block, crop pixels; drawn uniformly on a logarithmic scale.
    pub blocks: [f32; 2],
    /// Share of crops that are mosaic from edge to edge; the others show the mosaic in its surroundings.
    pub whole: f64,
    /// In the others: shortest and longest side of the mosaic's box ÷ side of the picture.
    pub inner: [f64; 2],
    /// In the others: share of mosaics that may stick out of the frame.
    pub outside: f64,
    /// In the first: the picture is cut by up to this factor (a crop's place and size vary).
    pub jitter: f64,
    /// Share of faces that are turned.
    pub turned: f64,
    /// By at most so many degrees, either way.
    pub turn: f32,
    /// Smallest and largest side of the crop in the damaged frame ÷ size of the crop.
    pub scale: [f64; 2],
    /// Share of mosaics whose lattice the networks are not told.
    pub unknown: f64,
    /// Share of mosaics filled by tile blur instead of tile mean.
    pub tile_blur: f64,
    /// Share of mosaics that fill the ellipse in their box.
    pub ellipse: f64,
    /// Largest width of the ellipses' soft edge, pixels of the frame.
    pub soft: f32,
    /// Share of frames that are scaled after pixelation, so that blocks have fractions of pixels.
    pub scaled: f64,
    /// Smallest and largest factor of that scaling.
    pub scaling: [f64; 2],
    /// Least and greatest factor of the light before pixelation.
    pub gain: [f64; 2],
    /// Least and greatest gamma before pixelation.
    pub gamma: [f64; 2],
    /// Share of frames that are blurred after pixelation, as cameras and scalers do.
    pub blur: f64,
    /// Largest standard deviation of noise after pixelation, grey levels.
    pub noise: f32,
    /// Share of samples that suffer a model of H.264 after pixelation.
    pub video: f64,
    /// Least and greatest quantisation parameter of that model, 0–51.
    pub quantiser: [f32; 2],
    /// Share of samples that are recompressed as JPEG after pixelation.
    pub recompress: f64,
    /// Worst and best JPEG quality of the recompression, 1–100.
    pub quality: [u8; 2],
}

/// CycleGAN training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage1 {
    /// Optimiser steps.
    pub steps: u64,
    /// Pictures of each domain in one step.
    pub batch: usize,
    /// Adam's learning rate.
    pub rate: f64,
    /// Share of the steps before the rate falls linearly to zero.
    pub constant: f64,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Standard deviation of the initial weights; without it they start as PyTorch's do.
    pub init: Option<f64>,
    /// Share of the steps before the adversarial terms join.
    pub alone: f64,
    /// Weight of the adversarial terms.
    pub adversarial: f64,
    /// What the discriminators are trained on.
    pub loss: AdversarialLoss,
    /// The discriminator of faces sees each face beside its mosaic (as in pix2pix).
    pub judge_pairs: bool,
    /// Weight of the distance between features, see [`super::features::relative_l1`].
    #[serde(default)]
    pub perceptual: f64,
    /// Largest norm of the generator's gradient; a larger one is shortened to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// Weight of the cycle terms (L1).
    pub cycle: f64,
    /// Weight of the identity terms (L1), a multiple of `cycle`.
    pub identity: f64,
    /// Weight of the paired term (L1); 0 is the published, unpaired training.
    pub paired: f64,
    /// Weight of the term for texture: the strength of edges and grain, see [`super::texture`].
    pub texture: f64,
    /// Size of the image pools.
    pub pool: usize,
    /// Decay of the moving average of the generator's weights.
    pub average: f64,
}

/// DCEDN training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage2 {
    /// Optimiser steps.
    pub steps: u64,
    /// Pictures in one step.
    pub batch: usize,
    /// Adam's learning rate.
    pub rate: f64,
    /// Share of the steps before the rate falls linearly to zero.
    pub constant: f64,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Adam's L2 weight decay.
    pub weight_decay: f64,
    /// Distance to the clean crop.
    pub loss: Loss,
    /// Weight of the squared distance between colours: means over 16 × 16 pixels.
    pub colour: f64,
    /// What the picture with invented detail is trained on, if the network makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detailed: Option<Detailed>,
    /// Decay of the moving average of the weights.
    pub average: f64,
}

/// What the second stage's picture with invented detail is trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detailed {
    /// Weight of the truest picture's losses beside these: the two share most of the network, which theirs, being smaller
    /// numbers, would not hold.
    pub truth: f64,
    /// Weight of the distance to the clean crop (L1).
    pub paired: f64,
    /// Weight of the distance between features, see [`super::features::relative_l1`].
    pub perceptual: f64,
    /// Weight of the adversarial terms, which join slowly.
    pub adversarial: f64,
    /// The losses are of the picture whose blocks have the mosaic's means, as the element shows it.
    pub projected: bool,
    /// Largest norm of the whole gradient; a larger one is shortened to it.
    pub clip: f64,
}

impl Recipe {
    /// Side of the restored picture ÷ side of the crop.
    pub fn scale(&self) -> usize {
        self.networks.dcedn.scale()
    }

    /// The same whatever the feature network's path.
    pub fn without_features(&self) -> Self {
        Self {
            features: None,
            ..self.clone()
        }
    }
}

impl Stage1 {
    /// Whether a generator of the other direction is part of it.
    pub fn is_unpaired(&self) -> bool {
        self.cycle > 0.0
    }

    /// Whether faces of other pictures are needed.
    pub fn needs_others(&self) -> bool {
        self.is_unpaired() || !self.judge_pairs
    }
}

/// Losses of a discriminator and of the generator that deceives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdversarialLoss {
    /// Squared distance of the score to 1 (real) or 0 (made), as in CycleGAN.
    LeastSquares,
    /// Hinge loss (Lim and Ye, 2017).
    Hinge,
}

/// A distance between pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Mean absolute difference.
    L1,
    /// Mean squared difference.
    Mse,
}

/// The learning rate at `step` of `steps`: `rate`, and from the share `constant` on linearly down to zero.
pub fn rate_at(step: u64, steps: u64, rate: f64, constant: f64) -> f64 {
    let start = constant * steps as f64;
    let left = steps as f64 - step as f64;
    rate * (left / (steps as f64 - start).max(1.0)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_falls_to_zero() {
        assert_eq!(rate_at(0, 100, 2.0, 0.5), 2.0);
        assert_eq!(rate_at(50, 100, 2.0, 0.5), 2.0);
        assert_eq!(rate_at(75, 100, 2.0, 0.5), 1.0);
        assert_eq!(rate_at(100, 100, 2.0, 0.5), 0.0);
        assert_eq!(rate_at(99, 100, 2.0, 1.0), 2.0);
    }
}
