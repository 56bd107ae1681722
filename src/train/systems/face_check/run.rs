//! A run of the face check in a folder: pictures, steps, model file.

use std::path::Path;

use anyhow::{Context, ensure};
use image::{Rgb, RgbImage};
use indicatif::ProgressBar;
use rand_pcg::Pcg64Mcg;
use tch::{Device, Tensor};

use super::recipe::{NAME, Recipe};
use super::samples::{batch, face, fixed};
use super::train_step::FaceCheckStep;
use crate::face_check::{FEWEST_BLOCKS, MARGIN, SIDE};
use crate::train::data::dataset::Dataset;
use crate::train::data::loader::Inputs;
use crate::train::data::samples::Sample;
use crate::train::data::training_set::Pictures;
use crate::train::nn::network::kept;
use crate::train::recipe::RecipeText;
use crate::train::run::log::Log;
use crate::train::run::memory::{Demand, Role};
use crate::train::run::model_file::network_file;
use crate::train::run::options::Options;
use crate::train::run::steps::Validator;
use crate::train::run::system::{ModelFile, System};
use crate::train::run::train_step::TrainStep;

/// Held-out samples of each kind.
const COUNT: usize = 400;
/// Misjudged ones that are drawn, per row.
const DRAWN: usize = 12;
/// Enlargement of the drawing.
const ZOOM: u32 = 3;

impl System for Recipe {
    const NAME: &'static str = NAME;
    type TrainStep = FaceCheckStep;

    /// Faces, and as many others.
    fn batch(&self) -> usize {
        2 * self.train.batch
    }

    fn accumulate(&self) -> usize {
        self.train.accumulate
    }

    fn least_part(&self) -> usize {
        2
    }

    fn memory(&self) -> Demand {
        let side = SIDE as i64;
        let network = kept(&self.network, side);
        Demand::of_samples(3 * side * side)
            .network(&network, Role::Averaged)
            .half(&[(&network, 1.0)])
    }

    fn stage(&self, device: Device) -> anyhow::Result<FaceCheckStep> {
        let settings = self.train.clone();
        Ok(FaceCheckStep::new(
            settings,
            self.network,
            self.seed,
            device,
        ))
    }

    fn open(&self, faces: &Path, options: &Options) -> anyhow::Result<[Pictures; 2]> {
        let others = self.others.as_ref();
        let others = others.context("--others is missing: pictures without faces")?;
        let (faces, held_out_faces) = self.open_faces(faces, options)?;
        let (others, held_out_others) =
            Dataset::open(others, &ProgressBar::hidden())?.split(&self.data);
        ensure!(
            !others.is_empty() && !held_out_others.is_empty(),
            "--others leaves no picture to train with or none to hold out"
        );
        let pictures = |faces, others| Pictures {
            faces,
            others: Some(others),
        };
        Ok([
            pictures(faces, others),
            pictures(held_out_faces, held_out_others),
        ])
    }

    fn sample(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        face(&mut self.sampler(), self, picture, picture, random)
    }

    fn samples(&self, pictures: &Pictures, step: u64) -> anyhow::Result<Vec<Sample>> {
        batch(pictures, self, step)
    }

    fn view(&self, held_out: &Pictures, device: Device) -> anyhow::Result<Box<dyn Validator>> {
        Ok(Box::new(Judgements {
            samples: fixed(held_out, self, COUNT)?,
            device,
        }))
    }

    fn models(&self, stage: &FaceCheckStep) -> anyhow::Result<Vec<ModelFile>> {
        let (side, text) = (SIDE as i64, self.to_toml()?);
        let onnx = network_file(&self.network, stage.averaged(), side, &self.model, &text)?;
        Ok(vec![(format!("{NAME}.onnx"), onnx)])
    }
}

/// Held-out samples: faces, then as many others.
struct Judgements {
    samples: Vec<Sample>,
    device: Device,
}

impl Validator for Judgements {
    fn validate(&self, stage: &dyn TrainStep, _: &mut Log) -> anyhow::Result<(String, RgbImage)> {
        let all: Vec<f32> = (self.samples.iter())
            .flat_map(|sample| sample.input.iter().copied())
            .collect();
        let side = SIDE as i64;
        let input = Tensor::from_slice(&all)
            .view([-1, 3, side, side])
            .to_device(self.device);
        let found = stage.predict(&Inputs::alone(&input));
        let logits = found.narrow(1, 0, 1).contiguous().view(-1);
        let logits: Vec<f32> = Vec::try_from(&logits).context("logits")?;
        let places = found.narrow(1, 1, 3).contiguous().view(-1);
        let places: Vec<f32> = Vec::try_from(&places).context("places")?;
        let half = self.samples.len() / 2;
        // Blocks of this size, pixels of the small picture, are as few across as the element asks
        // for.
        let coarsest = SIDE as f32 / MARGIN as f32 / FEWEST_BLOCKS;
        let share = |kind: usize, right: fn(f32) -> bool| {
            let range = kind * half..(kind + 1) * half;
            let checked = range.filter(|&i| self.samples[i].block <= coarsest);
            let (mut count, mut good) = (0, 0);
            for i in checked {
                count += 1;
                good += usize::from(right(logits[i]));
            }
            100.0 * good as f64 / f64::from(count.max(1))
        };
        let [across, down, size] = self.median_errors(&places);
        let text = format!(
            "{:.1} % of held-out faces kept, {:.1} % of others rejected ({FEWEST_BLOCKS} blocks across or more), \
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
                let numbers = &self.samples[index].input;
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
