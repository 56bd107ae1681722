//! How a run looks at a generator: a grid of its pictures, and their distance to real ones.

use image::RgbImage;
use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::log::Log;
use super::steps::Validator;
use super::train_step::TrainStep;
use crate::metrics::{MetricsError, Picture, sliced_wasserstein};
use crate::train::data::dataset::Dataset;
use crate::train::data::loader::Inputs;
use crate::train::data::pictures::{bytes, grid, middle};

/// Pictures per row and rows that are drawn.
const COLUMNS: u32 = 8;
/// Pictures of each set whose distance is measured, if there are as many.
const COMPARED: usize = 256;
/// Name of the distance in the log.
const DISTANCE: &str = "sliced Wasserstein distance to held-out faces";
/// Pictures that are made at a time.
const CHUNK: i64 = 32;

/// Random numbers of which the pictures are looked at, and real pictures beside them.
pub(crate) struct SampleGrid {
    z: Tensor,
    real: Vec<Vec<u8>>,
    side: usize,
}

impl SampleGrid {
    /// Look at pictures of `side` pixels that come of random numbers `[N, latent…]`.
    pub(crate) fn new(
        held_out: &Dataset,
        side: i64,
        latent: &[i64],
        seed: u64,
        device: Device,
    ) -> anyhow::Result<Self> {
        let count = COMPARED.min(held_out.len());
        let real = (0..count).into_par_iter().map(|index| {
            let picture = held_out.picture(index * held_out.len() / count)?;
            Ok(middle(&picture, side as u32).into_raw())
        });
        tch::manual_seed(seed as i64);
        let drawn = i64::from(COLUMNS * COLUMNS).max(count as i64);
        let shape: Vec<i64> = std::iter::once(drawn)
            .chain(latent.iter().copied())
            .collect();
        Ok(Self {
            z: Tensor::randn(shape, (Kind::Float, device)),
            real: real.collect::<anyhow::Result<_>>()?,
            side: side as usize,
        })
    }

    fn views<'p>(&self, set: &'p [Vec<u8>]) -> Result<Vec<Picture<'p>>, MetricsError> {
        let view = |data: &'p Vec<u8>| Picture::new(self.side, self.side, data);
        set.iter().map(view).collect()
    }
}

impl Validator for SampleGrid {
    fn validate(&self, stage: &dyn TrainStep, log: &mut Log) -> anyhow::Result<(String, RgbImage)> {
        let parts = self.z.split(CHUNK, 0);
        let parts: Vec<Tensor> = parts
            .iter()
            .map(|z| stage.predict(&Inputs::alone(z)))
            .collect();
        let made = Tensor::cat(&parts, 0);
        let packed = bytes(&made.narrow(0, 0, self.real.len() as i64));
        let distance = sliced_wasserstein(&self.views(&packed)?, &self.views(&self.real)?)?;
        let drawn = i64::from(COLUMNS * COLUMNS);
        log.measured(stage.progress().0, [(DISTANCE, distance.mean)])?;
        let text = format!(
            "sliced Wasserstein distance to {} held-out faces {:.4}",
            self.real.len(),
            distance.mean
        );
        Ok((text, grid(&made.narrow(0, 0, drawn), COLUMNS)))
    }
}
