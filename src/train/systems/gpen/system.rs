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
use crate::train::recipe::RecipeText;
use crate::train::run::model_file::model_file;
use crate::train::run::system::{ModelFile, System};

impl System for Recipe {
    const NAME: &'static str = "gpen";
    type TrainStep = GpenStep;

    fn batch(&self) -> usize {
        self.train.batch
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
