//! How steady restored clips are: short films made of one picture, pixelated frame by frame.

use anyhow::ensure;
use image::imageops::crop_imm;
use image::{Rgb, RgbImage};
use rand::SeedableRng;
use rand_distr::{Distribution, Normal};
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

use super::cases::{Case, Setting};
use super::systems::{System, Systems};
use crate::degrade::mosaic::Fill;
use crate::frame::Rect;
use crate::metrics::{Picture, flicker};

/// Frames of a film.
const FRAMES: u32 = 12;
/// Block sizes of the films, pixels.
const BLOCKS: [u32; 2] = [8, 12];
/// Standard deviation of a sensor's noise, grey levels.
const NOISE: f32 = 1.5;
/// Films are made of at most so many pictures.
const MOST: usize = 8;

/// What moves in a film.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Motion {
    /// Nothing but the sensor's noise.
    Still,
    /// The head, one pixel a frame to the side and half a pixel down, against a lattice that stands
    /// still.
    Moving,
}

/// Flicker of films of one kind.
#[derive(Debug, Serialize)]
pub struct ClipScores {
    /// What moves.
    pub motion: Motion,
    /// Side of the blocks, pixels.
    pub block: u32,
    /// One row for each system.
    pub rows: Vec<ClipRow>,
}

/// Flicker of one system.
#[derive(Debug, Serialize)]
pub struct ClipRow {
    /// Whose it is.
    #[serde(flatten)]
    pub system: System,
    /// See [`flicker`]; grey levels, the mean over the films.
    pub flicker: f64,
}

impl Motion {
    /// A name for tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Still => "still",
            Self::Moving => "moving",
        }
    }

    /// The film of a picture that is larger than 2 · [`FRAMES`] pixels.
    fn film(self, face: &RgbImage, seed: u64) -> anyhow::Result<Vec<RgbImage>> {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let noise = Normal::new(0.0, NOISE)?;
        let (width, height) = (face.width() - FRAMES, face.height() - FRAMES);
        let frame = |moment: u32| {
            let (x, y) = match self {
                Self::Still => (FRAMES / 2, FRAMES / 2),
                Self::Moving => (moment, moment / 2),
            };
            let mut frame = crop_imm(face, x, y, width, height).to_image();
            for Rgb(pixel) in frame.pixels_mut() {
                *pixel = pixel.map(|v| (f32::from(v) + noise.sample(&mut random)).round() as u8);
            }
            frame
        };
        Ok((0..FRAMES).map(frame).collect())
    }
}

/// Measure films of the first of `faces`.
pub fn clips(systems: &mut Systems, faces: &[RgbImage]) -> anyhow::Result<Vec<ClipScores>> {
    let mut scores = Vec::new();
    let faces = &faces[..faces.len().min(MOST)];
    for motion in [Motion::Still, Motion::Moving] {
        for block in BLOCKS {
            let start = |system| ClipRow {
                system,
                flicker: 0.0,
            };
            let mut rows: Vec<ClipRow> = systems.all().into_iter().map(start).collect();
            for (face, seed) in faces.iter().zip(0..) {
                let film = motion.film(face, seed)?;
                for ClipRow { system, flicker } in &mut rows {
                    *flicker += flicker_of(systems, system, &film, block)? / faces.len() as f64;
                }
            }
            scores.push(ClipScores {
                motion,
                block,
                rows,
            });
        }
    }
    Ok(scores)
}

/// Flicker of what one system makes of a film whose inner part is pixelated.
fn flicker_of(
    systems: &mut Systems,
    system: &System,
    film: &[RgbImage],
    block: u32,
) -> anyhow::Result<f64> {
    let case = Case {
        setting: Setting::FACE,
        block,
        fill: Fill::TileMean,
    };
    let (mut made, mut truths) = (Vec::new(), Vec::new());
    for frame in film {
        let mosaic = case.apply(frame)?;
        made.push(mosaic.inside(&systems.make(system, &mosaic)?));
        truths.push(mosaic.inside(frame));
    }
    ensure!(!made.is_empty(), "a film has no frame");
    let (width, height) = made[0].dimensions();
    let view = |image| Picture::new(width as usize, height as usize, image);
    let made: Vec<Picture<'_>> = made.iter().map(|i| view(i)).collect::<Result<_, _>>()?;
    let truths: Vec<Picture<'_>> = truths.iter().map(|i| view(i)).collect::<Result<_, _>>()?;
    Ok(flicker(&made, &truths, &Rect::new(0, 0, width, height))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn films_move_or_stand_still() {
        let face = RgbImage::from_fn(64, 64, |x, y| Rgb([100, (x * 3) as u8, (y * 3) as u8]));
        let far = |film: &[RgbImage]| {
            let [first, last] = [&film[0], &film[film.len() - 1]];
            let apart = first.iter().zip(last.iter());
            apart.map(|(a, b)| u32::from(a.abs_diff(*b))).max()
        };
        let still = Motion::Still.film(&face, 1).unwrap();
        let moving = Motion::Moving.film(&face, 1).unwrap();
        assert!(far(&still) < Some(16) && far(&moving) > Some(25));
        assert_ne!(still[0], still[1], "noise differs from frame to frame");
    }
}
