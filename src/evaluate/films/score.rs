//! What is measured of a restored film.

use anyhow::Context;
use image::RgbImage;
use image::imageops::crop_imm;

use super::{FilmRow, Mosaics};
use crate::frame::Rect;
use crate::metrics::{Picture, psnr, ssim_gauss, unsteadiness};

/// Side of the squares whose motion is looked for, and half of that: how far apart they are.
const SQUARE: i32 = 16;
/// Furthest motion from frame to frame, pixels.
const FURTHEST: i32 = 7;

/// Measure `made`; flicker and frames that are left are the caller's.
pub(super) fn score(name: String, made: &[RgbImage], mosaics: &Mosaics) -> anyhow::Result<FilmRow> {
    let (mut psnrs, mut ssims) = (Vec::new(), Vec::new());
    for ((made, truth), (rect, _)) in made.iter().zip(&mosaics.truth).zip(&mosaics.places) {
        let [made, truth] = [made, truth].map(|frame| part(frame, rect));
        let [made, truth] = [&made, &truth].map(picture);
        let (made, truth) = (made?, truth?);
        psnrs.push(psnr(&made, &truth)?);
        ssims.push(ssim_gauss(&made, &truth)?);
    }
    let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len().max(1) as f64;
    let (mut changes, mut warps) = (Vec::new(), Vec::new());
    for moment in 1..made.len() {
        let (before, now) = (&mosaics.places[moment - 1].0, &mosaics.places[moment].0);
        let both = before
            .intersect(now)
            .context("a mosaic jumps out of itself")?;
        let pair = |frames: &'_ [RgbImage]| [moment - 1, moment].map(|at| part(&frames[at], &both));
        let (made, truth) = (pair(made), pair(&mosaics.truth));
        let made_views = [picture(&made[0])?, picture(&made[1])?];
        let truth_views = [picture(&truth[0])?, picture(&truth[1])?];
        let whole = Rect::new(0, 0, both.width, both.height);
        changes.push(unsteadiness(&made_views, &truth_views, &whole)?.powi(2));
        warps.push(warped(&made, &truth));
    }
    let root = |all: &[f64]| mean(all).sqrt();
    Ok(FilmRow {
        name,
        psnr: mean(&psnrs),
        ssim: mean(&ssims),
        unsteadiness: root(&changes),
        flicker: 0.0,
        warped: root(&warps),
        left: 0,
    })
}

/// Mean square of what is left of a picture when the next one is carried back by the motion of the
/// truth, found in squares that overlap by half (as Lai et al., 2018, with another flow).
fn warped(made: &[RgbImage; 2], truth: &[RgbImage; 2]) -> f64 {
    let (width, height) = (made[0].width() as i32, made[0].height() as i32);
    let (mut sum, mut count) = (0.0, 0.0);
    for y in (0..=height - SQUARE).step_by(SQUARE as usize / 2) {
        for x in (0..=width - SQUARE).step_by(SQUARE as usize / 2) {
            let differs = |pair: &[RgbImage; 2], by: [i32; 2]| difference(pair, [x, y], by);
            let mut best = (f64::MAX, [0; 2]);
            for dy in -FURTHEST..=FURTHEST {
                for dx in -FURTHEST..=FURTHEST {
                    // The shorter way where both are as good.
                    let cost =
                        differs(truth, [dx, dy]).map(|it| it + 0.01 * f64::from(dx * dx + dy * dy));
                    if let Some(cost) = cost.filter(|cost| *cost < best.0) {
                        best = (cost, [dx, dy]);
                    }
                }
            }
            if let Some(left) = differs(made, best.1) {
                sum += left;
                count += 1.0;
            }
        }
    }
    sum / f64::max(count, 1.0)
}

/// Mean square difference of the square at `at` in the first picture and the one moved `by` in the
/// second; None where that lies outside.
fn difference(pair: &[RgbImage; 2], at: [i32; 2], by: [i32; 2]) -> Option<f64> {
    let (width, height) = (pair[0].width() as i32, pair[0].height() as i32);
    let there = [at[0] + by[0], at[1] + by[1]];
    let inside =
        there[0] >= 0 && there[1] >= 0 && there[0] + SQUARE <= width && there[1] + SQUARE <= height;
    if !inside {
        return None;
    }
    let row = |picture: &'_ RgbImage, [x, y]: [i32; 2], line: i32| -> std::ops::Range<usize> {
        let start = 3 * ((y + line) * picture.width() as i32 + x) as usize;
        start..start + 3 * SQUARE as usize
    };
    let sum: u64 = (0..SQUARE)
        .flat_map(|line| {
            let a = &pair[0].as_raw()[row(&pair[0], at, line)];
            let b = &pair[1].as_raw()[row(&pair[1], there, line)];
            a.iter().zip(b)
        })
        .map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2))
        .sum();
    Some(sum as f64 / f64::from(3 * SQUARE * SQUARE))
}

fn part(frame: &RgbImage, rect: &Rect) -> RgbImage {
    crop_imm(frame, rect.x as u32, rect.y as u32, rect.width, rect.height).to_image()
}

fn picture(image: &RgbImage) -> anyhow::Result<Picture<'_>> {
    Ok(Picture::new(
        image.width() as usize,
        image.height() as usize,
        image,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn what_moves_as_the_truth_does_leaves_nothing() {
        let frame = |shift: i32| {
            RgbImage::from_fn(48, 40, |x, y| {
                let at = (x as i32 + shift) * 7919 + y as i32 * 104_729;
                Rgb([(at % 251) as u8, (at % 127) as u8, (at % 83) as u8])
            })
        };
        let truth = [frame(9), frame(6)];
        // Something comes in at the edge.
        let moves = warped(&truth, &truth);
        // The same picture again does not move along.
        let stands = [frame(9), frame(9)];
        assert!(warped(&stands, &truth) > 5.0 * moves, "{moves}");
        assert_eq!(warped(&stands, &stands), 0.0);
    }
}
