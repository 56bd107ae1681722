//! Words in pictures.

use font8x8::UnicodeFonts;
use image::{Rgb, RgbImage};

/// Height and width of a letter, pixels.
pub(super) const LETTER: u32 = 8 * DOT;
/// Size of a letter's dot.
const DOT: u32 = 2;

/// Draw ASCII text with its upper left corner at (`x`, `y`); what has no room is left out.
pub(super) fn write(picture: &mut RgbImage, text: &str, (x, y): (u32, u32), color: Rgb<u8>) {
    let glyphs = text.chars().map(|c| font8x8::BASIC_FONTS.get(c));
    for (left, glyph) in (0..).zip(glyphs) {
        for (row, bits) in (0..).zip(glyph.unwrap_or_default()) {
            for column in (0..8).filter(|column| bits >> column & 1 == 1) {
                let left = x + left * LETTER + column * DOT;
                dot(picture, (left, y + row * DOT), color);
            }
        }
    }
}

fn dot(picture: &mut RgbImage, (x, y): (u32, u32), color: Rgb<u8>) {
    for (dx, dy) in (0..DOT * DOT).map(|i| (i % DOT, i / DOT)) {
        if let Some(pixel) = picture.get_pixel_mut_checked(x + dx, y + dy) {
            *pixel = color;
        }
    }
}
