//! Measures of a set of restored pictures.

use image::RgbImage;
use rayon::prelude::*;
use serde::Serialize;

use super::cases::Pixelated;
use crate::frame::{Lattice, Rect};
use crate::metrics::{
    MS_SSIM_SIDE, MetricsError, Picture, consistency, de_mean, de_pixel_blurred, gmsd, ms_ssim,
    psnr, rank1, sharpness_ratio, sliced_wasserstein, ssim_gauss, ssim_uniform, uqi, uqi_sewar,
};

/// Means over a set of faces; of what lies inside the mosaics' boxes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Peak signal-to-noise ratio, dB.
    pub psnr: f64,
    /// Structural similarity with the Gaussian window.
    pub ssim: f64,
    /// The same with a flat window.
    pub ssim_uniform: f64,
    /// The same over five scales; none of small pictures.
    pub ms_ssim: Option<f64>,
    /// Universal quality index.
    pub uqi: f64,
    /// The same as a widespread library computes it.
    pub uqi_sewar: f64,
    /// Deviation of the similarity of gradients; 0 is best.
    pub gmsd: f64,
    /// Difference of the mean colours, ΔE00.
    pub de_mean: f64,
    /// Mean difference of the colours of blurred pixels, ΔE00.
    pub de_blurred: f64,
    /// Sharpness ÷ that of the truth.
    pub sharpness: f64,
    /// PSNR of the picture, pixelated again, against its mosaic, dB.
    pub consistency: f64,
    /// Sliced Wasserstein distance of the set to that of the true faces.
    pub wasserstein: f64,
    /// Share of the faces that are nearest to their own truth by local binary patterns.
    pub rank1: f64,
}

/// Score `outputs` against `truths`, all cut to the mosaics' boxes.
pub fn score(
    truths: &[RgbImage],
    mosaics: &[Pixelated],
    outputs: &[RgbImage],
) -> anyhow::Result<Scores> {
    let each: Vec<Scores> = (truths, mosaics, outputs)
        .into_par_iter()
        .map(|(truth, mosaic, output)| one(truth, mosaic, output))
        .collect::<Result<_, _>>()?;
    let mean = |value: fn(&Scores) -> f64| each.iter().map(value).sum::<f64>() / each.len() as f64;
    let truths: Vec<Picture<'_>> = truths.iter().map(picture).collect::<Result<_, _>>()?;
    let outputs: Vec<Picture<'_>> = outputs.iter().map(picture).collect::<Result<_, _>>()?;
    Ok(Scores {
        psnr: mean(|s| s.psnr),
        ssim: mean(|s| s.ssim),
        ssim_uniform: mean(|s| s.ssim_uniform),
        ms_ssim: (each.iter().all(|s| s.ms_ssim.is_some()))
            .then(|| mean(|s| s.ms_ssim.unwrap_or_default())),
        uqi: mean(|s| s.uqi),
        uqi_sewar: mean(|s| s.uqi_sewar),
        gmsd: mean(|s| s.gmsd),
        de_mean: mean(|s| s.de_mean),
        de_blurred: mean(|s| s.de_blurred),
        sharpness: mean(|s| s.sharpness),
        consistency: mean(|s| s.consistency),
        wasserstein: sliced_wasserstein(&outputs, &truths)?.mean,
        rank1: rank1(&outputs, &truths)?.rank1,
    })
}

/// The scores of one picture; those of sets stay 0.
fn one(truth: &RgbImage, mosaic: &Pixelated, output: &RgbImage) -> Result<Scores, MetricsError> {
    let observed = mosaic.inside(&mosaic.picture);
    let (truth, output, observed) = (picture(truth)?, picture(output)?, picture(&observed)?);
    let rect = Rect::new(0, 0, mosaic.rect.width, mosaic.rect.height);
    let lattice = Lattice::square(mosaic.block, 0, 0);
    let is_large = truth.width().min(truth.height()) >= MS_SSIM_SIDE;
    let over_scales = is_large.then(|| ms_ssim(&output, &truth));
    Ok(Scores {
        psnr: psnr(&output, &truth)?,
        ssim: ssim_gauss(&output, &truth)?,
        ssim_uniform: ssim_uniform(&output, &truth)?,
        ms_ssim: over_scales.transpose()?,
        uqi: uqi(&output, &truth)?,
        uqi_sewar: uqi_sewar(&output, &truth)?,
        gmsd: gmsd(&output, &truth)?,
        de_mean: de_mean(&output, &truth)?,
        de_blurred: de_pixel_blurred(&output, &truth)?.mean,
        sharpness: sharpness_ratio(&output, &truth)?,
        consistency: consistency(&output, &observed, &rect, &lattice, mosaic.fill)?.psnr,
        ..Scores::default()
    })
}

fn picture(image: &RgbImage) -> Result<Picture<'_>, MetricsError> {
    Picture::new(image.width() as usize, image.height() as usize, image)
}
