//! The pictures that show what happened.

use crate::compare::{Moment, VERSIONS};
use anyhow::Context;
use font8x8::UnicodeFonts;
use gstdepixelate::degrade::smooth;
use image::imageops::{crop_imm, replace};
use image::{Rgb, RgbImage};

/// Side of an enlarged face in pixels.
const TILE: u32 = 320;
/// Pixels between tiles.
const GAP: u32 = 8;
/// Height of the labels' line.
const HEAD: u32 = 32;
/// Size of a letter's dot.
const DOT: u32 = 2;

/// Faces in a row for each moment: original, pixelated, bicubic, restored.
pub fn faces(moments: &[Moment]) -> anyhow::Result<RgbImage> {
    let columns = 1 + VERSIONS.len() as u32;
    let rows = moments.len() as u32;
    let mut sheet = RgbImage::from_pixel(
        columns * (TILE + GAP) + GAP,
        HEAD + rows * (TILE + GAP),
        Rgb([24, 24, 24]),
    );
    for (column, label) in ["original"].iter().chain(&VERSIONS).enumerate() {
        let x = GAP + column as u32 * (TILE + GAP);
        write(&mut sheet, label, x, (HEAD - 8 * DOT) / 2);
        for (row, moment) in moments.iter().enumerate() {
            let tile = resize(&surroundings(moment, column), (TILE, TILE))?;
            let y = HEAD + row as u32 * (TILE + GAP);
            replace(&mut sheet, &tile, x.into(), y.into());
        }
    }
    Ok(sheet)
}

fn resize(picture: &RgbImage, size: (u32, u32)) -> anyhow::Result<RgbImage> {
    smooth::resize(picture, size).context("a picture is empty")
}

/// A whole frame before and after, half the size.
pub fn before_after(moment: &Moment) -> anyhow::Result<RgbImage> {
    let (width, height) = moment.frames[0].dimensions();
    let half = (width / 2, height / 2);
    let mut picture = RgbImage::from_pixel(2 * half.0 + GAP, half.1, Rgb([255; 3]));
    let [_, before, _, after] = &moment.frames;
    replace(&mut picture, &resize(before, half)?, 0, 0);
    let right = i64::from(half.0 + GAP);
    replace(&mut picture, &resize(after, half)?, right, 0);
    Ok(picture)
}

/// The face of one version and a quarter more around it, as far as there is a frame.
fn surroundings(moment: &Moment, version: usize) -> RgbImage {
    let frame = &moment.frames[version];
    let face = &moment.face;
    let side = (face.width * 5 / 4).min(frame.width()).min(frame.height());
    let corner = |at: i32, size: u32, limit: u32| {
        let centred = at + (size as i32 - side as i32) / 2;
        centred.clamp(0, (limit - side) as i32) as u32
    };
    let x = corner(face.x, face.width, frame.width());
    let y = corner(face.y, face.height, frame.height());
    crop_imm(frame, x, y, side, side).to_image()
}

/// Draw ASCII text with its top left corner at (`x`, `y`).
fn write(picture: &mut RgbImage, text: &str, x: u32, y: u32) {
    let glyphs = text.chars().filter_map(|c| font8x8::BASIC_FONTS.get(c));
    for (index, glyph) in glyphs.enumerate() {
        for (row, bits) in glyph.into_iter().enumerate() {
            for column in (0..8).filter(|column| bits >> column & 1 == 1) {
                let left = x + (8 * index as u32 + column) * DOT;
                let top = y + row as u32 * DOT;
                for (dx, dy) in (0..DOT * DOT).map(|i| (i % DOT, i / DOT)) {
                    if let Some(pixel) = picture.get_pixel_mut_checked(left + dx, top + dy) {
                        *pixel = Rgb([235; 3]);
                    }
                }
            }
        }
    }
}
