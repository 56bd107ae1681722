//! Pictures as planes, and tensors as pictures.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use tch::Tensor;

use crate::train::nn::tensors::numbers;

/// The largest square in the middle, at `side` × `side` pixels.
pub fn middle(picture: &RgbImage, side: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let cut = width.min(height);
    let (x, y) = ((width - cut) / 2, (height - cut) / 2);
    let square = imageops::crop_imm(picture, x, y, cut, cut).to_image();
    imageops::resize(&square, side, side, FilterType::Triangle)
}

/// Planar R′G′B′, −1 … 1.
pub fn planes(picture: &RgbImage) -> Vec<f32> {
    (0..3)
        .flat_map(|c| {
            picture
                .pixels()
                .map(move |p| f32::from(p.0[c]) / 127.5 - 1.0)
        })
        .collect()
}

/// Pictures `[N, 3, side, side]`, −1 … 1, `columns` in a row.
pub fn grid(pictures: &Tensor, columns: u32) -> RgbImage {
    let all = bytes(pictures);
    let side = pictures.size().last().copied().unwrap_or(0) as u32;
    let rows = (all.len() as u32).div_ceil(columns);
    let mut drawn = RgbImage::new(side * columns, side * rows);
    for (i, picture) in (0..).zip(&all) {
        let (left, top) = (i % columns * side, i / columns * side);
        for (pixel, at) in picture.chunks_exact(3).zip(0..) {
            let color = Rgb([pixel[0], pixel[1], pixel[2]]);
            drawn.put_pixel(left + at % side, top + at / side, color);
        }
    }
    drawn
}

/// Packed R′G′B′ of each picture.
pub fn bytes(pictures: &Tensor) -> Vec<Vec<u8>> {
    let sides = pictures.size();
    let numbers = numbers(pictures);
    let area = (sides[2] * sides[3]) as usize;
    let level = |value: f32| ((value + 1.0) * 127.5).round().clamp(0.0, 255.0) as u8;
    let packed = |planes: &[f32]| {
        let pixel = |i: usize| [planes[i], planes[area + i], planes[2 * area + i]].map(level);
        (0..area).flat_map(pixel).collect()
    };
    numbers.chunks_exact(3 * area).map(packed).collect()
}
