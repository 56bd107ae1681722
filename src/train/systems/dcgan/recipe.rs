//! DCGAN as a system: its recipe, its samples, its model file.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::networks::Dcgan;
use crate::train::data::held_out::HeldOut;
use crate::train::optim::discriminator::{DiscriminatorChoice, Fixed};
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
    /// The discriminator; the system's own is the network's.
    #[serde(default, skip_serializing_if = "is_own")]
    pub discriminator: DiscriminatorChoice<Fixed>,
    /// Which pictures are held out.
    #[serde(default)]
    pub data: HeldOut,
    /// What the model file says.
    pub model: Origin,
    /// Generator and discriminator.
    pub network: Dcgan,
    /// Losses and optimisers.
    pub train: Settings,
}

fn is_own(choice: &DiscriminatorChoice<Fixed>) -> bool {
    choice.own().is_some()
}

/// Constants of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Optimiser steps.
    pub steps: u64,
    /// Real pictures, and fake ones, in one step.
    pub batch: usize,
    /// Equal parts that a step's pictures are worked off in, one after the other, with gradients
    /// averaged: as many times less memory. A divisor of `batch`.
    #[serde(default = "one_part", skip_serializing_if = "is_one_part")]
    pub accumulate: usize,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// The discriminator's learning rate ÷ the generator's; ½ is a remedy for a discriminator that
    /// runs away.
    pub discriminator_lr: f64,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Standard deviation of the initial weights.
    pub init: f64,
    /// What the discriminator is given that real pictures are: 1 (published), or 0.9, which smooths
    /// (Salimans et al., 2016).
    pub real: f64,
    /// Standard deviation of noise on all pictures at the start; it falls to 0 over the training. 0
    /// is published.
    pub noise: f64,
    /// Share of what leaves each layer of the discriminator that is left out; 0 is published, 0.25 a
    /// remedy for a discriminator that runs away.
    #[serde(default)]
    pub dropout: f64,
}

impl RecipeText for Recipe {
    const DEFAULT: &'static str = include_str!("../../../../recipes/dcgan.toml");

    fn check(&self) -> anyhow::Result<()> {
        self.network.check().context("network")?;
        self.discriminator
            .check(|_| Ok(()))
            .context("discriminator")?;
        let train = &self.train;
        check_parts("train", train.batch, train.accumulate)?;
        ensure!(
            train.batch > train.accumulate && train.steps > 0,
            "train.batch must be at least 2 for each of train.accumulate parts, and train.steps at least 1"
        );
        ensure!(
            train.real > 0.5 && train.real <= 1.0,
            "train.real is {}; it must lie above 0.5 and not above 1",
            train.real
        );
        check_betas(train.betas)?;
        check_ranges(&[
            ("train.learning_rate", train.learning_rate, [1e-9, 1.0]),
            (
                "train.discriminator_lr",
                train.discriminator_lr,
                [1e-9, 1.0],
            ),
            ("train.init", train.init, [1e-6, 1.0]),
            ("train.noise", train.noise, [0.0, 1.0]),
            ("train.dropout", train.dropout, [0.0, 0.9]),
        ])
    }

    common_keys!(features);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::recipe::tests::assert_round_trip;

    #[test]
    fn bundled_recipes() {
        let published = Recipe::parse(Recipe::DEFAULT).unwrap();
        assert_eq!((published.network.width, published.network.side), (64, 64));
        assert_round_trip(&published);
        let small = include_str!("../../../../recipes/dcgan-small.toml");
        assert_eq!(Recipe::parse(small).unwrap().network.side, 32);
        let error = Recipe::read_with(None, &["train.real=2".to_owned()]).unwrap_err();
        assert!(format!("{error:#}").contains("train.real"), "{error:#}");
    }

    #[test]
    fn slips_of_the_pen_are_named() {
        let error = Recipe::read_with(None, &["train.stepps=3".to_owned()]).unwrap_err();
        let error = format!("{error:#}");
        let meant = "unknown key train.stepps; did you mean train.steps?";
        assert!(error.contains(meant), "{error}");
    }
}
