//! Casts over all colours of a picture, as light, cameras and grading put there.

use image::RgbImage;

/// Shares of R′, G′ and B′ in brightness (ITU-R BT.709).
const BRIGHTNESS: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// What is done to the colours of every pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ColorCast {
    /// Differences from grey, times this: 0 is a picture without colours.
    Saturation(f32),
    /// Light of another colour: R′, G′ and B′ times these.
    Light([f32; 3]),
    /// Brightness alone, in the R′G′B′ (0–1) that white becomes: night vision, sepia.
    Monochrome([f32; 3]),
}

impl ColorCast {
    /// Change all pixels. Values are kept in 0–255.
    pub(crate) fn apply(&self, picture: &mut RgbImage) {
        for pixel in picture.pixels_mut() {
            let rgb = pixel.0.map(f32::from);
            let grey: f32 = rgb.iter().zip(BRIGHTNESS).map(|(v, share)| v * share).sum();
            let cast = match *self {
                Self::Saturation(factor) => rgb.map(|v| grey + factor * (v - grey)),
                Self::Light(gains) => [0, 1, 2].map(|c| rgb[c] * gains[c]),
                Self::Monochrome(white) => white.map(|v| grey * v),
            };
            pixel.0 = cast.map(|v| v.round() as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn after(cast: ColorCast, rgb: [u8; 3]) -> [u8; 3] {
        let mut picture = RgbImage::from_pixel(1, 1, Rgb(rgb));
        cast.apply(&mut picture);
        picture.get_pixel(0, 0).0
    }

    #[test]
    fn casts_of_known_pixels() {
        let skin = [200, 150, 100];
        // 0.2126 · 200 + 0.7152 · 150 + 0.0722 · 100 = 157.02
        assert_eq!(after(ColorCast::Saturation(0.0), skin), [157; 3]);
        assert_eq!(after(ColorCast::Saturation(1.0), skin), skin);
        assert_eq!(after(ColorCast::Saturation(2.0), skin), [243, 143, 43]);
        assert_eq!(
            after(ColorCast::Light([1.5, 1.0, 0.5]), skin),
            [255, 150, 50]
        );
        assert_eq!(
            after(ColorCast::Monochrome([0.0, 1.0, 0.5]), skin),
            [0, 157, 79]
        );
    }
}
