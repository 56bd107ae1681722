//! SRGAN and its successors, which enlarge pictures: `facedepixelate` plays what they export.

use super::*;
use gstdepixelate::train::systems::esrgan::{Esrgan, Generator, Member};

const SRGAN: &str = include_str!("../../../recipes/srgan-small.toml");
pub const ESRGAN: &str = include_str!("../../../recipes/esrgan-small.toml");
const REAL_ESRGAN: &str = include_str!("../../../recipes/realesrgan-small.toml");
const REAL_ESRGAN_X1: &str = include_str!("../../../recipes/realesrgan-x1-small.toml");

/// A recipe of SRGAN or one of its successors with tiny networks and both parts of the training.
pub fn tiny_member<const NUMBER: usize>(recipe: &str) -> Member<NUMBER>
where
    Member<NUMBER>: System,
{
    let mut member = Member::<NUMBER>::parse(recipe).unwrap();
    let parts = &mut member.0;
    match &mut parts.generator {
        Generator::Residual(network) => (network.width, network.blocks) = (4, 1),
        Generator::Rrdb(network) => (network.width, network.blocks, network.growth) = (4, 1, 2),
    }
    parts.discriminator.own_mut().unwrap().width = 2;
    parts.train.batch = 2;
    (parts.psnr.steps, parts.gan.steps) = (2, 2);
    member
}

fn check_member<const NUMBER: usize>(recipe: &str)
where
    Member<NUMBER>: System,
{
    let (folder, faces) = folder_with_faces();
    let member = tiny_member::<NUMBER>(recipe);
    let name = Member::<NUMBER>::NAME;
    let out = folder.path().join(name);
    check_resumed(&out, name, |options| {
        train(&member, &faces, options).unwrap()
    });
    let scale = member.0.generator.scale() as usize;
    check_played(&out.join(format!("parts/{name}.onnx")), 64 / scale, scale);
    check_projected(folder.path(), &faces, &member);
}

#[test]
fn srgan_trains_stops_resumes_and_plays() {
    check_member::<0>(SRGAN);
}

#[test]
fn esrgan_trains_stops_resumes_and_plays() {
    check_member::<1>(ESRGAN);
}

#[test]
fn realesrgan_trains_stops_resumes_and_plays() {
    check_member::<2>(REAL_ESRGAN);
}

#[test]
fn the_recipe_that_restores_trains_stops_resumes_and_plays() {
    check_member::<2>(REAL_ESRGAN_X1);
}

#[test]
fn realesrgan_may_enlarge_less_or_not_at_all() {
    let (folder, faces) = folder_with_faces();
    for scale in [1, 2] {
        let mut member = tiny_member::<2>(REAL_ESRGAN);
        if let Generator::Rrdb(network) = &mut member.0.generator {
            network.scale = scale;
        }
        member.check().unwrap();
        let (out, scale) = (folder.path().join(scale.to_string()), scale as usize);
        let outcome = train(&member, &faces, &options(&out)).unwrap();
        assert_eq!(outcome, Outcome::Finished);
        check_played(&out.join("realesrgan.onnx"), 64 / scale, scale);
    }
}

#[test]
fn feature_weights_that_are_not_there_are_an_error_before_any_work() {
    let (folder, faces) = folder_with_faces();
    let mut recipe = Esrgan::parse(ESRGAN).unwrap();
    recipe.0.perceptual.features = Some(folder.path().join("no.safetensors"));
    recipe.0.perceptual.weight = 1.0;
    let out = folder.path().join("out");
    let error = train(&recipe, &faces, &options(&out)).unwrap_err();
    assert!(format!("{error:#}").contains("no.safetensors"), "{error:#}");
    assert!(!out.exists());
}
