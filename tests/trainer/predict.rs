//! `depixelate-train predict`, as it is called.

use std::path::Path;
use std::process::{Command, Output};

use crate::helpers::{Tiny, face, tiny_metadata, tiny_model_with};
use gstdepixelate::cascade::ModelMetadata;
use tempfile::TempDir;

/// A folder with an enlarger (×2), a restorer of faces and three pictures, one of them broken.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let enlarger = ModelMetadata {
        scale: 2,
        multiple: Some(4),
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
    assert!(!first.status.success());
    assert!(
        text.contains("c.jpg: ") && text.contains("1 of 3 pictures"),
        "{text}"
    );
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
        (large.dimensions(), made("b.png").dimensions()),
        ((74, 74), (100, 100))
    );
    let truth = face(0, 37);
    assert!(
        large
            .enumerate_pixels()
            .all(|(x, y, it)| it == truth.get_pixel(x / 2, y / 2))
    );
    assert!(!here.join("out/c.png").exists());
    // What is there stays.
    let before = std::fs::metadata(here.join("out/a.png"))
        .unwrap()
        .modified()
        .unwrap();
    let again = told(&predict(here, &all));
    assert!(again.contains("2 pictures are there already"), "{again}");
    assert!(again.contains("1 of 1 pictures"), "{again}");
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
    assert!(!there.status.success() && told(&there).contains("--overwrite"));
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
    assert!(
        told(&in_place).contains("pictures that are read"),
        "{}",
        told(&in_place)
    );
}
