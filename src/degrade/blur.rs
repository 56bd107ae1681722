//! Faces that are blurred instead of pixelated.

use image::{RgbImage, imageops};

use crate::frame::Rect;

/// How a face is blurred.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Blur {
    /// By a Gaussian of this standard deviation, pixels.
    Gaussian(f32),
    /// By the mean of a square that reaches so many pixels to all sides.
    Box(u32),
}

impl Blur {
    /// Blur `rect`, which lies in `picture`; what is outside of it is not mixed in.
    pub(crate) fn apply(self, picture: &mut RgbImage, rect: &Rect) {
        let (x, y) = (rect.x.max(0) as u32, rect.y.max(0) as u32);
        let part = imageops::crop_imm(picture, x, y, rect.width, rect.height).to_image();
        let blurred = match self {
            Self::Gaussian(deviation) => imageops::blur(&part, deviation.max(0.1)),
            Self::Box(reach) => {
                let across = mean_across(&part, reach);
                imageops::rotate270(&mean_across(&imageops::rotate90(&across), reach))
            }
        };
        imageops::replace(picture, &blurred, x.into(), y.into());
    }
}

/// The mean along rows of the pixels up to `reach` away; beyond the edges these repeat.
fn mean_across(picture: &RgbImage, reach: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let mut out = RgbImage::new(width, height);
    let (reach, last) = (i64::from(reach), i64::from(width) - 1);
    for y in 0..height {
        let at = |x: i64| {
            picture
                .get_pixel(x.clamp(0, last) as u32, y)
                .0
                .map(u64::from)
        };
        let mut sum = [0; 3];
        for x in -reach..=reach {
            let color = at(x);
            sum = [0, 1, 2].map(|c| sum[c] + color[c]);
        }
        for x in 0..width {
            let count = (2 * reach + 1) as u64;
            let mean = sum.map(|sum| ((sum + count / 2) / count) as u8);
            out.put_pixel(x, y, image::Rgb(mean));
            let (gone, come) = (at(i64::from(x) - reach), at(i64::from(x) + reach + 1));
            sum = [0, 1, 2].map(|c| sum[c] + come[c] - gone[c]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A white pixel in the middle of a black square of 41 pixels.
    fn point() -> RgbImage {
        let mut picture = RgbImage::new(41, 41);
        picture.put_pixel(20, 20, image::Rgb([255; 3]));
        picture
    }

    #[test]
    fn a_box_spreads_a_point_evenly() {
        let mut picture = point();
        Blur::Box(2).apply(&mut picture, &Rect::new(0, 0, 41, 41));
        for (x, y, pixel) in picture.enumerate_pixels() {
            let inside = x.abs_diff(20) <= 2 && y.abs_diff(20) <= 2;
            // 255 / 5 / 5 = 10.2
            assert_eq!(pixel.0, [if inside { 10 } else { 0 }; 3], "{x},{y}");
        }
    }

    #[test]
    fn a_gaussian_has_its_deviation() {
        let mut picture = point();
        let white = Rect::new(0, 0, 41, 41);
        picture
            .pixels_mut()
            .for_each(|pixel| pixel.0 = pixel.0.map(|v| v / 255 * 200));
        // A row of points: the profile across it is that of one dimension.
        for y in 0..41 {
            picture.put_pixel(20, y, image::Rgb([200; 3]));
        }
        Blur::Gaussian(3.0).apply(&mut picture, &white);
        let level = |x: u32| f64::from(picture.get_pixel(x, 20).0[0]);
        // 200 / (3 · √(2π)) = 26.6, and e^(−1/2) of it three pixels on.
        assert!((level(20) - 26.6).abs() < 1.0, "{}", level(20));
        assert!((level(23) - 16.1).abs() < 1.0, "{}", level(23));
    }

    #[test]
    fn only_the_rectangle_changes() {
        for blur in [Blur::Gaussian(4.0), Blur::Box(5)] {
            let before = RgbImage::from_fn(40, 30, |x, y| {
                image::Rgb([
                    (x * 37 % 251) as u8,
                    (y * 53 % 241) as u8,
                    (x * y % 239) as u8,
                ])
            });
            let (mut after, rect) = (before.clone(), Rect::new(7, 5, 20, 18));
            blur.apply(&mut after, &rect);
            for (x, y, pixel) in after.enumerate_pixels() {
                let inside = (7..27).contains(&x) && (5..23).contains(&y);
                assert!(inside || pixel == before.get_pixel(x, y));
            }
            assert_ne!(after.get_pixel(15, 12), before.get_pixel(15, 12));
        }
    }
}
