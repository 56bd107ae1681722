//! JPEG: the segments around its pixels.

use image::DynamicImage;
use image::ImageEncoder;
use image::codecs::jpeg::JpegEncoder;
use img_parts::Bytes;
use img_parts::jpeg::{Jpeg, JpegSegment, markers};

use super::StillError;
use super::notes::{Notes, Own, names};

/// What segments of XMP begin with, and those of what has no room in one.
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const MORE_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
/// What the segment begins with that tells the resolution, and its length without a small picture.
const JFIF: &[u8] = b"JFIF\0";
const JFIF_LENGTH: usize = 14;
/// What the segment begins with that tells of further pictures. Source: CIPA DC-007, 5.2.
const PICTURES: &[u8] = b"MPF\0";
/// Components of a pixel whose colours are those of ink.
const INKS: u8 = 4;
/// What a JPEG ends with.
const END: [u8; 2] = [markers::P, markers::EOI];
/// Most bytes in a segment.
const MOST: usize = 65_533;
/// Bytes of a segment of EXIF before the EXIF.
const EXIF_HEAD: usize = 6;

/// An error where its colours are those of ink, or its end is missing: a decoder makes that grey.
pub(super) fn check(bytes: &[u8]) -> Result<(), StillError> {
    let jpeg = Jpeg::from_bytes(Bytes::copy_from_slice(bytes))?;
    let tables = [markers::DHT, markers::JPG, markers::DAC];
    let is_frame = |segment: &&JpegSegment| {
        let marker = segment.marker();
        (markers::SOF0..=markers::SOF15).contains(&marker) && !tables.contains(&marker)
    };
    let frame = jpeg.segments().iter().find(is_frame);
    // Behind the depth, the height and the width.
    if frame.and_then(|frame| frame.contents().get(5)) == Some(&INKS) {
        return Err(StillError::Ink);
    }
    // Small pictures in the segments before have ends of their own.
    let before: usize = jpeg.segments().iter().map(JpegSegment::len).sum();
    let scans = bytes.get(before..).unwrap_or_default();
    match scans.windows(2).any(|two| two == END) {
        true => Ok(()),
        false => Err(StillError::Cut),
    }
}

/// The bytes of a JPEG; `same` is the one that the picture was read from.
pub(super) fn encode(
    picture: &DynamicImage,
    quality: u8,
    same: Option<&[u8]>,
    notes: &Notes,
    notice: Option<&str>,
) -> Result<Vec<u8>, StillError> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    // Both are known to this encoder.
    if let Some(profile) = &notes.profile {
        let _ = encoder.set_icc_profile(profile.clone());
    }
    if let Some(exif) = notes.exif.as_ref().filter(|exif| has_room(EXIF_HEAD, exif)) {
        let _ = encoder.set_exif_metadata(exif.clone());
    }
    picture.write_with_encoder(encoder)?;

    let mut jpeg = Jpeg::from_bytes(bytes.into())?;
    let mut said = match same {
        Some(same) => kept(&Jpeg::from_bytes(Bytes::copy_from_slice(same))?),
        None => xmp(notes).into_iter().collect(),
    };
    said.extend(notice.map(|notice| segment(markers::COM, notice.as_bytes())));
    let segments = jpeg.segments_mut();
    if let Some(resolution) = said.iter().position(is_jfif) {
        let resolution = said.remove(resolution);
        segments.retain(|segment| !is_jfif(segment));
        segments.insert(0, resolution);
    }
    let is_note =
        |segment: &JpegSegment| (markers::APP0..=markers::APP15).contains(&segment.marker());
    let place = segments.iter().position(|segment| !is_note(segment));
    let place = place.unwrap_or(segments.len());
    segments.splice(place..place, said);
    Ok(jpeg.encoder().bytes().to_vec())
}

/// What is said in a file that still is so when it is encoded anew; but for profile and EXIF.
fn kept(jpeg: &Jpeg) -> Vec<JpegSegment> {
    let keep = |segment: &JpegSegment| {
        let contents = segment.contents();
        match segment.marker() {
            markers::APP0 => contents.starts_with(JFIF) && contents.len() >= JFIF_LENGTH,
            markers::APP1 => contents.starts_with(XMP) || contents.starts_with(MORE_XMP),
            // Captions as the press has them.
            markers::APP13 | markers::COM => true,
            _ => false,
        }
    };
    let kept = jpeg.segments().iter().filter(|segment| keep(segment));
    let kept = kept.map(|kept| match is_jfif(kept) {
        false => kept.clone(),
        true => {
            // The small picture in it would be the old one.
            let mut contents = kept.contents()[..JFIF_LENGTH].to_vec();
            contents[JFIF_LENGTH - 2..].fill(0);
            segment(markers::APP0, &contents)
        }
    });
    kept.collect()
}

fn is_jfif(segment: &JpegSegment) -> bool {
    segment.marker() == markers::APP0 && segment.contents().starts_with(JFIF)
}

/// XMP of another format, if it has room.
fn xmp(notes: &Notes) -> Option<JpegSegment> {
    let xmp = notes.xmp.as_deref();
    let xmp = xmp.filter(|xmp| has_room(XMP.len(), xmp))?;
    Some(segment(markers::APP1, &[XMP, xmp].concat()))
}

/// Whether `note` fits into a segment behind so many bytes.
fn has_room(head: usize, note: &[u8]) -> bool {
    head + note.len() <= MOST
}

/// Which of `notes` have no room in a segment; `is_same`: they are those of a JPEG, whose XMP stays in
/// as many segments as it has.
pub(super) fn too_long(notes: &Notes, is_same: bool) -> Vec<&'static str> {
    let is_long =
        |note: &Option<Vec<u8>>, head| note.as_deref().is_some_and(|note| !has_room(head, note));
    names([
        (is_long(&notes.exif, EXIF_HEAD), "EXIF of more than 64 KiB"),
        (
            !is_same && is_long(&notes.xmp, XMP.len()),
            "XMP of more than 64 KiB",
        ),
    ])
}

/// What is said in a file beside profile, EXIF and XMP of one segment.
pub(super) fn own(bytes: &[u8]) -> Result<Own, StillError> {
    let jpeg = Jpeg::from_bytes(Bytes::copy_from_slice(bytes))?;
    let has = |marker: u8, start: &[u8]| {
        let of_marker = jpeg.segments_by_marker(marker);
        of_marker
            .into_iter()
            .any(|segment| segment.contents().starts_with(start))
    };
    Ok(Own {
        kept: names([
            (has(markers::COM, b""), "comment"),
            (has(markers::APP13, b""), "captions (IPTC)"),
            (has(markers::APP1, MORE_XMP), "XMP of more than 64 KiB"),
            (jpeg.segments().iter().any(tells_resolution), "resolution"),
        ]),
        left: names([
            (has(markers::APP2, PICTURES), "further pictures (MPF)"),
            (has(markers::APP11, b""), "content credentials (JUMBF)"),
        ]),
    })
}

/// Whether it is more than a ratio of one to one. Source: ITU-T T.871, 10.1.
fn tells_resolution(segment: &JpegSegment) -> bool {
    let told = segment.contents().get(7..12);
    is_jfif(segment) && told.is_some_and(|told| told[0] != 0 || told[1..3] != told[3..5])
}

fn segment(marker: u8, contents: &[u8]) -> JpegSegment {
    JpegSegment::new_with_contents(marker, Bytes::copy_from_slice(contents))
}
