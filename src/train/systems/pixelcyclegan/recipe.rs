//! PixelCycleGAN as a system: its recipe, its samples, its model files.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::art::PixelArt;
use super::networks::Nested;
use crate::cascade::{ModelMetadata, MosaicInput, ValueRange, Window};
use crate::train::data::held_out::HeldOut;
use crate::train::optim::discriminator::DiscriminatorChoice;
use crate::train::recipe::{
    RecipeText, check_betas, check_parts, check_ranges, common_keys, is_one_part, one_part,
};

/// All constants of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of all random numbers.
    pub seed: u64,
    /// Which pictures are held out.
    #[serde(default)]
    pub data: HeldOut,
    /// What the model files promise.
    pub model: Model,
    /// How pixel art is made of pictures.
    pub art: PixelArt,
    /// Both generators.
    pub generator: Nested,
    /// Both discriminators.
    pub discriminator: DiscriminatorChoice<DiscriminatorWidth>,
    /// Losses and optimisers.
    pub train: Settings,
    /// Pixel art, cartoons or whatever else shall become pictures, in place of what is made of faces;
    /// no part of what a run is: a folder, a tar file, or a list of files.
    #[serde(skip)]
    pub drawn: Option<PathBuf>,
}

/// What the model files promise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Side of the pictures, pixels.
    pub size: usize,
    /// Side of the crop ÷ longer side of the mosaic's box.
    pub margin: f64,
    /// What the weights are trained on.
    pub trained_on: String,
    /// Licence of the weights.
    pub license: String,
}

/// Size of the discriminators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscriminatorWidth {
    /// Channels of the first layers (published: 64).
    pub width: i64,
}

/// Constants of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Optimiser steps.
    pub steps: u64,
    /// Pictures of each domain in one step.
    pub batch: usize,
    /// Equal parts that a step's pictures are worked off in, one after the other, with gradients
    /// averaged: as many times less memory. A divisor of `batch`.
    #[serde(default = "one_part", skip_serializing_if = "is_one_part")]
    pub accumulate: usize,
    /// Adam's learning rate; it does not fall.
    pub learning_rate: f64,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Standard deviation of the initial weights.
    pub init: f64,
    /// Weight of the cycle terms (published: 10).
    pub cycle: f64,
    /// Weight of the structure term within the cycle terms (published: 0.1).
    pub structure: f64,
    /// File of the feature network of the structure term, for which filters stand in without it
    /// (published: VGG16), and of projected discriminators.
    #[serde(default, alias = "vgg", skip_serializing_if = "Option::is_none")]
    pub features: Option<PathBuf>,
    /// Weight of the identity terms (published: 0.5).
    pub identity: f64,
    /// Size of the pools of older fakes; 0 shows discriminators the newest ones, as the published
    /// program does.
    pub pool: usize,
}

impl Recipe {
    /// What the model files say about themselves.
    pub fn metadata(&self) -> ModelMetadata {
        let [low, high] = self.art.blocks.map(|block| block as f32);
        ModelMetadata {
            size: self.model.size,
            scale: 1,
            range: ValueRange::Signed,
            margin: self.model.margin,
            mosaic: MosaicInput::Blocks,
            blocks: (low, high),
            trained_on: self.model.trained_on.clone(),
            license: self.model.license.clone(),
            multiple: None,
            window: Window::default(),
        }
    }
}

impl RecipeText for Recipe {
    const DEFAULT: &'static str = include_str!("../../../../recipes/pixelcyclegan.toml");

    fn check(&self) -> anyhow::Result<()> {
        self.generator.check().context("generator")?;
        self.art.check().context("art")?;
        // The discriminator halves four times.
        let multiple = 1 << self.generator.depth().max(4);
        let size = self.model.size;
        ensure!(
            (32..=1024).contains(&size) && size.is_multiple_of(multiple),
            "model.size is {size}; it must be a multiple of {multiple} from 32 to 1024"
        );
        let own = |own: &DiscriminatorWidth| {
            let width = own.width;
            ensure!(
                (1..=256).contains(&width),
                "width is {width}; it must lie in 1 … 256"
            );
            Ok(())
        };
        self.discriminator.check(own).context("discriminator")?;
        ensure!(
            self.art.blocks[1] as usize <= size / 2,
            "art.blocks go up to {}; half of model.size is the most",
            self.art.blocks[1]
        );
        let s = &self.train;
        check_betas(s.betas)?;
        check_ranges(&[
            ("model.margin", self.model.margin, [1.0, 4.0]),
            ("train.learning_rate", s.learning_rate, [1e-9, 1.0]),
            ("train.init", s.init, [1e-6, 1.0]),
            ("train.cycle", s.cycle, [0.0, 1e3]),
            ("train.structure", s.structure, [0.0, 1e6]),
            ("train.identity", s.identity, [0.0, 1e3]),
            ("train.pool", s.pool as f64, [0.0, 9999.0]),
        ])?;
        ensure!(s.steps > 0, "train.steps must be at least 1");
        check_parts("train", s.batch, s.accumulate)
    }

    common_keys!(train.features);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::recipe::tests::{assert_refused, assert_round_trip};

    #[test]
    fn bundled_recipes() {
        let published = Recipe::parse(Recipe::DEFAULT).unwrap();
        assert_eq!(published.generator, Nested::pyramid());
        assert_round_trip(&published);
        let as_coded = include_str!("../../../../recipes/pixelcyclegan-as-coded.toml");
        let as_coded = Recipe::parse(as_coded).unwrap();
        let (width, depth) = (512, 4);
        assert_eq!(as_coded.generator, Nested::AsCoded { width, depth });
        let small = include_str!("../../../../recipes/pixelcyclegan-small.toml");
        assert_eq!(Recipe::parse(small).unwrap().model.size, 64);
        assert_refused::<Recipe>(&[
            ("model.size=100", "model.size"),
            ("art.palette=2", "palette"),
            ("art.blocks=[4, 999]", "blocks"),
            ("train.cycles=2", "did you mean train.cycle?"),
        ]);
    }
}
