//! Recipes of SRGAN, ESRGAN and Real-ESRGAN: one kind for all three, whose parts they combine in
//! their own ways.

use anyhow::{Context, ensure};
use image::{RgbImage, imageops};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::degrade::Degradation;
use super::discriminators;
use super::networks::SrResNet;
use super::rrdb::RrdbNet;
use crate::cascade::{ModelMetadata, ValueRange};
use crate::train::data::degradation::signed;
use crate::train::data::held_out::HeldOut;
use crate::train::data::pictures::middle;
use crate::train::data::samples::Sample;
use crate::train::features::{Distance, Perceptual};
use crate::train::nn::layers::Layers;
use crate::train::nn::network::{Network, Port};
use crate::train::optim::discriminator::DiscriminatorChoice;
use crate::train::optim::losses::GanLoss;
use crate::train::optim::schedule::Schedule;
use crate::train::recipe::{
    ModelCard, check_betas, check_parts, check_ranges, is_one_part, one_part,
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
    /// What the model file promises.
    pub model: ModelCard,
    /// What is cut out of the pictures.
    pub crop: Crop,
    /// How small pictures are made of large ones.
    pub degradation: Degradation,
    /// The network that enlarges.
    pub generator: Generator,
    /// The discriminator.
    pub discriminator: DiscriminatorChoice<DiscriminatorSize>,
    /// Optimisers.
    pub train: Settings,
    /// The first part of the training.
    pub psnr: Psnr,
    /// The second part.
    pub gan: Gan,
    /// A loss over features in the second part; its network is also that of a projected
    /// discriminator.
    pub perceptual: Perceptual,
}

/// What is cut out of the pictures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crop {
    /// Side that pictures have when they are degraded, pixels.
    pub picture: u32,
    /// Their middle squares are scaled to that side; else they are cut, and mirrored where they are
    /// too small, as published.
    pub scaled: bool,
    /// Side of the large picture that is then cut out, a multiple of four times the scale, pixels.
    pub patch: u32,
    /// Pictures are also turned by quarters (ESRGAN).
    pub turned: bool,
}

/// A network that enlarges pictures of 0 … 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Generator {
    /// SRGAN's, or one of its relatives.
    Residual(SrResNet),
    /// ESRGAN's and Real-ESRGAN's.
    Rrdb(RrdbNet),
}

/// A discriminator of large pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscriminatorSize {
    /// Whose discriminator.
    pub kind: DiscriminatorKind,
    /// Channels of its first layer (published: 64).
    pub width: i64,
}

/// The discriminators of the family, see `discriminators.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiscriminatorKind {
    /// SRGAN's.
    Srgan,
    /// ESRGAN's.
    Esrgan,
    /// Real-ESRGAN's, with spectral norm.
    UNet,
}

/// Constants of the training as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Pairs in one step.
    pub batch: usize,
    /// Equal parts that a step's pictures are worked off in, one after the other, with gradients
    /// averaged: as many times less memory. A divisor of `batch`.
    #[serde(default = "one_part", skip_serializing_if = "is_one_part")]
    pub accumulate: usize,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Decay of the moving average of the generator's weights; 0 is none.
    pub average: f64,
}

/// The first part: the generator alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Psnr {
    /// Optimiser steps; 0 leaves this part out.
    pub steps: u64,
    /// Distance to the truth.
    pub distance: Distance,
    /// Learning rate.
    pub schedule: Schedule,
}

/// The second part: generator against discriminator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gan {
    /// Optimiser steps; 0 leaves this part out.
    pub steps: u64,
    /// Distance to the truth.
    pub distance: Distance,
    /// Weight of that distance.
    pub pixel: f64,
    /// Weight of the adversarial term in the generator's loss.
    pub adversarial: f64,
    /// What the discriminator is trained on.
    pub loss: GanLoss,
    /// The discriminator's learning rate ÷ the generator's (published: 1).
    pub discriminator_lr: f64,
    /// Learning rate.
    pub schedule: Schedule,
}

impl Generator {
    /// Output side ÷ input side.
    pub fn scale(&self) -> u32 {
        match self {
            Self::Residual(_) => 4,
            Self::Rrdb(network) => network.scale as u32,
        }
    }

    fn check(&self) -> anyhow::Result<()> {
        match self {
            Self::Residual(network) => network.check(),
            Self::Rrdb(network) => network.check(),
        }
    }
}

impl Network for Generator {
    fn inputs(&self, side: i64) -> Vec<Port> {
        vec![Port::picture(side)]
    }

    fn multiple(&self) -> Option<usize> {
        match self {
            Self::Residual(network) => network.multiple(),
            Self::Rrdb(network) => network.multiple(),
        }
    }

    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value {
        match self {
            Self::Residual(network) => network.read(l, inputs),
            Self::Rrdb(network) => network.read(l, inputs),
        }
    }
}

impl DiscriminatorSize {
    /// Raw scores of pictures of `side` pixels.
    pub fn read<L: Layers>(&self, l: &mut L, picture: &L::Value, side: i64) -> L::Value {
        match self.kind {
            DiscriminatorKind::Srgan => discriminators::srgan(l, picture, self.width, side),
            DiscriminatorKind::Esrgan => discriminators::esrgan(l, picture, self.width, side),
            DiscriminatorKind::UNet => discriminators::u_net(l, picture, self.width),
        }
    }

    /// Whether spectral norm divides its weights.
    pub fn is_spectral(&self) -> bool {
        self.kind == DiscriminatorKind::UNet
    }

    /// An error for sizes that make no network, for pictures of `side` pixels.
    fn check(&self, side: u32) -> anyhow::Result<()> {
        ensure!(
            (1..=256).contains(&self.width),
            "width is {}; it must lie in 1 … 256",
            self.width
        );
        let fits = match self.kind {
            DiscriminatorKind::Srgan => side.is_multiple_of(16),
            DiscriminatorKind::Esrgan => side.is_power_of_two() && side >= 16,
            DiscriminatorKind::UNet => side.is_multiple_of(8),
        };
        ensure!(
            fits,
            "this discriminator cannot see pictures of {side} pixels"
        );
        Ok(())
    }
}

impl Recipe {
    /// What the model file says about itself.
    pub fn metadata(&self) -> ModelMetadata {
        let scale = self.generator.scale();
        let size = (self.crop.patch / scale) as usize;
        self.model.metadata(size, scale as usize, ValueRange::Unit)
    }

    /// An error for constants that make no sense, or not together.
    pub fn check(&self) -> anyhow::Result<()> {
        self.generator.check().context("generator")?;
        self.degradation.check().context("degradation")?;
        let (crop, scale) = (self.crop, self.generator.scale());
        ensure!(
            (16 * scale..=1024).contains(&crop.patch) && crop.patch.is_multiple_of(4 * scale),
            "crop.patch is {}; it must be a multiple of {} from {} to 1024",
            crop.patch,
            4 * scale,
            16 * scale
        );
        ensure!(
            (crop.patch..=2048).contains(&crop.picture) && crop.picture.is_multiple_of(scale),
            "crop.picture is {}; it must be a multiple of {scale} from crop.patch to 2048",
            crop.picture
        );
        let own = |own: &DiscriminatorSize| own.check(crop.patch);
        self.discriminator.check(own).context("discriminator")?;
        check_betas(self.train.betas)?;
        check_ranges(&[
            ("train.average", self.train.average, [0.0, 0.999_999]),
            ("gan.pixel", self.gan.pixel, [0.0, 1e6]),
            ("gan.adversarial", self.gan.adversarial, [0.0, 1e6]),
            (
                "gan.discriminator_lr",
                self.gan.discriminator_lr,
                [0.0, 100.0],
            ),
            ("perceptual.weight", self.perceptual.weight, [0.0, 1e6]),
        ])?;
        self.model.check(self.metadata().size)?;
        ensure!(
            self.psnr.steps + self.gan.steps > 0,
            "psnr.steps and gan.steps together must be at least 1"
        );
        check_parts("train", self.train.batch, self.train.accumulate)?;
        self.psnr.schedule.check("psnr.schedule")?;
        self.gan.schedule.check("gan.schedule")
    }

    /// A picture at the side that it is degraded at, mirrored and turned at random.
    fn prepared(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> RgbImage {
        let crop = self.crop;
        let mut picture = match crop.scaled {
            true => middle(picture, crop.picture),
            false => cut(picture, crop.picture, random),
        };
        if random.random_bool(0.5) {
            imageops::flip_horizontal_in_place(&mut picture);
        }
        match (crop.turned, random.random_range(0..4)) {
            (true, 1) => imageops::rotate90(&picture),
            (true, 2) => imageops::rotate180(&picture),
            (true, 3) => imageops::rotate270(&picture),
            _ => picture,
        }
    }

    /// A picture and what becomes of it.
    pub fn sample(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        let scale = self.generator.scale();
        let picture = self.prepared(picture, random);
        let pair = self.degradation.apply(&picture, scale, random)?;
        let (patch, small) = (self.crop.patch, self.crop.patch / scale);
        let most = self.crop.picture / scale - small;
        let [x, y] = [(); 2].map(|()| i64::from(random.random_range(0..=most)));
        let cut = |tensor: &Tensor, [x, y]: [i64; 2], side: u32| {
            let (side, tensor) = (i64::from(side), tensor.narrow(2, y, i64::from(side)));
            signed(&tensor.narrow(3, x, side))
        };
        let there = [x, y].map(|at| at * i64::from(scale));
        Ok(Sample {
            input: cut(&pair.small, [x, y], small),
            target: cut(&pair.large, there, patch),
            sharpened_target: pair
                .sharp
                .map_or(Vec::new(), |sharp| cut(&sharp, there, patch)),
            ..Sample::default()
        })
    }
}

/// A square of `side` pixels at a place at random; what lies outside the picture is mirrored at its
/// outermost pixels.
fn cut(picture: &RgbImage, side: u32, random: &mut Pcg64Mcg) -> RgbImage {
    let (width, height) = picture.dimensions();
    let mut start = |length: u32| random.random_range(0..=length.saturating_sub(side));
    let (left, top) = (start(width), start(height));
    let mirrored = |at: u32, length: u32| {
        let period = 2 * (length - 1).max(1);
        let at = at % period;
        at.min(period - at).min(length - 1)
    };
    RgbImage::from_fn(side, side, |x, y| {
        *picture.get_pixel(mirrored(left + x, width), mirrored(top + y, height))
    })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::super::member::Esrgan;
    use super::*;
    use crate::train::recipe::RecipeText;

    #[test]
    fn small_pictures_are_mirrored_at_their_edges() {
        let picture = RgbImage::from_fn(16, 20, |x, y| image::Rgb([x as u8, y as u8, 0]));
        let large = cut(&picture, 40, &mut Pcg64Mcg::seed_from_u64(1));
        let at = |x, y| large.get_pixel(x, y).0;
        assert_eq!(
            [at(15, 19), at(16, 20), at(31, 38)],
            [[15, 19, 0], [14, 18, 0], [1, 0, 0]]
        );
        let part = cut(&picture, 16, &mut Pcg64Mcg::seed_from_u64(1));
        let top = part.get_pixel(0, 0).0[1];
        assert_eq!(part.get_pixel(15, 15).0, [15, top + 15, 0]);
    }

    #[test]
    fn patches_lie_over_each_other() {
        let mut recipe = Esrgan::parse(Esrgan::DEFAULT).unwrap().0;
        recipe.crop = Crop {
            picture: 128,
            patch: 64,
            ..recipe.crop
        };
        recipe.degradation = Degradation::Area {};
        let picture = RgbImage::from_fn(140, 150, |x, y| image::Rgb([x as u8, y as u8, 30]));
        for seed in 0..8 {
            let mut random = Pcg64Mcg::seed_from_u64(seed);
            let sample = recipe.sample(&picture, &mut random).unwrap();
            assert_eq!(sample.target.len(), 3 * 64 * 64);
            let small = |x: usize, y: usize| sample.input[y * 16 + x];
            let mean = |x: usize, y: usize| {
                let rows = (4 * y..4 * y + 4).map(|row| &sample.target[row * 64..row * 64 + 64]);
                let cells = rows.flat_map(|row| &row[4 * x..4 * x + 4]);
                cells.sum::<f32>() / 16.0
            };
            for (x, y) in [(0, 0), (5, 9), (15, 15)] {
                assert!((small(x, y) - mean(x, y)).abs() < 0.01);
            }
        }
    }
}
