//! How a run looks at a generator: a grid of its pictures, their distance to real ones, how much
//! they differ, and what the discriminator thinks of faces that it never saw.

use image::RgbImage;
use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::log::Log;
use super::steps::Validator;
use super::train_step::TrainStep;
use crate::metrics::{MetricsError, Picture, sliced_wasserstein, ssim_gauss};
use crate::train::data::dataset::Dataset;
use crate::train::data::loader::Inputs;
use crate::train::data::pictures::{bytes, grid, middle, planes};
use crate::train::optim::losses::fake_score;

/// Pictures per row and rows that are drawn.
const COLUMNS: u32 = 8;
/// Pictures of each set whose distance is measured, if there are as many.
const COMPARED: usize = 256;
/// Name of the distance in the log.
const DISTANCE: &str = "sliced Wasserstein distance to held-out faces";
/// Name of the likeness in the log: 1 where all pictures are the same one.
const LIKENESS: &str = "SSIM of pictures to each other: made";
/// Its name for real pictures.
const REAL_LIKENESS: &str = "SSIM of pictures to each other: held-out faces";
/// Name in the log of the share of held-out faces that the discriminator takes for real. It falls
/// where that has learnt the training's pictures by heart.
const ACCURACY: &str = "Share of held-out faces that are taken for real";
/// Name in the log of how sure it is of them, to be compared with the loss `real-score`.
const SURENESS: &str = "What the discriminator believes: real-score, held-out faces";
/// Pictures that are made at a time.
const CHUNK: i64 = 32;

/// Random numbers of which the pictures are looked at, and real pictures beside them.
pub(crate) struct SampleGrid {
    z: Tensor,
    real: Vec<RgbImage>,
    side: usize,
    device: Device,
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
            Ok(middle(&picture, side as u32))
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
            device,
        })
    }

    fn views<'p>(
        &self,
        set: impl Iterator<Item = &'p [u8]>,
    ) -> Result<Vec<Picture<'p>>, MetricsError> {
        set.map(|data| Picture::new(self.side, self.side, data))
            .collect()
    }

    /// The scores of the held-out faces, if the stage has a discriminator of its own.
    fn judged(&self, stage: &dyn TrainStep) -> Option<Tensor> {
        let side = self.side as i64;
        let scores = self.real.chunks(CHUNK as usize).map(|faces| {
            let numbers: Vec<f32> = faces.iter().flat_map(planes).collect();
            let faces = Tensor::from_slice(&numbers).view([-1, 3, side, side]);
            stage.judged(&faces.to_device(self.device))
        });
        let scores: Vec<Tensor> = scores.flatten().collect();
        (!scores.is_empty()).then(|| Tensor::cat(&scores, 0))
    }
}

/// Mean SSIM of each picture to the next.
fn likeness(pictures: &[Picture<'_>]) -> Result<f64, MetricsError> {
    let pairs = pictures.par_windows(2);
    let all: Vec<f64> = pairs
        .map(|pair| ssim_gauss(&pair[0], &pair[1]))
        .collect::<Result<_, _>>()?;
    Ok(all.iter().sum::<f64>() / all.len().max(1) as f64)
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
        let views = self.views(packed.iter().map(Vec::as_slice))?;
        let real = self.views(self.real.iter().map(|face| face.as_raw().as_slice()))?;
        let distance = sliced_wasserstein(&views, &real)?.mean;
        let [like, real_like] = [likeness(&views)?, likeness(&real)?];
        let mut text = format!(
            "sliced Wasserstein distance to {} held-out faces {distance:.4}; SSIM to each other {like:.3}, theirs \
             {real_like:.3}",
            real.len(),
        );
        let mut measures = vec![
            (DISTANCE, distance),
            (LIKENESS, like),
            (REAL_LIKENESS, real_like),
        ];
        if let Some(scores) = self.judged(stage) {
            let taken = scores.gt(0.0).to_kind(Kind::Float).mean(Kind::Float);
            let taken = taken.double_value(&[]);
            measures.push((ACCURACY, taken));
            measures.push((SURENESS, fake_score(&scores).double_value(&[])));
            text.push_str(&format!("; {:.0} % taken for real", 100.0 * taken));
        }
        let drawn = i64::from(COLUMNS * COLUMNS);
        log.measured(stage.progress().0, measures)?;
        Ok((text, grid(&made.narrow(0, 0, drawn), COLUMNS)))
    }
}
