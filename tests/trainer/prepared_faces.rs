//! `faces`: faces that a tiny finder, which looks for red, finds and cuts out.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::helpers::{FINDER_SIDE, tiny_finder};
use image::{Rgb, RgbImage};
use serde_json::Value;
use tempfile::TempDir;

/// Blue and twice as large as the finder's input, with red squares of 16 pixels at `places`.
fn photograph(path: &Path, places: &[(u32, u32)]) {
    let side = 2 * FINDER_SIDE as u32;
    let picture = RgbImage::from_fn(side, side, |x, y| {
        let is_in = |&(left, top): &(u32, u32)| {
            (left..left + 16).contains(&x) && (top..top + 16).contains(&y)
        };
        match places.iter().any(is_in) {
            true => Rgb([255, 0, 0]),
            false => Rgb([0, (2 * y) as u8, 255]),
        }
    });
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    picture.save(path).unwrap();
}

/// A folder with the finder, and photographs of two faces, one and none; one file is damaged.
fn folder_with_photographs() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let photographs = folder.path().join("in");
    std::fs::write(folder.path().join("finder.onnx"), tiny_finder()).unwrap();
    photograph(&photographs.join("a/one.png"), &[(48, 48)]);
    photograph(&photographs.join("none.png"), &[]);
    photograph(&photographs.join("two.png"), &[(32, 48), (112, 64)]);
    std::fs::write(photographs.join("damaged.jpg"), b"damaged").unwrap();
    (folder, photographs)
}

fn run(folder: &Path, out: &str, options: &[&str]) -> Output {
    run_on(folder, "in", out, options)
}

fn run_on(folder: &Path, source: &str, out: &str, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_depixelate-train"));
    command.current_dir(folder).args([
        "faces",
        source,
        out,
        "--finder",
        "finder.onnx",
        "--side",
        "32",
    ]);
    command.args(options).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn lines(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("faces.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn faces_are_cut_out_and_a_second_run_goes_on() {
    let (folder, photographs) = folder_with_photographs();
    let folder = folder.path();
    let output = run(folder, "out", &[]);
    let told = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let expected =
        "3 faces out of 3 pictures; 1 pictures without a face\n1 could not be read:\n  damaged.jpg";
    assert!(told.starts_with(expected), "{told}");
    assert!(told.contains("--faces out/faces"), "{told}");
    let out = folder.join("out");
    for name in ["a/one_0", "two_0", "two_1"] {
        let crop = image::open(out.join(format!("faces/{name}.png"))).unwrap();
        assert_eq!((crop.width(), crop.height()), (32, 32), "{name}");
    }
    let sheet = image::open(out.join("sheet.png")).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (304, 104));
    let first = lines(&out);
    assert_eq!(first.len(), 4);
    assert_eq!(first[1]["picture"], "a/one.png");
    // 24 × 32 around the middle of the cell, twice; 1.6 times the longer side.
    let face = &first[1]["faces"][0];
    assert_eq!(face["rect"].to_string(), "[32,24,48,64]");
    assert_eq!(
        (face["side"].as_f64(), face["turn"].as_f64()),
        (Some(102.4), Some(0.0))
    );
    assert_eq!(face["file"], "faces/a/one_0.png");

    // A line that a crash cut off, a crop without a line, and a picture that is new.
    let journal = std::fs::read_to_string(out.join("faces.jsonl")).unwrap();
    let cut = &journal[..journal.len() - 20];
    std::fs::write(out.join("faces.jsonl"), cut).unwrap();
    let marked = std::fs::read(out.join("faces/a/one_0.png")).unwrap();
    std::fs::write(out.join("faces/two_0.png"), &marked).unwrap();
    photograph(&photographs.join("new.png"), &[(64, 64)]);
    let output = run(folder, "out", &[]);
    assert!(
        text(&output.stdout).starts_with("4 faces out of 4 pictures"),
        "{output:?}"
    );
    assert_eq!(lines(&out).len(), 5);
    assert!(out.join("faces/new_0.png").exists());
    assert_eq!(std::fs::read(out.join("faces/two_0.png")).unwrap(), marked);

    // A crop that somebody threw out is no longer on the sheet.
    std::fs::remove_file(out.join("faces/two_0.png")).unwrap();
    let output = run(folder, "out", &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let sheet = image::open(out.join("sheet.png")).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (304, 104));

    let output = run(folder, "out", &["--align"]);
    assert!(
        text(&output.stderr).contains("out was begun with other settings"),
        "{output:?}"
    );
    // Other pictures may have the same names.
    photograph(&folder.join("others/two.png"), &[(32, 48)]);
    let output = run_on(folder, "others", "out", &[]);
    let told = text(&output.stderr);
    assert!(told.contains("in: choose another folder"), "{told}");
    std::fs::write(folder.join("finder.onnx"), {
        let mut other = tiny_finder();
        // A field that no reader knows.
        other.extend([0xfa, 0x3f, 0x00]);
        other
    })
    .unwrap();
    let output = run(folder, "out", &[]);
    let told = text(&output.stderr);
    assert!(told.contains("begun with another finder"), "{told}");
    let output = run(folder, "in", &[]);
    assert!(
        text(&output.stderr).contains("in is not empty and holds no faces.jsonl"),
        "{output:?}"
    );
}

#[test]
fn what_is_left_out_is_counted() {
    let (folder, _) = folder_with_photographs();
    let folder = folder.path();
    let output = run(
        folder,
        "aligned",
        &["--align", "--max-enlargement", "0.4", "--min-inside", "0.8"],
    );
    // Turned squares are 100.8 pixels wide; that of the face at the right edge sticks out.
    let told = text(&output.stdout);
    assert!(
        told.starts_with("2 faces out of 3 pictures; left out: 1 beyond the picture;"),
        "{told} {output:?}"
    );
    for (options, said) in [
        (
            &["--max-enlargement", "0.3"][..],
            "(3 too small): try a smaller --side",
        ),
        (
            &["--min-sharpness", "9000"],
            "(3 blurred): try a smaller --min-sharpness",
        ),
        (
            &["--min-face", "1"],
            "no face to the face check): try a smaller --min-face",
        ),
    ] {
        let output = run(folder, options[0].trim_start_matches('-'), options);
        let told = text(&output.stderr);
        assert!(!output.status.success() && told.contains(said), "{told}");
    }
    let photographs = folder.join("in");
    for name in ["a/one.png", "two.png"] {
        std::fs::remove_file(photographs.join(name)).unwrap();
    }
    let output = run(folder, "none", &[]);
    let told = text(&output.stderr);
    assert!(
        told.contains("no face was found in 1 pictures: try a --min-score below 0.7"),
        "{told}"
    );
    let output = run(folder, "other", &["--margin", "9"]);
    assert!(
        text(&output.stderr).contains("--margin is 9; it must lie in 1 … 4"),
        "{output:?}"
    );
}
