//! Systems that restore faces of their own size, and SCGAN, which enlarges degraded ones:
//! `facedepixelate` plays what they export.

use super::*;
use gstdepixelate::evaluate::open_faces;
use gstdepixelate::train::optim::discriminator::DiscriminatorChoice;
use gstdepixelate::train::run::generate::{self, Drawing};
use gstdepixelate::train::run::log;
use gstdepixelate::train::systems::gpen::networks::Gpen;
use gstdepixelate::train::systems::pix2pix::score;
use gstdepixelate::train::systems::pixelcyclegan::networks::Nested;
use gstdepixelate::train::systems::stylegan2::prior::Prior;
use gstdepixelate::train::systems::{gpen, pix2pix, pixelcyclegan, scgan, stylegan2};

/// A recipe of pix2pix with tiny networks.
pub fn tiny_pix2pix() -> pix2pix::Recipe {
    let small = include_str!("../../../recipes/pix2pix-small.toml");
    let mut recipe = pix2pix::Recipe::parse(small).unwrap();
    // Six levels have a dropout.
    recipe.generator.width = 4;
    let DiscriminatorChoice::Own(patch) = &mut recipe.discriminator else {
        panic!("{:?}", recipe.discriminator);
    };
    patch.width = 4;
    (recipe.train.steps, recipe.train.batch) = (4, 2);
    recipe
}

/// A recipe of SCGAN with tiny networks.
pub fn tiny_scgan() -> scgan::Recipe {
    let small = include_str!("../../../recipes/scgan-small.toml");
    let mut recipe = scgan::Recipe::parse(small).unwrap();
    (recipe.restorer.widths, recipe.restorer.blocks) = ([4, 4, 4], [1, 1]);
    recipe.degrader.width = 0.125;
    recipe.discriminator.own_mut().unwrap().width = 2;
    (recipe.train.steps, recipe.train.batch) = (4, 2);
    recipe
}

/// A recipe of PixelCycleGAN with tiny networks.
pub fn tiny_pixelcyclegan() -> pixelcyclegan::Recipe {
    let small = include_str!("../../../recipes/pixelcyclegan-small.toml");
    let mut recipe = pixelcyclegan::Recipe::parse(small).unwrap();
    let widths = vec![4, 4, 4];
    recipe.generator = Nested::Pyramid { widths };
    recipe.discriminator.own_mut().unwrap().width = 2;
    (recipe.train.steps, recipe.train.batch) = (4, 2);
    // So small that older fakes are shown.
    recipe.train.pool = 3;
    recipe
}

#[test]
fn pix2pix_trains_stops_resumes_and_plays() {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let mut recipe = tiny_pix2pix();
    let out = folder.join("pix2pix");
    check_resumed(&out, "pix2pix", |options| {
        train(&recipe, &faces, options).unwrap()
    });
    check_played(&out.join("parts/pix2pix.onnx"), 64, 1);
    let drawing = Drawing {
        columns: 3,
        seed: 7,
        truncation: None,
    };
    let error = generate::grid_of(&out.join("parts/pix2pix.onnx"), drawing).unwrap_err();
    assert!(error.to_string().contains("input z"), "{error}");
    check_scored_again(&recipe, &faces, &out.join("whole"));
    recipe.train.steps = 5;
    let error = train(&recipe, &faces, &options(&out.join("parts"))).unwrap_err();
    assert!(error.to_string().contains("another recipe"), "{error}");
}

/// An exported model gets the scores that its run had at the end.
fn check_scored_again(recipe: &pix2pix::Recipe, faces: &Path, run: &Path) {
    let lines = log::read(&log::file(run)).unwrap();
    let logged = |name: &str| {
        let last = lines.iter().rev().find_map(|line| line.measures.get(name));
        *last.unwrap_or_else(|| panic!("{name}"))
    };
    let model = run.join("pix2pix.onnx");
    assert!(pix2pix::Recipe::of_model(&model).unwrap() == *recipe);
    let held_out = open_faces(faces, Some(&recipe.data)).unwrap();
    let rows = score::score(&[model], &held_out, 48, recipe).unwrap();
    let [covered, restored] = rows.as_slice() else {
        panic!("{rows:?}");
    };
    for (row, name) in [(covered, "degraded"), (restored, "restored")] {
        for (found, measure) in [
            (row.scores.ssim_gauss, "SSIM"),
            (row.scores.masked_psnr, "PSNR inside the mask, dB"),
            (row.scores.masked_ssim_gauss, "SSIM inside the mask"),
        ] {
            let expected = logged(&format!("{measure}: {name}"));
            assert!(
                (found - expected).abs() < 1e-3,
                "{measure}, {name}: {found}, {expected}"
            );
        }
    }
    assert!(score::markdown(&rows).contains("psnr inside the mask"));
    let error = pix2pix::Recipe::of_model(Path::new("models/default.onnx")).unwrap_err();
    assert!(
        error.to_string().contains("no recipe of pix2pix"),
        "{error}"
    );
}

#[test]
fn scgan_trains_stops_resumes_and_plays() {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let recipe = tiny_scgan();
    let out = folder.join("scgan");
    check_resumed(&out, "scgan", |options| {
        train(&recipe, &faces, options).unwrap()
    });
    check_played(&out.join("parts/scgan.onnx"), 16, 4);
    check_projected(folder, &faces, &recipe);
}

#[test]
fn pixelcyclegan_trains_stops_resumes_and_plays() {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let recipe = tiny_pixelcyclegan();
    let out = folder.join("pixelcyclegan");
    check_resumed(&out, "pixelcyclegan", |options| {
        train(&recipe, &faces, options).unwrap()
    });
    check_played(&out.join("parts/pixelcyclegan.onnx"), 64, 1);
    check_played(&out.join("parts/pixelcyclegan-art.onnx"), 64, 1);
    check_projected(folder, &faces, &recipe);
}

#[test]
fn gpen_trains_stops_resumes_and_plays() {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let prior = include_str!("../../../recipes/gpen-prior-small.toml");
    let mut prior = stylegan2::Recipe::parse(prior).unwrap();
    (prior.train.steps, prior.train.batch) = (1, 8);
    let channels = vec![8, 8, 8, 4];
    let (style, mapping) = (8, 2);
    let network = Gpen {
        channels: channels.clone(),
        style,
        mapping,
    };
    prior.generator = Prior::Concatenated(network.clone());
    prior.discriminator.own_mut().unwrap().channels = channels.clone();
    let pretrained = folder.join("prior");
    let outcome = train(&prior, &faces, &options(&pretrained)).unwrap();
    assert_eq!(outcome, Outcome::Finished);

    let small = include_str!("../../../recipes/gpen-small.toml");
    let mut recipe = gpen::Recipe::parse(small).unwrap();
    (recipe.train.steps, recipe.train.batch) = (4, 2);
    (recipe.train.warmup_steps, recipe.train.r1_every) = (1, 2);
    (recipe.train.path, recipe.train.path_every) = (2.0, 2);
    (
        recipe.generator,
        recipe.discriminator.own_mut().unwrap().channels,
    ) = (network, channels);
    let out = folder.join("gpen");
    check_resumed(&out, "gpen", |options| {
        let start_from = Some(pretrained.join("stylegan2.safetensors"));
        let options = Options {
            start_from,
            stop: options.stop.clone(),
            out: options.out.clone(),
            ..*options
        };
        train(&recipe, &faces, &options).unwrap()
    });
    check_played(&out.join("parts/gpen.onnx"), 32, 1);
    check_projected(folder, &faces, &recipe);
}
