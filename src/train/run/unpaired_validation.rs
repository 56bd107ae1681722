//! Held-out pictures of which nobody knows what they should become: what a stage makes of them, and
//! how much like pictures of the other kind that is.

use image::RgbImage;
use tch::{Device, Tensor};

use super::log::Log;
use super::steps::Validator;
use super::train_step::TrainStep;
use super::validation::{DRAWN, strip};
use crate::metrics::{MetricsError, Picture, sliced_wasserstein};
use crate::train::data::loader::Inputs;
use crate::train::data::pictures::bytes;
use crate::train::data::samples::Sample;

/// Inputs, and pictures of the other kind.
pub(crate) struct UnpairedValidation {
    /// `[1, 3, S, S]` each.
    inputs: Vec<Tensor>,
    /// Packed R′G′B′, as many.
    others: Vec<Vec<u8>>,
    /// Side of the others.
    side: i64,
}

impl UnpairedValidation {
    /// Look at the inputs of `inputs`, beside the truths of `others`: as many of either as there are
    /// of both.
    pub(crate) fn new(inputs: &[Sample], others: &[Sample], device: Device) -> Self {
        let count = inputs.len().min(others.len());
        let tensor = |data: &[f32]| {
            let side = (data.len() / 3).isqrt() as i64;
            Tensor::from_slice(data).view([1, 3, side, side])
        };
        let others: Vec<Tensor> = others[..count]
            .iter()
            .map(|it| tensor(&it.target))
            .collect();
        let inputs = inputs[..count].iter();
        Self {
            inputs: inputs
                .map(|it| tensor(&it.input).to_device(device))
                .collect(),
            side: others.first().map_or(0, |it| it.size()[2]),
            others: others.iter().flat_map(bytes).collect(),
        }
    }

    /// How far pictures are from those of the other kind.
    fn distance(&self, pictures: &[Tensor]) -> Result<f64, MetricsError> {
        let packed: Vec<Vec<u8>> = pictures.iter().flat_map(bytes).collect();
        let (made, others) = (self.views(&packed)?, self.views(&self.others)?);
        Ok(sliced_wasserstein(&made, &others)?.mean)
    }

    fn views<'p>(&self, set: &'p [Vec<u8>]) -> Result<Vec<Picture<'p>>, MetricsError> {
        let side = self.side as usize;
        set.iter()
            .map(|data| Picture::new(side, side, data))
            .collect()
    }
}

impl Validator for UnpairedValidation {
    fn validate(&self, stage: &dyn TrainStep, log: &mut Log) -> anyhow::Result<(String, RgbImage)> {
        let fitted = |x: Tensor| match x.size()[2] == self.side {
            true => x,
            false => x.upsample_bicubic2d([self.side; 2], false, None, None),
        };
        let predict = |x: &Tensor| fitted(stage.predict(&Inputs::alone(x)));
        let made: Vec<Tensor> = self.inputs.iter().map(predict).collect();
        let seen = self.inputs.iter().map(|x| fitted(x.shallow_clone()));
        let seen: Vec<Tensor> = seen.collect();
        let (before, after) = (self.distance(&seen)?, self.distance(&made)?);
        let measures = [
            (
                "sliced Wasserstein distance to the other kind: restored",
                after,
            ),
            (
                "sliced Wasserstein distance to the other kind: as they are",
                before,
            ),
        ];
        log.measured(stage.progress().0, measures)?;
        let text = format!(
            "{} held-out pictures, sliced Wasserstein distance to the other kind {after:.4}, as they are {before:.4}",
            made.len()
        );
        let columns = seen
            .into_iter()
            .zip(made)
            .map(|(seen, made)| vec![seen, made]);
        let drawn: Vec<Vec<Tensor>> = columns.take(DRAWN).collect();
        Ok((text, strip(&drawn)))
    }
}
