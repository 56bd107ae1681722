//! DCGAN as a system: its samples, its model file.

use image::{RgbImage, imageops};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use tch::Device;

use super::networks::LATENT;
use super::recipe::Recipe;
use super::train_step::DcganStep;
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
    const NAME: &'static str = "dcgan";
    type TrainStep = DcganStep;

    fn batch(&self) -> usize {
        self.train.batch
    }

    fn accumulate(&self) -> usize {
        self.train.accumulate
    }

    fn least_part(&self) -> usize {
        2
    }

    /// The discriminator scores real and fake pictures, and the generator's are kept for it.
    fn memory(&self) -> Demand {
        let side = self.network.side;
        let generator = kept(&self.network, side);
        let discriminator = self
            .discriminator
            .kept(self.features.as_deref(), side, |_, l| {
                let picture = l.entry(&[3, side, side]);
                self.network.discriminator(l, &picture, 0.0);
            });
        Demand::of_samples(3 * side * side)
            .network(&generator, Role::Trained)
            .network(&discriminator, Role::Trained)
            .half(&[(&generator, 1.0), (&discriminator, 2.0)])
    }

    fn stage(&self, device: Device) -> anyhow::Result<DcganStep> {
        DcganStep::new(self, device)
    }

    fn sample(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        let mut face = middle(picture, self.network.side as u32);
        if random.random_bool(0.5) {
            imageops::flip_horizontal_in_place(&mut face);
        }
        Ok(Sample {
            target: planes(&face),
            ..Sample::default()
        })
    }

    fn view(&self, held_out: &Pictures, device: Device) -> anyhow::Result<Box<dyn Validator>> {
        let (side, latent) = (self.network.side, [LATENT, 1, 1]);
        let drawn = SampleGrid::new(&held_out.faces, side, &latent, self.seed, device)?;
        Ok(Box::new(drawn))
    }

    fn models(&self, stage: &DcganStep) -> anyhow::Result<Vec<ModelFile>> {
        let (network, side) = (&self.network, self.network.side);
        let recipe = self.to_metadata()?;
        let onnx = network_file(network, stage.weights(), side, &self.model, &recipe)?;
        Ok(vec![(format!("{}.onnx", Self::NAME), onnx)])
    }
}
