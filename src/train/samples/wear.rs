//! What happens to a frame before and after it is pixelated.

use image::codecs::jpeg::JpegEncoder;
use image::{ImageReader, RgbImage};
use rand::RngExt;
use rand_distr::{Distribution, Normal};
use rand_pcg::Pcg64Mcg;

use super::logarithmic;
use crate::degrade::codec::h264_model;
use crate::frame::Rect;
use crate::train::recipe::Damage;

/// Light and contrast of a scene.
pub struct Tone([u8; 256]);

impl Tone {
    /// A gain and a gamma by chance.
    pub fn draw(damage: &Damage, random: &mut Pcg64Mcg) -> Self {
        let gain = logarithmic(random, damage.gain);
        let gamma = logarithmic(random, damage.gamma);
        let level = |i: u8| 255.0 * gain * (f64::from(i) / 255.0).powf(gamma);
        let mut table = [0; 256];
        for (value, i) in table.iter_mut().zip(0..=255) {
            *value = level(i).round().clamp(0.0, 255.0) as u8;
        }
        Self(table)
    }

    /// Change a frame.
    pub fn apply(&self, frame: &mut [u8]) {
        for byte in frame {
            *byte = self.0[usize::from(*byte)];
        }
    }
}

/// Put the frame as it was, `clean`, back into the mosaic outside the ellipse that fills `rect`; the ellipse's edge is
/// `soft` pixels wide.
pub fn cut_ellipse(mosaic: &mut [u8], clean: &[u8], side: u32, rect: &Rect, soft: f32) {
    let half = (rect.width as f32 / 2.0, rect.height as f32 / 2.0);
    let middle = (rect.x as f32 + half.0, rect.y as f32 + half.1);
    for y in rect.y..rect.bottom() as i32 {
        for x in rect.x..rect.right() as i32 {
            let dx = (x as f32 + 0.5 - middle.0) / half.0;
            let dy = (y as f32 + 0.5 - middle.1) / half.1;
            // Nearly the distance to the edge in pixels, positive inside.
            let inside = (1.0 - dx.hypot(dy)) * half.0.min(half.1);
            let weight = (inside / soft.max(1e-3)).clamp(0.0, 1.0);
            let at = 3 * (y as usize * side as usize + x as usize);
            for (m, c) in mosaic[at..at + 3].iter_mut().zip(&clean[at..at + 3]) {
                let mixed = weight * f32::from(*m) + (1.0 - weight) * f32::from(*c);
                *m = mixed.round() as u8;
            }
        }
    }
}

/// Noise, blur and recompression, each as `damage` says.
pub fn wear(
    mut frame: Vec<u8>,
    side: u32,
    damage: &Damage,
    random: &mut Pcg64Mcg,
) -> anyhow::Result<Vec<u8>> {
    if random.random_bool(damage.blur) {
        let sigma = random.random_range(0.3..=0.8);
        if let Some(picture) = RgbImage::from_raw(side, side, std::mem::take(&mut frame)) {
            frame = image::imageops::fast_blur(&picture, sigma).into_raw();
        }
    }
    add_noise(&mut frame, random.random_range(0.0..=damage.noise), random);
    if random.random_bool(damage.video) {
        let [best, worst] = damage.quantiser;
        let qp = random.random_range(best..=worst);
        h264_model(&mut frame, side as usize, side as usize, qp);
    }
    if random.random_bool(damage.recompress) {
        let [worst, best] = damage.quality;
        frame = recompress(frame, side, random.random_range(worst..=best))?;
    }
    Ok(frame)
}

fn add_noise(frame: &mut [u8], deviation: f32, random: &mut Pcg64Mcg) {
    // Less than a third of a level is lost in rounding.
    let Ok(noise) = Normal::new(0.0f32, deviation.max(0.0)) else {
        return;
    };
    if deviation < 0.3 {
        return;
    }
    for byte in frame {
        *byte = (f32::from(*byte) + noise.sample(random))
            .round()
            .clamp(0.0, 255.0) as u8;
    }
}

fn recompress(frame: Vec<u8>, side: u32, quality: u8) -> anyhow::Result<Vec<u8>> {
    let mut jpeg = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, quality);
    encoder.encode(&frame, side, side, image::ExtendedColorType::Rgb8)?;
    let reader = ImageReader::with_format(std::io::Cursor::new(jpeg), image::ImageFormat::Jpeg);
    Ok(reader.decode()?.into_rgb8().into_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipse_keeps_the_corners_clean() {
        let (mut mosaic, clean) = (vec![200; 3 * 400], vec![100; 3 * 400]);
        let rect = Rect::new(4, 4, 12, 12);
        cut_ellipse(&mut mosaic, &clean, 20, &rect, 2.0);
        let at = |x: usize, y: usize| mosaic[3 * (20 * y + x)];
        assert_eq!(
            [at(4, 4), at(15, 15), at(10, 10), at(2, 2)],
            [100, 100, 200, 200]
        );
        assert!((101..200).contains(&at(4, 10)), "{}", at(4, 10));
    }
}
