//! `evaluate --clips`: a film whose face is red, found by a tiny finder.

use std::path::Path;
use std::process::{Command, Output};

use crate::helpers::{Tiny, tiny_finder, tiny_model};
use image::{Rgb, RgbImage};
use serde_json::Value;

/// A film of 8 frames: something red with a pattern wanders before a blue ground; or nothing does.
fn film(folder: &Path, name: &str, has_face: bool) {
    for number in 0..8u32 {
        let left = 100 + 2 * number;
        let picture = RgbImage::from_fn(320, 320, |x, y| {
            let inside = (left..left + 120).contains(&x) && (90..230).contains(&y);
            let (dx, dy) = (x.wrapping_sub(left) as f32, y as f32);
            let pattern = 40.0 * ((dx / 9.0).sin() + (dy / 13.0).cos());
            match inside && has_face {
                true => Rgb([(170.0 + pattern) as u8, (90.0 + pattern) as u8, 0]),
                false => Rgb([0, (y / 2) as u8, 255]),
            }
        });
        picture
            .save(folder.join(format!("{number:03}.png")))
            .unwrap();
    }
    let line = format!(
        "-q multifilesrc location=%03d.png caps=image/png,framerate=25/1 ! pngdec ! videoconvert \
         ! x264enc pass=qual quantizer=12 ! mp4mux ! filesink location={name}"
    );
    let mut launch = Command::new("gst-launch-1.0");
    launch.current_dir(folder).args(line.split_whitespace());
    assert!(launch.status().unwrap().success());
}

fn evaluate(folder: &Path, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_depixelate-train"));
    command.current_dir(folder).arg("evaluate").args(options);
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn films_are_measured_frame_by_frame_and_over_time() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("finder.onnx"), tiny_finder()).unwrap();
    let model = tiny_model(32, Tiny::Identity);
    std::fs::write(folder.join("echo.onnx"), model).unwrap();
    film(folder, "talk.mp4", true);
    film(folder, "empty.mp4", false);
    let output = evaluate(
        folder,
        &[
            "--clips",
            "talk.mp4",
            "--clips",
            "empty.mp4",
            "--finder",
            "finder.onnx",
            "--model",
            "echo.onnx",
            "--json",
            "films.json",
            "--html",
            "films.html",
            "--films",
            "beside",
        ],
    );
    let (told, warned) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{warned}");
    assert!(
        told.contains("all: lattice in the frame, 7 blocks across"),
        "{told}"
    );
    let films = std::fs::read_to_string(folder.join("films.json")).unwrap();
    let films: Vec<Value> = serde_json::from_str(&films).unwrap();
    // Two lattices, three sizes; of the one clip, and all. The other one shows no face.
    assert_eq!(films.len(), 12);
    for film in &films {
        let row = |name: &str| {
            let mut rows = film["rows"].as_array().unwrap().iter();
            let row = rows.find(|row| row["name"] == name);
            row.unwrap_or_else(|| panic!("{name}: {film}")).clone()
        };
        let number = |row: &Value, key: &str| row[key].as_f64().unwrap();
        let bicubic = row("bicubic");
        assert_eq!(number(&bicubic, "flicker"), 1.0);
        assert!(number(&bicubic, "psnr") > 12.0 && number(&bicubic, "unsteadiness") > 0.0);
        let model = row("echo, detail 0");
        let flicker = number(&model, "unsteadiness") / number(&bicubic, "unsteadiness");
        assert!((number(&model, "flicker") - flicker).abs() < 1e-9);
        assert!(number(&model, "psnr") > 12.0 && number(&model, "warped") > 0.0);
        assert_eq!(model["left"], 0);
    }
    let page = std::fs::read_to_string(folder.join("films.html")).unwrap();
    assert!(page.contains("data:image/png") && page.contains("talk: lattice on the box"));

    for lattice in ["in the frame", "on the box"] {
        let film = folder.join(format!("beside/talk, lattice {lattice}.mkv"));
        assert!(film.metadata().unwrap().len() > 1000, "{film:?}");
    }

    let output = evaluate(folder, &["--clips", "empty.mp4", "--finder", "finder.onnx"]);
    let warned = text(&output.stderr);
    assert!(!output.status.success());
    assert!(warned.contains("no clip has a face"), "{warned}");
    let output = evaluate(folder, &["--clips", "empty.mp4"]);
    assert!(text(&output.stderr).contains("--finder"));
    let output = evaluate(folder, &[]);
    assert!(text(&output.stderr).contains("--faces"));
}
