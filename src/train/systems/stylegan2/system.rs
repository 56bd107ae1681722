//! StyleGAN2 as a system: its samples, its model file.

use image::{RgbImage, imageops};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use tch::Device;

use super::prior::Truncated;
use super::recipe::Recipe;
use super::regular::with_penalties;
use super::train_step::Stylegan2Step;
use crate::train::data::pictures::{middle, planes};
use crate::train::data::samples::Sample;
use crate::train::data::training_set::Pictures;
use crate::train::nn::network::kept;
use crate::train::recipe::RecipeText;
use crate::train::run::memory::{Demand, Role};
use crate::train::run::model_file::network_file;
use crate::train::run::sample_grid::SampleGrid;
use crate::train::run::steps::Validator;
use crate::train::run::system::{ModelFile, System};

impl System for Recipe {
    const NAME: &'static str = "stylegan2";
    type TrainStep = Stylegan2Step;

    fn batch(&self) -> usize {
        self.train.batch
    }

    fn accumulate(&self) -> usize {
        self.train.accumulate
    }

    fn least_part(&self) -> usize {
        self.train.group as usize
    }

    fn memory(&self) -> Demand {
        let (s, side) = (&self.train, self.generator.side());
        let generator = kept(&self.generator, side);
        let features = self.features.as_deref();
        let discriminator = self.discriminator.kept(features, side, |size, l| {
            let picture = l.entry(&[3, side, side]);
            size.read(l, &picture, 1);
        });
        let demand = Demand::of_samples(3 * side * side)
            .network(&generator, Role::Averaged)
            .network(&discriminator, Role::Trained)
            .half(&[(&generator, 1.0), (&discriminator, 1.0)])
            .half(&[(&discriminator, 2.0)]);
        with_penalties(demand, [&generator, &discriminator], [s.path, s.r1])
    }

    fn stage(&self, device: Device) -> anyhow::Result<Stylegan2Step> {
        Stylegan2Step::new(self, device)
    }

    fn sample(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        let mut face = middle(picture, self.generator.side() as u32);
        if random.random_bool(0.5) {
            imageops::flip_horizontal_in_place(&mut face);
        }
        Ok(Sample {
            target: planes(&face),
            ..Sample::default()
        })
    }

    fn view(&self, held_out: &Pictures, device: Device) -> anyhow::Result<Box<dyn Validator>> {
        let (side, latent) = (self.generator.side(), [self.generator.latent()]);
        let drawn = SampleGrid::new(&held_out.faces, side, &latent, self.seed, device)?;
        Ok(Box::new(drawn))
    }

    fn models(&self, stage: &Stylegan2Step) -> anyhow::Result<Vec<ModelFile>> {
        let (network, side) = (Truncated(&self.generator), self.generator.side());
        let recipe = self.to_metadata()?;
        let onnx = network_file(&network, &stage.weights(), side, &self.model, &recipe)?;
        Ok(vec![(format!("{}.onnx", Self::NAME), onnx)])
    }
}
