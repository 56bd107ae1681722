//! Recipes of the face check.

use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::network::FaceNet;
use crate::train::held_back::HeldBack;
use crate::train::recipe::{Damage, table_with};
use crate::train::systems::export::Origin;

/// The recipe of the bundled weights.
const DEFAULT: &str = include_str!("../../../recipes/face-check.toml");

/// All constants of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of all chance.
    pub seed: u64,
    /// Which pictures are held back, of faces and of others.
    #[serde(default)]
    pub data: HeldBack,
    /// What the model file says.
    pub model: Origin,
    /// The network.
    pub network: FaceNet,
    /// How both kinds of pictures are pixelated and worn; sizes are pixels of the small picture.
    pub damage: Damage,
    /// Optimiser.
    pub train: Settings,
}

/// Constants of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Optimiser steps.
    pub steps: u64,
    /// Faces in one step, and as many others.
    pub batch: usize,
    /// Adam's learning rate.
    pub rate: f64,
    /// Share of the steps before the rate falls linearly to zero.
    pub constant: f64,
    /// Adam's L2 weight decay.
    pub weight_decay: f64,
    /// Decay of the moving average of the weights.
    pub average: f64,
    /// Weight of the places of faces beside whether they are some.
    pub place: f64,
    /// Share of the others that are corners of pictures of faces: hair, shoulders, what is behind them.
    pub corners: f64,
}

impl Recipe {
    /// The recipe file, or the bundled one, with single keys changed, each `key=value`.
    pub fn read_with(path: Option<&Path>, changes: &[String]) -> anyhow::Result<Self> {
        let (name, table) = table_with(path, DEFAULT, changes)?;
        Self::from_table(table).context(name)
    }

    /// The text of this recipe.
    pub fn to_toml(&self) -> anyhow::Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }

    fn from_table(table: Table) -> anyhow::Result<Self> {
        let recipe: Self = table.try_into()?;
        let width = recipe.network.width;
        ensure!(
            width % 3 == 0 && (3..=192).contains(&width),
            "network.width is {width}; it must be a multiple of 3 from 3 to 192"
        );
        let train = &recipe.train;
        ensure!(
            train.batch > 0 && train.steps > 0,
            "train.batch and train.steps must be at least 1"
        );
        ensure!(
            (0.0..=1.0).contains(&train.corners),
            "train.corners is {}; it must lie in 0 … 1",
            train.corners
        );
        recipe.damage.check()?;
        Ok(recipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_recipe_is_sound() {
        let recipe = Recipe::read_with(None, &[]).unwrap();
        let text = recipe.to_toml().unwrap();
        assert_eq!(Recipe::from_table(text.parse().unwrap()).unwrap(), recipe);
        for (change, part) in [
            ("network.width=7", "network.width"),
            ("train.corners=2", "train.corners"),
            ("damage.whole=-1", "damage.whole"),
            ("train.batch=0", "train.batch"),
        ] {
            let error = Recipe::read_with(None, &[change.to_owned()]).unwrap_err();
            assert!(format!("{error:#}").contains(part), "{error:#}");
        }
    }
}
