//! Faces of tilted heads: a picture turned about its middle.

use image::{Rgb, RgbImage};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;

/// Weights of the four neighbours of a place at `t` (0–1) between the inner two: Catmull and Rom's
/// cubic, which keeps a turned picture about as sharp as it was.
fn cubic(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (2.0 * t2 - t - t3),
        0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
        0.5 * (4.0 * t2 + t - 3.0 * t3),
        0.5 * (t3 - t2),
    ]
}

/// The index in 0 … `length` − 1 that `i` meets where the picture is mirrored at its edges.
fn mirrored(i: i64, length: i64) -> u32 {
    let i = i.rem_euclid(2 * length);
    i.min(2 * length - 1 - i) as u32
}

/// `picture` turned by up to `most` degrees either way.
pub(crate) fn turned(picture: &RgbImage, most: f32, random: &mut Pcg64Mcg) -> RgbImage {
    turned_by(picture, random.random_range(-most..=most))
}

/// `picture` turned by `angle` degrees, clockwise as seen; what was outside is the picture mirrored
/// at its edges.
pub(crate) fn turned_by(picture: &RgbImage, angle: f32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let (sine, cosine) = angle.to_radians().sin_cos();
    let middle = [(width as f32 - 1.0) / 2.0, (height as f32 - 1.0) / 2.0];
    RgbImage::from_fn(width, height, |x, y| {
        let (dx, dy) = (x as f32 - middle[0], y as f32 - middle[1]);
        let from_x = middle[0] + cosine * dx + sine * dy;
        let from_y = middle[1] - sine * dx + cosine * dy;
        interpolated(picture, from_x, from_y)
    })
}

fn interpolated(picture: &RgbImage, x: f32, y: f32) -> Rgb<u8> {
    let (width, height) = picture.dimensions();
    let (left, top) = (x.floor(), y.floor());
    let (across, down) = (cubic(x - left), cubic(y - top));
    let mut sum = [0.0; 3];
    for (row, wy) in (-1..).zip(down) {
        let y = mirrored(top as i64 + row, height.into());
        for (column, wx) in (-1..).zip(across) {
            let x = mirrored(left as i64 + column, width.into());
            for (sum, value) in sum.iter_mut().zip(picture.get_pixel(x, y).0) {
                *sum += wx * wy * f32::from(value);
            }
        }
    }
    Rgb(sum.map(|value| value.round().clamp(0.0, 255.0) as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> RgbImage {
        RgbImage::from_fn(40, 30, |x, y| Rgb([(x * 6) as u8, (y * 8) as u8, 9]))
    }

    #[test]
    fn a_turn_by_nothing_changes_nothing() {
        assert_eq!(turned_by(&picture(), 0.0), picture());
    }

    #[test]
    fn a_quarter_turn_is_exact() {
        let square = image::imageops::crop_imm(&picture(), 0, 0, 30, 30).to_image();
        let expected = image::imageops::rotate90(&square);
        let found = turned_by(&square, 90.0);
        let pairs = found.as_raw().iter().zip(expected.as_raw());
        assert!(pairs.into_iter().all(|(a, b)| a.abs_diff(*b) <= 1));
    }

    #[test]
    fn a_single_pixel_can_be_turned_by() {
        let dot = RgbImage::from_pixel(1, 1, Rgb([1, 2, 3]));
        assert_eq!(turned_by(&dot, 33.0), dot);
    }
}
