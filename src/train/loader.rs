//! Batches made ahead of their use, on threads of their own.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::Context;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use tch::{Device, Tensor};

use super::dataset::Dataset;
use super::projection::{Grid, Projection};
use super::recipe::Recipe;
use super::samples::{Sample, Sampler};
use crate::blocks::PLANES;

/// Batches that wait for the device at most.
const DEPTH: usize = 4;

/// Pairs of mosaic and truth, `[N, 3, S, S]`, −1 … 1, see [`Sample`]. What samples do not have is empty.
pub struct Batch {
    /// What the networks see.
    pub pixelated: Tensor,
    /// What is known of the lattices, `[N, PLANES, S, S]`.
    pub lattice: Tensor,
    /// The truth behind it; its side may be a multiple.
    pub clean: Tensor,
    /// Numbers of the samples whose truth has detail at its own size, see [`Sample::fine`].
    pub fine: Tensor,
    /// The mosaics' blocks and their means, if any are told.
    pub projection: Option<Projection>,
    /// The same, sharpened.
    pub sharp: Tensor,
    /// Clean crops of other pictures, for unpaired training; else none.
    pub others: Tensor,
    /// The labels of the pairs, `[N, L]`.
    pub labels: Tensor,
}

/// An endless, repeatable stream of batches.
pub struct Loader {
    batches: Receiver<anyhow::Result<Vec<Sample>>>,
    batch: usize,
    device: Device,
}

impl Loader {
    /// Batches number `first_step`, `first_step` + 1 … of the run with `seed`.
    ///
    /// Sample i of a run depends on `seed` and i alone: a resumed run sees what an uninterrupted one would see.
    pub fn start(
        dataset: &Arc<Dataset>,
        recipe: &Recipe,
        seed: u64,
        batch: usize,
        first_step: u64,
        device: Device,
    ) -> anyhow::Result<Self> {
        let (dataset, recipe) = (Arc::clone(dataset), recipe.clone());
        let make = move |step| make_batch(&dataset, &recipe, seed, batch, step);
        Self::of(make, batch, first_step, device)
    }

    /// What `make` gives for step number `first_step`, `first_step` + 1 …: `batch` pairs, then any number of samples
    /// of which only the clean part counts. Pictures are squares.
    pub fn of(
        make: impl Fn(u64) -> anyhow::Result<Vec<Sample>> + Send + 'static,
        batch: usize,
        first_step: u64,
        device: Device,
    ) -> anyhow::Result<Self> {
        let (sender, batches) = sync_channel(DEPTH);
        std::thread::Builder::new()
            .name("loader".to_owned())
            .spawn(move || {
                for step in first_step.. {
                    let made = make(step);
                    let failed = made.is_err();
                    // The receiver hangs up when the run is over.
                    if sender.send(made).is_err() || failed {
                        return;
                    }
                }
            })
            .context("the loader's thread can not be started")?;
        Ok(Self {
            batches,
            batch,
            device,
        })
    }

    /// The next batch.
    pub fn next_batch(&mut self) -> anyhow::Result<Batch> {
        let samples = self.batches.recv().context("the loader has stopped")??;
        // Samples come as damaged ones first, then as many others.
        let (pairs, others) = samples.split_at(self.batch);
        let tensor = |samples: &[Sample], planes: usize, part: fn(&Sample) -> &Vec<f32>| {
            let all: Vec<f32> = samples
                .iter()
                .flat_map(|s| part(s).iter().copied())
                .collect();
            let count = samples.len();
            let side = (all.len() / (planes * count.max(1))).isqrt();
            let shape = [count, planes, side, side].map(|side| side as i64);
            channels_last(&Tensor::from_slice(&all).view(shape).to_device(self.device))
        };
        let labels: Vec<f32> = (pairs.iter())
            .flat_map(|sample| sample.labels.iter().copied())
            .collect();
        let shape = [
            pairs.len() as i64,
            (labels.len() / pairs.len().max(1)) as i64,
        ];
        let fine: Vec<i64> = (pairs.iter().zip(0..))
            .filter_map(|(sample, i)| sample.fine.then_some(i))
            .collect();
        let pixelated = tensor(pairs, 3, |s| &s.pixelated);
        let clean = tensor(pairs, 3, |s| &s.clean);
        let grids: Vec<Option<&Grid>> = pairs.iter().map(|sample| sample.grid.as_ref()).collect();
        Ok(Batch {
            fine: Tensor::from_slice(&fine).to_device(self.device),
            projection: (grids.iter().any(Option::is_some))
                .then(|| Projection::new(&grids, &pixelated, clean.size()[3])),
            labels: Tensor::from_slice(&labels)
                .view(shape)
                .to_device(self.device),
            pixelated,
            lattice: tensor(pairs, PLANES, |s| &s.lattice),
            clean,
            sharp: tensor(pairs, 3, |s| &s.sharp),
            others: tensor(others, 3, |s| &s.clean),
        })
    }
}

/// Pictures at the side `size`, of which theirs is a multiple.
pub fn reduced(pictures: &Tensor, size: i64) -> Tensor {
    let scale = pictures.size()[3] / size;
    match scale {
        ..=1 => pictures.shallow_clone(),
        _ => pictures.avg_pool2d([scale; 2], [scale; 2], [0; 2], false, true, None),
    }
}

/// The same tensor, whose channels are neighbours in memory. Convolutions keep that order and are faster in it, by a
/// seventh on the CPU.
pub fn channels_last(x: &Tensor) -> Tensor {
    x.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}

/// `batch` pairs; for unpaired training then `batch` samples of other pictures.
fn make_batch(
    dataset: &Dataset,
    recipe: &Recipe,
    seed: u64,
    batch: usize,
    step: u64,
) -> anyhow::Result<Vec<Sample>> {
    let halves = if recipe.stage1.needs_others() { 2 } else { 1 };
    (0..halves * batch)
        .into_par_iter()
        .map_init(
            || Sampler::new(recipe),
            |sampler, slot| {
                // Two streams, so that the halves show different pictures.
                let stream = (slot / batch) as u64;
                let index = step * batch as u64 + (slot % batch) as u64;
                let mut random = generator(seed, stream, index);
                let picture = dataset.picture(shuffled(dataset.len(), seed, stream, index))?;
                sampler.sample(&picture, &mut random)
            },
        )
        .collect()
}

/// Fixed damaged samples of a data set, for validation.
pub fn fixed_samples(
    dataset: &Dataset,
    recipe: &Recipe,
    count: usize,
) -> anyhow::Result<Vec<Sample>> {
    (0..count.min(dataset.len()))
        .into_par_iter()
        .map_init(
            || Sampler::new(recipe),
            |sampler, index| {
                // Spread over the data set, whose neighbours look alike.
                let picture = dataset.picture(index * dataset.len() / count.min(dataset.len()))?;
                sampler.sample(&picture, &mut generator(recipe.seed, 9, index as u64))
            },
        )
        .collect()
}

/// Chance of sample `index` of a stream.
pub fn generator(seed: u64, stream: u64, index: u64) -> Pcg64Mcg {
    let mut mixed = Pcg64Mcg::seed_from_u64(seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let salt: u64 = mixed.random();
    Pcg64Mcg::seed_from_u64(salt.wrapping_add(index))
}

/// The picture of sample `index`: every epoch shows each picture once, in an order of its own.
pub fn shuffled(length: usize, seed: u64, stream: u64, index: u64) -> usize {
    let epoch = index / length as u64;
    let mut order: Vec<u32> = (0..length as u32).collect();
    order.shuffle(&mut generator(seed, stream + 100, epoch));
    order[(index % length as u64) as usize] as usize
}
