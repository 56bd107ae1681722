//! Batches made ahead of their use, on threads of their own.

use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::Context;
use tch::{Device, Kind, Tensor};

use super::samples::Sample;
use crate::blocks::PLANES;
use crate::train::nn::block_projection::{Grid, Projection};
use crate::train::nn::tensors::channels_last;

/// Batches that wait for the device at most.
pub(crate) const DEPTH: usize = 4;

/// Pairs of mosaic and truth, `[N, 3, S, S]`, −1 … 1, see [`Sample`]. What samples do not have is
/// empty.
pub struct Batch {
    /// What the networks see.
    pub input: Tensor,
    /// What is known of the lattices, `[N, PLANES, S, S]`.
    pub conditioning: Tensor,
    /// The truth behind it; its side may be a multiple.
    pub target: Tensor,
    /// Numbers of the samples whose truth has detail at its own size, see [`Sample::fine`].
    pub fine: Tensor,
    /// The mosaics' blocks and their means, if any are given.
    pub projection: Option<Projection>,
    /// The same, sharpened.
    pub sharpened_target: Tensor,
    /// Clean crops of other pictures, for unpaired training; else none.
    pub unpaired: Tensor,
    /// The labels of the pairs, `[N, L]`.
    pub labels: Tensor,
}

impl Default for Batch {
    /// One that has nothing.
    fn default() -> Self {
        let none = || Tensor::zeros([0], (Kind::Float, Device::Cpu));
        Self {
            input: none(),
            conditioning: none(),
            target: none(),
            fine: none(),
            projection: None,
            sharpened_target: none(),
            unpaired: none(),
            labels: none(),
        }
    }
}

impl Batch {
    /// What the networks see.
    pub fn inputs(&self) -> Inputs<'_> {
        Inputs {
            input: &self.input,
            conditioning: &self.conditioning,
        }
    }
}

/// What a network makes something of: the part of a [`Batch`] that is there without truths.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// Pictures, or random numbers for a generator that starts from those.
    pub input: &'a Tensor,
    /// What is known beside them; networks that take nothing more do not look at it.
    pub conditioning: &'a Tensor,
}

impl<'a> Inputs<'a> {
    /// Inputs of which nothing more is known.
    pub fn alone(input: &'a Tensor) -> Self {
        let conditioning = input;
        Self {
            input,
            conditioning,
        }
    }
}

/// An endless, repeatable stream of batches.
pub struct Loader {
    batches: Receiver<anyhow::Result<Vec<Sample>>>,
    batch: usize,
    parts: usize,
    device: Device,
}

impl Loader {
    /// What `make` gives for step number `first_step`, `first_step` + 1 …: `batch` pairs, then any
    /// number of samples of which only the clean part counts. Pictures are squares.
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
            .context("the loader's thread cannot be started")?;
        Ok(Self {
            batches,
            batch,
            parts: 1,
            device,
        })
    }

    /// The same, but each batch comes in so many equal parts.
    #[must_use]
    pub fn in_parts(mut self, parts: usize) -> Self {
        self.parts = parts;
        self
    }

    /// The parts of the next batch.
    pub fn next_batch(&mut self) -> anyhow::Result<Vec<Batch>> {
        let samples = self.batches.recv().context("the loader has stopped")??;
        // Samples come as degraded ones first, then as many others or none.
        let (pairs, others) = samples.split_at(self.batch);
        let part = |all: &'_ [Sample], number: usize| {
            let length = all.len() / self.parts;
            number * length..(number + 1) * length
        };
        let parts = (0..self.parts).map(|number| {
            let (pairs, others) = (&pairs[part(pairs, number)], &others[part(others, number)]);
            self.tensors(pairs, others)
        });
        Ok(parts.collect())
    }

    fn tensors(&self, pairs: &[Sample], others: &[Sample]) -> Batch {
        let tensor = |samples: &[Sample], planes: usize, part: fn(&Sample) -> &Vec<f32>| {
            let count = samples.len();
            let all = samples.iter().flat_map(|s| part(s).iter().copied());
            let all: Vec<f32> = all.collect();
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
        let told = pairs.first().map_or(PLANES, Sample::told);
        let pixelated = tensor(pairs, 3, |s| &s.input);
        let clean = tensor(pairs, 3, |s| &s.target);
        let grids: Vec<Option<&Grid>> = pairs.iter().map(|sample| sample.grid.as_ref()).collect();
        Batch {
            fine: Tensor::from_slice(&fine).to_device(self.device),
            projection: (grids.iter().any(Option::is_some))
                .then(|| Projection::new(&grids, &pixelated, clean.size()[3])),
            labels: Tensor::from_slice(&labels)
                .view(shape)
                .to_device(self.device),
            input: pixelated,
            conditioning: tensor(pairs, told, |s| &s.conditioning),
            target: clean,
            sharpened_target: tensor(pairs, 3, |s| &s.sharpened_target),
            unpaired: tensor(others, 3, |s| &s.target),
        }
    }
}
