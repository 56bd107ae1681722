//! A run of pix2pix in a folder: pictures, steps, model file.

use std::path::Path;
use std::sync::Arc;

use image::RgbImage;
use image::imageops::{self, FilterType};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use super::occlude::occlude;
use super::recipe::Recipe;
use super::stage::Pix2pix;
use crate::train::dataset::Dataset;
use crate::train::files;
use crate::train::loader::{Loader, generator, shuffled};
use crate::train::run::{Options, Outcome, open_data};
use crate::train::samples::Sample;
use crate::train::stage::Stage;
use crate::train::steps;
use crate::train::systems::export::model_file;
use crate::train::systems::{claim_folder, planes};
use crate::train::validation::{COUNT, Validation};

/// Streams of chance: training, and held-back pictures.
const TRAINING: u64 = 0;
const HELD_BACK: u64 = 9;

/// Train on the pictures of `faces`, from where the folder's checkpoint left off; at the end `pix2pix.onnx` is in the
/// folder.
pub fn train(recipe: &Recipe, faces: &Path, options: &Options) -> anyhow::Result<Outcome> {
    let before = |file: &Path| Recipe::read_with(Some(file), &[]);
    claim_folder(&options.out, &recipe.to_toml()?, |file| {
        before(file).ok().as_ref() == Some(recipe)
    })?;
    let (training, held_back) = open_data(faces, &recipe.data, options)?;
    let size = recipe.model.size;
    let validation = Validation::of(fixed(&held_back, recipe)?, size, options.device);
    let settings = recipe.train.clone();
    let batch = settings.batch;
    let (unet, judge) = (recipe.generator, recipe.discriminator);
    let mut stage = Pix2pix::new(settings, unet, judge, recipe.seed, options.device);
    let (training, for_loader) = (Arc::new(training), recipe.clone());
    let outcome = steps::train(&mut stage, options, &validation, |first_step| {
        let make = move |step| make_batch(&training, &for_loader, step);
        Loader::of(make, [batch, size], first_step, options.device)
    })?;
    if outcome == Outcome::Finished {
        let weights = stage.weights();
        let onnx = model_file(
            &recipe.generator,
            weights,
            &recipe.facts(),
            &recipe.to_toml()?,
        )?;
        files::write(&options.out.join(format!("{}.onnx", stage.name())), onnx)?;
    }
    Ok(outcome)
}

fn make_batch(dataset: &Dataset, recipe: &Recipe, step: u64) -> anyhow::Result<Vec<Sample>> {
    let (seed, batch) = (recipe.seed, recipe.train.batch as u64);
    (0..batch)
        .into_par_iter()
        .map(|slot| {
            let index = step * batch + slot;
            let picture = dataset.picture(shuffled(dataset.len(), seed, TRAINING, index))?;
            Ok(sample(
                &picture,
                recipe,
                &mut generator(seed, TRAINING, index),
            ))
        })
        .collect()
}

/// Held-back pictures, spread over the data set, whose neighbours look alike.
fn fixed(dataset: &Dataset, recipe: &Recipe) -> anyhow::Result<Vec<Sample>> {
    let count = COUNT.min(dataset.len());
    (0..count)
        .into_par_iter()
        .map(|index| {
            let picture = dataset.picture(index * dataset.len() / count)?;
            let mut random = generator(recipe.seed, HELD_BACK, index as u64);
            Ok(sample(&picture, recipe, &mut random))
        })
        .collect()
}

/// A face, squashed to a square as published, cut, perhaps mirrored, and covered.
fn sample(picture: &RgbImage, recipe: &Recipe, random: &mut Pcg64Mcg) -> Sample {
    let size = recipe.model.size as u32;
    let larger = (f64::from(size) * recipe.model.jitter).round() as u32;
    let resized = imageops::resize(picture, larger, larger, FilterType::Triangle);
    let [x, y] = [(); 2].map(|()| random.random_range(0..=larger - size));
    let mut clean = imageops::crop_imm(&resized, x, y, size, size).to_image();
    if random.random_bool(0.5) {
        imageops::flip_horizontal_in_place(&mut clean);
    }
    let covered = occlude(&clean, &recipe.occlusion, random);
    Sample {
        pixelated: planes(&covered.picture),
        clean: planes(&clean),
        ..Sample::default()
    }
}
