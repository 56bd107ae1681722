//! WebP: read with loss or without, written without.

use std::io::Cursor;

use image::DynamicImage;
use image_webp::{ColorType, WebPDecoder, WebPEncoder};

use super::notes::Notes;
use super::{StillError, exif};

/// Whether it moves.
pub(super) fn moves(bytes: &[u8]) -> Result<bool, StillError> {
    Ok(WebPDecoder::new(Cursor::new(bytes))?.is_animated())
}

/// The bytes of a WebP.
pub(super) fn encode(
    picture: &DynamicImage,
    notes: Notes,
    notice: Option<&str>,
) -> Result<Vec<u8>, StillError> {
    let Notes { profile, exif, xmp } = notes;
    let exif = match notice {
        // There is no comment in a WebP.
        Some(notice) => Some(exif::described(exif.as_deref(), notice)),
        None => exif,
    };
    let mut bytes = Vec::new();
    let mut encoder = WebPEncoder::new(&mut bytes);
    if let Some(profile) = profile {
        encoder.set_icc_profile(profile);
    }
    if let Some(exif) = exif {
        encoder.set_exif_metadata(exif);
    }
    if let Some(xmp) = xmp {
        encoder.set_xmp_metadata(xmp);
    }
    let color = match (picture.color().has_color(), picture.color().has_alpha()) {
        (false, false) => ColorType::L8,
        (false, true) => ColorType::La8,
        (true, false) => ColorType::Rgb8,
        (true, true) => ColorType::Rgba8,
    };
    encoder.encode(picture.as_bytes(), picture.width(), picture.height(), color)?;
    Ok(bytes)
}
