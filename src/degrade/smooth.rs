//! What needs no network: the means of a mosaic's blocks, interpolated.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{Rgb, RgbImage, imageops};

/// `mosaic`, whose blocks of `block` × `block` pixels start at its corner, made smooth by bicubic
/// interpolation (Catmull–Rom) of the blocks' means. Blocks cut by the right or lower border count
/// with what is there of them.
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
    Some(imageops::crop_imm(&whole, 0, 0, width, height).to_image())
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

/// The middle of a picture, as large as there is one with sides in proportion to `shape`; 1 : 1 is
/// a square.
pub fn middle(picture: &RgbImage, shape: (u32, u32)) -> RgbImage {
    let (width, height) = picture.dimensions();
    let (w, h) = match width * shape.1 > height * shape.0 {
        true => (height * shape.0 / shape.1, height),
        false => (width, width * shape.1 / shape.0),
    };
    // A long and narrow picture still has a pixel each way.
    let (w, h) = (w.max(width.min(1)), h.max(height.min(1)));
    imageops::crop_imm(picture, (width - w) / 2, (height - h) / 2, w, h).to_image()
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
    fn the_middle_is_as_large_as_its_shape_allows() {
        let picture = RgbImage::from_fn(9, 4, |x, y| Rgb([x as u8, y as u8, 0]));
        let square = middle(&picture, (1, 1));
        assert_eq!(square.dimensions(), (4, 4));
        assert_eq!(square.get_pixel(0, 0), &Rgb([2, 0, 0]));
        assert_eq!(middle(&picture, (4, 3)).dimensions(), (5, 4));
        assert_eq!(middle(&picture, (90, 1)).dimensions(), (9, 1));
        assert_eq!(middle(&RgbImage::new(0, 5), (1, 1)).width(), 0);
    }

    #[test]
    fn nothing_is_made_of_nothing() {
        assert!(bicubic(&RgbImage::new(0, 5), 4).is_none());
        assert!(bicubic(&RgbImage::new(5, 5), 0).is_none());
        assert_eq!(bicubic(&RgbImage::new(5, 5), 90).unwrap().width(), 5);
    }
}
