//! GPEN as a system: its recipe, its samples, its model file.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::degrade::Degradation;
use super::networks::Gpen;
use crate::cascade::{ModelMetadata, ValueRange};
use crate::train::data::held_out::HeldOut;
use crate::train::optim::discriminator::DiscriminatorChoice;
use crate::train::recipe::{
    ModelCard, RecipeText, check_betas, check_parts, check_ranges, common_keys, is_one_part,
    one_part,
};
use crate::train::systems::stylegan2::check_discriminator;
use crate::train::systems::stylegan2::discriminator::DiscriminatorNetwork;

/// All constants of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of all random numbers.
    pub seed: u64,
    /// File of the feature network that a projected discriminator sees pictures by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<PathBuf>,
    /// Which pictures are held out.
    #[serde(default)]
    pub data: HeldOut,
    /// What the model file promises.
    pub model: ModelCard,
    /// How faces are degraded.
    pub degradation: Degradation,
    /// Encoder and decoder.
    pub generator: Gpen,
    /// The discriminator.
    pub discriminator: DiscriminatorChoice<DiscriminatorNetwork>,
    /// Losses and optimisers.
    pub train: Settings,
}

/// Constants of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Optimiser steps.
    pub steps: u64,
    /// Of these, steps at the start with the difference alone, before the discriminator joins.
    pub warmup_steps: u64,
    /// Pairs in one step; the discriminator compares all of them with each other.
    pub batch: usize,
    /// Equal parts that a step's pictures are worked off in, one after the other, with gradients
    /// averaged: as many times less memory. A divisor of `batch`.
    #[serde(default = "one_part", skip_serializing_if = "is_one_part")]
    pub accumulate: usize,
    /// Adam's learning rate of the encoder.
    pub learning_rate: f64,
    /// The decoder's learning rate ÷ the encoder's (released: 1; paper: 0.1).
    pub decoder_lr: f64,
    /// The discriminator's learning rate ÷ the encoder's (released: 1; paper: 0.01).
    pub discriminator_lr: f64,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Weight of the adversarial term (published: 1).
    pub adversarial: f64,
    /// Weight of the mean difference (published: 1).
    pub l1: f64,
    /// Weight of the distance between the discriminator's features (published: 0.02).
    pub features: f64,
    /// γ of R1 (released: 10); 0 is none.
    pub r1: f64,
    /// Steps from one R1 to the next (released: 16).
    pub r1_every: u64,
    /// Weight of the path length (released: 2); 0 is none.
    pub path: f64,
    /// Steps from one path length to the next (released: 4).
    pub path_every: u64,
    /// Decay of the moving average of the weights.
    pub average: f64,
}

impl Recipe {
    /// What the model file says about itself.
    pub fn metadata(&self) -> ModelMetadata {
        let size = self.generator.side() as usize;
        self.model.metadata(size, 1, ValueRange::Signed)
    }
}

impl RecipeText for Recipe {
    const DEFAULT: &'static str = include_str!("../../../../recipes/gpen.toml");

    fn check(&self) -> anyhow::Result<()> {
        self.generator.check().context("generator")?;
        self.degradation.check().context("degradation")?;
        let side = self.generator.side();
        ensure!(
            side >= 16,
            "generator.channels lists sizes up to {side} pixels; 16 is the least"
        );
        let own = |own: &DiscriminatorNetwork| check_discriminator(&own.channels, side);
        self.discriminator.check(own).context("discriminator")?;
        self.model.check(side as usize)?;
        let s = &self.train;
        ensure!(
            s.steps > 0 && s.r1_every > 0 && s.path_every > 0,
            "train.steps, train.r1_every and train.path_every must be at least 1"
        );
        check_parts("train", s.batch, s.accumulate)?;
        check_betas(s.betas)?;
        check_ranges(&[
            ("train.learning_rate", s.learning_rate, [1e-9, 1.0]),
            ("train.decoder_lr", s.decoder_lr, [0.0, 100.0]),
            ("train.discriminator_lr", s.discriminator_lr, [0.0, 100.0]),
            ("train.adversarial", s.adversarial, [0.0, 1e6]),
            ("train.l1", s.l1, [0.0, 1e6]),
            ("train.features", s.features, [0.0, 1e6]),
            ("train.r1", s.r1, [0.0, 1e6]),
            ("train.path", s.path, [0.0, 1e6]),
            ("train.average", s.average, [0.0, 0.999_999]),
        ])
    }

    common_keys!(features);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::nn::network::measure;
    use crate::train::recipe::tests::{assert_refused, assert_round_trip};

    #[test]
    fn bundled_recipes() {
        let published = Recipe::parse(Recipe::DEFAULT).unwrap();
        let (network, _) = measure(&published.generator, 256);
        assert_eq!(network.parameters, 70_447_138);
        assert_round_trip(&published);
        let small = include_str!("../../../../recipes/gpen-small.toml");
        assert_eq!(Recipe::parse(small).unwrap().generator.side(), 64);
        assert_refused::<Recipe>(&[
            ("generator.channels=[8]", "generator"),
            ("degradation.quality=[90.0, 30.0]", "quality"),
            ("model.blocks=[9.0, 3.0]", "model.blocks"),
            ("train.feature=1", "did you mean train.features?"),
        ]);
    }
}
