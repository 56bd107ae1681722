//! Pictures in and out, each by itself: `depixelate pictures`.

mod losses;

use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Output};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::metadata::Orientation;
use image::{
    DynamicImage, GenericImageView, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, Rgb,
    RgbImage,
};
use serde_json::Value;
use tiff::encoder::{TiffEncoder, colortype};
use tiff::tags::Tag;

use crate::pictures::crc;
use crate::program::{said, status};

/// Words of the notice.
const NOTICE: &str = "not the person";

fn pictures(folder: &Path, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_depixelate"));
    program.current_dir(folder).arg("pictures").args(arguments);
    program.output().unwrap()
}

/// The same, which has to go well.
#[track_caller]
fn made(folder: &Path, arguments: &[&str]) -> String {
    let output = pictures(folder, arguments);
    assert_eq!(status(&output), 0, "{arguments:?} {}", said(&output));
    said(&output)
}

/// The same, which has to end with this status and these words.
#[track_caller]
fn refused(folder: &Path, arguments: &[&str], with: i32, words: &str) {
    let output = pictures(folder, arguments);
    let said = said(&output);
    assert_eq!(status(&output), with, "{arguments:?} {said}");
    assert!(said.contains(words), "{arguments:?} {said}");
}

/// A frame with a pixelated face.
fn face() -> DynamicImage {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/images/before-after.png");
    image::open(path).unwrap().crop_imm(120, 0, 340, 320)
}

/// Soft waves, and a mosaic of them that is no face, or none.
fn waves(is_pixelated: bool) -> DynamicImage {
    let wave = |x: f32, y: f32| 128.0 + 60.0 * (x / 17.0 + (y / 23.0).cos()).sin();
    let pixel = |x: u32, y: u32| {
        let inside = is_pixelated && (80..224).contains(&x) && (60..180).contains(&y);
        let middle = |at: u32, start: u32| (start + (at - start) / 12 * 12) as f32 + 5.5;
        let value = match inside {
            true => wave(middle(x, 80), middle(y, 60)),
            false => wave(x as f32, y as f32),
        };
        Rgb([value as u8; 3])
    };
    RgbImage::from_fn(320, 240, pixel).into()
}

/// The same picture in sixteen bits, whose lower eight say something.
fn deep(picture: &DynamicImage) -> DynamicImage {
    let deep =
        |x: u32, y: u32, value: u16| value - value % 257 / 2 - ((x * 7 + y * 3) % 200) as u16;
    let mut pixels = picture.to_rgba16();
    for (x, y, pixel) in pixels.enumerate_pixels_mut() {
        for value in &mut pixel.0 {
            *value = deep(x, y, (*value).max(400));
        }
    }
    pixels.into()
}

fn see_through(picture: &DynamicImage) -> DynamicImage {
    let mut pixels = picture.to_rgba8();
    for (x, y, pixel) in pixels.enumerate_pixels_mut() {
        pixel.0[3] = ((x + y) / 3) as u8;
    }
    pixels.into()
}

/// What the file beside an output says.
fn beside(output: &Path) -> Value {
    let path = format!("{}.depixelate.json", output.display());
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Left, top, width and height of a face that was restored.
fn place(face: &Value) -> [u32; 4] {
    ["x", "y", "width", "height"].map(|name| face[name].as_u64().unwrap() as u32)
}

/// Nothing differs outside `place`, and no opacity; much does inside.
#[track_caller]
fn assert_restored(before: &DynamicImage, after: &DynamicImage, place: [u32; 4], name: &str) {
    let largest = largest_difference(before, after, place, name);
    assert!(largest > 5000, "{name} {largest}");
}

/// Nothing differs outside `place`, and no opacity; the largest difference inside, of 65535.
#[track_caller]
fn largest_difference(
    before: &DynamicImage,
    after: &DynamicImage,
    place: [u32; 4],
    name: &str,
) -> u16 {
    assert_eq!(before.dimensions(), after.dimensions(), "{name}");
    let [left, top, width, height] = place;
    let mut largest = 0;
    let (before, after) = (before.to_rgba16(), after.to_rgba16());
    for (x, y, pixel) in before.enumerate_pixels() {
        let new = after.get_pixel(x, y);
        let inside = (left..left + width).contains(&x) && (top..top + height).contains(&y);
        assert!(inside || pixel == new, "{name} {x},{y}: {pixel:?} {new:?}");
        assert_eq!(pixel.0[3], new.0[3], "{name} {x},{y}");
        largest = largest.max(pixel.0[0].abs_diff(new.0[0]));
    }
    largest
}

#[test]
fn all_but_the_face_stays_at_every_depth() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("in")).unwrap();
    let (bytes, clear) = (face(), see_through(&face()));
    let words = deep(&clear);
    let kinds: [(&str, DynamicImage); 8] = [
        ("rgb8", bytes.to_rgb8().into()),
        ("rgba8", clear.clone()),
        ("l8", bytes.to_luma8().into()),
        ("la8", clear.to_luma_alpha8().into()),
        ("rgb16", words.to_rgb16().into()),
        ("rgba16", words.clone()),
        ("l16", words.to_luma16().into()),
        ("la16", words.to_luma_alpha16().into()),
    ];
    let mut all = Vec::new();
    for (kind, picture) in &kinds {
        for ending in ["png", "tif", "webp"] {
            let name = format!("{kind}.{ending}");
            // The library writes no TIFF of grey with opacity.
            match picture.save(path("in").join(&name)) {
                Ok(()) => all.push(name),
                Err(_) => std::fs::remove_file(path("in").join(&name)).unwrap(),
            }
        }
    }
    assert_eq!(all.len(), 22);
    let said = made(folder.path(), &["in", "out"]);
    for name in &all {
        let (input, output) = (path("in").join(name), path("out").join(name));
        let (before, after) = (image::open(input).unwrap(), image::open(&output).unwrap());
        assert_eq!(before.color(), after.color(), "{name}");
        let told = beside(&output);
        assert_eq!(
            told["faces"].as_array().map(Vec::len),
            Some(1),
            "{name} {said}"
        );
        let face = &told["faces"][0];
        let [left, top, ..] = place(face);
        assert!(
            left.abs_diff(90) < 14 && top.abs_diff(72) < 14,
            "{name} {face}"
        );
        let blocks = face["blocks"][0].as_f64().unwrap();
        assert!((blocks - 12.0).abs() < 0.1, "{name} {face}");
        assert!(
            face["probability"].as_f64().unwrap() > 0.65,
            "{name} {face}"
        );
        assert_restored(&before, &after, place(face), name);
        let file = std::fs::read(&output).unwrap();
        let has_notice = file
            .windows(NOTICE.len())
            .any(|part| part == NOTICE.as_bytes());
        assert!(
            has_notice && told["notice"].as_str().unwrap().contains(NOTICE),
            "{name}"
        );
    }
}

#[test]
fn a_picture_is_restored_as_a_film_of_it_would_be() {
    let folder = tempfile::tempdir().unwrap();
    face().save(folder.path().join("a.png")).unwrap();
    made(folder.path(), &["a.png", "still.png", "--quiet"]);
    let mut film = Command::new(env!("CARGO_BIN_EXE_depixelate"));
    let output = film
        .current_dir(folder.path())
        .args(["a.png", "film.png"])
        .output();
    assert_eq!(status(&output.unwrap()), 0);
    let open = |name: &str| image::open(folder.path().join(name)).unwrap().into_rgb8();
    assert!(open("still.png") == open("film.png") && open("still.png") != open("a.png"));
}

/// EXIF that says how wide the file's picture is, that it lies on its side, and whose it is.
fn lying() -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x03\0".to_vec();
    exif.extend(b"\0\x01\x03\0\x01\0\0\0\x40\x01\0\0");
    exif.extend(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0");
    exif.extend(b"\x3b\x01\x02\0\x04\0\0\0me!\0\0\0\0\0");
    exif
}

/// As much of a profile as tells what colours it is of.
fn profile() -> Vec<u8> {
    let mut profile = vec![0; 128];
    profile[16..20].copy_from_slice(b"RGB ");
    profile
}

fn encoded(picture: &DynamicImage, ending: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    fn noted<E: ImageEncoder>(mut encoder: E) -> E {
        encoder.set_exif_metadata(lying()).unwrap();
        encoder.set_icc_profile(profile()).unwrap();
        encoder
    }
    let written = match ending {
        "jpg" => {
            let encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
            picture.write_with_encoder(noted(encoder))
        }
        "webp" => picture.write_with_encoder(noted(WebPEncoder::new_lossless(&mut bytes))),
        _ => {
            let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
            picture.write_with_encoder(noted(encoder))
        }
    };
    written.unwrap();
    bytes
}

/// A JPEG's segments of notes: XMP, a caption, a comment; put before what is there.
fn with_segments(jpeg: &[u8]) -> Vec<u8> {
    let segment = |marker: u8, text: &[u8]| {
        let length = (text.len() as u16 + 2).to_be_bytes();
        [&[0xff, marker][..], &length, text].concat()
    };
    let xmp = segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>");
    let (caption, comment) = (
        segment(0xed, b"Photoshop 3.0\0"),
        segment(0xfe, b"a comment"),
    );
    [&jpeg[..2], &xmp, &caption, &comment, &jpeg[2..]].concat()
}

#[test]
fn pictures_are_turned_upright_and_keep_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let before = face().into_rgb8();
    let turned = DynamicImage::from(before.clone()).rotate270();
    for ending in ["jpg", "webp", "png"] {
        let (input, output) = (format!("a.{ending}"), format!("b.{ending}"));
        let file = encoded(&turned, ending);
        let file = if ending == "jpg" {
            with_segments(&file)
        } else {
            file
        };
        std::fs::write(path(&input), &file).unwrap();
        made(folder.path(), &[&input, &output]);
        let reader = ImageReader::open(path(&output)).unwrap();
        let mut decoder = reader.into_decoder().unwrap();
        assert_eq!(
            decoder.orientation().unwrap(),
            Orientation::NoTransforms,
            "{ending}"
        );
        assert_eq!(decoder.icc_profile().unwrap(), Some(profile()), "{ending}");
        let exif = decoder.exif_metadata().unwrap().unwrap();
        assert!(exif.windows(4).any(|part| part == b"me!\0"), "{ending}");
        // As wide as it is upright.
        let width = b"\0\x01\x04\0\x01\0\0\0\x54\x01\0\0";
        assert!(exif.windows(12).any(|part| part == width), "{ending}");
        let after = DynamicImage::from_decoder(decoder).unwrap();
        let told = beside(&path(&output));
        let [left, top, ..] = place(&told["faces"][0]);
        assert!(
            left.abs_diff(90) < 14 && top.abs_diff(72) < 14,
            "{ending} {told}"
        );
        if ending != "jpg" {
            let before = before.clone().into();
            assert_restored(&before, &after, place(&told["faces"][0]), ending);
            continue;
        }
        let file = std::fs::read(path(&output)).unwrap();
        for kept in ["<x:xmpmeta/>", "Photoshop 3.0", "a comment", NOTICE] {
            assert!(
                file.windows(kept.len()).any(|part| part == kept.as_bytes()),
                "{kept}"
            );
        }
        // With loss, but little of it.
        let mean = |part: &RgbImage| {
            let pairs = part
                .iter()
                .zip(before.view(0, 0, 340, 60).to_image().into_raw());
            pairs.map(|(a, b)| f64::from(a.abs_diff(b))).sum::<f64>() / f64::from(3 * 340 * 60)
        };
        let off = mean(&after.crop_imm(0, 0, 340, 60).into_rgb8());
        assert!(off < 3.0, "{off}");
    }
}

#[test]
fn notes_of_png_and_tiff_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let picture = face().into_rgb8();
    let (width, height) = picture.dimensions();

    let file = std::fs::File::create(path("a.png")).unwrap();
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder
        .add_text_chunk("Author".to_owned(), "me".to_owned())
        .unwrap();
    encoder
        .add_itxt_chunk("Title".to_owned(), "süß".to_owned())
        .unwrap();
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: 2835,
        yppu: 2835,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header().unwrap();
    writer
        .write_chunk(png::chunk::ChunkType(*b"cICP"), &[1, 13, 0, 1])
        .unwrap();
    writer.write_image_data(&picture).unwrap();
    writer.finish().unwrap();
    made(folder.path(), &["a.png", "b.png"]);
    let file = std::io::BufReader::new(std::fs::File::open(path("b.png")).unwrap());
    let reader = png::Decoder::new(file).read_info().unwrap();
    let info = reader.info();
    let texts: Vec<_> = info.uncompressed_latin1_text.iter().collect();
    assert!(
        texts
            .iter()
            .any(|it| it.keyword == "Author" && it.text == "me")
    );
    assert!(
        texts
            .iter()
            .any(|it| it.keyword == "Comment" && it.text.contains(NOTICE))
    );
    assert_eq!(info.utf8_text[0].get_text().unwrap(), "süß");
    assert_eq!(info.pixel_dims.unwrap().xppu, 2835);
    let light = info.coding_independent_code_points.unwrap();
    assert_eq!((light.color_primaries, light.transfer_function), (1, 13));

    let mut file = std::fs::File::create(path("a.tif")).unwrap();
    let mut encoder = TiffEncoder::new(&mut file).unwrap();
    let mut image = encoder.new_image::<colortype::RGB8>(width, height).unwrap();
    image.encoder().write_tag(Tag::Artist, "me").unwrap();
    image
        .encoder()
        .write_tag(Tag::ImageDescription, "a picture")
        .unwrap();
    image
        .encoder()
        .write_tag(Tag::IccProfile, &profile()[..])
        .unwrap();
    image
        .encoder()
        .write_tag(Tag::Unknown(700), &b"<x:xmpmeta/>"[..])
        .unwrap();
    image.write_data(&picture).unwrap();
    made(folder.path(), &["a.tif", "b.tif"]);
    let file = std::io::BufReader::new(std::fs::File::open(path("b.tif")).unwrap());
    let mut decoder = tiff::decoder::Decoder::new(file).unwrap();
    assert_eq!(decoder.get_tag_ascii_string(Tag::Artist).unwrap(), "me");
    let description = decoder.get_tag_ascii_string(Tag::ImageDescription).unwrap();
    assert!(description.starts_with("a picture; ") && description.contains(NOTICE));
    assert_eq!(decoder.get_tag_u8_vec(Tag::IccProfile).unwrap(), profile());
    assert_eq!(
        decoder.get_tag_u8_vec(Tag::Unknown(700)).unwrap(),
        b"<x:xmpmeta/>"
    );
}

#[test]
fn what_has_no_face_is_copied_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    waves(false).save(path("plain.jpg")).unwrap();
    waves(true).save(path("waves.png")).unwrap();
    face().save(path("face.png")).unwrap();
    let same =
        |a: &str, b: &str| std::fs::read(path(a)).unwrap() == std::fs::read(path(b)).unwrap();
    let said = made(folder.path(), &["plain.jpg", "waves.png", "out/"]);
    assert!(
        said.contains("0 restored, 2 copied byte for byte"),
        "{said}"
    );
    assert!(
        said.contains("no faces, left alone: 80,60,144,120"),
        "{said}"
    );
    assert!(!said.contains("invented"), "{said}");
    assert!(same("plain.jpg", "out/plain.jpg") && same("waves.png", "out/waves.png"));
    assert_eq!(std::fs::read_dir(path("out")).unwrap().count(), 2);
    // The face check can be told that every mosaic is one, or that none is.
    made(
        folder.path(),
        &["waves.png", "every.png", "--face-threshold", "0"],
    );
    assert!(!same("waves.png", "every.png"));
    made(
        folder.path(),
        &["face.png", "none.png", "--face-threshold", "1"],
    );
    assert!(same("face.png", "none.png"));
    for alone in [
        ["--exclude", "90,72,156,156"],
        ["--min-size", "300"],
        ["--alpha", "0"],
    ] {
        made(
            folder.path(),
            &["face.png", "none.png", "--overwrite", alone[0], alone[1]],
        );
        assert!(same("face.png", "none.png"), "{alone:?}");
    }
    // A file beside it that tells of faces would be wrong now.
    made(folder.path(), &["face.png", "again.png"]);
    assert!(path("again.png.depixelate.json").exists());
    made(folder.path(), &["plain.jpg", "again.png", "--overwrite"]);
    assert!(!path("again.png.depixelate.json").exists());
    let converted = image::open(path("again.png")).unwrap();
    assert!(converted == image::open(path("plain.jpg")).unwrap());
}

#[test]
fn rectangles_are_restored_whatever_they_show() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    waves(false).save(path("a.png")).unwrap();
    made(
        folder.path(),
        &[
            "a.png",
            "b.png",
            "--regions",
            "40,24,64,64",
            "--regions",
            "900,0,9,9",
        ],
    );
    let told = beside(&path("b.png"));
    let faces = told["faces"].as_array().unwrap();
    assert_eq!((faces.len(), place(&faces[0])), (1, [40, 24, 64, 64]));
    assert!(faces[0]["score"].is_null());
    let open = |name: &str| image::open(path(name)).unwrap();
    let changed =
        |name: &str| largest_difference(&open("a.png"), &open(name), [40, 24, 64, 64], name);
    assert!(changed("b.png") > 256);
    made(
        folder.path(),
        &["a.png", "c.png", "--regions", "40,24,64,64", "--watermark"],
    );
    assert!(changed("c.png") > 5000);
}

#[test]
fn a_picture_with_more_mosaics_than_are_looked_for_says_so() {
    let folder = tempfile::tempdir().unwrap();
    waves(true).save(folder.path().join("a.png")).unwrap();
    let looked = |count: usize| {
        let mut arguments = vec!["a.png", "--dry-run"];
        for _ in 0..count {
            arguments.extend(["--regions", "4,4,24,24"]);
        }
        made(folder.path(), &arguments)
    };
    let words = "more than 64 mosaics are not looked for";
    assert!(!looked(63).contains(words));
    assert!(looked(64).contains(words));
}

#[test]
fn folders_are_made_and_finished_pictures_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(path("in/deeper")).unwrap();
    face().save(path("in/a.PNG")).unwrap();
    waves(false).save(path("in/b.jpg")).unwrap();
    face().save(path("in/deeper/c.png")).unwrap();
    face().save(path("d.tif")).unwrap();
    std::fs::write(path("in/bad.png"), "no picture").unwrap();
    std::fs::write(path("in/notes.txt"), "").unwrap();
    let output = pictures(folder.path(), &["in", "d.tif", "out"]);
    let text = said(&output);
    assert_eq!(status(&output), 3, "{text}");
    assert!(
        text.contains("3 of 4 pictures made: 2 restored, 1 copied"),
        "{text}"
    );
    assert!(text.contains("Not done: in/bad.png"), "{text}");
    assert!(text.contains("in/bad.png: it is no PNG"), "{text}");
    let there = |name: &str| path("out").join(name).is_file();
    assert!(there("a.PNG") && there("b.jpg") && there("d.tif"));
    assert!(!there("bad.png") && !there("c.png") && !there("notes.txt"));

    std::fs::remove_file(path("in/bad.png")).unwrap();
    std::fs::write(path("out/a.PNG"), "as it was").unwrap();
    let said = made(folder.path(), &["in", "d.tif", "out"]);
    assert!(said.contains("0 of 0 pictures made") && said.contains("3 were there already"));
    assert_eq!(std::fs::read(path("out/a.PNG")).unwrap(), b"as it was");
    made(folder.path(), &["in", "out", "--overwrite"]);
    assert!(image::open(path("out/a.PNG")).is_ok());
}

#[test]
fn what_would_be_lost_is_refused_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["one", "two", "none"] {
        std::fs::create_dir(path(name)).unwrap();
    }
    for name in ["one/a.png", "two/a.png", "one/z.png"] {
        waves(false).save(path(name)).unwrap();
    }
    let refused = |arguments: &[&str], with, words: &str| {
        refused(folder.path(), arguments, with, words);
    };
    refused(
        &["one", "two", "out"],
        2,
        "one/a.png and two/a.png would both become",
    );
    refused(&["one", "one"], 2, "same file");
    refused(
        &["one/a.png", "./two/../one/a.png", "--overwrite"],
        2,
        "same file",
    );
    refused(&["one/a.png", "two/a.png"], 5, "--overwrite");
    refused(&["none", "out"], 3, "no pictures");
    refused(&["one/a.png"], 2, "one to write");
    refused(&["one/a.png", "out.gif"], 2, ".webp");
    refused(&["one", "two/a.png"], 2, "need a folder");
    refused(&["one", "out", "--regions", "r.csv"], 2, "r.csv");
    refused(
        &["one", "out", "--execution-provider", "abacus"],
        2,
        "openvino",
    );
    refused(&["one", "out", "--model-file", "no.onnx"], 1, "no.onnx");
    refused(&["one", "out", "--contact-sheet", "a.gif"], 2, ".png");
    refused(
        &["one", "out", "--contact-sheet", "one/z.png"],
        2,
        "same file",
    );
    refused(
        &["one", "out", "--contact-sheet", "two/a.png"],
        5,
        "--overwrite",
    );
    for sheet in ["./out/z.png", "out/../out/a.png"] {
        refused(&["one", "out", "--contact-sheet", sheet], 2, "same file");
    }
    refused(&["one", "out", "--quality", "0"], 2, "--quality");
    refused(&["one/none.png", "out.png"], 3, "No such file");
    assert!(!path("out").exists() && !path("out.png").exists());
    // Names of films are told apart from the command.
    let mut film = Command::new(env!("CARGO_BIN_EXE_depixelate"));
    film.current_dir(folder.path())
        .args(["./pictures", "b.mkv"]);
    assert!(said(&film.output().unwrap()).contains("there is no such file"));
}

#[test]
fn what_cannot_be_restored_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let refused = |name: &str, bytes: &[u8], words: &str| {
        std::fs::write(path(name), bytes).unwrap();
        let output = format!("out-{name}");
        refused(folder.path(), &[name, &output], 3, words);
        assert!(!path(&output).exists(), "{name}");
    };
    let bytes = |picture: &DynamicImage, format| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    // Heads that ask for more than there is: eight tebibytes, and some sixteen gibibytes.
    let mut vast = bytes(&face(), ImageFormat::Png);
    vast[16..24].copy_from_slice(&[0, 16, 0, 0, 0, 16, 0, 0]);
    vast[24] = 16;
    let sum = crc(&vast[12..29]);
    vast[29..33].copy_from_slice(&sum.to_be_bytes());
    refused(
        "vast.png",
        &vast,
        "1048576 × 1048576 pixels need more than 512 MiB",
    );
    let mut vast = bytes(&face(), ImageFormat::Jpeg);
    let frame = vast.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    vast[frame + 5..frame + 9].fill(0xff);
    refused(
        "vast.jpg",
        &vast,
        "65535 × 65535 pixels need more than 512 MiB",
    );

    let whole = bytes(&face(), ImageFormat::Jpeg);
    refused("cut.jpg", &whole[..whole.len() / 2], "cut off");
    let whole = bytes(&face(), ImageFormat::Png);
    refused("cut.png", &whole[..whole.len() / 2], "cut.png");
    refused(
        "gif.png",
        &bytes(&face(), ImageFormat::Gif),
        "no PNG, JPEG, WebP or TIFF",
    );
    refused("empty.webp", b"", "no PNG");
    let light = DynamicImage::from(face().to_rgb32f());
    refused(
        "light.tif",
        &bytes(&light, ImageFormat::Tiff),
        "floating-point",
    );

    let mut tiff = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut tiff).unwrap();
    encoder
        .write_image::<colortype::CMYK8>(8, 8, &[9; 256])
        .unwrap();
    refused("ink.tif", &tiff.into_inner(), "ink");
    let mut tiff = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut tiff).unwrap();
    for _ in 0..2 {
        encoder
            .write_image::<colortype::Gray8>(8, 8, &[9; 64])
            .unwrap();
    }
    refused("pages.tif", &tiff.into_inner(), "pages");
    let mut moving = Vec::new();
    let mut encoder = png::Encoder::new(&mut moving, 8, 8);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[9; 64]).unwrap();
    writer.write_image_data(&[8; 64]).unwrap();
    writer.finish().unwrap();
    refused("moving.png", &moving, "animation");
}

#[test]
fn programs_are_told_what_was_found_and_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("in")).unwrap();
    face().save(path("in/a.png")).unwrap();
    waves(true).save(path("in/b.png")).unwrap();
    std::fs::write(path("in/c.png"), "no picture").unwrap();
    let told = |arguments: &[&str]| -> Vec<Value> {
        let output = pictures(folder.path(), arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let of = |events: &[Value], name: &str| -> Vec<Value> {
        let named = events.iter().filter(|event| event["event"] == name);
        named.cloned().collect()
    };
    let events = told(&["in", "--dry-run", "--json", "--contact-sheet", "found.png"]);
    let found = of(&events, "found");
    assert_eq!(found[0]["faces"].as_array().map(Vec::len), Some(1));
    assert_eq!(found[1]["faces"], serde_json::json!([]));
    assert_eq!(place(&found[1]["refused"][0]), [80, 60, 144, 120]);
    assert!(found[1]["refused"][0]["score"].as_f64().unwrap() > 0.5);
    assert!(!path("out").exists() && image::open(path("found.png")).is_ok());
    // None of the names is that of an output.
    let look = &["in/a.png", "typo.png", "--dry-run"];
    refused(folder.path(), look, 3, "Not done: typo.png");

    let events = told(&["in", "out", "--json", "--contact-sheet", "made.png"]);
    let made = of(&events, "made");
    assert_eq!(made[0]["output"], "out/a.png");
    assert_eq!(
        (&made[0]["copied"], &made[1]["copied"]),
        (&false.into(), &true.into())
    );
    assert_eq!(of(&events, "error")[0]["status"], 3);
    assert_eq!(of(&events, "progress").len(), 3);
    let summary = &of(&events, "summary")[0];
    assert_eq!(summary["failed"], serde_json::json!(["in/c.png"]));
    assert_eq!(
        (&summary["made"], &summary["restored"]),
        (&2.into(), &1.into())
    );
    let sheet = image::open(path("made.png")).unwrap();
    let found = image::open(path("found.png")).unwrap();
    assert!(sheet.dimensions() != found.dimensions());
    let output = pictures(folder.path(), &["in/a.png", "quiet.png", "-q"]);
    assert_eq!((status(&output), said(&output).as_str()), (0, ""));
}

#[test]
fn another_format_is_made_and_its_losses_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    deep(&see_through(&face())).save(path("a.png")).unwrap();
    let said = made(folder.path(), &["a.png", "b.jpg", "--quality", "80"]);
    assert!(
        said.contains("opacity") && said.contains("sixteen bits"),
        "{said}"
    );
    assert_eq!(
        image::open(path("b.jpg")).unwrap().color(),
        image::ColorType::Rgb8
    );
    made(folder.path(), &["a.png", "c.jpg", "--quality", "20"]);
    let size = |name: &str| path(name).metadata().unwrap().len();
    assert!(size("c.jpg") < size("b.jpg"));
    let said = made(folder.path(), &["a.png", "b.tif"]);
    assert!(
        !said.contains("opacity") && !said.contains("sixteen"),
        "{said}"
    );
    let (before, after) = (
        image::open(path("a.png")).unwrap(),
        image::open(path("b.tif")).unwrap(),
    );
    let told = beside(&path("b.tif"));
    assert_restored(&before, &after, place(&told["faces"][0]), "b.tif");
    // Readers of TIFF hardly know grey with opacity.
    let grey = DynamicImage::from(before.to_luma_alpha16());
    grey.save(path("grey.png")).unwrap();
    made(folder.path(), &["grey.png", "grey.tif"]);
    let after = image::open(path("grey.tif")).unwrap();
    assert_eq!(after.color(), image::ColorType::Rgba16);
    let told = beside(&path("grey.tif"));
    assert_restored(&grey, &after, place(&told["faces"][0]), "grey.tif");
}
