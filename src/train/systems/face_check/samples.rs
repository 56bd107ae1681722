//! Samples of the face check: mosaics over faces, then as many over anything else.

use anyhow::Context;
use image::RgbImage;
use image::imageops::crop_imm;
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use super::covering::cover;
use super::placed::place;
use super::recipe::Recipe;
use crate::degrade::cast::ColorCast;
use crate::face_check::{MARGIN, SIDE};
use crate::train::data::dataset::Dataset;
use crate::train::data::random::{generator, logarithmic, shuffled};
use crate::train::data::samples::{Sample, Sampler};
use crate::train::data::training_set::Pictures;

/// Sides of what is cut out of pictures without faces ÷ their shorter side.
const CUTS: [f64; 2] = [0.2, 1.0];
/// Sides of the corners of pictures of faces ÷ their shorter side: little of a face reaches there.
const CORNERS: [f64; 2] = [0.26, 0.36];
/// Gains of R′, G′ and B′ in light of another colour.
const LIGHT: [f64; 2] = [0.4, 1.5];
/// R′, G′ and B′ of white in pictures of one colour.
const WHITE: [f64; 2] = [0.15, 1.0];
/// Shortest side of what is cut, pixels.
const SHORTEST: u32 = 24;

/// Batch number `step`: faces, then others.
pub(super) fn batch(
    pictures: &Pictures,
    recipe: &Recipe,
    step: u64,
) -> anyhow::Result<Vec<Sample>> {
    let others = others(pictures)?;
    let size = recipe.train.batch;
    (0..2 * size)
        .into_par_iter()
        .map_init(
            || recipe.sampler(),
            |sampler, slot| {
                // Faces and others by turns, so that each part of a batch has both.
                let (kind, index) = ((slot % 2) as u64, step * size as u64 + (slot / 2) as u64);
                let mut random = generator(recipe.seed, kind, index);
                let pick = |set: &Dataset, stream| {
                    set.picture(shuffled(set.len(), recipe.seed, stream, index))
                };
                if kind == 0 {
                    let behind = pick(others, 2)?;
                    return face(
                        sampler,
                        recipe,
                        &pick(&pictures.faces, 0)?,
                        &behind,
                        &mut random,
                    );
                }
                let cut = match random.random_bool(recipe.train.corners) {
                    true => cut_corner(&pick(&pictures.faces, 1)?, &mut random),
                    false => cut_any(&pick(others, 1)?, &mut random),
                };
                other(sampler, recipe, cut, &mut random)
            },
        )
        .collect()
}

/// `count` samples of each kind that are always the same, spread over the pictures.
pub(super) fn fixed(
    pictures: &Pictures,
    recipe: &Recipe,
    count: usize,
) -> anyhow::Result<Vec<Sample>> {
    let others = others(pictures)?;
    (0..2 * count)
        .into_par_iter()
        .map_init(
            || recipe.sampler(),
            |sampler, slot| {
                let (kind, index) = (slot / count, slot % count);
                let mut random = generator(recipe.seed, 9 + kind as u64, index as u64);
                let pick = |set: &Dataset| set.picture(index * set.len() / count);
                let behind = pick(others)?;
                match kind {
                    0 => face(
                        sampler,
                        recipe,
                        &pick(&pictures.faces)?,
                        &behind,
                        &mut random,
                    ),
                    _ => other(sampler, recipe, cut_any(&behind, &mut random), &mut random),
                }
            },
        )
        .collect()
}

/// Those without faces.
fn others(pictures: &Pictures) -> anyhow::Result<&Dataset> {
    pictures
        .others
        .as_ref()
        .context("there are no pictures without faces")
}

impl Recipe {
    /// What makes the samples.
    pub fn sampler(&self) -> Sampler {
        Sampler::of(SIDE, MARGIN, &self.degradation)
    }
}

/// A face somewhere in its mosaic, in front of a part of `behind`.
pub(super) fn face(
    sampler: &mut Sampler,
    recipe: &Recipe,
    face: &RgbImage,
    behind: &RgbImage,
    random: &mut Pcg64Mcg,
) -> anyhow::Result<Sample> {
    let degradation = &recipe.degradation;
    let mut face = middle_square(face);
    if is_covered(recipe, random) {
        cover(&mut face, random);
    }
    let face = sampler.posed(&face, random);
    let mut placed = place(&face, &cut_any(behind, random), degradation, random);
    cast(&mut placed.picture, recipe, random);
    let [low, high] = degradation.blocks.map(f64::from);
    let block = logarithmic(random, [low, high.min(placed.largest_block).max(low)]);
    let mut sample = sampler.sample_of(&placed.picture, &placed.scene, block, random)?;
    sample.labels = placed.labels.to_vec();
    Ok(sample)
}

/// Something else.
fn other(
    sampler: &mut Sampler,
    recipe: &Recipe,
    mut picture: RgbImage,
    random: &mut Pcg64Mcg,
) -> anyhow::Result<Sample> {
    if is_covered(recipe, random) {
        cover(&mut picture, random);
    }
    cast(&mut picture, recipe, random);
    let mut sample = sampler.sample(&picture, random)?;
    sample.labels = vec![0.0; 4];
    Ok(sample)
}

/// Whether a part of the next picture is covered. Where none is nothing is drawn: samples of older
/// recipes stay what they were.
fn is_covered(recipe: &Recipe, random: &mut Pcg64Mcg) -> bool {
    let share = recipe.train.covered;
    share > 0.0 && random.random_bool(share)
}

/// Cast the colours of a share of all pictures: to grey, pale, in another light, or in one colour.
fn cast(picture: &mut RgbImage, recipe: &Recipe, random: &mut Pcg64Mcg) {
    if !random.random_bool(recipe.train.casts) {
        return;
    }
    let mut each = |range: [f64; 2]| [(); 3].map(|()| logarithmic(random, range) as f32);
    let (light, white) = (each(LIGHT), each(WHITE));
    let cast = match random.random_range(0.0..1.0) {
        0.0..0.35 => ColorCast::Saturation(0.0),
        0.35..0.5 => ColorCast::Saturation(random.random_range(0.0..1.6)),
        0.5..0.8 => ColorCast::Light(light),
        _ => ColorCast::Monochrome(white),
    };
    cast.apply(picture);
}

fn middle_square(picture: &RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    let side = width.min(height);
    crop_imm(picture, (width - side) / 2, (height - side) / 2, side, side).to_image()
}

/// A square of any size and place.
fn cut_any(picture: &RgbImage, random: &mut Pcg64Mcg) -> RgbImage {
    let side = side_of(picture, CUTS, random);
    let x = random.random_range(0..=picture.width() - side);
    let y = random.random_range(0..=picture.height() - side);
    crop_imm(picture, x, y, side, side).to_image()
}

/// A square at one of the corners.
fn cut_corner(picture: &RgbImage, random: &mut Pcg64Mcg) -> RgbImage {
    let side = side_of(picture, CORNERS, random);
    let mut end = |length: u32| match random.random_bool(0.5) {
        true => length - side,
        false => 0,
    };
    let (x, y) = (end(picture.width()), end(picture.height()));
    crop_imm(picture, x, y, side, side).to_image()
}

fn side_of(picture: &RgbImage, [low, high]: [f64; 2], random: &mut Pcg64Mcg) -> u32 {
    let shorter = picture.width().min(picture.height());
    let part = random.random_range(low.ln()..=high.ln()).exp();
    ((f64::from(shorter) * part) as u32).clamp(SHORTEST.min(shorter), shorter)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn cuts_lie_inside() {
        let mut random = Pcg64Mcg::seed_from_u64(1);
        for (width, height) in [(1, 1), (5, 90), (200, 120)] {
            let picture = RgbImage::new(width, height);
            for _ in 0..50 {
                for cut in [
                    cut_any(&picture, &mut random),
                    cut_corner(&picture, &mut random),
                ] {
                    assert!(cut.width() >= 1 && cut.width() == cut.height());
                }
            }
        }
    }
}
