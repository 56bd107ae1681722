//! Covered faces, and how a run looks at what becomes of them: whole pictures, as the published
//! study scored them, and the covered pixels alone. A generator copies what it sees almost without
//! a loss, so that whole pictures flatter it.

use image::RgbImage;
use serde::Serialize;
use tch::{Device, Tensor};

use crate::metrics::{MetricsError, Picture, masked_psnr, masked_ssim, psnr, ssim_gauss};
use crate::train::data::loader::Inputs;
use crate::train::data::pictures::{bytes, planes};
use crate::train::data::samples::Sample;
use crate::train::run::log::Log;
use crate::train::run::steps::Validator;
use crate::train::run::train_step::TrainStep;
use crate::train::run::validation::Validation;

/// A face before and after something came over it.
pub(super) struct Covered {
    /// The face.
    pub clean: RgbImage,
    /// The same, covered.
    pub picture: RgbImage,
    /// Which of the pixels are, row by row.
    pub mask: Vec<bool>,
}

impl Covered {
    /// The pair as networks see it.
    pub(super) fn sample(&self) -> Sample {
        Sample {
            input: planes(&self.picture),
            target: planes(&self.clean),
            ..Sample::default()
        }
    }
}

/// Covered faces that were held out.
pub(super) struct OccludedFaces {
    faces: Vec<Covered>,
    whole: Validation,
    device: Device,
}

/// Means over all faces of one kind of picture against the clean ones.
#[derive(Debug, Default, Serialize)]
pub struct Scores {
    /// PSNR, dB.
    pub psnr: f64,
    /// SSIM with the Gaussian window.
    pub ssim_gauss: f64,
    /// PSNR inside the mask, dB.
    pub masked_psnr: f64,
    /// SSIM inside the mask.
    pub masked_ssim_gauss: f64,
}

impl OccludedFaces {
    /// Look at these faces.
    pub(super) fn new(faces: Vec<Covered>, device: Device) -> Self {
        let samples = faces.iter().map(Covered::sample).collect();
        Self {
            whole: Validation::of(samples, device),
            faces,
            device,
        }
    }

    /// What `stage` makes of a face, packed R′G′B′.
    fn restored(&self, stage: &dyn TrainStep, face: &Covered) -> Vec<u8> {
        let (width, height) = face.picture.dimensions();
        let shape = [1, 3, i64::from(height), i64::from(width)];
        let seen = Tensor::from_slice(&planes(&face.picture)).view(shape);
        let seen = seen.to_device(self.device);
        bytes(&stage.predict(&Inputs::alone(&seen))).concat()
    }

    /// The faces as networks are given them.
    pub(super) fn pictures(&self) -> impl Iterator<Item = &RgbImage> {
        self.faces.iter().map(|face| &face.picture)
    }

    /// The scores of one picture of each face, packed R′G′B′.
    pub(super) fn scores(&self, pictures: &[Vec<u8>]) -> Result<Scores, MetricsError> {
        let mut sums = Scores::default();
        let share = 1.0 / self.faces.len().max(1) as f64;
        for (face, picture) in self.faces.iter().zip(pictures) {
            let (width, height) = face.clean.dimensions();
            let view = |data| Picture::new(width as usize, height as usize, data);
            let (picture, clean) = (view(picture)?, view(face.clean.as_raw())?);
            sums.psnr += psnr(&picture, &clean)? * share;
            sums.ssim_gauss += ssim_gauss(&picture, &clean)? * share;
            sums.masked_psnr += masked_psnr(&picture, &clean, &face.mask)? * share;
            sums.masked_ssim_gauss += masked_ssim(&picture, &clean, &face.mask)? * share;
        }
        Ok(sums)
    }
}

impl Validator for OccludedFaces {
    fn validate(&self, stage: &dyn TrainStep, log: &mut Log) -> anyhow::Result<(String, RgbImage)> {
        let (text, strip) = self.whole.validate(stage, log)?;
        let restored = self.faces.iter().map(|face| self.restored(stage, face));
        let restored = self.scores(&restored.collect::<Vec<_>>())?;
        let covered = self.faces.iter().map(|face| face.picture.as_raw().clone());
        let covered = self.scores(&covered.collect::<Vec<_>>())?;
        let measures = [
            ("SSIM: restored", restored.ssim_gauss),
            ("SSIM: degraded", covered.ssim_gauss),
            ("PSNR inside the mask, dB: restored", restored.masked_psnr),
            ("PSNR inside the mask, dB: degraded", covered.masked_psnr),
            ("SSIM inside the mask: restored", restored.masked_ssim_gauss),
            ("SSIM inside the mask: degraded", covered.masked_ssim_gauss),
        ];
        log.measured(stage.progress().0, measures)?;
        let line = |scores: &Scores| {
            format!(
                "SSIM {:.4}, inside the mask {:.2} dB and {:.4}",
                scores.ssim_gauss, scores.masked_psnr, scores.masked_ssim_gauss
            )
        };
        let text = format!("{text}; {}; degraded {}", line(&restored), line(&covered));
        Ok((text, strip))
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn what_is_covered_counts_on_its_own() {
        let clean = RgbImage::from_fn(32, 32, |x, y| Rgb([4 * x as u8, 4 * y as u8, 90]));
        // The right half is ten levels brighter.
        let mut picture = clean.clone();
        for (x, _, pixel) in picture.enumerate_pixels_mut() {
            pixel.0 = pixel.0.map(|level| level + if x < 16 { 0 } else { 10 });
        }
        // Masks grow by five pixels before they are measured in.
        let mask = (0..32 * 32).map(|i| i % 32 >= 21).collect();
        let pictures = [picture.as_raw().clone()];
        let face = Covered {
            clean,
            picture,
            mask,
        };
        let faces = OccludedFaces::new(vec![face], Device::Cpu);
        let scores = faces.scores(&pictures).unwrap();
        assert!((scores.masked_psnr - 20.0 * 25.5f64.log10()).abs() < 1e-9);
        let [masked, whole] = [scores.masked_ssim_gauss, scores.ssim_gauss];
        assert!(masked < whole && whole < 1.0);
    }
}
