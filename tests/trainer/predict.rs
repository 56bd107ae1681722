//! `depixelate-train predict`, as it is called.

use std::path::Path;
use std::process::{Command, Output};

use crate::helpers::{Tiny, face, tiny_finder, tiny_metadata, tiny_model_with};
use gstdepixelate::cascade::{ModelMetadata, Window};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageBuffer, ImageDecoder, ImageEncoder, ImageReader, RgbImage, Rgba};
use tempfile::TempDir;

/// A folder with an enlarger (×2), a restorer of faces and three pictures, one of them broken.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let enlarger = ModelMetadata {
        scale: 2,
        multiple: Some(4),
        window: Window::default(),
        ..tiny_metadata(16)
    };
    let models = [("enlarger", enlarger), ("restorer", tiny_metadata(16))];
    for (name, metadata) in models {
        let model = tiny_model_with(&metadata, Tiny::Identity);
        std::fs::write(here.join(format!("{name}.onnx")), model).unwrap();
    }
    let pictures = here.join("in");
    std::fs::create_dir(&pictures).unwrap();
    face(0, 37).save(pictures.join("a.png")).unwrap();
    face(1, 50).save(pictures.join("b.webp")).unwrap();
    std::fs::write(pictures.join("c.jpg"), "garbage").unwrap();
    folder
}

fn predict(folder: &Path, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_depixelate-train"));
    program.current_dir(folder).arg("predict").args(arguments);
    program.output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_folder_goes_through_and_what_fails_is_named() {
    let folder = folder();
    let here = folder.path();
    let all = [
        "--model",
        "enlarger.onnx",
        "in",
        "out",
        "--tile",
        "16",
        "--overlap",
        "8",
    ];
    let first = predict(here, &all);
    let text = told(&first);
    assert_eq!(first.status.code(), Some(3), "{text}");
    assert!(text.contains("in/c.jpg: it is no PNG, JPEG"), "{text}");
    assert!(text.contains("2 of 3 pictures made"), "{text}");
    assert!(text.contains("Not done: in/c.jpg"), "{text}");
    assert!(
        text.contains("2 times as high and wide, in tiles of 16"),
        "{text}"
    );
    let made = |name: &str| {
        image::open(here.join("out").join(name))
            .unwrap()
            .into_rgb8()
    };
    let large = made("a.png");
    assert_eq!(
        (large.dimensions(), made("b.webp").dimensions()),
        ((74, 74), (100, 100))
    );
    let truth = face(0, 37);
    assert!(
        large
            .enumerate_pixels()
            .all(|(x, y, it)| it == truth.get_pixel(x / 2, y / 2))
    );
    assert!(!here.join("out/c.jpg").exists());
    // What is there stays.
    let before = std::fs::metadata(here.join("out/a.png"))
        .unwrap()
        .modified()
        .unwrap();
    let again = told(&predict(here, &all));
    assert!(
        again.contains("0 of 1 pictures made; 2 were there already"),
        "{again}"
    );
    let after = std::fs::metadata(here.join("out/a.png"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(before, after);
}

#[test]
fn one_picture_may_be_one_face() {
    let folder = folder();
    let here = folder.path();
    let one = ["--model", "restorer.onnx", "in/b.webp", "face.png"];
    let made = predict(here, &one);
    assert!(made.status.success(), "{}", told(&made));
    assert!(
        told(&made).contains("each picture is taken for one face"),
        "{}",
        told(&made)
    );
    let soft = image::open(here.join("face.png")).unwrap().into_rgb8();
    assert_eq!(soft.dimensions(), (50, 50));
    assert_ne!(soft, face(1, 50));
    let there = predict(here, &one);
    assert!(there.status.code() == Some(5) && told(&there).contains("--overwrite"));
    assert!(
        predict(
            here,
            &[&one[..], &["--overwrite", "--way", "tiles"]].concat()
        )
        .status
        .success()
    );
    // Pixel by pixel, a network that changes nothing changes nothing.
    let same = image::open(here.join("face.png")).unwrap().into_rgb8();
    assert_eq!(same, face(1, 50));
    let in_place = predict(
        here,
        &[
            "--model",
            "restorer.onnx",
            "face.png",
            "face.png",
            "--overwrite",
        ],
    );
    assert!(told(&in_place).contains("same file"), "{}", told(&in_place));
    assert_eq!(in_place.status.code(), Some(2));
}

/// A picture whose file tells its size in EXIF, and what its colours mean.
fn noted(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 100);
    let size = [(0xa002, picture.width()), (0xa003, picture.height())];
    // The place of the exposure's directory alone, and that with width and height.
    let mut exif =
        b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x1a\0\0\0\0\0\0\0\x02\0".to_vec();
    for (tag, side) in size {
        let side = u16::try_from(side).unwrap();
        for number in [tag, 3, 1, 0, side, 0] {
            exif.extend(number.to_le_bytes());
        }
    }
    exif.extend([0; 4]);
    encoder.set_exif_metadata(exif).unwrap();
    encoder.set_icc_profile(profile()).unwrap();
    picture.write_with_encoder(encoder).unwrap();
    bytes
}

/// As much of a profile as tells what colours it is of.
fn profile() -> Vec<u8> {
    let mut profile = vec![0; 128];
    profile[16..20].copy_from_slice(b"RGB ");
    profile
}

/// Width and height that EXIF tells.
fn told_size(exif: &[u8]) -> [Option<u32>; 2] {
    [0xa002_u16, 0xa003].map(|tag| {
        let tag = tag.to_le_bytes();
        let entry = exif.windows(12).find(|it| it[..2] == tag)?;
        Some(u32::from_le_bytes(*entry.last_chunk()?))
    })
}

#[test]
fn every_format_comes_in_and_goes_out_and_keeps_what_it_says() {
    let folder = folder();
    let here = folder.path();
    let picture = DynamicImage::from(face(0, 40));
    std::fs::write(here.join("a.jpg"), noted(&picture)).unwrap();
    for output in ["b.jpg", "b.webp", "b.png", "b.tif"] {
        let made = predict(here, &["--model", "enlarger.onnx", "a.jpg", output]);
        assert!(made.status.success(), "{}", told(&made));
        let file = std::fs::read(here.join(output)).unwrap();
        let notice = b"what the original did not show is a guess";
        assert!(
            file.windows(notice.len()).any(|it| it == notice),
            "{output}"
        );
        let reader = ImageReader::open(here.join(output)).unwrap();
        let mut decoder = reader.into_decoder().unwrap();
        assert_eq!(decoder.dimensions(), (80, 80));
        assert_eq!(decoder.icc_profile().unwrap(), Some(profile()), "{output}");
        if output != "b.tif" {
            let exif = decoder.exif_metadata().unwrap().unwrap();
            assert_eq!(told_size(&exif), [Some(80); 2], "{output}");
        }
    }
    // Sixteen bits and opacity, from TIFF to TIFF and to a format that has neither.
    let deep = ImageBuffer::from_fn(24, 20, |x, y| {
        Rgba([2570 * x, 3000 * y, 77 * x * y, 65_535].map(|it| it as u16))
    });
    deep.save(here.join("deep.tif")).unwrap();
    let made = predict(here, &["--model", "enlarger.onnx", "deep.tif", "large/"]);
    assert!(made.status.success(), "{}", told(&made));
    let large = image::open(here.join("large/deep.tif")).unwrap();
    assert_eq!(large.color(), image::ColorType::Rgba16);
    for (x, y, pixel) in large.into_rgba16().enumerate_pixels() {
        let before = deep.get_pixel(x / 2, y / 2).0;
        let apart = pixel.0.iter().zip(before).map(|(a, b)| a.abs_diff(b));
        assert!(apart.max() <= Some(1), "{x},{y}: {pixel:?} {before:?}");
    }
    let made = predict(here, &["--model", "enlarger.onnx", "deep.tif", "c.jpg"]);
    let said = told(&made);
    assert!(
        said.contains("sixteen bits") && said.contains("opacity"),
        "{said}"
    );
}

#[test]
fn a_picture_without_faces_is_copied() {
    let folder = folder();
    let here = folder.path();
    std::fs::write(here.join("finder.onnx"), tiny_finder()).unwrap();
    let plain = DynamicImage::from(RgbImage::new(40, 40));
    std::fs::write(here.join("a.jpg"), noted(&plain)).unwrap();
    let model = ["--model", "restorer.onnx", "--faces", "finder.onnx"];
    for output in ["b.jpg", "b.png"] {
        let made = predict(here, &[&model[..], &["a.jpg", output]].concat());
        assert!(made.status.success(), "{}", told(&made));
        assert!(told(&made).contains("a.jpg: no face was found"));
    }
    let read = |name: &str| std::fs::read(here.join(name)).unwrap();
    assert!(read("a.jpg") == read("b.jpg"));
    let open = |name: &str| image::open(here.join(name)).unwrap();
    assert!(open("a.jpg") == open("b.png"));
    assert!(!read("b.png").windows(7).any(|it| it == b"a guess"));
}

#[test]
fn what_a_format_has_no_room_for_is_refused_before_the_work() {
    let folder = folder();
    let here = folder.path();
    RgbImage::new(8192, 1).save(here.join("long.png")).unwrap();
    let run = |output| predict(here, &["--model", "enlarger.onnx", "long.png", output]);
    let refused = run("long.webp");
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        told(&refused).contains("16383 on a side"),
        "{}",
        told(&refused)
    );
    assert!(run("large.png").status.success());
    RgbImage::new(8193, 1).save(here.join("long.png")).unwrap();
    let refused = run("larger.png");
    assert_eq!(refused.status.code(), Some(3));
    assert!(
        told(&refused).contains("long.png: 8193×1"),
        "{}",
        told(&refused)
    );
}
