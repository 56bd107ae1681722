//! Recipes of the face check.

use std::path::PathBuf;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::network::FaceNet;
use crate::train::data::held_out::HeldOut;
use crate::train::data::samples::Degradation;
use crate::train::optim::schedule::Schedule;
use crate::train::recipe::{
    RecipeText, check_parts, check_ranges, common_keys, is_one_part, one_part,
};
use crate::train::run::model_file::Origin;

/// Name of its checkpoint and of its model file.
pub(super) const NAME: &str = "face-check";

/// All constants of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of all random numbers.
    pub seed: u64,
    /// Which pictures are held out, of faces and of others.
    #[serde(default)]
    pub data: HeldOut,
    /// What the model file says.
    pub model: Origin,
    /// The network.
    pub network: FaceNet,
    /// How both kinds of pictures are pixelated and degraded; sizes are pixels of the small
    /// picture.
    pub degradation: Degradation,
    /// Optimiser.
    pub train: Settings,
    /// Pictures without faces, no part of what a run is: a folder, a tar file, or a list of files.
    #[serde(skip)]
    pub others: Option<PathBuf>,
}

/// Constants of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Optimiser steps.
    pub steps: u64,
    /// Faces in one step, and as many others.
    pub batch: usize,
    /// Equal parts that a step's pictures are worked off in, one after the other, with gradients
    /// averaged: as many times less memory. A divisor of `batch`.
    #[serde(default = "one_part", skip_serializing_if = "is_one_part")]
    pub accumulate: usize,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Share of the steps before the rate falls linearly to zero.
    pub constant_share: f64,
    /// Adam's L2 weight decay.
    pub weight_decay: f64,
    /// Decay of the moving average of the weights.
    pub average: f64,
    /// Weight of the places of faces beside whether they are some.
    pub place: f64,
    /// Share of the others that are corners of pictures of faces: hair, shoulders, what is behind
    /// them.
    pub corners: f64,
    /// Share of all pictures, faces and others alike, whose colours are cast: else the colours of
    /// skin in daylight would be what tells a face.
    #[serde(default)]
    pub casts: f64,
    /// Share of all pictures, faces and others alike, of which something of one colour covers a
    /// part, such as a mask.
    #[serde(default)]
    pub covered: f64,
}

impl Settings {
    /// The learning rate over the steps.
    pub fn schedule(&self) -> Schedule {
        Schedule::falling(self.learning_rate, self.steps, self.constant_share)
    }
}

impl RecipeText for Recipe {
    const DEFAULT: &'static str = include_str!("../../../../recipes/face-check.toml");

    fn check(&self) -> anyhow::Result<()> {
        let width = self.network.width;
        ensure!(
            width % 3 == 0 && (3..=192).contains(&width),
            "network.width is {width}; it must be a multiple of 3 from 3 to 192"
        );
        let train = &self.train;
        check_parts("train", train.batch, train.accumulate)?;
        ensure!(train.steps > 0, "train.steps must be at least 1");
        check_ranges(&[
            ("train.corners", train.corners, [0.0, 1.0]),
            ("train.casts", train.casts, [0.0, 1.0]),
            ("train.covered", train.covered, [0.0, 1.0]),
        ])?;
        self.degradation.check()
    }

    common_keys!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::recipe::tests::assert_refused;

    #[test]
    fn the_bundled_recipe_is_sound() {
        let recipe = Recipe::read_with(None, &[]).unwrap();
        let text = recipe.to_toml().unwrap();
        assert_eq!(Recipe::parse(&text).unwrap(), recipe);
        assert_refused::<Recipe>(&[
            ("network.width=7", "network.width"),
            ("train.corners=2", "train.corners"),
            ("train.covered=-1", "train.covered"),
            ("degradation.whole=-1", "degradation.whole"),
            ("train.batch=0", "train.batch"),
        ]);
    }
}
