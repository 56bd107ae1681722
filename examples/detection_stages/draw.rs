//! Panels: a picture with something drawn over it, under a title.

use anyhow::Context;
use font8x8::{BASIC_FONTS, UnicodeFonts};
use gstdepixelate::detect::{Luma, Region};
use gstdepixelate::frame::Rect;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{Rgb, RgbImage};
use std::path::Path;

/// Red, green, blue.
pub type Color = [u8; 3];

/// Panels in a row.
const ACROSS: u32 = 3;
/// Pixels between panels, and above each for its title.
const GAP: u32 = 8;
const TITLE: u32 = 16;
/// Side of a letter.
const LETTER: i64 = 8;

/// Luma as a picture that can be drawn on.
pub fn grey(luma: &Luma<'_>) -> RgbImage {
    RgbImage::from_fn(luma.width, luma.height, |x, y| {
        let level = luma.data.get(y as usize * luma.stride + x as usize);
        Rgb([level.copied().unwrap_or(0); 3])
    })
}

/// Write a picture as a PNG, as small as it gets.
pub fn save(picture: &RgbImage, path: &Path) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    let encoder =
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive);
    picture.write_with_encoder(encoder)?;
    std::fs::write(path, bytes).with_context(|| format!("{} cannot be written", path.display()))
}

/// One part of the sheet.
pub struct Panel {
    title: String,
    pub picture: RgbImage,
}

impl Panel {
    pub fn new(title: &str, picture: &RgbImage) -> Self {
        Self {
            title: title.to_owned(),
            picture: picture.clone(),
        }
    }

    /// Make the picture grey and dark.
    pub fn dim(&mut self) {
        for pixel in self.picture.pixels_mut() {
            let sum: u32 = pixel.0.iter().map(|&value| u32::from(value)).sum();
            pixel.0 = [(sum / 6) as u8; 3];
        }
    }

    /// Mix a third of `colour` into `rect`, less its last row and column.
    pub fn tint(&mut self, rect: &Rect, color: Color) {
        for y in i64::from(rect.y)..rect.bottom() - 1 {
            for x in i64::from(rect.x)..rect.right() - 1 {
                self.mix(x, y, color, 0.33);
            }
        }
    }

    /// Draw the edge of `rect`, `wide` pixels to the inside.
    pub fn outline(&mut self, rect: &Rect, color: Color, wide: i64) {
        let (left, top) = (i64::from(rect.x), i64::from(rect.y));
        for y in top..rect.bottom() {
            for x in left..rect.right() {
                let near = |at: i64, first: i64, end: i64| at < first + wide || at >= end - wide;
                if near(x, left, rect.right()) || near(y, top, rect.bottom()) {
                    self.mix(x, y, color, 1.0);
                }
            }
        }
    }

    /// Draw the lines of a region, in a picture `times` as large as the frame.
    pub fn lattice(&mut self, region: &Region, times: u32, color: Color) {
        let Some(lattice) = region.lattice else {
            return;
        };
        let (rect, scale) = (&region.rect, f64::from(times));
        let lines = |first: i32, end: i64, block: f32, phase: f32| {
            let (block, phase) = (f64::from(block.max(1.0)), f64::from(phase));
            let number = ((f64::from(first) - phase) / block).ceil() as i64;
            let line = move |index: i64| phase + (number + index) as f64 * block;
            let inside = move |at: &f64| *at <= end as f64;
            let lines = (0..).map(line).take_while(inside);
            lines
                .map(move |at| (at * scale).round() as i64)
                .collect::<Vec<_>>()
        };
        let place = |at: i64| at * i64::from(times);
        let (left, right) = (place(rect.x.into()), place(rect.right()));
        let (top, bottom) = (place(rect.y.into()), place(rect.bottom()));
        for x in lines(rect.x, rect.right(), lattice.block_width, lattice.phase_x) {
            (top..bottom).for_each(|y| self.mix(x, y, color, 0.6));
        }
        for y in lines(rect.y, rect.bottom(), lattice.block_height, lattice.phase_y) {
            (left..right).for_each(|x| self.mix(x, y, color, 0.6));
        }
    }

    /// Draw a profile as bars into the left half of the row of profile `index`.
    pub fn bars(&mut self, values: &[u32], index: usize, color: Color) {
        let most = values.iter().copied().max().unwrap_or(0).max(1) as f32;
        let heights: Vec<f32> = values.iter().map(|&value| value as f32 / most).collect();
        self.plot(&heights, (0, index), color);
    }

    /// Draw a spectrum into the right half, narrow spacings to the right.
    pub fn curve(&mut self, spectrum: &[(f32, f32)], index: usize, color: Color) {
        let heights: Vec<f32> = spectrum.iter().map(|(_, power)| *power).collect();
        self.plot(&heights, (1, index), color);
    }

    /// Write a line under the plot in half `column` of the row of profile `index`.
    pub fn label(&mut self, (column, index): (usize, usize), text: &str, color: Color) {
        let (width, height) = self.picture.dimensions();
        let place = |part: usize, length: u32| part as i64 * i64::from(length) / 2;
        let at = (
            10 + place(column, width),
            place(index + 1, height) - LETTER - 4,
        );
        write(&mut self.picture, at, text, color);
    }

    /// Write a line on a dark ground along the lower edge.
    pub fn note(&mut self, text: &str) {
        let (width, height) = self.picture.dimensions();
        let top = height.saturating_sub(LETTER as u32 + 4);
        for y in top..height {
            for x in 0..width {
                self.mix(x.into(), y.into(), [0; 3], 0.75);
            }
        }
        write(&mut self.picture, (4, i64::from(top) + 2), text, [255; 3]);
    }

    /// Bars of heights 0–1 in half `column` (0, 1) of the row of profile `index`.
    fn plot(&mut self, heights: &[f32], (column, index): (usize, usize), color: Color) {
        let (width, height) = (
            self.picture.width() as usize,
            self.picture.height() as usize,
        );
        let (wide, high) = (
            (width / 2).saturating_sub(16),
            (height / 2).saturating_sub(32),
        );
        let (left, base) = (10 + column * width / 2, (index + 1) * height / 2 - 18);
        for x in 0..wide {
            let value = heights[x * heights.len() / wide].clamp(0.0, 1.0);
            let top = (value * high as f32).round() as usize;
            for y in 0..=top {
                let at = ((left + x) as i64, base as i64 - y as i64);
                self.mix(at.0, at.1, color, if y == top { 1.0 } else { 0.55 });
            }
        }
    }

    fn mix(&mut self, x: i64, y: i64, color: Color, part: f32) {
        mix(&mut self.picture, x, y, color, part);
    }
}

/// Paint a pixel, if it is one of the picture's.
fn mix(picture: &mut RgbImage, x: i64, y: i64, color: Color, part: f32) {
    let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
        return;
    };
    if let Some(Rgb(pixel)) = picture.get_pixel_mut_checked(x, y) {
        for (value, color) in pixel.iter_mut().zip(color) {
            *value = (f32::from(*value) * (1.0 - part) + f32::from(color) * part) as u8;
        }
    }
}

fn write(picture: &mut RgbImage, (left, top): (i64, i64), text: &str, color: Color) {
    for (number, letter) in (0..).zip(text.chars()) {
        let Some(rows) = BASIC_FONTS.get(letter) else {
            continue;
        };
        for (y, row) in (0..).zip(rows) {
            for x in (0..LETTER).filter(|x| row >> x & 1 == 1) {
                mix(picture, left + number * LETTER + x, top + y, color, 1.0);
            }
        }
    }
}

/// All panels, in rows.
pub fn sheet(panels: &[Panel]) -> RgbImage {
    let width = panels
        .iter()
        .map(|panel| panel.picture.width())
        .max()
        .unwrap_or(1)
        + GAP;
    let height = panels
        .iter()
        .map(|panel| panel.picture.height())
        .max()
        .unwrap_or(1)
        + GAP
        + TITLE;
    let down = (panels.len() as u32).div_ceil(ACROSS);
    let mut sheet = RgbImage::from_pixel(ACROSS * width + GAP, down * height + GAP, Rgb([32; 3]));
    for (index, panel) in (0..).zip(panels) {
        let (x, y) = (index % ACROSS * width + GAP, index / ACROSS * height + GAP);
        write(
            &mut sheet,
            (x.into(), i64::from(y) + 2),
            &panel.title,
            [255; 3],
        );
        image::imageops::replace(&mut sheet, &panel.picture, x.into(), (y + TITLE).into());
    }
    sheet
}
