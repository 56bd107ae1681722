//! Systems that draw faces, which the element does not play.

use super::*;
use gstdepixelate::train::run::generate::{self, Drawing, Walk};
use gstdepixelate::train::run::{log, report};
use gstdepixelate::train::systems::stylegan2::prior::Prior;
use gstdepixelate::train::systems::{dcgan, stylegan2};

fn drawing(columns: u32, seed: u32, truncation: Option<f64>) -> Drawing {
    Drawing {
        columns,
        seed,
        truncation,
    }
}

/// Largest difference of two pictures, grey levels.
fn most_different(a: &RgbImage, b: &RgbImage) -> u8 {
    let samples = a.as_raw().iter().zip(b.as_raw());
    samples.map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

#[test]
fn dcgan_trains_stops_resumes_and_draws() {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let mut recipe =
        dcgan::Recipe::parse(include_str!("../../../recipes/dcgan-small.toml")).unwrap();
    recipe.network.width = 4;
    (recipe.train.steps, recipe.train.batch) = (4, 4);
    (recipe.train.noise, recipe.train.dropout) = (0.1, 0.25);
    let out = folder.join("dcgan");
    check_resumed(&out, "dcgan", |options| {
        train(&recipe, &faces, options).unwrap()
    });
    let model = out.join("parts/dcgan.onnx");
    let drawn = |seed| generate::grid_of(&model, drawing(3, seed, None)).unwrap();
    assert_eq!(drawn(7).dimensions(), (96, 96));
    assert_eq!(drawn(7), drawn(7));
    assert_ne!(drawn(7), drawn(8));
    let walk = Walk { stops: 2, steps: 3 };
    let film = generate::film_of(&model, drawing(3, 7, None), walk, |_| ()).unwrap();
    assert_eq!(film.len(), 6);
    assert_eq!(film[0], drawn(7));
    // There and back again is the same way.
    assert_eq!(film[1].dimensions(), (96, 96));
    assert!(film[1] != film[0] && film[1] != film[2]);
    assert!(most_different(&film[2], &film[4]) <= 1);
    let error = generate::grid_of(&model, drawing(3, 7, Some(0.5))).unwrap_err();
    assert!(error.to_string().contains("no styles"), "{error}");
    check_measured(&out.join("whole"));
    check_projected(folder, &faces, &recipe);
}

/// A run says how its pictures differ, and what the discriminator thinks of faces that are new to it.
fn check_measured(run: &Path) {
    let lines = log::read(&log::file(run)).unwrap();
    for name in [
        "Share of held-out faces that are taken for real",
        "What the discriminator believes: real-score, held-out faces",
        "SSIM of pictures to each other: made",
        "SSIM of pictures to each other: held-out faces",
    ] {
        let value = lines.iter().rev().find_map(|line| line.measures.get(name));
        assert!(
            value.is_some_and(|value| (-1.0..=1.0).contains(value)),
            "{name}: {value:?}"
        );
    }
    report::write(run, &run.join("report.html")).unwrap();
    let page = std::fs::read_to_string(run.join("report.html")).unwrap();
    assert!(!page.contains("By block size") && !page.contains("mosaic, restored"));
}

#[test]
fn stylegan2_trains_stops_resumes_and_draws() {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let small = include_str!("../../../recipes/stylegan2-small.toml");
    let mut recipe = stylegan2::Recipe::parse(small).unwrap();
    if let Prior::Added(network) = &mut recipe.generator {
        network.channels = vec![8; 4];
    }
    recipe.discriminator.own_mut().unwrap().channels = vec![8; 4];
    (recipe.train.steps, recipe.train.batch) = (4, 4);
    (recipe.train.r1_every, recipe.train.path_every) = (2, 2);
    (recipe.train.path, recipe.augment.speed) = (2.0, 10.0);
    let out = folder.join("stylegan2");
    check_resumed(&out, "stylegan2", |options| {
        train(&recipe, &faces, options).unwrap()
    });
    let model = out.join("parts/stylegan2.onnx");
    let drawn = |truncation| generate::grid_of(&model, drawing(2, 7, truncation)).unwrap();
    assert_eq!(drawn(None).dimensions(), (64, 64));
    assert_eq!(drawn(None), drawn(Some(1.0)));
    assert_ne!(drawn(None), drawn(Some(0.0)));
    check_measured(&out.join("whole"));
    check_projected(folder, &faces, &recipe);
}
