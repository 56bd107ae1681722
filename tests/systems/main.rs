//! A small training of each system: a stop in between, export, and the element with the result.
//!
//! One test for all: libtorch's randomness, from which dropout draws, is the process's.

#![cfg(feature = "trainer")]

#[path = "../common/mod.rs"]
mod common;
mod face_check;
mod generators;
mod restorers;
#[path = "../support/run.rs"]
mod run;

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use common::assert_plays;
use face_check::check_face_check;
use generators::{check_dcgan, check_stylegan2};
use gstdepixelate::cascade::{RuntimeSearch, runtime};
use gstdepixelate::train::features::Architecture;
use gstdepixelate::train::recipe::RecipeText;
use gstdepixelate::train::run::checkpoint;
use gstdepixelate::train::run::options::{Options, Outcome};
use gstdepixelate::train::run::system::{System, train};
use image::{Rgb, RgbImage};
use restorers::{
    check_family, check_gpen, check_pix2pix, check_pixelcyclegan, check_scgan, check_second_stage,
};
use run::options;

/// Coloured ovals on coloured grounds.
fn make_faces(folder: &Path, count: u32) {
    std::fs::create_dir(folder).unwrap();
    for i in 0..count {
        let picture = RgbImage::from_fn(80, 96, |x, y| {
            let (dx, dy) = (x as f32 - 40.0, y as f32 - 48.0);
            match (dx / 24.0).powi(2) + (dy / 32.0).powi(2) < 1.0 {
                true => Rgb([200 - (i % 7) as u8 * 15, 150, 120]),
                false => Rgb([(i * 37 % 200) as u8, y as u8, 90]),
            }
        });
        picture.save(folder.join(format!("{i:03}.png"))).unwrap();
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

/// A feature network of random weights.
fn random_features(folder: &Path) -> PathBuf {
    let file = folder.join("features.safetensors");
    if !file.exists() {
        let weights = Architecture::EfficientNetLite0.untrained(None);
        let weights: Vec<_> = weights.into_iter().collect();
        tch::Tensor::write_safetensors(&weights, &file).unwrap();
    }
    file
}

/// The same recipe with a discriminator of features in place of its own trains to its end.
fn check_projected<S: System>(folder: &Path, faces: &Path, recipe: &S) {
    let key = "discriminator = { kind = \"projected\", width = 4 }";
    let text = recipe.to_toml().unwrap();
    let mut recipe = S::parse(&format!("{key}\n{text}")).unwrap();
    *recipe.features().unwrap() = Some(random_features(folder));
    let out = folder.join(format!("{}-projected", S::NAME));
    let outcome = train(&recipe, faces, &options(&out)).unwrap();
    assert_eq!(outcome, Outcome::Finished);
    let saved = checkpoint::load(&out.join(format!("{}.safetensors", S::NAME))).unwrap();
    let heads = saved
        .keys()
        .filter(|name| name.ends_with("stage6.score.weight"));
    assert!(heads.count() > 0, "{}", S::NAME);
}

#[test]
fn every_system_trains_stops_resumes_and_plays() {
    let folder = tempfile::tempdir().unwrap();
    let faces = folder.path().join("faces");
    make_faces(&faces, 24);
    check_face_check(folder.path());

    check_pix2pix(folder.path(), &faces);
    check_family(folder.path(), &faces);
    check_scgan(folder.path(), &faces);
    check_pixelcyclegan(folder.path(), &faces);
    check_dcgan(folder.path(), &faces);
    check_stylegan2(folder.path(), &faces);
    check_gpen(folder.path(), &faces);
    check_second_stage(folder.path(), &faces);
}
