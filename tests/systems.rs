//! A small training of each system: a stop in between, export, and the element's own code on the result.
//!
//! One test for all: libtorch's chance, from which dropout draws, is the process's.

#![cfg(feature = "trainer")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gstdepixelate::cascade::{
    Backend, Crops, Model, OrtBackend, RuntimeSearch, SessionSettings, runtime,
};
use gstdepixelate::detect::{Outline, Region};
use gstdepixelate::face_check::{FaceCheck, Question};
use gstdepixelate::frame::{FrameView, Lattice, Layout, Rect};
use gstdepixelate::train::checkpoint;
use gstdepixelate::train::face_check;
use gstdepixelate::train::precision::Precision;
use gstdepixelate::train::run::{Options, Outcome};
use gstdepixelate::train::systems::{dcgan, pix2pix, sample};
use image::{Rgb, RgbImage};
use tch::Device;

/// Coloured ovals on coloured grounds.
fn make_faces(folder: &Path, count: u32) {
    std::fs::create_dir(folder).unwrap();
    for i in 0..count {
        let picture = image::RgbImage::from_fn(80, 96, |x, y| {
            let (dx, dy) = (x as f32 - 40.0, y as f32 - 48.0);
            match (dx / 24.0).powi(2) + (dy / 32.0).powi(2) < 1.0 {
                true => image::Rgb([200 - (i % 7) as u8 * 15, 150, 120]),
                false => image::Rgb([(i * 37 % 200) as u8, y as u8, 90]),
            }
        });
        picture.save(folder.join(format!("{i:03}.png"))).unwrap();
    }
}

fn options(out: &Path) -> Options {
    Options {
        start_from: None,
        out: out.to_owned(),
        device: Device::Cpu,
        precision: Precision::FULL,
        checkpoint_interval: Duration::from_secs(3600),
        deadline: None,
        stop: Arc::new(AtomicBool::new(false)),
        progress: false,
    }
}

/// Train as a whole and with stops: both end with the same numbers in the checkpoint `name`.
fn check_resumed(folder: &Path, name: &str, train: impl Fn(&Options) -> Outcome) {
    let (whole, parts) = (folder.join("whole"), folder.join("parts"));
    assert_eq!(train(&options(&whole)), Outcome::Finished);
    for _ in 0..2 {
        // The flag is what Ctrl-C sets: each run does one step, saves and stops.
        let stopping = options(&parts);
        stopping.stop.store(true, Ordering::Relaxed);
        assert_eq!(train(&stopping), Outcome::Stopped);
    }
    assert_eq!(train(&options(&parts)), Outcome::Finished);
    let saved = |out: &Path| checkpoint::load(&out.join(format!("{name}.safetensors"))).unwrap();
    let (a, b) = (saved(&whole), saved(&parts));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (key, tensor) in &a {
        let difference = (tensor - &b[key]).abs().max().double_value(&[]);
        assert!(difference < 1e-6, "{key}: {difference}");
    }
}

/// The element's own code runs the model file.
fn check_played(file: &Path, side: usize) {
    let model = Model::open(file).unwrap();
    assert_eq!(model.facts().size, side);
    let runtime = runtime::load(&RuntimeSearch::default()).unwrap();
    let mut session = OrtBackend::new(runtime, &model, &SessionSettings::default()).unwrap();
    let mut restored = Vec::new();
    let crops = vec![0.1; 2 * 3 * side * side];
    session
        .run(Crops::new(&crops, 2), 0.0, &mut restored)
        .unwrap();
    assert_eq!(restored.len(), crops.len());
    assert!(restored.iter().all(|value| value.is_finite()));
}

fn check_face_check(folder: &Path) {
    let [faces, others] = ["faces", "others"].map(|name| folder.join(name));
    std::fs::create_dir(&others).unwrap();
    for i in 0..24u32 {
        let picture = RgbImage::from_fn(60, 40, |x, _| {
            Rgb([if x / 5 % 2 == 0 { 9 * i as u8 } else { 240 }; 3])
        });
        picture.save(others.join(format!("{i:02}.png"))).unwrap();
    }
    let changes = ["network.width=6", "train.steps=4", "train.batch=3"].map(str::to_owned);
    let recipe = face_check::Recipe::read_with(None, &changes).unwrap();
    let out = folder.join("face-check");
    check_resumed(&out, "face-check", |options| {
        face_check::train(&recipe, &faces, &others, options).unwrap()
    });
    let onnx = std::fs::read(out.join("parts/face-check.onnx")).unwrap();
    let runtime = runtime::load(&RuntimeSearch::default()).unwrap();
    let mut check = FaceCheck::new(runtime, &onnx).unwrap();
    let layout = Layout::rgb(64, 64);
    let grey = [99; 64 * 64 * 3];
    let frame = FrameView::packed(&layout, &grey, 192).unwrap();
    let region = Region {
        rect: Rect::new(0, 0, 64, 64),
        lattice: Some(Lattice::square(4, 0, 0)),
        outline: Outline::Rectangle,
        score: 1.0,
    };
    let mut regions = vec![region];
    let question = |&region: &Region| {
        Some(Question {
            region,
            id: None,
            may_go: true,
        })
    };
    for threshold in [0.001, 0.999] {
        check
            .retain(&frame, threshold, &mut regions, question, |_, _| ())
            .unwrap();
    }
    assert!(regions.is_empty(), "an untrained network is never sure");

    let missing = folder.join("nothing");
    let other = options(&folder.join("other"));
    let error = face_check::train(&recipe, &faces, &missing, &other).unwrap_err();
    assert!(format!("{error:#}").contains("nothing"), "{error:#}");
}

#[test]
fn every_system_trains_stops_resumes_and_plays() {
    let folder = tempfile::tempdir().unwrap();
    let faces = folder.path().join("faces");
    make_faces(&faces, 24);
    check_face_check(folder.path());

    let mut recipe = pix2pix::Recipe::parse(include_str!("../recipes/pix2pix-small.toml")).unwrap();
    // Six levels have a dropout.
    recipe.generator.width = 4;
    recipe.discriminator.width = 4;
    (recipe.train.steps, recipe.train.batch) = (4, 2);
    let out = folder.path().join("pix2pix");
    check_resumed(&out, "pix2pix", |options| {
        pix2pix::train(&recipe, &faces, options).unwrap()
    });
    check_played(&out.join("parts/pix2pix.onnx"), 64);
    recipe.train.steps = 5;
    let error = pix2pix::train(&recipe, &faces, &options(&out.join("parts"))).unwrap_err();
    assert!(error.to_string().contains("another recipe"), "{error}");

    let mut recipe = dcgan::Recipe::parse(include_str!("../recipes/dcgan-small.toml")).unwrap();
    recipe.network.width = 4;
    (recipe.train.steps, recipe.train.batch) = (4, 4);
    recipe.train.noise = 0.1;
    let out = folder.path().join("dcgan");
    check_resumed(&out, "dcgan", |options| {
        dcgan::train(&recipe, &faces, options).unwrap()
    });
    let model = out.join("parts/dcgan.onnx");
    let grid = sample::grid_of(&model, 3, 7).unwrap();
    assert_eq!(grid.dimensions(), (96, 96));
    assert_eq!(grid, sample::grid_of(&model, 3, 7).unwrap());
    assert_ne!(grid, sample::grid_of(&model, 3, 8).unwrap());
    let restorer = folder.path().join("pix2pix/parts/pix2pix.onnx");
    let error = sample::grid_of(&restorer, 3, 7).unwrap_err();
    assert!(error.to_string().contains("input z"), "{error}");
}
