//! What happens to a frame before and after it is pixelated.

use anyhow::Context;
use image::RgbImage;
use rand::RngExt;
use rand_distr::{Distribution, Normal};
use rand_pcg::Pcg64Mcg;

use super::degradation::Degradation;
use crate::degrade::codec::h264_model;
use crate::degrade::jpeg::jpeg;
use crate::train::data::random::logarithmic;

/// Light and contrast of a scene.
pub(super) struct Tone([u8; 256]);

impl Tone {
    /// The same in a light of `factor`.
    pub(super) fn lit(mut self, factor: f64) -> Self {
        for value in &mut self.0 {
            *value = (f64::from(*value) * factor).round().clamp(0.0, 255.0) as u8;
        }
        self
    }

    /// A gain and a gamma at random.
    pub(super) fn draw(degradation: &Degradation, random: &mut Pcg64Mcg) -> Self {
        let gain = logarithmic(random, degradation.gain);
        let gamma = logarithmic(random, degradation.gamma);
        let level = |i: u8| 255.0 * gain * (f64::from(i) / 255.0).powf(gamma);
        let mut table = [0; 256];
        for (value, i) in table.iter_mut().zip(0..=255) {
            *value = level(i).round().clamp(0.0, 255.0) as u8;
        }
        Self(table)
    }

    /// Change a frame.
    pub(super) fn apply(&self, frame: &mut [u8]) {
        for byte in frame {
            *byte = self.0[usize::from(*byte)];
        }
    }
}

/// Noise, blur and recompression, each as `degradation` says. Where there is a chance of the noise's
/// own, it comes from that.
pub(super) fn degrade(
    mut frame: Vec<u8>,
    side: u32,
    degradation: &Degradation,
    random: &mut Pcg64Mcg,
    noise: Option<&mut Pcg64Mcg>,
) -> anyhow::Result<Vec<u8>> {
    if random.random_bool(degradation.blur) {
        let sigma = random.random_range(0.3..=0.8);
        if let Some(picture) = RgbImage::from_raw(side, side, std::mem::take(&mut frame)) {
            frame = image::imageops::fast_blur(&picture, sigma).into_raw();
        }
    }
    let deviation = random.random_range(0.0..=degradation.noise);
    match noise {
        Some(noise) => add_noise(&mut frame, deviation, noise),
        None => add_noise(&mut frame, deviation, random),
    }
    if random.random_bool(degradation.video) {
        let [best, worst] = degradation.quantiser;
        let qp = random.random_range(best..=worst);
        h264_model(&mut frame, side as usize, side as usize, qp);
    }
    if random.random_bool(degradation.recompress) {
        let [worst, best] = degradation.quality;
        frame = recompress(frame, side, random.random_range(worst..=best))?;
    }
    Ok(frame)
}

fn add_noise(frame: &mut [u8], deviation: f32, random: &mut Pcg64Mcg) {
    // Less than a third of a level is lost in rounding.
    let Ok(noise) = Normal::new(0.0f32, deviation.max(0.0)) else {
        return;
    };
    if deviation < 0.3 {
        return;
    }
    for byte in frame {
        *byte = (f32::from(*byte) + noise.sample(random))
            .round()
            .clamp(0.0, 255.0) as u8;
    }
}

fn recompress(frame: Vec<u8>, side: u32, quality: u8) -> anyhow::Result<Vec<u8>> {
    let picture = RgbImage::from_raw(side, side, frame).context("a frame of another size")?;
    Ok(jpeg(&picture.into(), quality)?.into_rgb8().into_raw())
}
