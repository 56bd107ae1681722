//! Animated PNG: a row of pictures as a film that browsers play, without loss.
//!
//! Written from the chunks of ordinary PNG files. Source: PNG Specification, Third Edition, W3C, sections 5 and 11.3.6.

use std::io::Cursor;

use anyhow::{Context, ensure};
use image::{ImageFormat, RgbImage};

const SIGNATURE: usize = 8;

/// The file of a film that repeats for ever; each picture is shown for `milliseconds`. All have the same size.
pub fn apng(frames: &[RgbImage], milliseconds: u16) -> anyhow::Result<Vec<u8>> {
    let first = frames.first().context("a film needs a picture")?;
    let size = first.dimensions();
    ensure!(
        frames.iter().all(|frame| frame.dimensions() == size),
        "the pictures of a film must have one size"
    );
    let mut file = Vec::new();
    let mut number = 0u32;
    for (index, frame) in frames.iter().enumerate() {
        let mut png = Cursor::new(Vec::new());
        frame.write_to(&mut png, ImageFormat::Png)?;
        let png = png.into_inner();
        let (signature, chunks) = png.split_at_checked(SIGNATURE).context("no PNG")?;
        let chunks = chunks_of(chunks)?;
        if index == 0 {
            file.extend_from_slice(signature);
            let header = chunks.iter().find(|(kind, _)| kind == b"IHDR");
            put(&mut file, b"IHDR", header.context("no PNG header")?.1);
            // How many pictures, and how often: 0 is for ever.
            let control = [(frames.len() as u32).to_be_bytes(), [0; 4]].concat();
            put(&mut file, b"acTL", &control);
        }
        put(&mut file, b"fcTL", &control_of(number, size, milliseconds));
        number += 1;
        for (_, data) in chunks.iter().filter(|(kind, _)| kind == b"IDAT") {
            if index == 0 {
                put(&mut file, b"IDAT", data);
            } else {
                put(&mut file, b"fdAT", &[&number.to_be_bytes(), *data].concat());
                number += 1;
            }
        }
    }
    put(&mut file, b"IEND", &[]);
    Ok(file)
}

/// A picture's number, place and time.
fn control_of(number: u32, (width, height): (u32, u32), milliseconds: u16) -> Vec<u8> {
    let mut control = Vec::new();
    for value in [number, width, height, 0, 0] {
        control.extend(value.to_be_bytes());
    }
    for value in [milliseconds, 1000] {
        control.extend(value.to_be_bytes());
    }
    // Nothing is cleared afterwards, nothing shines through.
    control.extend([0, 0]);
    control
}

/// Kind and data of each chunk.
fn chunks_of(mut bytes: &[u8]) -> anyhow::Result<Vec<([u8; 4], &[u8])>> {
    let mut chunks = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (kind, rest) = rest.split_first_chunk::<4>().context("a cut PNG")?;
        let length = u32::from_be_bytes(*length) as usize;
        let (data, rest) = rest.split_at_checked(length).context("a cut PNG")?;
        chunks.push((*kind, data));
        bytes = rest.get(4..).context("a cut PNG")?;
    }
    Ok(chunks)
}

/// Append a chunk: length, kind, data, checksum.
fn put(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let start = file.len();
    file.extend(kind);
    file.extend(data);
    let sum = crc32(&file[start..]);
    file.extend(sum.to_be_bytes());
}

/// CRC-32 of ISO 3309, as PNG wants it.
fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    let byte = |sum: u32, &byte: &u8| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            (sum >> 1) ^ (POLYNOMIAL & (sum & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(!0, byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::png::PngDecoder;
    use image::{AnimationDecoder, Rgb};

    #[test]
    fn the_film_shows_the_pictures() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
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
