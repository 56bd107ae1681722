//! Measures of a set of restored pictures.

use std::collections::BTreeMap;

use image::RgbImage;
use rayon::prelude::*;
use serde::Serialize;

use super::cases::Pixelated;
use super::networks::NetworkScores;
use super::summary::{Scores, Summary, picture, pictures, summarise};
use crate::frame::{Lattice, Rect};
use crate::metrics::{
    MS_SSIM_SIDE, MetricsError, channel_bias, channel_gain, consistency, de_mean, de_pixel_blurred,
    gmsd, ms_ssim, psnr, rank1, sharpness_ratio, sliced_wasserstein, ssim_gauss, ssim_uniform, uqi,
    uqi_sewar,
};

/// What was measured of a set of pictures; of what lies inside the mosaics' boxes.
#[derive(Clone, Debug, Serialize)]
pub struct SetScores {
    /// Means and standard deviations over the pictures, by the names of the measures.
    pub measures: BTreeMap<&'static str, Summary>,
    /// Sliced Wasserstein distance of the set to that of the true faces, in fractions of a standard
    /// deviation.
    pub sliced_wasserstein: f64,
    /// Share (0–1) of the faces that are nearest to their own truth by local binary patterns.
    pub rank1: f64,
    /// [`Self::rank1`] of blind guesses: 1 ÷ the number of faces.
    pub chance: f64,
    /// Fréchet distance of the faces' embeddings to those of the true faces, if a network for them
    /// was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frechet: Option<f64>,
}

impl SetScores {
    /// Mean of a measure over the pictures; not a number where it was not taken.
    pub fn mean(&self, name: &str) -> f64 {
        self.measures.get(name).map_or(f64::NAN, |it| it.mean)
    }

    /// The same with what networks say of the pictures.
    pub fn with(mut self, networks: &NetworkScores) -> anyhow::Result<Self> {
        self.measures.extend(summarise(&networks.each, None)?);
        self.frechet = networks.frechet;
        Ok(self)
    }
}

/// Score `outputs` against `truths`, all cut to the mosaics' boxes.
pub fn score(
    truths: &[RgbImage],
    mosaics: &[Pixelated],
    outputs: &[RgbImage],
) -> anyhow::Result<SetScores> {
    let each: Vec<Scores> = (truths, mosaics, outputs)
        .into_par_iter()
        .map(|(truth, mosaic, output)| one(truth, mosaic, output))
        .collect::<Result<_, _>>()?;
    let (truths, outputs) = (pictures(truths)?, pictures(outputs)?);
    let retrieval = rank1(&outputs, &truths)?;
    Ok(SetScores {
        measures: summarise(&each, None)?,
        sliced_wasserstein: sliced_wasserstein(&outputs, &truths)?.mean,
        rank1: retrieval.rank1,
        chance: retrieval.chance,
        frechet: None,
    })
}

/// The figures of one picture.
fn one(truth: &RgbImage, mosaic: &Pixelated, output: &RgbImage) -> Result<Scores, MetricsError> {
    let observed = mosaic.inside(&mosaic.picture);
    let (truth, output, observed) = (picture(truth)?, picture(output)?, picture(&observed)?);
    let rect = Rect::new(0, 0, mosaic.rect.width, mosaic.rect.height);
    let lattice = Lattice::square(mosaic.block, 0, 0);
    let again = consistency(&output, &observed, &rect, &lattice, mosaic.fill)?;
    let pixels = de_pixel_blurred(&output, &truth)?;
    let [red, green, blue] = channel_bias(&output, &truth)?;
    let mut scores = Scores::from([
        ("psnr", psnr(&output, &truth)?),
        ("ssim_gauss", ssim_gauss(&output, &truth)?),
        ("ssim_uniform", ssim_uniform(&output, &truth)?),
        ("uqi", uqi(&output, &truth)?),
        ("uqi_sewar", uqi_sewar(&output, &truth)?),
        ("gmsd", gmsd(&output, &truth)?),
        ("de_mean", de_mean(&output, &truth)?),
        ("de_pixel", pixels.mean),
        ("de_pixel_median", pixels.median),
        ("de_pixel_p95", pixels.p95),
        ("channel_bias_red", red),
        ("channel_bias_green", green),
        ("channel_bias_blue", blue),
        ("sharpness_ratio", sharpness_ratio(&output, &truth)?),
        ("consistency", again.psnr),
        ("consistency_de_mean", again.de_mean),
    ]);
    let names = [
        "channel_gain_red",
        "channel_gain_green",
        "channel_gain_blue",
    ];
    let gains = names.into_iter().zip(channel_gain(&output, &truth)?);
    scores.extend(gains.filter_map(|(name, gain)| Some((name, gain?))));
    if truth.width().min(truth.height()) >= MS_SSIM_SIDE {
        scores.insert("ms_ssim", ms_ssim(&output, &truth)?);
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::super::cases::{Case, Setting};
    use super::*;
    use crate::degrade::mosaic::Fill;

    #[test]
    fn the_truth_is_perfect_by_either_fill() {
        let face = |number: u32| {
            RgbImage::from_fn(64, 64, |x, y| {
                let wave = ((x * (number + 1) + y * y / 9) as f32 * 0.2).sin();
                Rgb([100.0, 120.0, 140.0].map(|level| (level + 50.0 * wave) as u8))
            })
        };
        let faces = [face(0), face(3)];
        for fill in [Fill::TileMean, Fill::TileBlur] {
            let case = Case {
                setting: Setting::FACE,
                block: 6,
                fill,
            };
            let mosaics = faces.each_ref().map(|face| case.apply(face).unwrap());
            let truths = [0, 1].map(|i| mosaics[i].inside(&faces[i]));
            let perfect = score(&truths, &mosaics, &truths).unwrap();
            for (name, mean) in [
                ("psnr", f64::INFINITY),
                ("ssim_gauss", 1.0),
                ("de_pixel_p95", 0.0),
                ("channel_bias_green", 0.0),
                ("channel_gain_blue", 1.0),
                ("consistency", f64::INFINITY),
                ("consistency_de_mean", 0.0),
            ] {
                let found = perfect.mean(name);
                let is_near = found == mean || (found - mean).abs() < 1e-9;
                assert!(is_near, "{fill:?}, {name}: {found}");
            }
            assert_eq!((perfect.rank1, perfect.chance), (1.0, 0.5));
            assert!(perfect.mean("ms_ssim").is_nan(), "the boxes are too small");

            let seen = [0, 1].map(|i| mosaics[i].inside(&mosaics[i].picture));
            let pixelated = score(&truths, &mosaics, &seen).unwrap();
            let psnr = pixelated.measures["psnr"];
            assert!(psnr.mean < 30.0 && psnr.sd > 0.0, "{psnr:?}");
            assert!(pixelated.mean("de_pixel_p95") > pixelated.mean("de_pixel_median"));
            assert!(pixelated.mean("channel_gain_red") < 0.9);
        }
    }
}
