//! Animated PNG: a row of pictures as a film that browsers play, without loss.

use anyhow::{Context, ensure};
use image::RgbImage;
use png::{BitDepth, ColorType, Encoder};

/// The file of a film that repeats for ever; each picture is shown for `milliseconds`. All have the
/// same size.
pub fn apng(frames: &[RgbImage], milliseconds: u16) -> anyhow::Result<Vec<u8>> {
    let first = frames.first().context("a film needs a picture")?;
    let size = first.dimensions();
    ensure!(
        frames.iter().all(|frame| frame.dimensions() == size),
        "the pictures of a film must have one size"
    );
    let mut file = Vec::new();
    let mut film = Encoder::new(&mut file, size.0, size.1);
    film.set_color(ColorType::Rgb);
    film.set_depth(BitDepth::Eight);
    // 0 repeats for ever.
    film.set_animated(u32::try_from(frames.len())?, 0)?;
    film.set_frame_delay(milliseconds, 1000)?;
    let mut film = film.write_header()?;
    for frame in frames {
        film.write_image_data(frame)?;
    }
    film.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::png::PngDecoder;
    use image::{AnimationDecoder, Rgb};
    use std::io::Cursor;

    #[test]
    fn the_film_shows_the_pictures() {
        let frames: Vec<RgbImage> = (0..3u8)
            .map(|i| RgbImage::from_fn(40, 30, |x, y| Rgb([x as u8 * i, y as u8, 90 * i])))
            .collect();
        let file = apng(&frames, 400).unwrap();
        let decoder = PngDecoder::new(Cursor::new(&file)).unwrap();
        assert!(decoder.is_apng().unwrap());
        let shown = decoder.apng().unwrap().into_frames();
        let shown = shown.collect_frames().unwrap();
        assert_eq!(shown.len(), 3);
        for (shown, frame) in shown.into_iter().zip(&frames) {
            assert_eq!(shown.delay().numer_denom_ms(), (400, 1));
            let shown = image::DynamicImage::from(shown.into_buffer()).into_rgb8();
            assert_eq!(&shown, frame);
        }
        // Programs that know no films show the first.
        assert_eq!(
            image::load_from_memory(&file).unwrap().into_rgb8(),
            frames[0]
        );
    }

    #[test]
    fn what_makes_no_film_is_refused() {
        assert!(apng(&[], 40).is_err());
        assert!(apng(&[RgbImage::new(2, 2), RgbImage::new(3, 2)], 40).is_err());
    }
}
