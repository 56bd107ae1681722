//! Pictures through JPEG and back.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, ImageResult};

/// `picture`, grey or R′G′B′, as it comes back from a JPEG file of `quality` 1–100.
pub(crate) fn jpeg(picture: &DynamicImage, quality: u8) -> ImageResult<DynamicImage> {
    let mut file = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut file, quality))?;
    image::load(Cursor::new(file), ImageFormat::Jpeg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    #[test]
    fn less_quality_is_farther_from_the_picture() {
        let picture = RgbImage::from_fn(40, 24, |x, y| Rgb([x as u8 * 6, y as u8 * 9, 80]));
        let off = |quality: u8| -> u32 {
            let coded = jpeg(&picture.clone().into(), quality).unwrap().into_rgb8();
            assert_eq!(coded.dimensions(), picture.dimensions());
            let pairs = coded.iter().zip(picture.iter());
            pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
        };
        assert!(off(95) < off(10));
    }
}
