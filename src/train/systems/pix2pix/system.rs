//! pix2pix as a system: its samples, its model file.

use std::path::Path;

use image::RgbImage;
use indicatif::ProgressBar;
use rand_pcg::Pcg64Mcg;
use tch::Device;

use super::occluded_faces::OccludedFaces;
use super::recipe::{OwnPairs, Recipe};
use super::train_step::{PAIR, Pix2pixStep};
use crate::train::data::dataset::Dataset;
use crate::train::data::pairs;
use crate::train::data::samples::Sample;
use crate::train::data::training_set::Pictures;
use crate::train::nn::network::kept;
use crate::train::optim::discriminator::patch::patch_gan;
use crate::train::recipe::RecipeText;
use crate::train::run::memory::{Demand, Role};
use crate::train::run::model_file::model_file;
use crate::train::run::steps::Validator;
use crate::train::run::system::{ModelFile, System, fixed};
use crate::train::run::validation::Validation;

impl System for Recipe {
    const NAME: &'static str = "pix2pix";
    type TrainStep = Pix2pixStep;

    fn batch(&self) -> usize {
        self.train.batch
    }

    fn accumulate(&self) -> usize {
        self.train.accumulate
    }

    fn least_part(&self) -> usize {
        2
    }

    /// The discriminator scores real and fake pairs, and the generator's are kept for it.
    fn memory(&self) -> Demand {
        let side = self.model.size as i64;
        let generator = kept(&self.generator, side);
        let discriminator = (self.discriminator).kept(self.features.as_deref(), side, |size, l| {
            let pair = l.entry(&[PAIR, side, side]);
            patch_gan(l, &pair, PAIR, *size);
        });
        Demand::of_samples(6 * side * side)
            .network(&generator, Role::Trained)
            .network(&discriminator, Role::Trained)
            .half(&[(&generator, 1.0), (&discriminator, 2.0)])
    }

    fn stage(&self, device: Device) -> anyhow::Result<Pix2pixStep> {
        Pix2pixStep::new(self, device)
    }

    fn sample(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        Ok(match self.own_pairs {
            Some(_) => self.own_pair(picture, random),
            None => self.covered(picture, random).sample(),
        })
    }

    /// With pairs of the user's own each picture shows both.
    fn pictures_of(&self, faces: &Path, progress: &ProgressBar) -> anyhow::Result<Dataset> {
        match &self.own_pairs {
            None => Dataset::open(faces, progress),
            Some(OwnPairs::SideBySide(_)) => pairs::side_by_side(faces, progress),
            Some(OwnPairs::Inputs(inputs)) => pairs::from_two([inputs, faces], progress),
        }
    }

    fn view(&self, held_out: &Pictures, device: Device) -> anyhow::Result<Box<dyn Validator>> {
        if self.own_pairs.is_some() {
            let pair = |pair: &RgbImage, random: &mut Pcg64Mcg| Ok(self.own_pair(pair, random));
            let samples = fixed(&held_out.faces, self.seed, pair)?;
            return Ok(Box::new(Validation::of(samples, device)));
        }
        let covered = |picture: &RgbImage, random: &mut Pcg64Mcg| Ok(self.covered(picture, random));
        let faces = fixed(&held_out.faces, self.seed, covered)?;
        Ok(Box::new(OccludedFaces::new(faces, device)))
    }

    fn models(&self, stage: &Pix2pixStep) -> anyhow::Result<Vec<ModelFile>> {
        let (network, weights) = (&self.generator, stage.weights());
        let onnx = model_file(network, weights, &self.metadata(), &self.to_metadata()?)?;
        Ok(vec![(format!("{}.onnx", Self::NAME), onnx)])
    }
}
