//! Systems that restore: what each of them exports is played by `facedepixelate`.

use std::sync::Arc;

use super::*;
use gstdepixelate::cascade::{Backend, Crops, Model, OrtBackend, SessionSettings};
use gstdepixelate::train::optim::discriminator::DiscriminatorChoice;
use gstdepixelate::train::systems::cascade::networks::Architecture;
use gstdepixelate::train::systems::cascade::{self, Dcedn, SecondSettings};
use gstdepixelate::train::systems::esrgan::{Esrgan, Generator, Member};
use gstdepixelate::train::systems::gpen::networks::Gpen;
use gstdepixelate::train::systems::pixelcyclegan::networks::Nested;
use gstdepixelate::train::systems::stylegan2::prior::Prior;
use gstdepixelate::train::systems::{gpen, pix2pix, pixelcyclegan, scgan, stylegan2};

/// The model file takes pictures of `side` pixels and gives such of `scale` times that, and the element plays it.
#[track_caller]
fn check_played(file: &Path, side: usize, scale: usize) {
    println!("{}", file.display());
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

pub fn check_pix2pix(folder: &Path, faces: &Path) {
    let small = include_str!("../../recipes/pix2pix-small.toml");
    let mut recipe = pix2pix::Recipe::parse(small).unwrap();
    // Six levels have a dropout.
    recipe.generator.width = 4;
    let DiscriminatorChoice::Own(patch) = &mut recipe.discriminator else {
        panic!("{:?}", recipe.discriminator);
    };
    patch.width = 4;
    (recipe.train.steps, recipe.train.batch) = (4, 2);
    let out = folder.join("pix2pix");
    check_resumed(&out, "pix2pix", |options| {
        train(&recipe, faces, options).unwrap()
    });
    check_played(&out.join("parts/pix2pix.onnx"), 64, 1);
    recipe.train.steps = 5;
    let error = train(&recipe, faces, &options(&out.join("parts"))).unwrap_err();
    assert!(error.to_string().contains("another recipe"), "{error}");
}

/// A recipe of SRGAN or one of its successors with tiny networks and both parts of the training.
fn tiny_member<const NUMBER: usize>(recipe: &str) -> Member<NUMBER>
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

fn check_member<const NUMBER: usize>(folder: &Path, faces: &Path, recipe: &str)
where
    Member<NUMBER>: System,
{
    let member = tiny_member::<NUMBER>(recipe);
    let name = Member::<NUMBER>::NAME;
    let out = folder.join(name);
    check_resumed(&out, name, |options| {
        train(&member, faces, options).unwrap()
    });
    check_played(&out.join(format!("parts/{name}.onnx")), 16, 4);
    check_projected(folder, faces, &member);
}

/// Real-ESRGAN that enlarges less than its published sibling, or not at all.
fn check_scales(folder: &Path, faces: &Path, recipe: &str) {
    for scale in [1, 2] {
        let mut member = tiny_member::<2>(recipe);
        if let Generator::Rrdb(network) = &mut member.0.generator {
            network.scale = scale;
        }
        member.check().unwrap();
        let (out, scale) = (folder.join(format!("realesrgan-{scale}")), scale as usize);
        let outcome = train(&member, faces, &options(&out)).unwrap();
        assert_eq!(outcome, Outcome::Finished);
        check_played(&out.join("realesrgan.onnx"), 64 / scale, scale);
    }
}

pub fn check_family(folder: &Path, faces: &Path) {
    let srgan = include_str!("../../recipes/srgan-small.toml");
    let esrgan = include_str!("../../recipes/esrgan-small.toml");
    let real = include_str!("../../recipes/realesrgan-small.toml");
    check_member::<0>(folder, faces, srgan);
    check_member::<1>(folder, faces, esrgan);
    check_member::<2>(folder, faces, real);
    check_scales(folder, faces, real);
    // VGG weights that are not there: an error before any work.
    let mut recipe = Esrgan::parse(esrgan).unwrap();
    recipe.0.perceptual.features = Some(folder.join("no.safetensors"));
    let out = folder.join("no-vgg");
    let error = train(&recipe, faces, &options(&out)).unwrap_err();
    assert!(format!("{error:#}").contains("no.safetensors"), "{error:#}");
    assert!(!out.exists());
}

pub fn check_scgan(folder: &Path, faces: &Path) {
    let small = include_str!("../../recipes/scgan-small.toml");
    let mut recipe = scgan::Recipe::parse(small).unwrap();
    (recipe.restorer.widths, recipe.restorer.blocks) = ([4, 4, 4], [1, 1]);
    recipe.degrader.width = 0.125;
    recipe.discriminator.own_mut().unwrap().width = 2;
    (recipe.train.steps, recipe.train.batch) = (4, 2);
    let out = folder.join("scgan");
    check_resumed(&out, "scgan", |options| {
        train(&recipe, faces, options).unwrap()
    });
    check_played(&out.join("parts/scgan.onnx"), 16, 4);
    check_projected(folder, faces, &recipe);
}

pub fn check_pixelcyclegan(folder: &Path, faces: &Path) {
    let small = include_str!("../../recipes/pixelcyclegan-small.toml");
    let mut recipe = pixelcyclegan::Recipe::parse(small).unwrap();
    let widths = vec![4, 4, 4];
    recipe.generator = Nested::Pyramid { widths };
    recipe.discriminator.own_mut().unwrap().width = 2;
    (recipe.train.steps, recipe.train.batch) = (4, 2);
    // So small that older fakes are shown.
    recipe.train.pool = 3;
    let out = folder.join("pixelcyclegan");
    check_resumed(&out, "pixelcyclegan", |options| {
        train(&recipe, faces, options).unwrap()
    });
    check_played(&out.join("parts/pixelcyclegan.onnx"), 64, 1);
    check_played(&out.join("parts/pixelcyclegan-art.onnx"), 64, 1);
    check_projected(folder, faces, &recipe);
}

pub fn check_gpen(folder: &Path, faces: &Path) {
    let prior = include_str!("../../recipes/gpen-prior-small.toml");
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
    let outcome = train(&prior, faces, &options(&pretrained)).unwrap();
    assert_eq!(outcome, Outcome::Finished);

    let small = include_str!("../../recipes/gpen-small.toml");
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
            stop: Arc::clone(&options.stop),
            out: options.out.clone(),
            ..*options
        };
        train(&recipe, faces, &options).unwrap()
    });
    check_played(&out.join("parts/gpen.onnx"), 32, 1);
    check_projected(folder, faces, &recipe);
}

/// The cascade's second stage, trained behind restorers that the other checks have left in `folder`.
pub fn check_second_stage(folder: &Path, faces: &Path) {
    let dcedn = Architecture::Dcedn { width: 4 };
    for (name, dcedn) in [("pix2pix", None), ("esrgan", Some(dcedn))] {
        let first = folder.join(format!("{name}/parts/{name}.onnx"));
        let metadata = Model::open(&first).unwrap().metadata().clone();
        let default = include_str!("../../recipes/default.toml");
        let mut recipe = cascade::Recipe::parse(default).unwrap();
        (recipe.model.size, recipe.model.margin) = (metadata.output_size(), metadata.margin);
        recipe.degradation.blocks = [4.0, 8.0];
        // The recipe's own is given the lattice, which does not fit behind a network that enlarges.
        recipe.networks.dcedn = dcedn.unwrap_or(recipe.networks.dcedn);
        (recipe.stage2.steps, recipe.stage2.batch) = (4, 2);
        recipe.features = Some(random_features(folder));
        recipe.check().unwrap();
        let out = folder.join(format!("after-{name}"));
        let system = Dcedn {
            settings: SecondSettings {
                folder: out.clone(),
                after: Some(first),
                ..SecondSettings::default()
            },
            recipe: recipe.clone(),
        };
        let outcome = train(&system, faces, &options(&out)).unwrap();
        assert_eq!(outcome, Outcome::Finished);
        let scale = metadata.scale * recipe.scale();
        check_played(&out.join("cascade.onnx"), metadata.size, scale);
    }
}
