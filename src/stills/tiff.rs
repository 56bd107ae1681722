//! TIFF: what its directory says beside the pixels.

use std::io::Cursor;

use image::DynamicImage;
use tiff::decoder::{Decoder, Limits};
use tiff::encoder::colortype::{ColorType, Gray8, Gray16, RGB8, RGB16};
use tiff::encoder::{Compression, DeflateLevel, TiffEncoder, TiffValue};
use tiff::tags::{ByteOrder, ExtraSamples, Tag, Type, ValueBuffer};

use super::StillError;
use super::notes::{Notes, Own, names};

/// Number of XMP. Source: Adobe, XMP Specification Part 3, 3.
const XMP: Tag = Tag::Unknown(700);
/// What stays beside it: who and what, when, resolution, captions as the press and Photoshop have
/// them.
const KEPT: [Tag; 13] = [
    Tag::Unknown(269),
    Tag::Make,
    Tag::Model,
    Tag::XResolution,
    Tag::YResolution,
    Tag::ResolutionUnit,
    Tag::Software,
    Tag::DateTime,
    Tag::Artist,
    Tag::HostComputer,
    Tag::Copyright,
    Tag::Unknown(33_723),
    Tag::Unknown(34_377),
];

/// Numbers of what would have to move with what it points to, and of what says where on Earth each
/// pixel lies. Source: OGC GeoTIFF 1.1, 7.
const EXIF: Tag = Tag::Unknown(34_665);
const GPS: Tag = Tag::Unknown(34_853);
const GEOGRAPHY: [Tag; 4] = [
    Tag::Unknown(33_550),
    Tag::Unknown(33_922),
    Tag::Unknown(34_264),
    Tag::Unknown(34_735),
];
/// Unit of a resolution that is but a ratio.
const NO_UNIT: u16 = 1;

/// Whether there is more than one page.
pub(super) fn has_pages(bytes: &[u8]) -> Result<bool, StillError> {
    Ok(Decoder::new(Cursor::new(bytes))?.more_images())
}

/// Profile and XMP. The decoders' library takes none that are longer than the pixels.
pub(super) fn notes(bytes: &[u8]) -> Result<Notes, StillError> {
    let mut decoder = decoder(bytes)?;
    let mut note = |tag| -> Result<Option<Vec<u8>>, StillError> {
        let value = decoder.find_tag(tag)?;
        // One that is no bytes is none.
        Ok(value.and_then(|value| value.into_u8_vec().ok()))
    };
    Ok(Notes {
        profile: note(Tag::IccProfile)?,
        exif: None,
        xmp: note(XMP)?,
    })
}

/// A decoder that reads all that is said, which is no more than is there.
fn decoder(bytes: &[u8]) -> Result<Decoder<Cursor<&[u8]>>, StillError> {
    let mut limits = Limits::default();
    limits.ifd_value_size = bytes.len();
    Ok(Decoder::new(Cursor::new(bytes))?.with_limits(limits))
}

/// Whether its colours are multiplied by its opacity.
pub(super) fn is_multiplied(bytes: &[u8]) -> Result<bool, StillError> {
    Ok(opacity(&mut Decoder::new(Cursor::new(bytes))?)? == Some(ExtraSamples::AssociatedAlpha))
}

/// What the first sample of a pixel behind its colours is.
fn opacity(decoder: &mut Decoder<Cursor<&[u8]>>) -> Result<Option<ExtraSamples>, StillError> {
    let all = decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)?;
    Ok(all.and_then(|all| ExtraSamples::from_u16(*all.first()?)))
}

/// What is said in a file beside profile and XMP.
pub(super) fn own(bytes: &[u8]) -> Result<Own, StillError> {
    let mut decoder = Decoder::new(Cursor::new(bytes))?;
    // One that cannot be read says nothing.
    let unit = decoder.find_tag_unsigned::<u16>(Tag::ResolutionUnit);
    let unit = unit.unwrap_or_default();
    let page = decoder.image_ifd();
    let directory = page.directory();
    let has = |tag: &Tag| directory.contains(*tag);
    let of_resolution = [Tag::XResolution, Tag::YResolution, Tag::ResolutionUnit];
    let mut others = KEPT.iter().filter(|tag| !of_resolution.contains(tag));
    let has_resolution = has(&Tag::XResolution) && unit != Some(NO_UNIT);
    Ok(Own {
        kept: names([
            (has(&Tag::ImageDescription), "description"),
            (others.any(has), "names, dates and captions"),
            (has_resolution, "resolution"),
        ]),
        left: names([
            (has(&EXIF), "EXIF"),
            (has(&GPS), "place (GPS)"),
            (GEOGRAPHY.iter().any(has), "geography (GeoTIFF)"),
        ]),
    })
}

/// What the directory of a TIFF is to say.
struct Said {
    tags: Vec<(Tag, ValueBuffer)>,
    description: Option<String>,
    /// What the fourth or second sample of a pixel is.
    opacity: ExtraSamples,
}

/// The bytes of a TIFF; `same` is the one that the picture was read from.
pub(super) fn encode(
    picture: &DynamicImage,
    same: Option<&[u8]>,
    notes: &Notes,
    notice: Option<&str>,
) -> Result<Vec<u8>, StillError> {
    let mut said = match same {
        Some(same) => kept(same)?,
        None => Said {
            tags: Vec::new(),
            description: None,
            opacity: ExtraSamples::UnassociatedAlpha,
        },
    };
    if let Some(notice) = notice {
        said.description = Some(match said.description.take() {
            Some(old) => format!("{old}; {notice}"),
            None => notice.to_owned(),
        });
    }
    let has_color = picture.color().has_color();
    match (
        picture.color().bytes_per_pixel() > picture.color().channel_count(),
        has_color,
    ) {
        (false, false) => write::<Gray8>(picture, picture.as_bytes(), &said, notes),
        (false, true) => write::<RGB8>(picture, picture.as_bytes(), &said, notes),
        (true, false) => write::<Gray16>(picture, &words(picture), &said, notes),
        (true, true) => write::<RGB16>(picture, &words(picture), &said, notes),
    }
}

fn words(picture: &DynamicImage) -> Vec<u16> {
    let words = picture.as_bytes().chunks_exact(2);
    words
        .map(|word| u16::from_ne_bytes([word[0], word[1]]))
        .collect()
}

fn write<C: ColorType>(
    picture: &DynamicImage,
    samples: &[C::Inner],
    said: &Said,
    notes: &Notes,
) -> Result<Vec<u8>, StillError>
where
    [C::Inner]: TiffValue,
{
    let mut bytes = Cursor::new(Vec::new());
    let compression = Compression::Deflate(DeflateLevel::Balanced);
    let mut encoder = TiffEncoder::new(&mut bytes)?.with_compression(compression);
    let mut image = encoder.new_image::<C>(picture.width(), picture.height())?;
    if picture.color().has_alpha() {
        image.extra_samples(&[said.opacity])?;
    }
    let directory = image.encoder();
    for (tag, value) in &said.tags {
        directory.write_tag_buf(*tag, value)?;
    }
    if let Some(description) = &said.description {
        // It ends with a zero, and may have none before.
        let text = description.replace('\0', " ");
        let entry = directory.write_entry_bytes(Type::ASCII, &[text.as_bytes(), b"\0"].concat())?;
        directory.extend_from(&[(Tag::ImageDescription, entry)].into_iter().collect());
    }
    if let Some(profile) = &notes.profile {
        directory.write_tag(Tag::IccProfile, &profile[..])?;
    }
    if let Some(xmp) = &notes.xmp {
        directory.write_tag(XMP, &xmp[..])?;
    }
    image.write_data(samples)?;
    Ok(bytes.into_inner())
}

/// What a TIFF says that still is so when it is encoded anew.
fn kept(bytes: &[u8]) -> Result<Said, StillError> {
    let mut decoder = decoder(bytes)?;
    let opacity = opacity(&mut decoder)?;
    let description = decoder.find_tag(Tag::ImageDescription)?;
    // One that is no text is left out.
    let description = description.and_then(|text| text.into_string().ok());
    let mut directory = decoder.image_ifd();
    let mut tags = Vec::new();
    for tag in KEPT {
        let mut value = ValueBuffer::empty(Type::BYTE);
        if directory.find_tag_buf(tag, &mut value)?.is_some() {
            value.set_byte_order(ByteOrder::native());
            tags.push((tag, value));
        }
    }
    Ok(Said {
        tags,
        description: description.filter(|text| !text.is_empty()),
        opacity: opacity.unwrap_or(ExtraSamples::UnassociatedAlpha),
    })
}
