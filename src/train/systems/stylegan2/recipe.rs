//! StyleGAN2 as a system: its recipe, its samples, its model file.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::augment;
use super::discriminator::DiscriminatorNetwork;
use super::prior::Prior;
use crate::train::data::held_out::HeldOut;
use crate::train::optim::discriminator::DiscriminatorChoice;
use crate::train::recipe::{
    RecipeText, check_betas, check_parts, check_ranges, common_keys, is_one_part, one_part,
};
use crate::train::run::model_file::Origin;

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
    /// What the model file says.
    pub model: Origin,
    /// The generator.
    pub generator: Prior,
    /// The discriminator.
    pub discriminator: DiscriminatorChoice<DiscriminatorNetwork>,
    /// Augmentation of what the discriminator sees.
    pub augment: augment::Settings,
    /// Losses and optimisers.
    pub train: Settings,
}

/// An error unless a discriminator of `channels` sees pictures of `side` pixels.
pub fn check_discriminator(channels: &[i64], side: i64) -> anyhow::Result<()> {
    ensure!(
        channels.len() >= 2 && 2 << channels.len().min(16) == side,
        "discriminator.channels must list as many sizes as there are from 4 to {side} pixels"
    );
    ensure!(
        channels.iter().all(|width| (1..=1024).contains(width)),
        "discriminator.channels must lie in 1 … 1024"
    );
    Ok(())
}

/// Constants of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Steps; each shows `batch` real pictures.
    pub steps: u64,
    /// Real pictures, and fake ones, in one step: a multiple of `group`.
    pub batch: usize,
    /// Equal parts that a step's pictures are worked off in, one after the other, with gradients
    /// averaged: as many times less memory. A divisor of `batch`.
    #[serde(default = "one_part", skip_serializing_if = "is_one_part")]
    pub accumulate: usize,
    /// Pictures that the discriminator compares with each other, of one part of a step.
    pub group: i64,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// γ of R1; 0 is none.
    pub r1: f64,
    /// Steps from one R1 to the next (published: 16).
    pub r1_every: u64,
    /// Weight of the path length (published: 2); 0 is none.
    pub path: f64,
    /// Steps from one path length to the next (published: 4).
    pub path_every: u64,
    /// Share of steps that mix two styles (published: 0.9).
    pub mixing: f64,
    /// Pictures after which half of the moving average of the weights is new; 0 is no average.
    pub average: f64,
    /// The same as a share of the pictures seen so far, as long as that is less; 0 is without.
    pub average_share: f64,
}

impl RecipeText for Recipe {
    const DEFAULT: &'static str = include_str!("../../../../recipes/stylegan2.toml");

    fn check(&self) -> anyhow::Result<()> {
        self.generator.check().context("generator")?;
        let own =
            |own: &DiscriminatorNetwork| check_discriminator(&own.channels, self.generator.side());
        self.discriminator.check(own).context("discriminator")?;
        self.augment.check()?;
        let s = &self.train;
        check_parts("train", s.batch, s.accumulate)?;
        ensure!(
            s.group > 0 && (s.batch / s.accumulate).is_multiple_of(s.group as usize),
            "train.batch is {} in {} parts; each must be a multiple of train.group, {}",
            s.batch,
            s.accumulate,
            s.group
        );
        ensure!(
            s.steps > 0 && s.r1_every > 0 && s.path_every > 0,
            "train.steps, train.r1_every and train.path_every must be at least 1"
        );
        check_betas(s.betas)?;
        check_ranges(&[
            ("train.learning_rate", s.learning_rate, [1e-9, 1.0]),
            ("train.r1", s.r1, [0.0, 1e6]),
            ("train.path", s.path, [0.0, 1e6]),
            ("train.mixing", s.mixing, [0.0, 1.0]),
            ("train.average", s.average, [0.0, 1e12]),
            ("train.average_share", s.average_share, [0.0, 1.0]),
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
        let (generator, _) = measure(&published.generator, 256);
        assert_eq!(generator.parameters, 24_767_458);
        assert_round_trip(&published);
        let small = include_str!("../../../../recipes/stylegan2-small.toml");
        assert_eq!(Recipe::parse(small).unwrap().generator.side(), 32);
        let prior = include_str!("../../../../recipes/gpen-prior-small.toml");
        let prior = Recipe::parse(prior).unwrap().generator;
        assert!(matches!(prior, Prior::Concatenated(_)));
        assert_refused::<Recipe>(&[
            ("train.batch=63", "train.batch"),
            ("discriminator.channels=[64, 64]", "discriminator.channels"),
            ("augment.target=7", "augment.target"),
            ("train.pathes=7", "did you mean train.path?"),
        ]);
    }
}
