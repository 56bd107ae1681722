//! How faces get degraded, as recipes say it.

use anyhow::{bail, ensure};
use serde::{Deserialize, Serialize};

/// How faces get degraded. Shares are probabilities, 0–1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Degradation {
    /// Smallest and largest block, crop pixels; drawn uniformly on a logarithmic scale.
    pub blocks: [f32; 2],
    /// Smallest and largest tile, pixels of the frame, in place of `blocks`: whole numbers, each as
    /// likely as any other, square, from the corner of the mosaic's box (the published cascade: 6 …
    /// 19).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tiles: Option<[u32; 2]>,
    /// Share of crops that are mosaic from edge to edge; the others show the mosaic in its
    /// surroundings.
    pub whole: f64,
    /// In the others: shortest and longest side of the mosaic's box ÷ side of the picture.
    pub inner: [f64; 2],
    /// In the others: share of mosaics that may stick out of the frame.
    pub outside: f64,
    /// In the first: the picture is cut by up to this factor (a crop's place and size vary).
    pub jitter: f64,
    /// In the first, in place of `jitter`: pictures are wholly pixelated and always enlarged by this
    /// before a crop is cut out of them at any place (CycleGAN: 286/256).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zoom: Option<f64>,
    /// The whole picture is squashed to a square; else its middle square is taken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub squashed: bool,
    /// Share of faces that are mirrored.
    #[serde(default = "half", skip_serializing_if = "is_half")]
    pub mirrored: f64,
    /// Share of faces that are turned.
    pub turned: f64,
    /// By at most so many degrees, either way.
    pub turn: f32,
    /// Smallest and largest side of the crop in the degraded frame ÷ size of the crop.
    pub scale: [f64; 2],
    /// Share of mosaics whose lattice the networks are not told.
    pub unknown: f64,
    /// Share of mosaics filled by tile blur instead of tile mean.
    pub tile_blur: f64,
    /// Share of faces that are blurred instead of pixelated, one half by a Gaussian and one half by
    /// the mean of a square, as much as blocks of that size hide: with a standard deviation of half
    /// a block. Networks are told no lattice of them.
    #[serde(default)]
    pub blurred: f64,
    /// Share of mosaics that fill the ellipse in their box.
    pub ellipse: f64,
    /// Largest width of the ellipses' soft edge, pixels of the frame.
    pub soft: f32,
    /// Share of frames that are scaled after pixelation, so that blocks have fractions of pixels.
    pub scaled: f64,
    /// Smallest and largest factor of that scaling.
    pub scaling: [f64; 2],
    /// Least and greatest factor of the light before pixelation.
    pub gain: [f64; 2],
    /// Least and greatest gamma before pixelation.
    pub gamma: [f64; 2],
    /// Share of frames that are blurred after pixelation, as cameras and scalers do.
    pub blur: f64,
    /// Largest standard deviation of noise after pixelation, grey levels.
    pub noise: f32,
    /// Share of samples that suffer a model of H.264 after pixelation.
    pub video: f64,
    /// Least and greatest quantisation parameter of that model, 0–51.
    pub quantiser: [f32; 2],
    /// Share of samples that are recompressed as JPEG after pixelation.
    pub recompress: f64,
    /// Worst and best JPEG quality of the recompression, 1–100.
    pub quality: [u8; 2],
}

fn half() -> f64 {
    0.5
}

fn is_half(share: &f64) -> bool {
    *share == 0.5
}

impl Degradation {
    /// The same of pictures that are neither cut, turned nor mirrored.
    #[must_use]
    pub fn unaugmented(mut self) -> Self {
        if let Some(zoom) = self.zoom.as_mut() {
            // The crop shows all of the picture, not a part of it.
            self.scale = self.scale.map(|side| side * *zoom);
            *zoom = 1.0;
        }
        (self.jitter, self.turned, self.mirrored) = (1.0, 0.0, 0.0);
        self
    }

    /// An error for constants that make no sense.
    pub fn check(&self) -> anyhow::Result<()> {
        let degradation = self;
        for (name, share) in [
            ("whole", degradation.whole),
            ("unknown", degradation.unknown),
            ("tile_blur", degradation.tile_blur),
            ("blurred", degradation.blurred),
            ("outside", degradation.outside),
            ("ellipse", degradation.ellipse),
            ("turned", degradation.turned),
            ("mirrored", degradation.mirrored),
            ("scaled", degradation.scaled),
            ("blur", degradation.blur),
            ("video", degradation.video),
            ("recompress", degradation.recompress),
        ] {
            ensure!(
                (0.0..=1.0).contains(&share),
                "degradation.{name} is {share}; it must lie in 0 … 1"
            );
        }
        for (name, [low, high], limit) in [
            ("inner", degradation.inner, 1.0),
            ("scale", degradation.scale, 16.0),
            ("scaling", degradation.scaling, 4.0),
            ("gain", degradation.gain, 4.0),
            ("gamma", degradation.gamma, 4.0),
            ("jitter", [1.0, degradation.jitter], 4.0),
            ("zoom", [1.0, degradation.zoom.unwrap_or(1.0)], 4.0),
        ] {
            if !(low > 0.0 && low <= high && high <= limit) {
                bail!("degradation.{name} is {low} … {high}; it must rise and lie in 0 … {limit}");
            }
        }
        for (name, limit, largest) in [
            ("soft", 64.0, degradation.soft),
            ("noise", 64.0, degradation.noise),
            ("turn", 180.0, degradation.turn),
        ] {
            ensure!(
                (0.0..=limit).contains(&largest),
                "degradation.{name} is {largest}; it must lie in 0 … {limit}"
            );
        }
        let [low, high] = degradation.tiles.unwrap_or([2, 2]);
        ensure!(
            (2..=high).contains(&low) && high <= 512,
            "degradation.tiles is {low} … {high}; it must rise and lie in 2 … 512"
        );
        let [low, high] = degradation.quantiser;
        ensure!(
            low >= 0.0 && low <= high && high <= 51.0,
            "degradation.quantiser is {low} … {high}; it must rise and lie in 0 … 51"
        );
        let [worst, best] = degradation.quality;
        ensure!(
            (1..=best).contains(&worst) && best <= 100,
            "degradation.quality is {worst} … {best}; it must rise and lie in 1 … 100"
        );
        Ok(())
    }
}
