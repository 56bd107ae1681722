//! Recipes: every constant of a training run, as a TOML file.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use super::networks::{Architecture, DiscriminatorSize};

/// All constants of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of all chance: initial weights, order of the pictures, damage.
    pub seed: u64,
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
    pub discriminator: DiscriminatorSize,
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
    /// In the first: the picture is cut by up to this factor (a crop's place and size vary).
    pub jitter: f64,
    /// Smallest and largest side of the crop in the damaged frame ÷ size of the crop.
    pub scale: [f64; 2],
    /// Share of mosaics whose lattice the networks are not told.
    pub unknown: f64,
    /// Share of mosaics filled by tile blur instead of tile mean.
    pub tile_blur: f64,
    /// Largest standard deviation of noise after pixelation, grey levels.
    pub noise: f32,
    /// Share of samples that are recompressed after pixelation.
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
    /// Weight of the cycle terms (L1).
    pub cycle: f64,
    /// Weight of the identity terms (L1), a multiple of `cycle`.
    pub identity: f64,
    /// Weight of the paired term (L1); 0 is the published, unpaired training.
    pub paired: f64,
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
    /// Decay of the moving average of the weights.
    pub average: f64,
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

impl Recipe {
    /// Read and check a recipe file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("recipe {} can not be read", path.display()))?;
        Self::parse(&text).with_context(|| format!("recipe {}", path.display()))
    }

    /// Check a recipe's text.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let recipe: Self = toml::from_str(text)?;
        recipe.check()?;
        Ok(recipe)
    }

    /// The text of this recipe.
    pub fn to_toml(&self) -> anyhow::Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }

    fn check(&self) -> anyhow::Result<()> {
        let size = self.model.size;
        let networks = [&self.networks.generator, &self.networks.dcedn];
        for (name, network) in ["generator", "dcedn"].into_iter().zip(networks) {
            network
                .check()
                .with_context(|| format!("networks.{name}"))?;
        }
        let multiples = networks.map(Architecture::side_multiple);
        let multiple = multiples.into_iter().fold(4, usize::max);
        ensure!(
            (16..=1024).contains(&size) && size.is_multiple_of(multiple),
            "model.size is {size}; it must be a multiple of {multiple} from 16 to 1024"
        );
        let margin = self.model.margin;
        ensure!(
            (1.0..=4.0).contains(&margin),
            "model.margin is {margin}; it must lie in 1 … 4"
        );
        let [low, high] = self.damage.blocks;
        ensure!(
            low >= 1.0 && low <= high && high <= size as f32 / 2.0,
            "damage.blocks is {low} … {high}; it must rise and lie in 1 … model.size / 2"
        );
        self.check_damage()?;
        for (name, batch, steps) in [
            ("stage1", self.stage1.batch, self.stage1.steps),
            ("stage2", self.stage2.batch, self.stage2.steps),
        ] {
            ensure!(batch > 0, "{name}.batch is 0; it must be at least 1");
            ensure!(steps > 0, "{name}.steps is 0; it must be at least 1");
        }
        Ok(())
    }

    fn check_damage(&self) -> anyhow::Result<()> {
        let damage = &self.damage;
        for (name, share) in [
            ("whole", damage.whole),
            ("unknown", damage.unknown),
            ("tile_blur", damage.tile_blur),
            ("recompress", damage.recompress),
        ] {
            ensure!(
                (0.0..=1.0).contains(&share),
                "damage.{name} is {share}; it must lie in 0 … 1"
            );
        }
        for (name, [low, high], limit) in [
            ("inner", damage.inner, 1.0),
            ("scale", damage.scale, 16.0),
            ("jitter", [1.0, damage.jitter], 4.0),
        ] {
            if !(low > 0.0 && low <= high && high <= limit) {
                bail!("damage.{name} is {low} … {high}; it must rise and lie in 0 … {limit}");
            }
        }
        let [worst, best] = damage.quality;
        ensure!(
            (1..=best).contains(&worst) && best <= 100,
            "damage.quality is {worst} … {best}; it must rise and lie in 1 … 100"
        );
        Ok(())
    }
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

    const DEFAULT: &str = include_str!("../../recipes/default.toml");

    #[test]
    fn the_recipes_at_hand_are_valid() {
        Recipe::parse(DEFAULT).unwrap();
        let published = Recipe::parse(include_str!("../../recipes/seed-000.toml")).unwrap();
        assert_eq!(published.model.size, 256);
        let (width, blocks) = (64, 9);
        let generator = Architecture::Resnet { width, blocks };
        assert_eq!(published.networks.generator, generator);
    }

    #[test]
    fn mistakes_are_named() {
        let parse = |from, to| {
            assert!(DEFAULT.contains(from), "{from}");
            format!(
                "{:#}",
                Recipe::parse(&DEFAULT.replacen(from, to, 1)).unwrap_err()
            )
        };
        assert!(parse("margin =", "margins =").contains("margins"));
        assert!(parse("size = 128", "size = 130").contains("model.size is 130"));
        assert!(parse("jitter = 1", "jitter = 0").contains("damage.jitter"));
    }

    #[test]
    fn the_rate_falls_to_zero() {
        assert_eq!(rate_at(0, 100, 2.0, 0.5), 2.0);
        assert_eq!(rate_at(50, 100, 2.0, 0.5), 2.0);
        assert_eq!(rate_at(75, 100, 2.0, 0.5), 1.0);
        assert_eq!(rate_at(100, 100, 2.0, 0.5), 0.0);
        assert_eq!(rate_at(99, 100, 2.0, 1.0), 2.0);
    }
}
