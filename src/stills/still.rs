//! A picture, with all that its file says.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ExtendedColorType, ImageDecoder, ImageError, ImageReader};

use super::fitted::{fits, fitted};
use super::limits::{MOST_BYTES, limited};
use super::notes::{Notes, Own};
use super::{Format, StillError, exif, jpeg, losses, png, samples, tiff, webp};
use crate::frame::{FrameViewMut, Transfer};

/// A picture as it was read, upright; its pixels may be changed.
pub struct Still {
    picture: DynamicImage,
    format: Format,
    notes: Notes,
    transfer: Transfer,
    bytes: Vec<u8>,
}

/// A file that is ready to be written.
pub struct Encoded {
    /// All of it.
    pub bytes: Vec<u8>,
    /// What is not in it of the picture, and of what its file says, in words.
    pub losses: Vec<String>,
}

impl Still {
    /// Read the picture at `path`, of whichever of the formats, and turn it upright if it says that
    /// it lies. An error where it is none, moves, has several pages, is of ink, or is too large.
    pub fn open(path: &Path) -> Result<Self, StillError> {
        Self::of(read(path)?)
    }

    /// The same, of the bytes of a file.
    pub(super) fn of(bytes: Vec<u8>) -> Result<Self, StillError> {
        let format = Format::of_bytes(&bytes).ok_or(StillError::NoPicture)?;
        let mut transfer = Transfer::Sdr;
        match format {
            Format::Png => transfer = png::check(&bytes)?,
            Format::Jpeg => jpeg::check(&bytes)?,
            Format::WebP if webp::moves(&bytes)? => return Err(StillError::Animation),
            Format::Tiff if tiff::has_pages(&bytes)? => return Err(StillError::Pages),
            _ => {}
        }
        let (picture, notes) = decode(&bytes, format)?;
        Ok(Self {
            picture,
            format,
            notes,
            transfer,
            bytes,
        })
    }

    /// What it shows.
    pub fn picture(&self) -> &DynamicImage {
        &self.picture
    }

    /// What it shows, its colours not multiplied by its opacity.
    pub fn into_picture(self) -> Result<DynamicImage, StillError> {
        Ok(self.pixels(Format::Png)?.into_owned())
    }

    /// What its colours mean, as ICC has it; None where that is of other colours than it has.
    pub fn profile(&self) -> Option<&[u8]> {
        let profile = self.notes.profile.as_deref();
        profile.filter(|profile| fits(profile, self.picture.color()))
    }

    /// The format that it was read from.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The file that it was read from, byte for byte.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Let `work` change its colours, at their full depth; opacity stays as it is.
    pub fn edit<T>(
        &mut self,
        work: impl FnOnce(&mut FrameViewMut<'_>) -> T,
    ) -> Result<T, StillError> {
        samples::edit(&mut self.picture, self.transfer, work)
    }

    /// Show `picture` instead, upright, of whatever size, depth and colours.
    pub fn replace(&mut self, picture: DynamicImage) {
        self.picture = picture;
    }

    /// The bytes of a file of `format`, with all that is said of the picture but another size, and
    /// with `notice` in its comment or description behind what is there; `quality` is that of JPEG,
    /// 1–100.
    pub fn encode(
        &self,
        format: Format,
        quality: u8,
        notice: Option<&str>,
    ) -> Result<Encoded, StillError> {
        let picture = fitted(self.pixels(format)?, format);
        let is_same = format == self.format;
        let mut losses = losses::of_pixels(&self.picture, format);
        let color = picture.color();
        losses.extend(losses::of_notes(
            &self.notes,
            &self.own()?,
            format,
            is_same,
            color,
        ));
        let same = is_same.then_some(&self.bytes[..]);
        // One of other colours says nothing of these.
        let profile = self.notes.profile.as_deref();
        let profile = profile.filter(|profile| fits(profile, color));
        let size = [picture.width(), picture.height()];
        let exif = self.notes.exif.as_deref();
        let notes = Notes {
            profile: profile.map(<[u8]>::to_vec),
            exif: exif.map(|exif| exif::sized(exif, size)),
            xmp: self.notes.xmp.clone(),
        };
        let bytes = match format {
            Format::Png => png::encode(&picture, same, &notes, notice)?,
            Format::Jpeg => jpeg::encode(&picture, quality, same, &notes, notice)?,
            Format::WebP => webp::encode(&picture, notes, notice)?,
            Format::Tiff => tiff::encode(&picture, same, &notes, notice)?,
        };
        Ok(Encoded { bytes, losses })
    }

    /// Its pixels as files of `format` mean them: TIFF alone has colours that are multiplied by the
    /// opacity.
    fn pixels(&self, format: Format) -> Result<Cow<'_, DynamicImage>, StillError> {
        let stays = format == Format::Tiff || self.format != Format::Tiff;
        if stays || !tiff::is_multiplied(&self.bytes)? {
            return Ok(Cow::Borrowed(&self.picture));
        }
        let mut picture = self.picture.clone();
        samples::divide_by_opacity(&mut picture);
        Ok(Cow::Owned(picture))
    }

    /// What its file says beside the notes.
    fn own(&self) -> Result<Own, StillError> {
        match self.format {
            Format::Png => png::own(&self.bytes),
            Format::Jpeg => jpeg::own(&self.bytes),
            Format::WebP => Ok(Own::default()),
            Format::Tiff => tiff::own(&self.bytes),
        }
    }
}

/// All bytes of a file that is none too long.
fn read(path: &Path) -> Result<Vec<u8>, StillError> {
    // What is no file may wait for ever for somebody who writes.
    if !std::fs::metadata(path)?.is_file() {
        return Err(StillError::NoFile);
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MOST_BYTES {
        true => Err(StillError::TooLong),
        false => Ok(bytes),
    }
}

fn decode(bytes: &[u8], format: Format) -> Result<(DynamicImage, Notes), StillError> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format.library());
    reader.limits(super::limits::limits());
    let decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    let too_large = |error| match error {
        ImageError::Limits(_) => StillError::TooLarge { width, height },
        error => error.into(),
    };
    let mut decoder = limited(decoder).map_err(too_large)?;
    use ExtendedColorType::{Cmyk8, Cmyk16};
    if [Cmyk8, Cmyk16].contains(&decoder.original_color_type()) {
        return Err(StillError::Ink);
    }
    let lies = decoder.orientation()?;
    let mut notes = match format {
        Format::Tiff => tiff::notes(bytes)?,
        _ => Notes {
            profile: decoder.icc_profile()?,
            exif: decoder.exif_metadata()?.map(exif::bare),
            xmp: decoder.xmp_metadata()?,
        },
    };
    if let Some(exif) = &mut notes.exif {
        // How it lies is known already.
        let _ = Orientation::remove_from_exif_chunk(exif);
    }
    let mut picture = DynamicImage::from_decoder(decoder).map_err(too_large)?;
    if [ColorType::Rgb32F, ColorType::Rgba32F].contains(&picture.color()) {
        return Err(StillError::Float);
    }
    picture.apply_orientation(lies);
    Ok((picture, notes))
}
