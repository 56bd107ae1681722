//! PNG: what lies around its pixels.

use std::io::Cursor;

use image::DynamicImage;
use png::{BitDepth, ColorType, Info, chunk::ChunkType};

use super::StillError;
use super::limits::MOST_MEMORY;
use super::notes::Notes;
use crate::frame::Transfer;

/// Keyword of a text that is XMP.
const XMP: &str = "XML:com.adobe.xmp";
/// Name of the chunk that tells the light of the values.
const CICP: ChunkType = ChunkType(*b"cICP");
/// Numbers of transfer functions. Source: ITU-T H.273, table 3.
const PQ: u8 = 16;
const HLG: u8 = 18;

/// What light its values mean; an error where it moves.
pub(super) fn check(bytes: &[u8]) -> Result<Transfer, StillError> {
    let info = info(bytes)?;
    if info.animation_control.is_some() {
        return Err(StillError::Animation);
    }
    let light = info.coding_independent_code_points;
    Ok(match light.map(|light| light.transfer_function) {
        Some(PQ) => Transfer::Pq,
        Some(HLG) => Transfer::Hlg,
        _ => Transfer::Sdr,
    })
}

/// All that is said before and behind the pixels.
fn info(bytes: &[u8]) -> Result<Info<'static>, StillError> {
    let limits = png::Limits {
        bytes: MOST_MEMORY as usize,
    };
    let decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    let mut reader = decoder.read_info()?;
    if reader.info().animation_control.is_none() {
        reader.finish()?;
    }
    Ok(reader.info().clone())
}

/// The bytes of a PNG; `same` is the one that the picture was read from.
pub(super) fn encode(
    picture: &DynamicImage,
    same: Option<&[u8]>,
    notes: &Notes,
    notice: Option<&str>,
) -> Result<Vec<u8>, StillError> {
    let own = same.map(info).transpose()?;
    let light = own
        .as_ref()
        .and_then(|own| own.coding_independent_code_points);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::with_info(&mut bytes, around(picture, own, notes))?;
    if let Some(xmp) = notes.xmp.as_ref().filter(|_| same.is_none()) {
        let text = String::from_utf8_lossy(xmp).into_owned();
        encoder.add_itxt_chunk(XMP.to_owned(), text)?;
    }
    if let Some(notice) = notice {
        encoder.add_text_chunk("Comment".to_owned(), notice.to_owned())?;
    }
    let mut writer = encoder.write_header()?;
    if let Some(light) = light {
        let range = u8::from(light.is_video_full_range_image);
        let told = [light.color_primaries, light.transfer_function, 0, range];
        writer.write_chunk(CICP, &told)?;
    }
    match picture.color().bytes_per_pixel() > picture.color().channel_count() {
        false => writer.write_image_data(picture.as_bytes())?,
        true => {
            let words = picture.as_bytes().chunks_exact(2);
            let words = words.map(|word| u16::from_ne_bytes([word[0], word[1]]));
            let bytes: Vec<u8> = words.flat_map(u16::to_be_bytes).collect();
            writer.write_image_data(&bytes)?;
        }
    }
    writer.finish()?;
    Ok(bytes)
}

/// What is said around `picture`: all that `own` has and that still is so.
fn around(picture: &DynamicImage, own: Option<Info<'static>>, notes: &Notes) -> Info<'static> {
    let color = picture.color();
    let mut info = own.unwrap_or_default();
    (info.width, info.height) = (picture.width(), picture.height());
    info.color_type = match (color.has_color(), color.has_alpha()) {
        (false, false) => ColorType::Grayscale,
        (false, true) => ColorType::GrayscaleAlpha,
        (true, false) => ColorType::Rgb,
        (true, true) => ColorType::Rgba,
    };
    info.bit_depth = match color.bytes_per_pixel() > color.channel_count() {
        true => BitDepth::Sixteen,
        false => BitDepth::Eight,
    };
    info.interlaced = false;
    // These are of pixels of the old kind.
    (info.palette, info.trns, info.sbit, info.bkgd) = (None, None, None, None);
    info.icc_profile = notes.profile.clone().map(Into::into);
    info.exif_metadata = notes.exif.clone().map(Into::into);
    info
}
