//! What is lost of a picture is told, and nothing else is.

use std::io::Cursor;

use gstdepixelate::stills::{Encoded, Format, Still};
use png::chunk::ChunkType;
use tiff::decoder::{Decoder, DecodingResult};
use tiff::encoder::{TiffEncoder, colortype};
use tiff::tags::{ExtraSamples, Tag};

use super::{encoded, face, profile, with_segments};

/// The file that `bytes` become as a `format`.
fn again(bytes: &[u8], format: Format) -> Encoded {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let still = Still::open(file.path()).unwrap();
    still.encode(format, 95, None).unwrap()
}

/// What is told to be lost of `bytes` as a `format`.
fn lost(bytes: &[u8], format: Format) -> String {
    again(bytes, format).losses.join("\n")
}

/// Nothing is lost of `bytes` as a `format` but all of `words`.
#[track_caller]
fn assert_lost(bytes: &[u8], format: Format, words: &[&str]) {
    let lost = lost(bytes, format);
    let listed = lost.split_once("what is written: ").map(|(_, list)| list);
    let listed: Vec<&str> = listed.into_iter().flat_map(|it| it.split("; ")).collect();
    assert_eq!(listed, words, "{format:?}: {lost}");
}

#[test]
fn what_a_jpeg_says_is_told_of_other_formats() {
    let mut jpeg = with_segments(&encoded(&face().to_rgb8().into(), "jpg"));
    assert_lost(&jpeg, Format::Jpeg, &[]);
    assert_lost(&jpeg, Format::Png, &["comment", "captions (IPTC)"]);
    assert_lost(&jpeg, Format::Tiff, &["EXIF", "comment", "captions (IPTC)"]);

    let at = jpeg.windows(5).position(|it| it == b"JFIF\0").unwrap();
    // In dots per inch.
    jpeg[at + 7] = 1;
    let pictures = [&[0xff, 0xe2, 0, 6][..], b"MPF\0"].concat();
    jpeg.splice(2..2, pictures);
    assert_lost(&jpeg, Format::Jpeg, &["further pictures (MPF)"]);
    assert!(lost(&jpeg, Format::WebP).ends_with("; resolution"));
}

/// A picture's PNG with a text, a resolution and the light of HDR.
fn bright() -> Vec<u8> {
    let picture = face().to_rgb16();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width(), picture.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Sixteen);
    let text = ("Author".to_owned(), "me".to_owned());
    encoder.add_text_chunk(text.0, text.1).unwrap();
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: 2835,
        yppu: 2835,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header().unwrap();
    for (name, told) in LIGHT {
        writer.write_chunk(ChunkType(*name), told).unwrap();
    }
    let samples: Vec<u8> = picture.iter().flat_map(|it| it.to_be_bytes()).collect();
    writer.write_image_data(&samples).unwrap();
    writer.finish().unwrap();
    bytes
}

/// BT.2020 and PQ; mastered on a display of 1000 cd/m² with the primaries of P3; how bright it gets.
const LIGHT: [(&[u8; 4], &[u8]); 3] = [
    (b"cICP", &[9, 16, 0, 1]),
    (
        b"mDCV",
        &[
            0x84, 0xd0, 0x3e, 0x80, 0x33, 0xc2, 0x86, 0xc4, 0x1d, 0x4c, 0x0b, 0xb8, 0x3d, 0x13,
            0x40, 0x42, 0, 0x98, 0x96, 0x80, 0, 0, 0, 50,
        ],
    ),
    (b"cLLI", &[0, 0x98, 0x96, 0x80, 0, 0x1e, 0x84, 0x80]),
];

#[test]
fn what_a_png_says_is_told_of_other_formats() {
    let light = "light of the values (cICP, mDCV, cLLI)";
    assert_lost(&bright(), Format::Tiff, &["texts", "resolution", light]);
    assert!(lost(&bright(), Format::WebP).starts_with("sixteen bits"));
    let same = again(&bright(), Format::Png);
    assert_eq!(same.losses, Vec::<String>::new());
    for (name, told) in LIGHT {
        let chunk = [&name[..], told].concat();
        let mut parts = same.bytes.windows(chunk.len());
        assert!(parts.any(|part| part == chunk), "{name:?}");
    }
}

#[test]
fn notes_too_long_for_a_jpeg_are_told() {
    let with_notes = |length: usize| {
        let exif = [b"II*\0\x08\0\0\0\0\0\0\0\0\0", &vec![0; length][..]].concat();
        let mut info = png::Info::with_size(8, 8);
        info.exif_metadata = Some(exif.into());
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::with_info(&mut bytes, info).unwrap();
        let xmp = "x".repeat(length);
        let name = "XML:com.adobe.xmp".to_owned();
        encoder.add_itxt_chunk(name, xmp).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[9; 64]).unwrap();
        writer.finish().unwrap();
        bytes
    };
    assert_lost(&with_notes(60_000), Format::Jpeg, &[]);
    assert_lost(
        &with_notes(70_000),
        Format::Jpeg,
        &["EXIF of more than 64 KiB", "XMP of more than 64 KiB"],
    );
    assert_lost(&with_notes(70_000), Format::WebP, &[]);
    assert_lost(&with_notes(9), Format::Tiff, &["EXIF"]);
}

#[test]
fn a_profile_of_other_colours_is_told() {
    let grey = encoded(&face().to_luma8().into(), "png");
    let words = "colour profile, which is one of other colours";
    assert_lost(&grey, Format::Png, &[words]);
    assert_lost(&encoded(&face(), "png"), Format::Png, &[]);
}

#[test]
fn what_a_tiff_says_is_told() {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    let mut image = encoder.new_image::<colortype::Gray8>(8, 8).unwrap();
    let directory = image.encoder();
    directory.write_tag(Tag::Artist, "me").unwrap();
    directory
        .write_tag(Tag::IccProfile, &profile()[..])
        .unwrap();
    // Places of directories, which nobody follows here.
    for number in [34_665, 34_853] {
        directory.write_tag(Tag::Unknown(number), 8u32).unwrap();
    }
    let scale: &[f64] = &[0.5, 0.5, 0.0];
    directory.write_tag(Tag::Unknown(33_550), scale).unwrap();
    image.write_data(&[9; 64]).unwrap();
    let (bytes, profile) = (
        bytes.into_inner(),
        "colour profile, which is one of other colours",
    );
    let left = ["EXIF", "place (GPS)", "geography (GeoTIFF)"];
    let all = [&[profile], &left[..]].concat();
    assert_lost(&bytes, Format::Tiff, &all);
    let all = [&all[..], &["names, dates and captions"]].concat();
    assert_lost(&bytes, Format::Png, &all);
}

#[test]
fn colours_multiplied_by_the_opacity_are_so_in_tiff_alone() {
    let pixels = [[60, 30, 0, 60], [60, 30, 0, 120], [0; 4], [9, 8, 7, 255]].concat();
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    let mut image = encoder.new_image::<colortype::RGB8>(4, 1).unwrap();
    let kind = ExtraSamples::AssociatedAlpha;
    image.extra_samples(&[kind]).unwrap();
    image.write_data(&pixels).unwrap();
    let bytes = bytes.into_inner();
    for format in [Format::Png, Format::WebP] {
        let picture = image::load_from_memory(&again(&bytes, format).bytes).unwrap();
        let expected = [[255, 128, 0, 60], [128, 64, 0, 120], [0; 4], [9, 8, 7, 255]];
        assert_eq!(
            picture.into_rgba8().into_raw(),
            expected.concat(),
            "{format:?}"
        );
    }
    let same = again(&bytes, Format::Tiff).bytes;
    let mut decoder = Decoder::new(Cursor::new(same)).unwrap();
    let told = decoder.get_tag_u32(Tag::ExtraSamples).unwrap();
    assert_eq!(told, u32::from(kind.to_u16()));
    let DecodingResult::U8(samples) = decoder.read_image().unwrap() else {
        panic!("no bytes");
    };
    assert_eq!(samples, pixels);
}
