//! A run of the face check in a folder: pictures, steps, model file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use image::{Rgb, RgbImage};
use indicatif::ProgressBar;
use tch::{Device, Tensor};

use super::recipe::Recipe;
use super::samples::{Pictures, batch, fixed};
use super::stage::FaceStage;
use crate::face_check::{FEWEST_BLOCKS, MARGIN, SIDE};
use crate::train::checkpoint;
use crate::train::dataset::Dataset;
use crate::train::files;
use crate::train::loader::Loader;
use crate::train::log::Log;
use crate::train::run::{Options, Outcome, checkpoint_file, open_data};
use crate::train::samples::Sample;
use crate::train::stage::Stage;
use crate::train::steps::{self, Look};
use crate::train::systems::claim_folder;
use crate::train::systems::export::network_file;

/// Name of its checkpoint and of its model file.
pub const NAME: &str = "face-check";

/// Held-back samples of each kind.
const COUNT: usize = 400;
/// Misjudged ones that are drawn, per row.
const DRAWN: usize = 12;
/// Enlargement of the drawing.
const ZOOM: u32 = 3;

/// Train on the pictures of `faces` and `others`, from where the folder's checkpoint left off; at the end
/// `face-check.onnx` is in the folder.
pub fn train(
    recipe: &Recipe,
    faces: &Path,
    others: &Path,
    options: &Options,
) -> anyhow::Result<Outcome> {
    let before = |file: &Path| Recipe::read_with(Some(file), &[]);
    let same = |file: &Path| before(file).ok().as_ref() == Some(recipe);
    claim_folder(&options.out, &recipe.to_toml()?, same)?;
    let (faces, held_back_faces) = open_data(faces, &recipe.data, None, options)?;
    let (others, held_back_others) =
        Dataset::open(others, &ProgressBar::hidden())?.split(&recipe.data);
    ensure!(
        !others.is_empty() && !held_back_others.is_empty(),
        "--others leaves no picture to train with or none to hold back"
    );
    let held_back = Pictures {
        faces: held_back_faces,
        others: held_back_others,
    };
    let view = Judgements {
        samples: fixed(&held_back, recipe, COUNT)?,
        device: options.device,
    };
    let pictures = Arc::new(Pictures { faces, others });
    let count = 2 * recipe.train.batch;
    let mut stage = untrained(recipe, options.device);
    let outcome = steps::train(&mut stage, options, &view, |first_step| {
        let recipe = recipe.clone();
        let make = move |step| batch(&pictures, &recipe, step);
        Loader::of(make, count, first_step, options.device)
    })?;
    if outcome == Outcome::Finished {
        let file = options.out.join(format!("{NAME}.onnx"));
        files::write(&file, model_file(recipe, &stage)?)?;
    }
    Ok(outcome)
}

/// Write the model file of the run in `folder` to `out`, as its checkpoint stands. Gives its path.
pub fn export(folder: &Path, out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let recipe = Recipe::read_with(Some(&folder.join("recipe.toml")), &[])?;
    let mut stage = untrained(&recipe, Device::Cpu);
    let saved = checkpoint_file(folder, NAME);
    stage
        .load(&checkpoint::load(&saved)?)
        .with_context(|| format!("checkpoint {}", saved.display()))?;
    files::write(out, model_file(&recipe, &stage)?)?;
    Ok(vec![out.to_owned()])
}

fn model_file(recipe: &Recipe, stage: &FaceStage) -> anyhow::Result<Vec<u8>> {
    let (side, text) = (SIDE as i64, recipe.to_toml()?);
    network_file(
        &recipe.network,
        stage.averaged(),
        side,
        &recipe.model,
        &text,
    )
}

fn untrained(recipe: &Recipe, device: Device) -> FaceStage {
    FaceStage::new(recipe.train.clone(), recipe.network, recipe.seed, device)
}

/// Held-back samples: faces, then as many others.
struct Judgements {
    samples: Vec<Sample>,
    device: Device,
}

impl Look for Judgements {
    fn look(&self, stage: &dyn Stage, _: &mut Log) -> anyhow::Result<(String, RgbImage)> {
        let all: Vec<f32> = (self.samples.iter())
            .flat_map(|sample| sample.pixelated.iter().copied())
            .collect();
        let side = SIDE as i64;
        let input = Tensor::from_slice(&all)
            .view([-1, 3, side, side])
            .to_device(self.device);
        let found = stage.restore(&input, &input);
        let logits = found.narrow(1, 0, 1).contiguous().view(-1);
        let logits: Vec<f32> = Vec::try_from(&logits).context("logits")?;
        let places = found.narrow(1, 1, 3).contiguous().view(-1);
        let places: Vec<f32> = Vec::try_from(&places).context("places")?;
        let half = self.samples.len() / 2;
        // Blocks of this size, pixels of the small picture, are as few across as the element asks for.
        let coarsest = SIDE as f32 / MARGIN as f32 / FEWEST_BLOCKS;
        let share = |kind: usize, right: fn(f32) -> bool| {
            let range = kind * half..(kind + 1) * half;
            let judged = range.filter(|&i| self.samples[i].block <= coarsest);
            let (mut count, mut good) = (0, 0);
            for i in judged {
                count += 1;
                good += usize::from(right(logits[i]));
            }
            100.0 * good as f64 / f64::from(count.max(1))
        };
        let [across, down, size] = self.median_errors(&places);
        let text = format!(
            "{:.1} % of held-back faces kept, {:.1} % of others rejected ({FEWEST_BLOCKS} blocks across or more), \
             places off by {across:.3} and {down:.3} views, sizes by a factor of {:.2} (medians)",
            share(0, |logit| logit > 0.0),
            share(1, |logit| logit <= 0.0),
            size.exp(),
        );
        Ok((text, self.misjudged(&logits)))
    }
}

impl Judgements {
    /// How far the places of faces are off: each number's median.
    fn median_errors(&self, places: &[f32]) -> [f32; 3] {
        [0, 1, 2].map(|i| {
            let faces = self.samples.iter().zip(places.chunks_exact(3));
            let mut errors: Vec<f32> = faces
                .filter(|(sample, _)| sample.labels[0] > 0.5)
                .map(|(sample, place)| (place[i] - sample.labels[i + 1]).abs())
                .collect();
            errors.sort_by(f32::total_cmp);
            errors.get(errors.len() / 2).copied().unwrap_or(f32::NAN)
        })
    }

    /// Faces taken for something else in the first row, the reverse in the second; the worst ones.
    fn misjudged(&self, logits: &[f32]) -> RgbImage {
        let side = SIDE as u32;
        let mut picture = RgbImage::new(DRAWN as u32 * side, 2 * side);
        let half = logits.len() / 2;
        for row in 0..2 {
            let range = row * half..(row + 1) * half;
            let mut order: Vec<usize> = range.collect();
            order.sort_by(|&a, &b| logits[a].total_cmp(&logits[b]));
            if row == 1 {
                order.reverse();
            }
            for (column, &index) in order.iter().take(DRAWN).enumerate() {
                let numbers = &self.samples[index].pixelated;
                for i in 0..SIDE * SIDE {
                    let level = |c: usize| ((numbers[c * SIDE * SIDE + i] + 1.0) * 127.5) as u8;
                    let (x, y) = ((i % SIDE) as u32, (i / SIDE) as u32);
                    let pixel = Rgb([level(0), level(1), level(2)]);
                    picture.put_pixel(column as u32 * side + x, row as u32 * side + y, pixel);
                }
            }
        }
        let (width, height) = (picture.width() * ZOOM, picture.height() * ZOOM);
        image::imageops::resize(
            &picture,
            width,
            height,
            image::imageops::FilterType::Nearest,
        )
    }
}
