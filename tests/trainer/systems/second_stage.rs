//! The cascade's second stage, trained behind restorers of other systems.

use super::enlargers::{ESRGAN, tiny_member};
use super::restorers::tiny_pix2pix;
use super::*;
use gstdepixelate::train::systems::cascade::networks::Architecture;
use gstdepixelate::train::systems::cascade::{self, Dcedn, SecondSettings};

/// `dcedn` in place of the default recipe's network, behind what a training of `restorer` exports.
fn check_behind<S: System>(restorer: &S, dcedn: Option<Architecture>) {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let outcome = train(restorer, &faces, &options(folder)).unwrap();
    assert_eq!(outcome, Outcome::Finished);
    let first = folder.join(format!("{}.onnx", S::NAME));
    let metadata = Model::open(&first).unwrap().metadata().clone();
    let default = include_str!("../../../recipes/default.toml");
    let mut recipe = cascade::Recipe::parse(default).unwrap();
    (recipe.model.size, recipe.model.margin) = (metadata.output_size(), metadata.margin);
    recipe.degradation.blocks = [4.0, 8.0];
    recipe.networks.dcedn = dcedn.unwrap_or(recipe.networks.dcedn);
    (recipe.stage2.steps, recipe.stage2.batch) = (4, 2);
    recipe.features = Some(random_features(folder));
    recipe.check().unwrap();
    let out = folder.join("behind");
    let system = Dcedn {
        settings: SecondSettings {
            folder: out.clone(),
            after: Some(first),
            ..SecondSettings::default()
        },
        recipe: recipe.clone(),
    };
    let outcome = train(&system, &faces, &options(&out)).unwrap();
    assert_eq!(outcome, Outcome::Finished);
    let scale = metadata.scale * recipe.scale();
    check_played(&out.join("cascade.onnx"), metadata.size, scale);
}

#[test]
fn a_second_stage_plays_alone() {
    let (folder, faces) = folder_with_faces();
    let mut recipe = cascade::Recipe::parse(include_str!("../../../recipes/default.toml")).unwrap();
    recipe.model.size = 32;
    recipe.degradation.blocks = [4.0, 8.0];
    recipe.networks.dcedn = Architecture::Dcedn { width: 4 };
    (recipe.stage2.steps, recipe.stage2.batch) = (2, 2);
    recipe.features = Some(random_features(folder.path()));
    let out = folder.path().join("alone");
    let system = |alone| Dcedn {
        settings: SecondSettings {
            folder: out.clone(),
            alone,
            ..SecondSettings::default()
        },
        recipe: recipe.clone(),
    };
    let error = train(&system(false), &faces, &options(&out)).unwrap_err();
    assert!(error.to_string().contains("--alone"), "{error:#}");
    train(&system(true), &faces, &options(&out)).unwrap();
    check_played(&out.join("cascade.onnx"), 32, recipe.scale());
    // Its first picture is the mosaic.
    let model = Model::open(&out.join("cascade.onnx")).unwrap();
    let runtime = runtime::load(&RuntimeSearch::default()).unwrap();
    let mut session = OrtBackend::new(runtime, &model, &SessionSettings::default()).unwrap();
    let crop: Vec<f32> = (0..3 * 32 * 32).map(|i| (i % 7) as f32 / 7.0).collect();
    let mut first = Vec::new();
    session
        .run_stage1(Crops::new(&crop, 1), &mut first)
        .unwrap();
    assert_eq!(first, crop);
    // It goes on without being told again.
    assert_eq!(
        train(&system(false), &faces, &options(&out)).unwrap(),
        Outcome::Finished
    );
}

#[test]
fn a_second_stage_plays_behind_pix2pix() {
    let mut restorer = tiny_pix2pix();
    restorer.train.steps = 1;
    check_behind(&restorer, None);
}

#[test]
fn a_second_stage_plays_behind_esrgan() {
    // The recipe's own network is given the lattice, which does not fit behind one that enlarges.
    let dcedn = Architecture::Dcedn { width: 4 };
    check_behind(&tiny_member::<1>(ESRGAN), Some(dcedn));
}
