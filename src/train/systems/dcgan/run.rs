//! A run of DCGAN in a folder: pictures, steps, model file.

use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;
use image::RgbImage;
use image::imageops::{self, FilterType};
use rand::RngExt;
use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::networks::LATENT;
use super::recipe::Recipe;
use super::stage::DcganStage;
use crate::metrics::{MetricsError, Picture, sliced_wasserstein};
use crate::train::dataset::Dataset;
use crate::train::export::{RECIPE, TOLERANCE};
use crate::train::files;
use crate::train::loader::{Loader, generator, shuffled};
use crate::train::log::Log;
use crate::train::run::{Options, Outcome, open_data};
use crate::train::samples::Sample;
use crate::train::stage::Stage;
use crate::train::steps::{self, Look};
use crate::train::systems::sample::{bytes, grid};
use crate::train::systems::{claim_folder, graph_of, parity, planes};

/// Pictures per row and rows that are drawn.
const COLUMNS: u32 = 8;
/// Pictures of each set whose distance is measured, if there are as many.
const COMPARED: usize = 256;

/// Train on the pictures of `faces`, from where the folder's checkpoint left off; at the end `dcgan.onnx` is in the
/// folder.
pub fn train(recipe: &Recipe, faces: &Path, options: &Options) -> anyhow::Result<Outcome> {
    let before = |file: &Path| Recipe::read_with(Some(file), &[]);
    let same = |file: &Path| before(file).ok().as_ref() == Some(recipe);
    claim_folder(&options.out, &recipe.to_toml()?, same)?;
    let (training, held_back) = open_data(faces, &recipe.data, options)?;
    let (network, settings) = (recipe.network, recipe.train.clone());
    let view = Samples::new(&held_back, recipe, options.device)?;
    let (seed, batch) = (recipe.seed, settings.batch);
    let mut stage = DcganStage::new(settings, network, seed, options.device);
    let training = Arc::new(training);
    let outcome = steps::train(&mut stage, options, &view, |first_step| {
        let make = move |step| make_batch(&training, seed, batch as u64, network.side, step);
        let sizes = [batch, network.side as usize];
        Loader::of(make, sizes, first_step, options.device)
    })?;
    if outcome == Outcome::Finished {
        let difference = parity(&network, stage.weights(), network.side)?;
        ensure!(
            difference <= TOLERANCE,
            "ONNX Runtime and libtorch differ by {difference:e}, more than {TOLERANCE:e}; nothing was written"
        );
        let text = recipe.to_toml()?;
        let metadata = [
            (RECIPE, text.as_str()),
            ("depixelate.trained-on", &recipe.model.trained_on),
            ("depixelate.license", &recipe.model.license),
        ];
        let onnx = graph_of(&network, stage.weights(), network.side, &metadata)?;
        files::write(&options.out.join(format!("{}.onnx", stage.name())), onnx)?;
    }
    Ok(outcome)
}

fn make_batch(
    dataset: &Dataset,
    seed: u64,
    batch: u64,
    side: i64,
    step: u64,
) -> anyhow::Result<Vec<Sample>> {
    (0..batch)
        .into_par_iter()
        .map(|slot| {
            let index = step * batch + slot;
            let picture = dataset.picture(shuffled(dataset.len(), seed, 0, index))?;
            let mut face = middle(&picture, side);
            if generator(seed, 0, index).random_bool(0.5) {
                imageops::flip_horizontal_in_place(&mut face);
            }
            Ok(Sample {
                clean: planes(&face),
                ..Sample::default()
            })
        })
        .collect()
}

/// The largest square in the middle, at `side` × `side` pixels.
fn middle(picture: &RgbImage, side: i64) -> RgbImage {
    let (width, height) = picture.dimensions();
    let cut = width.min(height);
    let (x, y) = ((width - cut) / 2, (height - cut) / 2);
    let square = imageops::crop_imm(picture, x, y, cut, cut).to_image();
    imageops::resize(&square, side as u32, side as u32, FilterType::Triangle)
}

/// Random numbers of which the pictures are looked at, and real pictures beside them.
struct Samples {
    z: Tensor,
    real: Vec<Vec<u8>>,
    side: usize,
}

impl Samples {
    fn new(held_back: &Dataset, recipe: &Recipe, device: Device) -> anyhow::Result<Self> {
        let side = recipe.network.side;
        let count = COMPARED.min(held_back.len());
        let real = (0..count).into_par_iter().map(|index| {
            let picture = held_back.picture(index * held_back.len() / count)?;
            Ok(middle(&picture, side).into_raw())
        });
        tch::manual_seed(recipe.seed as i64);
        let drawn = i64::from(COLUMNS * COLUMNS).max(count as i64);
        Ok(Self {
            z: Tensor::randn([drawn, LATENT, 1, 1], (Kind::Float, device)),
            real: real.collect::<anyhow::Result<_>>()?,
            side: side as usize,
        })
    }

    fn views<'p>(&self, set: &'p [Vec<u8>]) -> Result<Vec<Picture<'p>>, MetricsError> {
        let view = |data: &'p Vec<u8>| Picture::new(self.side, self.side, data);
        set.iter().map(view).collect()
    }
}

impl Look for Samples {
    fn look(&self, stage: &dyn Stage, _: &mut Log) -> anyhow::Result<(String, RgbImage)> {
        let made = stage.restore(&self.z, &self.z);
        let packed = bytes(&made.narrow(0, 0, self.real.len() as i64));
        let distance = sliced_wasserstein(&self.views(&packed)?, &self.views(&self.real)?)?;
        let drawn = i64::from(COLUMNS * COLUMNS);
        let text = format!(
            "sliced Wasserstein distance to {} held-back faces {:.4}",
            self.real.len(),
            distance.mean
        );
        Ok((text, grid(&made.narrow(0, 0, drawn), COLUMNS)))
    }
}
