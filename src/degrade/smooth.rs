//! What needs no network: the means of a mosaic's blocks, interpolated.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{Rgb, RgbImage};

/// `mosaic`, whose blocks of `block` × `block` pixels start at its corner, made smooth by bicubic interpolation
/// (Catmull–Rom) of the blocks' means. Blocks cut by the right or lower border count with what is there of them.
///
/// None for an empty picture or blocks of 0.
pub fn bicubic(mosaic: &RgbImage, block: u32) -> Option<RgbImage> {
    let (width, height) = mosaic.dimensions();
    if width == 0 || height == 0 || block == 0 {
        return None;
    }
    let means = RgbImage::from_fn(width.div_ceil(block), height.div_ceil(block), |x, y| {
        mean(mosaic, (x * block, y * block), block)
    });
    let whole = resize(&means, (means.width() * block, means.height() * block))?;
    Some(image::imageops::crop_imm(&whole, 0, 0, width, height).to_image())
}

/// Mean colour of the block at (`x`, `y`).
fn mean(picture: &RgbImage, (x, y): (u32, u32), block: u32) -> Rgb<u8> {
    let right = (x + block).min(picture.width());
    let bottom = (y + block).min(picture.height());
    let mut sums = [0u64; 3];
    for (x, y) in (y..bottom).flat_map(|y| (x..right).map(move |x| (x, y))) {
        let pixel = picture.get_pixel(x, y);
        (sums.iter_mut().zip(pixel.0)).for_each(|(sum, value)| *sum += u64::from(value));
    }
    let count = f64::from((right - x) * (bottom - y));
    Rgb(sums.map(|sum| (sum as f64 / count).round() as u8))
}

/// A picture in another size, by bicubic (Catmull–Rom) interpolation; None for sizes of zero.
pub fn resize(picture: &RgbImage, size: (u32, u32)) -> Option<RgbImage> {
    resized(picture, size, FilterType::CatmullRom)
}

/// As [`resize`], by bilinear interpolation. Where the picture shrinks, the filter is widened.
pub fn resize_bilinear(picture: &RgbImage, size: (u32, u32)) -> Option<RgbImage> {
    resized(picture, size, FilterType::Bilinear)
}

fn resized(picture: &RgbImage, size: (u32, u32), filter: FilterType) -> Option<RgbImage> {
    let (width, height) = picture.dimensions();
    let source = ImageRef::new(width, height, picture.as_raw(), PixelType::U8x3).ok()?;
    let mut target = Image::new(size.0, size.1, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    Resizer::new().resize(&source, &mut target, &options).ok()?;
    RgbImage::from_raw(size.0, size.1, target.into_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_colour_stays_and_a_ramp_becomes_smooth() {
        let flat = RgbImage::from_pixel(21, 13, Rgb([9, 80, 200]));
        assert_eq!(bicubic(&flat, 6).unwrap(), flat);
        let steps = RgbImage::from_fn(40, 8, |x, _| Rgb([(x / 8 * 40) as u8; 3]));
        let smooth = bicubic(&steps, 8).unwrap();
        let row: Vec<u8> = (0..40).map(|x| smooth.get_pixel(x, 4).0[0]).collect();
        assert!(
            row.windows(2).all(|w| w[0] <= w[1] && w[1] - w[0] <= 8),
            "{row:?}"
        );
    }

    #[test]
    fn nothing_is_made_of_nothing() {
        assert!(bicubic(&RgbImage::new(0, 5), 4).is_none());
        assert!(bicubic(&RgbImage::new(5, 5), 0).is_none());
        assert_eq!(bicubic(&RgbImage::new(5, 5), 90).unwrap().width(), 5);
    }
}
