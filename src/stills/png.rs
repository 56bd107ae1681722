//! PNG: what lies around its pixels.

use std::io::Cursor;

use image::DynamicImage;
use png::{BitDepth, ColorType, Info, ScaledFloat, chunk::ChunkType};

use super::StillError;
use super::limits::MOST_MEMORY;
use super::notes::{Notes, Own, names};
use crate::frame::Transfer;

/// Keyword of a text that is XMP.
const XMP: &str = "XML:com.adobe.xmp";
/// Names of the chunks that tell the light of the values, which the encoder leaves out: what curve they
/// follow, on what display the picture was judged, how bright it gets.
const CICP: ChunkType = ChunkType(*b"cICP");
const MDCV: ChunkType = ChunkType(*b"mDCV");
const CLLI: ChunkType = ChunkType(*b"cLLI");
/// Gamma and colours of sRGB, as those have it that say no more than that. Source: ISO/IEC 15948,
/// 11.3.3.5.
const SRGB_GAMMA: u32 = 45_455;
const SRGB_CHROMATICITIES: [u32; 8] = [
    31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000,
];
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

/// What is said in a file beside profile, EXIF and XMP.
pub(super) fn own(bytes: &[u8]) -> Result<Own, StillError> {
    let info = info(bytes)?;
    let utf8 = info.utf8_text.iter().any(|text| text.keyword != XMP);
    let latin1 = info.uncompressed_latin1_text.len() + info.compressed_latin1_text.len() > 0;
    let gamma = info.gama_chunk.map(|gamma| gamma.into_scaled());
    let chromaticities = info.chrm_chunk.map(|all| {
        [all.white, all.red, all.green, all.blue]
            .map(|(x, y)| [x.into_scaled(), y.into_scaled()])
            .concat()
    });
    let is_other = gamma.is_some_and(|gamma| gamma != SRGB_GAMMA)
        || chromaticities.is_some_and(|all| all != SRGB_CHROMATICITIES);
    Ok(Own {
        kept: names([
            (utf8 || latin1, "texts"),
            (info.pixel_dims.is_some(), "resolution"),
            (
                !light(&info).is_empty(),
                "light of the values (cICP, mDCV, cLLI)",
            ),
            (is_other, "gamma and primaries"),
        ]),
        left: Vec::new(),
    })
}

/// The chunks that tell the light of the values. Source: PNG, third edition, 11.3.2.6 to 11.3.2.8.
fn light(info: &Info<'_>) -> Vec<(ChunkType, Vec<u8>)> {
    let curve = info.coding_independent_code_points.map(|light| {
        let range = u8::from(light.is_video_full_range_image);
        let told = [light.color_primaries, light.transfer_function, 0, range];
        (CICP, told.to_vec())
    });
    let display = info.mastering_display_color_volume.map(|display| {
        let colors = display.chromaticities;
        let colors = [colors.red, colors.green, colors.blue, colors.white];
        // Here in units of 0.00002, in the library's of 0.00001.
        let half = |value: ScaledFloat| ((value.into_scaled() / 2) as u16).to_be_bytes();
        let mut told: Vec<u8> = colors
            .iter()
            .flat_map(|(x, y)| [half(*x), half(*y)].concat())
            .collect();
        told.extend(display.max_luminance.to_be_bytes());
        told.extend(display.min_luminance.to_be_bytes());
        (MDCV, told)
    });
    let level = info.content_light_level.map(|level| {
        let (most, mean) = (
            level.max_content_light_level,
            level.max_frame_average_light_level,
        );
        (CLLI, [most.to_be_bytes(), mean.to_be_bytes()].concat())
    });
    [curve, display, level].into_iter().flatten().collect()
}

/// The bytes of a PNG; `same` is the one that the picture was read from.
pub(super) fn encode(
    picture: &DynamicImage,
    same: Option<&[u8]>,
    notes: &Notes,
    notice: Option<&str>,
) -> Result<Vec<u8>, StillError> {
    let own = same.map(info).transpose()?;
    let light = own.as_ref().map(light).unwrap_or_default();
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
    for (name, told) in light {
        writer.write_chunk(name, &told)?;
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
