//! A small training of each system: a stop in between, export, and the element with the result.

mod enlargers;
mod face_check;
mod generators;
mod own_data;
mod published;
mod restorers;
mod second_stage;

use std::path::{Path, PathBuf};

use crate::helpers::assert_plays;
use crate::runs::options;
use gstdepixelate::cascade::{
    Backend, Crops, Model, OrtBackend, RuntimeSearch, SessionSettings, runtime,
};
use gstdepixelate::train::features::Architecture;
use gstdepixelate::train::recipe::RecipeText;
use gstdepixelate::train::run::checkpoint;
use gstdepixelate::train::run::options::{Options, Outcome};
use gstdepixelate::train::run::system::{System, train};
use image::{Rgb, RgbImage};
use tempfile::TempDir;

/// A folder for one test, and pictures in it: coloured ovals on coloured grounds.
fn folder_with_faces() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let faces = folder.path().join("faces");
    std::fs::create_dir(&faces).unwrap();
    for i in 0..24 {
        let picture = RgbImage::from_fn(80, 96, |x, y| {
            let (dx, dy) = (x as f32 - 40.0, y as f32 - 48.0);
            match (dx / 24.0).powi(2) + (dy / 32.0).powi(2) < 1.0 {
                true => Rgb([200 - (i % 7) as u8 * 15, 150, 120]),
                false => Rgb([(i * 37 % 200) as u8, y as u8, 90]),
            }
        });
        picture.save(faces.join(format!("{i:03}.png"))).unwrap();
    }
    (folder, faces)
}

/// Train as a whole and with stops: both end with the same numbers in the checkpoint `name`.
fn check_resumed(folder: &Path, name: &str, train: impl Fn(&Options) -> Outcome) {
    let (whole, parts) = (folder.join("whole"), folder.join("parts"));
    assert_eq!(train(&options(&whole)), Outcome::Finished);
    for _ in 0..2 {
        // The flag is what Ctrl-C sets: each run does one step, saves and stops.
        let stopping = options(&parts);
        stopping.stop.ask();
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
    let mut table: toml::Table = recipe.to_toml().unwrap().parse().unwrap();
    let projected: toml::Table = "kind = 'projected'\nwidth = 4".parse().unwrap();
    table.insert("discriminator".to_owned(), projected.into());
    let mut recipe = S::parse(&table.to_string()).unwrap();
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

/// The model file takes pictures of `side` pixels and gives such of `scale` times that, and the
/// element plays it.
#[track_caller]
fn check_played(file: &Path, side: usize, scale: usize) {
    let model = Model::open(file).unwrap();
    assert_eq!(
        (model.metadata().size, model.metadata().scale),
        (side, scale)
    );
    let runtime = runtime::load(&RuntimeSearch::default()).unwrap();
    let mut session = OrtBackend::new(runtime, &model, &SessionSettings::default()).unwrap();
    let (crops, mut restored) = (vec![0.1; 2 * 3 * side * side], Vec::new());
    session
        .run(Crops::new(&crops, 2), 0.0, &mut restored)
        .unwrap();
    assert_eq!(restored.len(), scale * scale * crops.len());
    assert!(restored.iter().all(|value| value.is_finite()));
    assert_plays(file);
}
