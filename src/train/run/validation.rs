//! Held-out faces: what a stage makes of pictures that it was never shown.

use image::{Rgb, RgbImage};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::train_step::TrainStep;
use crate::train::data::loader::Inputs;
use crate::train::data::samples::Sample;

/// Held-out pictures that are looked at.
pub(crate) const COUNT: usize = 48;
/// Those of them that are drawn.
pub(super) const DRAWN: usize = 8;
/// Borders between groups of block sizes, crop pixels.
const BORDERS: [f32; 4] = [5.0, 7.0, 10.0, 14.0];

/// Fixed samples of held-out pictures.
pub(crate) struct Validation {
    samples: Vec<Sample>,
    device: Device,
}

/// How well a stage does; all are means over pictures, dB.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validated {
    /// PSNR of the mosaics themselves; of smaller pictures, enlarged by the bicubic filter.
    pub pixelated: f64,
    /// PSNR of what the stage makes of them.
    pub psnr: f64,
    /// The same by block size, in rising order, of those samples that have blocks.
    pub by_block: Vec<Group>,
}

/// Means over the pictures of similar block size, dB.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Sizes of the blocks, crop pixels, e.g. `5–7`.
    pub blocks: String,
    /// As in [`Validated`].
    pub pixelated: f64,
    /// As in [`Validated`].
    pub psnr: f64,
}

impl Validation {
    /// These samples. Their degraded pictures may be smaller than the clean ones.
    pub(crate) fn of(samples: Vec<Sample>, device: Device) -> Self {
        Self { samples, device }
    }

    /// From top to bottom as in the picture: mosaic, restored, the same with invented detail,
    /// truth.
    fn restored(&self, stage: &dyn TrainStep, sample: &Sample) -> Vec<Tensor> {
        let tensor = |data: &[f32], planes: usize| {
            let side = (data.len() / planes).isqrt() as i64;
            let shape = [1, planes as i64, side, side];
            Tensor::from_slice(data).view(shape).to_device(self.device)
        };
        let (pixelated, clean) = (tensor(&sample.input, 3), tensor(&sample.target, 3));
        let inputs = Inputs {
            input: &pixelated,
            conditioning: &tensor(&sample.conditioning, sample.told()),
        };
        let restored = stage.predict(&inputs);
        let detailed = stage.predict_detailed(&inputs);
        let side = clean.size()[2];
        let fitted = |x: Tensor| match x.size()[2] == side {
            true => x,
            false => x.upsample_bicubic2d([side; 2], false, None, None),
        };
        let pictures = [Some(pixelated), Some(restored), detailed, Some(clean)];
        pictures.into_iter().flatten().map(fitted).collect()
    }

    /// Run `stage` on all samples; returns the numbers and a picture of some: mosaic, restored,
    /// truth.
    pub(crate) fn run(&self, stage: &dyn TrainStep) -> (Validated, RgbImage) {
        let mut groups = vec![Vec::new(); BORDERS.len() + 1];
        let (mut all, mut drawn) = (Vec::new(), Vec::new());
        for sample in &self.samples {
            let pictures = self.restored(stage, sample);
            let clean = &pictures[pictures.len() - 1];
            let pair = [psnr(&pictures[0], clean), psnr(&pictures[1], clean)];
            all.push(pair);
            if sample.block > 0.0 {
                groups[BORDERS.partition_point(|&border| border <= sample.block)].push(pair);
            }
            if drawn.len() < DRAWN {
                drawn.push(pictures);
            }
        }
        let mean = |pairs: &[[f64; 2]]| {
            let count = pairs.len().max(1) as f64;
            let sum = |i: usize| pairs.iter().map(|pair| pair[i]).sum::<f64>() / count;
            (sum(0), sum(1))
        };
        let (pixelated, psnr) = mean(&all);
        let by_block = groups
            .iter()
            .enumerate()
            .filter(|(_, pairs)| !pairs.is_empty());
        let by_block = by_block.map(|(index, pairs)| {
            let (pixelated, psnr) = mean(pairs);
            Group {
                blocks: blocks(index),
                pixelated,
                psnr,
            }
        });
        let validated = Validated {
            pixelated,
            psnr,
            by_block: by_block.collect(),
        };
        (validated, strip(&drawn))
    }
}

/// Name of the group `index` of block sizes.
fn blocks(index: usize) -> String {
    match (index.checked_sub(1).map(|i| BORDERS[i]), BORDERS.get(index)) {
        (Some(low), Some(high)) => format!("{low}–{high}"),
        (None, Some(high)) => format!("below {high}"),
        (Some(low), None) => format!("{low} and more"),
        (None, None) => "all".to_owned(),
    }
}

/// PSNR of tensors in −1 … 1; what leaves that range is cut, as in a picture.
fn psnr(a: &Tensor, b: &Tensor) -> f64 {
    let error = (a.clamp(-1.0, 1.0) - b)
        .square()
        .mean(Kind::Float)
        .double_value(&[]);
    10.0 * (4.0 / error.max(1e-12)).log10()
}

/// Columns of faces, each from top to bottom as in its array.
pub(super) fn strip(columns: &[Vec<Tensor>]) -> RgbImage {
    let (side, rows) = match columns.first() {
        Some(column) => (column[0].size()[2] as u32, column.len() as u32),
        None => (0, 1),
    };
    let mut picture = RgbImage::new(side * columns.len().max(1) as u32, rows * side);
    for (x, column) in columns.iter().enumerate() {
        for (y, face) in column.iter().enumerate() {
            let numbers = crate::train::nn::tensors::numbers(face);
            let area = (side * side) as usize;
            for (i, corner) in (0..area).map(|i| (i, (x as u32 * side, y as u32 * side))) {
                let level = |c: usize| {
                    let value = numbers[c * area + i];
                    ((value + 1.0) * 127.5).round().clamp(0.0, 255.0) as u8
                };
                let (dx, dy) = (i as u32 % side, i as u32 / side);
                let pixel = Rgb([level(0), level(1), level(2)]);
                picture.put_pixel(corner.0 + dx, corner.1 + dy, pixel);
            }
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_names() {
        let names = [0, 1, 4].map(blocks);
        assert_eq!(names, ["below 5", "5–7", "14 and more"]);
    }
}
