//! Recipes of pix2pix.

use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::networks::UNet;
use super::occlude::Occlusion;
use super::stage::Settings;
use crate::cascade::{ModelFacts, MosaicInput, ValueRange};
use crate::train::held_back::HeldBack;
use crate::train::networks::DiscriminatorSize;
use crate::train::recipe::table_with;

/// The published recipe.
const DEFAULT: &str = include_str!("../../../../recipes/pix2pix.toml");

/// All constants of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of all chance: initial weights, order of the pictures, occlusions.
    pub seed: u64,
    /// Which pictures are held back.
    #[serde(default)]
    pub data: HeldBack,
    /// What the model file promises.
    pub model: Model,
    /// The generator.
    pub generator: UNet,
    /// The judge of pairs.
    pub discriminator: DiscriminatorSize,
    /// What covers the faces.
    pub occlusion: Occlusion,
    /// Losses and optimisers.
    pub train: Settings,
}

/// What the model file promises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Side of the pictures, pixels.
    pub size: usize,
    /// Pictures are enlarged by this before `size` × `size` pixels are cut out of them (published: 286/256).
    pub jitter: f64,
    /// Side of the crop ÷ longer side of the covered box.
    pub margin: f64,
    /// Smallest and largest block of mosaics that it is meant for, crop pixels.
    pub blocks: [f32; 2],
    /// What the weights are trained on.
    pub trained_on: String,
    /// Licence of the weights.
    pub license: String,
}

impl Recipe {
    /// The recipe file, or the published recipe, with single keys changed, each `key=value`.
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
        recipe.check()?;
        Ok(recipe)
    }

    fn check(&self) -> anyhow::Result<()> {
        self.generator.check().context("generator")?;
        self.occlusion.check().context("occlusion")?;
        let (size, multiple) = (self.model.size, 1 << self.generator.halvings);
        ensure!(
            (16..=1024).contains(&size) && size.is_multiple_of(multiple),
            "model.size is {size}; it must be a multiple of {multiple} from 16 to 1024"
        );
        ensure!(
            size > multiple || self.train.batch > 1,
            "train.batch is 1; with a last level of one pixel it must be at least 2"
        );
        for (name, value, [low, high]) in [
            ("model.jitter", self.model.jitter, [1.0, 4.0]),
            ("model.margin", self.model.margin, [1.0, 4.0]),
            ("train.constant", self.train.constant, [0.0, 1.0]),
        ] {
            ensure!(
                (low..=high).contains(&value),
                "{name} is {value}; it must lie in {low} … {high}"
            );
        }
        let [low, high] = self.model.blocks;
        ensure!(
            low >= 1.0 && low <= high && high <= size as f32 / 2.0,
            "model.blocks is {low} … {high}; it must rise and lie in 1 … model.size / 2"
        );
        ensure!(
            self.train.batch > 0 && self.train.steps > 0,
            "train.batch and train.steps must be at least 1"
        );
        Ok(())
    }

    /// What the model file says about itself.
    pub fn facts(&self) -> ModelFacts {
        let [low, high] = self.model.blocks;
        ModelFacts {
            size: self.model.size,
            scale: 1,
            range: ValueRange::Signed,
            margin: self.model.margin,
            // Of what it was trained on, a blurred face is the nearest to a mosaic.
            mosaic: MosaicInput::Smooth,
            blocks: (low, high),
            trained_on: self.model.trained_on.clone(),
            license: self.model.license.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::networks::UNetNorm;
    use super::*;

    #[test]
    fn bundled_recipes() {
        let published = Recipe::parse(DEFAULT).unwrap();
        let network = UNet::PUBLISHED;
        assert_eq!(published.generator, network);
        assert_eq!(published.generator.norm, UNetNorm::Batch);
        assert_eq!(
            Recipe::parse(&published.to_toml().unwrap()).unwrap(),
            published
        );
        let small = include_str!("../../../../recipes/pix2pix-small.toml");
        assert_eq!(Recipe::parse(small).unwrap().model.size, 64);
    }

    #[test]
    fn mistakes_are_named() {
        for (change, named) in [
            ("model.size=100", "model.size"),
            ("train.stepps=3", "stepps"),
            ("occlusion.mask=0.9", "occlusion"),
            ("generator.halvings=1", "halvings"),
            ("model.blocks=[9.0, 3.0]", "model.blocks"),
            ("train.batch=1", "train.batch"),
        ] {
            let error = Recipe::read_with(None, &[change.to_owned()]).unwrap_err();
            assert!(format!("{error:#}").contains(named), "{change}: {error:#}");
        }
    }
}
