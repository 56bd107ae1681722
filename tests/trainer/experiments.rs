//! The experiments, with tiny models whose outcome is known.

use std::path::Path;

use crate::helpers::{Tiny, face, tiny_metadata, tiny_model, tiny_model_with};
use gstdepixelate::cascade::{Model, ModelMetadata, Window};
use gstdepixelate::degrade::mosaic::Fill;
use gstdepixelate::degrade::stack::stack_blur;
use gstdepixelate::experiments::blur::{self, Settings};
use gstdepixelate::experiments::rounds::{self, ROUNDS, Start};
use gstdepixelate::experiments::{Face, Faces, pairs, sweep};
use image::RgbImage;
use indicatif::ProgressBar;

const SIDE: u32 = 64;

fn faces(count: u32) -> Vec<Face> {
    let named = |number| Face {
        name: format!("face-{number}"),
        picture: face(number, SIDE),
    };
    (0..count).map(named).collect()
}

fn model(kind: Tiny) -> (String, Model) {
    let bytes = tiny_model(SIDE as usize, kind);
    ("tiny".to_owned(), Model::from_bytes("tiny", bytes).unwrap())
}

fn blurs(radii: &[u32]) -> Settings {
    Settings {
        radii: radii.to_vec(),
        blurred: None,
        made: Vec::new(),
    }
}

fn save(folder: &Path, name: &str, picture: &RgbImage) {
    picture.save(folder.join(format!("{name}.png"))).unwrap();
}

#[test]
fn blur_is_measured_beside_its_input() {
    let (faces, bar) = (faces(3), ProgressBar::hidden());
    let models = [model(Tiny::Identity)];
    let outcome = blur::run(&models, &faces, &blurs(&[2, 6]), &bar).unwrap();
    assert_eq!((outcome.faces, outcome.rows.len()), (3, 6));
    let row = |radius, system: &str| {
        let mut rows = outcome.rows.iter();
        rows.find(|row| row.radius == Some(radius) && row.system == system)
            .unwrap()
    };
    for radius in [2, 6] {
        let (input, tiny) = (row(radius, "input"), row(radius, "tiny"));
        // A model that changes nothing scores as its input.
        assert_eq!(tiny.measures["psnr"].mean, input.measures["psnr"].mean);
        assert_eq!(tiny.measures["psnr"].gain, Some([0.0; 3]));
        assert_eq!(input.measures["psnr"].gain, None);
        let sharp = row(radius, "bicubic sharpening");
        assert!(sharp.measures["sharpness_ratio"].mean > input.measures["sharpness_ratio"].mean);
        // Smaller than five scales ask for.
        assert!(!input.measures.contains_key("ms_ssim"));
    }
    assert!(row(2, "input").measures["psnr"].mean > row(6, "input").measures["psnr"].mean + 1.0);
    assert!(row(2, "bicubic sharpening").measures["psnr"].gain.unwrap()[0] > 0.0);
    let table = outcome.table();
    assert!(table.contains("| bicubic sharpening |") && table.contains("ssim_uniform"));
    assert_eq!(outcome.panels()[0].curves.len(), 3);
}

/// A model whose sides are open and that changes nothing, but for enlarging by repeating pixels.
fn open_model(scale: usize) -> (String, Model) {
    let metadata = ModelMetadata {
        scale,
        multiple: Some(4),
        window: Window::default(),
        ..tiny_metadata(16)
    };
    let bytes = tiny_model_with(&metadata, Tiny::Identity);
    (
        format!("open ×{scale}"),
        Model::from_bytes("open", bytes).unwrap(),
    )
}

/// Photographs of several sizes and shapes.
fn photographs() -> Vec<Face> {
    let cut = |(number, width, height)| Face {
        name: format!("photograph-{number}"),
        picture: image::imageops::crop_imm(&face(number, 700), 0, 90, width, height).to_image(),
    };
    [(0, 650, 70), (1, 81, 64)].map(cut).into()
}

#[test]
fn open_models_see_whole_photographs_without_scaling() {
    let (photographs, bar) = (photographs(), ProgressBar::hidden());
    let models = [open_model(1), open_model(4)];
    let outcome = blur::run(&models, &photographs, &blurs(&[3]), &bar).unwrap();
    let psnr = |system: usize| outcome.rows[system].measures["psnr"].mean;
    assert_eq!(outcome.rows[2].system, "open ×1");
    // Enlarged and scaled back by the mean of what a pixel covers, nothing has changed either.
    assert_eq!((psnr(2), psnr(3)), (psnr(0), psnr(0)));
    assert_eq!(outcome.rows[0].rank1, None, "of several sizes");
    // One blur; truth, input, sharpening and two models.
    assert_eq!(outcome.sheet.dimensions(), (5 * 652 - 2, 70));
    assert_eq!(
        outcome.sheet.get_pixel(40, 50),
        photographs[0].picture.get_pixel(40, 50)
    );
    assert!(outcome.table().contains("–"));
    let still = rounds::Settings {
        radius: 2,
        growth: 1.0,
    };
    let outcome = rounds::run(&models, &photographs[..1], still, &bar).unwrap();
    for course in outcome
        .courses
        .iter()
        .filter(|it| it.start == Start::Clean && it.rounded)
    {
        let psnr = |round: &rounds::Round| round.measures["psnr"].mean;
        let unchanged = course
            .rounds
            .iter()
            .all(|round| psnr(round) == f64::INFINITY);
        assert_eq!(unchanged, course.system != "3×3 mean", "{}", course.system);
    }
    assert_eq!(outcome.film[0].dimensions(), (2 * 652 - 2, 70));
}

#[test]
fn pictures_of_others_are_paired_by_name() {
    let (faces, bar) = (faces(3), ProgressBar::hidden());
    let folder = tempfile::tempdir().unwrap();
    for face in &faces {
        save(folder.path(), &face.name, &stack_blur(&face.picture, 3));
    }
    let settings = Settings {
        blurred: Some(folder.path().to_owned()),
        made: vec![("theirs".to_owned(), folder.path().to_owned())],
        ..blurs(&[])
    };
    let outcome = blur::run(&[], &faces, &settings, &bar).unwrap();
    let systems: Vec<&str> = outcome.rows.iter().map(|row| row.system.as_str()).collect();
    assert_eq!(systems, ["input", "bicubic sharpening", "theirs"]);
    assert_eq!(outcome.rows[2].measures["ssim_gauss"].gain, Some([0.0; 3]));
    let many = Settings {
        blurred: None,
        radii: vec![2, 4],
        ..settings
    };
    let error = blur::run(&[], &faces, &many, &bar).unwrap_err();
    assert!(error.to_string().contains("belong to one blur"), "{error}");
}

#[test]
fn pictures_that_do_not_pair_up_are_refused() {
    let faces = faces(3);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let paired = || pairs::by_name(&faces, path).map(drop);
    let refused = || paired().unwrap_err().to_string();
    save(path, "face-0", &faces[0].picture);
    assert!(refused().contains("lacks partners of face-1, face-2"));
    save(path, "face-1", &faces[1].picture);
    save(path, "face-2", &faces[2].picture);
    paired().unwrap();
    save(path, "face-3", &faces[2].picture);
    assert!(refused().contains("no original has the name of: face-3"));
    std::fs::remove_file(path.join("face-3.png")).unwrap();
    save(path, "face-2", &face(2, SIDE + 1));
    assert!(refused().contains("face-2") && refused().contains("65×65 pixels"));
    // The right name on something else.
    let mut other = faces[2].picture.clone();
    other.iter_mut().for_each(|level| *level = 255 - *level);
    save(path, "face-2", &other);
    assert!(
        refused().contains("as far from its original"),
        "{}",
        refused()
    );
    save(path, "face-2", &faces[2].picture);
    faces[2].picture.save(path.join("face-2.webp")).unwrap();
    assert!(refused().contains("two pictures named face-2"));
}

#[test]
fn rounds_come_to_rest_or_not() {
    let (faces, bar) = (faces(2), ProgressBar::hidden());
    let models = [model(Tiny::Scaled(0.5))];
    let still = rounds::Settings {
        radius: 2,
        growth: 1.0,
    };
    let outcome = rounds::run(&models, &faces, still, &bar).unwrap();
    assert_eq!(outcome.courses.len(), 3 * 4);
    let course = |system: &str, start, rounded| {
        let mut courses = outcome.courses.iter();
        courses
            .find(|c| c.system == system && c.start == start && c.rounded == rounded)
            .unwrap()
    };
    let still = course("identity", Start::Clean, true);
    assert_eq!(still.rounds.len(), ROUNDS + 1);
    assert_eq!((still.contraction, still.ssim_below_start), (None, None));
    assert_eq!(still.de_mean_slope, 0.0);
    assert!(still.rounds.iter().all(|round| round.rank1 == Some(1.0)));
    let step = |round: usize| still.rounds[round].measures.get("psnr_previous");
    assert!(step(0).is_none() && step(1).unwrap().mean.is_infinite());
    // Half of the way to grey in each round.
    let grey = course("tiny", Start::Clean, false);
    assert!(
        (grey.contraction.unwrap() - 0.5).abs() < 0.01,
        "{:?}",
        grey.contraction
    );
    assert_eq!(grey.ssim_below_start, Some(1));
    assert!(grey.de_mean_slope > 0.1);
    let saturation = |round: usize| grey.rounds[round].measures["saturation"].mean;
    assert!(saturation(10) < 0.01 && saturation(1) < saturation(0));
    let flat = &grey.rounds[ROUNDS].measures["flat_share"];
    assert!(flat.mean > 0.99, "{flat:?}");
    let mean = course("3×3 mean", Start::Blurred, true);
    assert!(mean.contraction.unwrap() < 1.0);
    // One model: both starts below each other, eleven rounds across.
    let length = |count: u32| count * (SIDE + 2) - 2;
    assert_eq!(outcome.strip.dimensions(), (length(11), length(2)));
    assert_eq!(
        outcome.strip.get_pixel(5, length(2) - 9),
        faces[0].picture.get_pixel(5, SIDE - 9)
    );
    assert_eq!(outcome.film.len(), ROUNDS + 1);
    assert_eq!(outcome.film[0].dimensions(), (SIDE, SIDE));
    assert!(outcome.table().contains("tiny from blurred, not rounded"));
    assert_eq!(outcome.panels()[0].curves.len(), 6);
}

#[test]
fn pictures_grow_and_are_measured_at_their_first_size() {
    let (faces, bar) = (faces(1), ProgressBar::hidden());
    let growing = rounds::Settings {
        radius: 2,
        growth: 1.1,
    };
    let models = [model(Tiny::Identity)];
    let outcome = rounds::run(&models, &faces, growing, &bar).unwrap();
    assert_eq!(outcome.strip.height(), 2 * SIDE + 2);
    let psnr = |system: &str, round: usize| {
        let mut courses = outcome.courses.iter();
        let course = courses.find(|c| c.system == system && c.start == Start::Clean && c.rounded);
        course.unwrap().rounds[round].measures["psnr"].mean
    };
    // Enlarging loses little; a model that sees the picture at its first size each time loses more
    // with each round.
    assert!(
        psnr("identity", ROUNDS) > 30.0,
        "{}",
        psnr("identity", ROUNDS)
    );
    assert!(psnr("tiny", ROUNDS) < psnr("tiny", 1));
    assert!(psnr("tiny", ROUNDS) < psnr("identity", ROUNDS));
}

#[test]
fn tiles_are_swept() {
    let (faces, bar) = (faces(2), ProgressBar::hidden());
    let models = [model(Tiny::Color([0.0; 3]))];
    let outcome = sweep::run(&models, &faces, &[4, 16], &bar).unwrap();
    // Two fills, two tiles; mosaic, bicubic, and the model three times.
    assert_eq!(outcome.rows.len(), 2 * 2 * 5);
    let row = |system: &str, block| {
        let mut rows = outcome.rows.iter();
        rows.find(|row| {
            row.system == system && row.case.block == block && row.case.fill == Fill::TileMean
        })
        .unwrap()
    };
    assert_eq!(row("tiny", 16).cells, 0.6 * 64.0 / 16.0);
    let mean = |system: &str, block, name: &str| row(system, block).measures[name].mean;
    assert_eq!(mean("pixelated", 4, "consistency"), f64::INFINITY);
    // By tile blur it is blurred twice.
    let mut rows = outcome.rows.iter();
    let twice = rows.find(|row| row.system == "pixelated" && row.case.fill == Fill::TileBlur);
    assert!(twice.unwrap().measures["consistency"].mean.is_finite());
    assert!(mean("pixelated", 4, "psnr") > mean("pixelated", 16, "psnr"));
    // Grey faces agree with nothing before their blocks' means are put right.
    let projected = mean("tiny, projected", 4, "consistency");
    assert!(
        projected > mean("tiny", 4, "consistency") + 10.0,
        "{projected}"
    );
    assert_eq!(row("bicubic", 4).measures["psnr"].gain, Some([0.0; 3]));
    let json = serde_json::to_value(&outcome).unwrap();
    assert!(json["rows"][0]["measures"]["consistency"]["mean"].is_null());
    assert!(outcome.table().contains("cells per face"));
    assert_eq!(outcome.panels().len(), 8);
    let error = sweep::run(&models, &faces, &[40], &bar).unwrap_err();
    assert!(error.to_string().contains("tiles of 40 pixels"), "{error}");
}

#[test]
fn faces_have_the_names_of_their_files() {
    let folder = tempfile::tempdir().unwrap();
    for (name, side) in [("b", 40), ("a", 80), ("c", 64)] {
        save(folder.path(), name, &face(1, side));
    }
    let open = |limit| {
        let faces = Faces {
            path: folder.path().to_owned(),
            held_out: None,
            limit,
            side: Some(SIDE),
        };
        faces.open().unwrap()
    };
    let names: Vec<String> = open(9).into_iter().map(|face| face.name).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(open(1).len(), 1);
    assert!(
        open(9)
            .iter()
            .all(|face| face.picture.dimensions() == (SIDE, SIDE))
    );
    assert_eq!(open(9)[2].picture, face(1, SIDE));
}
