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
