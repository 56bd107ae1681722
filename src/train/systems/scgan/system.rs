//! SCGAN as a system: its samples, its model file.

use std::path::Path;

use image::{RgbImage, imageops};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use tch::Device;

use super::networks::SIDE;
use super::networks::discriminator;
use super::recipe::{KERNEL, Recipe};
use super::train_step::ScganStep;
use crate::train::data::degradation::kernels::{Bell, Kernel};
use crate::train::data::degradation::{
    Filter, blur, draw, gaussian_noise, jpeg, resize, round, signed, tensor_of,
};
use crate::train::data::pictures::{middle, planes};
use crate::train::data::samples::Sample;
use crate::train::nn::network::kept;
use crate::train::recipe::RecipeText;
use crate::train::run::memory::{Demand, Role};
use crate::train::run::model_file::model_file;
use crate::train::run::system::{ModelFile, System};

impl System for Recipe {
    const NAME: &'static str = "scgan";
    type TrainStep = ScganStep;

    fn is_unpaired(&self) -> bool {
        true
    }

    fn own_inputs(&self) -> Option<&Path> {
        self.worn.as_deref()
    }

    /// A worn picture, scaled to the size that is restored, perhaps mirrored.
    fn own_sample(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        let mut face = middle(picture, SIDE as u32 / 4);
        if random.random_bool(0.5) {
            imageops::flip_horizontal_in_place(&mut face);
        }
        Ok(Sample {
            input: planes(&face),
            ..Sample::default()
        })
    }

    fn batch(&self) -> usize {
        self.train.batch
    }

    fn accumulate(&self) -> usize {
        self.train.accumulate
    }

    fn least_part(&self) -> usize {
        2
    }

    /// All four pictures and what all discriminators say of them are kept at once.
    fn memory(&self) -> Demand {
        let (restorer, degrader) = (kept(&self.restorer, SIDE / 4), kept(&self.degrader, SIDE));
        let features = self.features.as_deref();
        let [small, large] = [SIDE / 4, SIDE].map(|side| {
            self.discriminator.kept(features, SIDE, |size, l| {
                let picture = l.entry(&[3, side, side]);
                discriminator(l, &picture, size.width, side);
            })
        });
        // Large pictures, and others with small ones of theirs.
        let mut demand = Demand::of_samples(2 * (3 + 3) * SIDE * SIDE)
            .network(&restorer, Role::Trained)
            .half(&[
                (&degrader, 2.0),
                (&restorer, 2.0),
                (&small, 2.0),
                (&large, 2.0),
            ]);
        for network in [&degrader, &degrader, &small, &small, &large, &large] {
            demand = demand.network(network, Role::Trained);
        }
        demand
    }

    fn stage(&self, device: Device) -> anyhow::Result<ScganStep> {
        ScganStep::new(self, device)
    }

    fn sample(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        let mut face = middle(picture, SIDE as u32);
        if random.random_bool(0.5) {
            imageops::flip_horizontal_in_place(&mut face);
        }
        let clean = tensor_of(&face);
        let d = &self.degradation;
        let sigma = [draw(d.blur, random); 2];
        let x = blur(&clean, Kernel::bell(KERNEL, sigma, 0.0, Bell::Gaussian));
        let x = resize(&x, [SIDE / 4; 2], Filter::draw(random));
        let x = gaussian_noise(&x, draw(d.noise, random), false, random);
        let x = jpeg(&x, draw(d.quality, random))?;
        Ok(Sample {
            input: signed(&round(&x)),
            target: signed(&clean),
            ..Sample::default()
        })
    }

    fn models(&self, stage: &ScganStep) -> anyhow::Result<Vec<ModelFile>> {
        let (network, weights) = (&self.restorer, stage.weights());
        let onnx = model_file(network, weights, &self.metadata(), &self.to_metadata()?)?;
        Ok(vec![(format!("{}.onnx", Self::NAME), onnx)])
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn samples_depend_on_their_own_randomness_alone() {
        let recipe = Recipe::parse(Recipe::DEFAULT).unwrap();
        let picture = RgbImage::from_fn(80, 90, |x, y| image::Rgb([x as u8 * 3, y as u8, 99]));
        let make = |seed| {
            let mut random = Pcg64Mcg::seed_from_u64(seed);
            recipe.sample(&picture, &mut random).unwrap()
        };
        let sample = make(4);
        assert_eq!((sample.input.len(), sample.target.len()), (768, 12_288));
        assert_eq!(sample, make(4));
        assert_ne!(sample.input, make(5).input);
    }
}
