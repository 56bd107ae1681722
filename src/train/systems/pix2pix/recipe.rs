//! pix2pix as a system: its recipe, its samples, its model file.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use image::RgbImage;
use image::imageops::{self, FilterType};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use super::networks::UNet;
use super::occlude::{Occluded, Occlusion, occlude};
use super::occluded_faces::Covered;
use crate::cascade::{ModelMetadata, MosaicInput, ValueRange, Window};
use crate::train::data::held_out::HeldOut;
use crate::train::data::pairs::halves;
use crate::train::data::pictures::planes;
use crate::train::data::samples::Sample;
use crate::train::optim::discriminator::DiscriminatorChoice;
use crate::train::optim::discriminator::patch::PatchGanSize;
use crate::train::optim::schedule::Schedule;
use crate::train::recipe::{
    RecipeText, check_betas, check_parts, check_ranges, common_keys, is_one_part, one_part,
};

/// All constants of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of all random numbers: initial weights, order of the pictures, occlusions.
    pub seed: u64,
    /// File of the feature network that a projected discriminator sees pictures by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<PathBuf>,
    /// Which pictures are held out.
    #[serde(default)]
    pub data: HeldOut,
    /// What the model file promises.
    pub model: Model,
    /// The generator.
    pub generator: UNet,
    /// The discriminator of pairs; a projected one sees the faces alone.
    pub discriminator: DiscriminatorChoice<PatchGanSize>,
    /// What covers the faces.
    pub occlusion: Occlusion,
    /// Losses and optimisers.
    pub train: Settings,
    /// Where pairs come from, if they are the user's own; no part of what a run is.
    #[serde(skip)]
    pub own_pairs: Option<OwnPairs>,
}

/// Pairs of the user's own in place of faces and what covers them.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnPairs {
    /// Each picture shows both, side by side, as in the data sets of the published study.
    SideBySide(Direction),
    /// Inputs are here, and what should become of them has the same names where the faces would be.
    Inputs(PathBuf),
}

/// Which half of a pair becomes the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Direction {
    /// The left half is the input, the right one what should become of it.
    AToB,
    /// The right half is the input.
    BToA,
}

/// What the model file promises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Side of the pictures, pixels.
    pub size: usize,
    /// Pictures are enlarged by this before `size` × `size` pixels are cut out of them (published:
    /// 286/256).
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

/// Constants of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Optimiser steps.
    pub steps: u64,
    /// Pairs in one step. Published is 1; batch norm wants 8 or more.
    pub batch: usize,
    /// Equal parts that a step's pictures are worked off in, one after the other, with gradients
    /// averaged: as many times less memory. A divisor of `batch`.
    #[serde(default = "one_part", skip_serializing_if = "is_one_part")]
    pub accumulate: usize,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Share of the steps before the rate falls linearly to zero.
    pub constant_share: f64,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Standard deviation of the initial weights.
    pub init: f64,
    /// Weight of the mean difference.
    pub l1: f64,
    /// Weight of the discriminator's loss against the generator's: ½ (published), or 1 in
    /// TensorFlow's tutorial.
    pub discriminator_weight: f64,
}

impl Settings {
    /// The learning rate over the steps.
    pub fn schedule(&self) -> Schedule {
        Schedule::falling(self.learning_rate, self.steps, self.constant_share)
    }
}

impl Recipe {
    /// What the model file says about itself.
    pub fn metadata(&self) -> ModelMetadata {
        let [low, high] = self.model.blocks;
        ModelMetadata {
            size: self.model.size,
            scale: 1,
            range: ValueRange::Signed,
            margin: self.model.margin,
            // Of what it was trained on, a blurred face is the nearest to a mosaic.
            mosaic: MosaicInput::Smooth,
            blocks: (low, high),
            trained_on: self.model.trained_on.clone(),
            license: self.model.license.clone(),
            multiple: None,
            window: Window::default(),
        }
    }

    /// A face, squashed to a square as published, cut, perhaps mirrored, and covered.
    pub(super) fn covered(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> Covered {
        let clean = self.jitter(random)(picture);
        let Occluded { picture, mask } = occlude(&clean, &self.occlusion, random);
        Covered {
            clean,
            picture,
            mask,
        }
    }

    /// Both halves of a pair, squashed, cut and mirrored alike.
    pub(super) fn own_pair(&self, pair: &RgbImage, random: &mut Pcg64Mcg) -> Sample {
        let jitter = self.jitter(random);
        let [left, right] = halves(pair).map(|half| planes(&jitter(&half)));
        let (input, target) = match self.own_pairs {
            Some(OwnPairs::SideBySide(Direction::BToA)) => (right, left),
            _ => (left, right),
        };
        Sample {
            input,
            target,
            ..Sample::default()
        }
    }

    /// A square that is cut out of pictures that were squashed to a larger one; it may be mirrored.
    fn jitter(&self, random: &mut Pcg64Mcg) -> impl Fn(&RgbImage) -> RgbImage + use<> {
        let size = self.model.size as u32;
        let larger = (f64::from(size) * self.model.jitter).round() as u32;
        let [x, y] = [(); 2].map(|()| random.random_range(0..=larger - size));
        let mirrored = random.random_bool(0.5);
        move |picture| {
            let resized = imageops::resize(picture, larger, larger, FilterType::Triangle);
            let mut cut = imageops::crop_imm(&resized, x, y, size, size).to_image();
            if mirrored {
                imageops::flip_horizontal_in_place(&mut cut);
            }
            cut
        }
    }
}

impl RecipeText for Recipe {
    const DEFAULT: &'static str = include_str!("../../../../recipes/pix2pix.toml");

    fn check(&self) -> anyhow::Result<()> {
        self.generator.check().context("generator")?;
        self.occlusion.check().context("occlusion")?;
        let (size, multiple) = (self.model.size, 1 << self.generator.halvings);
        ensure!(
            (16..=1024).contains(&size) && size.is_multiple_of(multiple),
            "model.size is {size}; it must be a multiple of {multiple} from 16 to 1024"
        );
        ensure!(
            size > multiple || self.train.batch > self.train.accumulate,
            "train.batch is {} in {} parts; with a last level of one pixel it must be at least 2 for each",
            self.train.batch,
            self.train.accumulate
        );
        let own = |own: &PatchGanSize| own.check(size);
        self.discriminator.check(own).context("discriminator")?;
        check_betas(self.train.betas)?;
        check_ranges(&[
            ("model.jitter", self.model.jitter, [1.0, 4.0]),
            ("model.margin", self.model.margin, [1.0, 4.0]),
            ("train.learning_rate", self.train.learning_rate, [1e-9, 1.0]),
            ("train.constant", self.train.constant_share, [0.0, 1.0]),
            ("train.init", self.train.init, [1e-6, 1.0]),
            ("train.l1", self.train.l1, [0.0, 1e6]),
            (
                "train.discriminator_weight",
                self.train.discriminator_weight,
                [0.0, 1e6],
            ),
        ])?;
        let [low, high] = self.model.blocks;
        ensure!(
            low >= 1.0 && low <= high && high <= size as f32 / 2.0,
            "model.blocks is {low} … {high}; it must rise and lie in 1 … model.size / 2"
        );
        ensure!(self.train.steps > 0, "train.steps must be at least 1");
        check_parts("train", self.train.batch, self.train.accumulate)
    }

    common_keys!(features);
}

#[cfg(test)]
mod tests {
    use super::super::networks::UNetNorm;
    use super::*;
    use crate::train::recipe::tests::{assert_refused, assert_round_trip};

    #[test]
    fn bundled_recipes() {
        let published = Recipe::parse(Recipe::DEFAULT).unwrap();
        let network = UNet::PUBLISHED;
        assert_eq!(published.generator, network);
        assert_eq!(published.generator.norm, UNetNorm::Batch);
        assert_round_trip(&published);
        let small = include_str!("../../../../recipes/pix2pix-small.toml");
        assert_eq!(Recipe::parse(small).unwrap().model.size, 64);
    }

    #[test]
    fn mistakes_are_named() {
        assert_refused::<Recipe>(&[
            ("model.size=100", "model.size"),
            ("train.stepps=3", "train.stepps; did you mean train.steps?"),
            ("occlusion.mask=0.9", "occlusion"),
            ("generator.halvings=1", "halvings"),
            ("model.blocks=[9.0, 3.0]", "model.blocks"),
            ("train.batch=1", "train.batch"),
            ("train.learning_rate=0.0", "train.learning_rate"),
            ("train.betas=[0.5, 1.0]", "train.betas[1]"),
            ("discriminator.width=0", "discriminator"),
            ("discriminator.layers=9", "discriminator"),
        ]);
    }
}
