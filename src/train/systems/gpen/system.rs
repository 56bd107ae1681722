//! GPEN as a system: its samples, its model file.

use image::{RgbImage, imageops};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use tch::Device;

use super::recipe::Recipe;
use super::train_step::GpenStep;
use crate::train::data::degradation::{signed, tensor_of};
use crate::train::data::pictures::middle;
use crate::train::data::samples::Sample;
use crate::train::nn::network::kept;
use crate::train::recipe::RecipeText;
use crate::train::run::memory::{Demand, Role};
use crate::train::run::model_file::model_file;
use crate::train::run::system::{ModelFile, System};
use crate::train::systems::stylegan2::regular::with_penalties;

impl System for Recipe {
    const NAME: &'static str = "gpen";
    type TrainStep = GpenStep;

    fn batch(&self) -> usize {
        self.train.batch
    }

    fn accumulate(&self) -> usize {
        self.train.accumulate
    }

    fn memory(&self) -> Demand {
        let (s, side) = (&self.train, self.generator.side());
        let network = kept(&self.generator, side);
        let features = self.features.as_deref();
        let discriminator = self.discriminator.kept(features, side, |size, l| {
            let picture = l.entry(&[3, side, side]);
            size.read(l, &picture, 1);
        });
        let demand = Demand::of_samples(6 * side * side)
            .network(&network, Role::Averaged)
            .network(&discriminator, Role::Trained)
            .half(&[(&network, 1.0), (&discriminator, 1.0)])
            .half(&[(&discriminator, 2.0)]);
        with_penalties(demand, [&network, &discriminator], [s.path, s.r1])
    }

    fn stage(&self, device: Device) -> anyhow::Result<GpenStep> {
        GpenStep::new(self, device)
    }

    fn sample(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        let mut face = middle(picture, self.generator.side() as u32);
        if random.random_bool(0.5) {
            imageops::flip_horizontal_in_place(&mut face);
        }
        let [seen, truth] = self.degradation.apply(&tensor_of(&face), random)?;
        Ok(Sample {
            input: signed(&seen),
            target: signed(&truth),
            ..Sample::default()
        })
    }

    fn models(&self, stage: &GpenStep) -> anyhow::Result<Vec<ModelFile>> {
        let (network, weights) = (&self.generator, stage.weights());
        let onnx = model_file(network, &weights, &self.metadata(), &self.to_metadata()?)?;
        Ok(vec![(format!("{}.onnx", Self::NAME), onnx)])
    }
}
