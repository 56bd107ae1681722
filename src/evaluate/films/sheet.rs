//! Films at a glance: a line of pixels over time. What boils is a rough surface there, what keeps
//! still a smooth one.

use image::imageops::{FilterType, crop_imm, replace, resize};
use image::{Rgb, RgbImage};

use super::Mosaics;

/// Heights of the lines in the mosaic of the first frame, shares of its own: eyes and mouth.
const LINES: [f64; 2] = [0.42, 0.72];
/// Enlargement.
const ZOOM: u32 = 3;
/// Pixels between the parts.
const GAP: u32 = 6;

/// From left to right the films of `all`, each as a still of the middle frame above its lines over
/// time, which runs down.
pub(super) fn sheet(all: &[&[RgbImage]], mosaics: &Mosaics) -> RgbImage {
    let columns: Vec<RgbImage> = all.iter().map(|film| column(film, mosaics)).collect();
    beside(
        &columns,
        |so_far, picture| {
            (
                so_far.0 + picture.width() + GAP,
                so_far.1.max(picture.height()),
            )
        },
        true,
    )
}

fn column(film: &[RgbImage], mosaics: &Mosaics) -> RgbImage {
    let Some((rect, _)) = mosaics.places.first() else {
        return RgbImage::new(1, 1);
    };
    let (x, width) = (rect.x.max(0) as u32, rect.width);
    let middle = &film[film.len() / 2];
    let still = crop_imm(middle, x, rect.y.max(0) as u32, width, rect.height).to_image();
    let slices = LINES.map(|line| {
        let y = rect.y.max(0) as u32 + (line * f64::from(rect.height)) as u32;
        RgbImage::from_fn(width, film.len() as u32, |column, moment| {
            let frame = &film[moment as usize];
            let at = |at: u32, length: u32| at.min(length.saturating_sub(1));
            *frame.get_pixel(at(x + column, frame.width()), at(y, frame.height()))
        })
    });
    let [eyes, mouth] = slices;
    let parts = [still, eyes, mouth].map(|part| {
        let (width, height) = (part.width() * ZOOM, part.height() * ZOOM);
        resize(&part, width, height, FilterType::Nearest)
    });
    beside(
        &parts,
        |so_far, picture| {
            (
                so_far.0.max(picture.width()),
                so_far.1 + picture.height() + GAP,
            )
        },
        false,
    )
}

/// Pictures in a row or below each other; `grow` gives the size with one more.
fn beside(
    pictures: &[RgbImage],
    grow: impl Fn((u32, u32), &RgbImage) -> (u32, u32),
    in_a_row: bool,
) -> RgbImage {
    let (width, height) = pictures.iter().fold((0, 0), &grow);
    let mut sheet = RgbImage::from_pixel(width.max(1), height.max(1), Rgb([255; 3]));
    let mut at = 0;
    for picture in pictures {
        let (x, y) = if in_a_row { (at, 0) } else { (0, at) };
        replace(&mut sheet, picture, x.into(), y.into());
        at += GAP
            + if in_a_row {
                picture.width()
            } else {
                picture.height()
            };
    }
    sheet
}
