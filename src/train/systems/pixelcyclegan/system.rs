//! PixelCycleGAN as a system: its samples, its model file.

use std::path::Path;

use image::RgbImage;
use rand_pcg::Pcg64Mcg;
use tch::Device;

use super::networks::discriminator;
use super::recipe::Recipe;
use super::train_step::PixelCycleGanStep;
use crate::train::data::pictures::{middle, planes};
use crate::train::data::samples::Sample;
use crate::train::features;
use crate::train::nn::layers::Kept;
use crate::train::nn::network::kept;
use crate::train::recipe::RecipeText;
use crate::train::run::memory::{Demand, Role};
use crate::train::run::model_file::model_file;
use crate::train::run::system::{ModelFile, System};

impl System for Recipe {
    const NAME: &'static str = "pixelcyclegan";
    type TrainStep = PixelCycleGanStep;

    fn is_unpaired(&self) -> bool {
        true
    }

    fn own_inputs(&self) -> Option<&Path> {
        self.drawn.as_deref()
    }

    fn own_sample(&self, picture: &RgbImage, _: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        Ok(Sample {
            input: planes(&middle(picture, self.model.size as u32)),
            ..Sample::default()
        })
    }

    fn batch(&self) -> usize {
        self.train.batch
    }

    fn accumulate(&self) -> usize {
        self.train.accumulate
    }

    /// Each generator's picture, the way back of the other's and what it makes of its own domain are
    /// kept at once.
    fn memory(&self) -> Demand {
        let side = self.model.size as i64;
        let features = self.train.features.as_deref();
        let generator = kept(&self.generator, side);
        let discriminator = self.discriminator.kept(features, side, |size, l| {
            let picture = l.entry(&[3, side, side]);
            discriminator(l, &picture, size.width);
        });
        let structure = match features {
            Some(_) => features::kept(features, side),
            None => Kept::default(),
        };
        let passes = if self.train.identity > 0.0 { 6.0 } else { 4.0 };
        let mut demand = Demand::of_samples(2 * 6 * side * side)
            .network(&structure, Role::Fixed)
            .half(&[
                (&generator, passes),
                (&discriminator, 2.0),
                (&structure, 1.0),
            ]);
        for network in [&generator, &generator, &discriminator, &discriminator] {
            demand = demand.network(network, Role::Trained);
        }
        demand
    }

    fn stage(&self, device: Device) -> anyhow::Result<PixelCycleGanStep> {
        PixelCycleGanStep::new(self, device)
    }

    /// A face, scaled and neither cut nor mirrored, as published, and the same as pixel art.
    fn sample(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        let face = middle(picture, self.model.size as u32);
        let art = self.art.apply(&face, random)?;
        Ok(Sample {
            input: planes(&art),
            target: planes(&face),
            ..Sample::default()
        })
    }

    /// The restorer, and the one that goes the other way: a picture becomes pixel art.
    fn models(&self, stage: &PixelCycleGanStep) -> anyhow::Result<Vec<ModelFile>> {
        let (metadata, recipe) = (self.metadata(), self.to_metadata()?);
        let names = ["pixelcyclegan.onnx", "pixelcyclegan-art.onnx"];
        let files = names.into_iter().zip(stage.weights());
        files
            .map(|(name, weights)| {
                let onnx = model_file(&self.generator, weights, &metadata, &recipe)?;
                Ok((name.to_owned(), onnx))
            })
            .collect()
    }
}
