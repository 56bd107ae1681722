//! Recipes of DCGAN.

use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::networks::Dcgan;
use super::stage::Settings;
use crate::train::held_back::HeldBack;
use crate::train::recipe::table_with;

/// The recipe at 64 pixels.
const DEFAULT: &str = include_str!("../../../../recipes/dcgan.toml");

/// All constants of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of all chance.
    pub seed: u64,
    /// Which pictures are held back.
    #[serde(default)]
    pub data: HeldBack,
    /// What the model file says.
    pub model: Model,
    /// Generator and judge.
    pub network: Dcgan,
    /// Losses and optimisers.
    pub train: Settings,
}

/// What the model file says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// What the weights are trained on.
    pub trained_on: String,
    /// Licence of the weights.
    pub license: String,
}

impl Recipe {
    /// The recipe file, or the one at 64 pixels, with single keys changed, each `key=value`.
    pub fn read_with(path: Option<&Path>, changes: &[String]) -> anyhow::Result<Self> {
        let (name, table) = table_with(path, DEFAULT, changes)?;
        Self::from_table(table).context(name)
    }

    /// Check a recipe's text.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        Self::from_table(text.parse()?)
    }

    /// The text of this recipe.
    pub fn to_toml(&self) -> anyhow::Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }

    fn from_table(table: Table) -> anyhow::Result<Self> {
        let recipe: Self = table.try_into()?;
        recipe.network.check().context("network")?;
        let train = &recipe.train;
        ensure!(
            train.batch > 1 && train.steps > 0,
            "train.batch must be at least 2 and train.steps at least 1"
        );
        ensure!(
            train.real > 0.5 && train.real <= 1.0,
            "train.real is {}; it must lie above 0.5 and not above 1",
            train.real
        );
        ensure!(
            (0.0..=1.0).contains(&train.noise),
            "train.noise is {}; it must lie in 0 … 1",
            train.noise
        );
        Ok(recipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundled_recipes() {
        let published = Recipe::parse(DEFAULT).unwrap();
        assert_eq!((published.network.width, published.network.side), (64, 64));
        assert_eq!(
            Recipe::parse(&published.to_toml().unwrap()).unwrap(),
            published
        );
        let small = include_str!("../../../../recipes/dcgan-small.toml");
        assert_eq!(Recipe::parse(small).unwrap().network.side, 32);
        let error = Recipe::read_with(None, &["train.real=2".to_owned()]).unwrap_err();
        assert!(format!("{error:#}").contains("train.real"), "{error:#}");
    }
}
