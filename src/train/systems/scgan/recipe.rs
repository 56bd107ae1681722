//! SCGAN as a system: its recipe, its samples, its model file.
//!
//! The small pictures that stand for real ones are made by a degradation that no network is given:
//! blur, another size, noise, JPEG. So the truth is there to measure with, although training never
//! sees it. Or they are the user's own, and there is none.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::networks::{Degrader, Restorer, SIDE};
use crate::cascade::{ModelMetadata, ValueRange};
use crate::train::data::degradation::check_range;
use crate::train::data::held_out::HeldOut;
use crate::train::optim::discriminator::DiscriminatorChoice;
use crate::train::optim::schedule::Schedule;
use crate::train::recipe::{
    ModelCard, RecipeText, check_betas, check_parts, check_ranges, common_keys, is_one_part,
    one_part,
};

/// Side of blur kernels, pixels.
pub(super) const KERNEL: usize = 13;

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
    /// The hidden degradation.
    pub degradation: Degradation,
    /// The restorer.
    pub restorer: Restorer,
    /// Both degraders.
    pub degrader: Degrader,
    /// The four discriminators.
    pub discriminator: DiscriminatorChoice<DiscriminatorWidth>,
    /// Losses and optimisers.
    pub train: Settings,
    /// Worn pictures of the user's own in place of those that the hidden degradation makes, no part
    /// of what a run is: a folder, a tar file, or a list of files.
    #[serde(skip)]
    pub worn: Option<PathBuf>,
}

/// How small pictures come about that the networks take for real ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Degradation {
    /// Standard deviations of the blur, pixels of the large picture.
    pub blur: [f64; 2],
    /// Standard deviations of the noise, 0–255.
    pub noise: [f64; 2],
    /// JPEG qualities, 1–100.
    pub quality: [f64; 2],
}

/// Size of the discriminators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscriminatorWidth {
    /// Channels of the first layers (published: 128).
    pub width: i64,
}

/// Constants of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Optimiser steps.
    pub steps: u64,
    /// Large pictures, and small ones, in one step.
    pub batch: usize,
    /// Equal parts that a step's pictures are worked off in, one after the other, with gradients
    /// averaged: as many times less memory. A divisor of `batch`.
    #[serde(default = "one_part", skip_serializing_if = "is_one_part")]
    pub accumulate: usize,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Learning rate of all seven optimisers.
    pub schedule: Schedule,
    /// Weight of the adversarial terms (published: 0.05).
    pub adversarial: f64,
    /// Weight of the restorer's backward half (published: 0.05).
    pub backward: f64,
    /// Step from which the restorer's batch norms work by what they remember, as they will in use.
    /// Without it they always go by the batch, as published: of 64 pictures. A batch of a few says
    /// little about how bright faces are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freeze_norms: Option<u64>,
}

impl Recipe {
    /// What the model file says about itself.
    pub fn metadata(&self) -> ModelMetadata {
        let size = SIDE as usize / 4;
        self.model.metadata(size, 4, ValueRange::Signed)
    }
}

impl RecipeText for Recipe {
    const DEFAULT: &'static str = include_str!("../../../../recipes/scgan.toml");

    fn check(&self) -> anyhow::Result<()> {
        self.restorer.check().context("restorer")?;
        self.degrader.check().context("degrader")?;
        let own = |own: &DiscriminatorWidth| {
            let width = own.width;
            ensure!(
                (1..=512).contains(&width),
                "width is {width}; it must lie in 1 … 512"
            );
            Ok(())
        };
        self.discriminator.check(own).context("discriminator")?;
        check_ranges(&[
            ("train.adversarial", self.train.adversarial, [0.0, 1e3]),
            ("train.backward", self.train.backward, [0.0, 1e3]),
        ])?;
        check_range("degradation.blur", self.degradation.blur, [0.01, 16.0])?;
        check_range("degradation.noise", self.degradation.noise, [0.0, 255.0])?;
        check_range(
            "degradation.quality",
            self.degradation.quality,
            [1.0, 100.0],
        )?;
        self.model.check(SIDE as usize / 4)?;
        let train = &self.train;
        check_parts("train", train.batch, train.accumulate)?;
        ensure!(
            train.batch > train.accumulate && train.steps > 0,
            "train.batch must be at least 2 for each of train.accumulate parts, and train.steps at least 1"
        );
        check_betas(self.train.betas)?;
        self.train.schedule.check("train.schedule")
    }

    common_keys!(features);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::recipe::tests::{assert_refused, assert_round_trip};

    #[test]
    fn bundled_recipes() {
        let published = Recipe::parse(Recipe::DEFAULT).unwrap();
        assert_eq!(published.restorer, Restorer::PUBLISHED);
        assert_round_trip(&published);
        let small = include_str!("../../../../recipes/scgan-small.toml");
        assert_eq!(Recipe::parse(small).unwrap().restorer.widths, [32, 32, 24]);
        assert_refused::<Recipe>(&[
            ("degrader.width=0.3", "degrader"),
            ("degradation.noise=[9.0, 2.0]", "degradation.noise"),
            ("train.batch=1", "train.batch"),
            ("train.betas=[0.9, 1.0]", "train.betas[1]"),
            ("train.freeze_norm=3", "did you mean train.freeze_norms?"),
        ]);
    }
}
