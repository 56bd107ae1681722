//! A small training of each system: a stop in between, export, and the element's own code on the result.
//!
//! One test for all: libtorch's chance, from which dropout draws, is the process's.

#![cfg(feature = "trainer")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gstdepixelate::cascade::{
    Backend, Crops, INPUT, Model, Numbers, OrtBackend, PlainSession, RESTORED, RuntimeSearch,
    SessionSettings, runtime,
};
use gstdepixelate::detect::{Outline, Region};
use gstdepixelate::face_check::{FaceCheck, Question};
use gstdepixelate::frame::{FrameView, Lattice, Layout, Rect};
use gstdepixelate::train::checkpoint;
use gstdepixelate::train::face_check;
use gstdepixelate::train::precision::Precision;
use gstdepixelate::train::run::{Options, Outcome};
use gstdepixelate::train::systems::esrgan::{Esrgan, Generator, Member};
use gstdepixelate::train::systems::gpen::networks::Gpen;
use gstdepixelate::train::systems::pixelcyclegan::networks::Nested;
use gstdepixelate::train::systems::sample::{self, Drawing, Walk};
use gstdepixelate::train::systems::stylegan2::prior::Prior;
use gstdepixelate::train::systems::{
    System, dcgan, gpen, pix2pix, pixelcyclegan, scgan, stylegan2, train,
};
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

fn check_pix2pix(folder: &Path, faces: &Path) {
    let mut recipe = pix2pix::Recipe::parse(include_str!("../recipes/pix2pix-small.toml")).unwrap();
    // Six levels have a dropout.
    recipe.generator.width = 4;
    recipe.discriminator.width = 4;
    (recipe.train.steps, recipe.train.batch) = (4, 2);
    let out = folder.join("pix2pix");
    check_resumed(&out, "pix2pix", |options| {
        train(&recipe, faces, options).unwrap()
    });
    check_played(&out.join("parts/pix2pix.onnx"), 64);
    recipe.train.steps = 5;
    let error = train(&recipe, faces, &options(&out.join("parts"))).unwrap_err();
    assert!(error.to_string().contains("another recipe"), "{error}");
}

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

fn check_dcgan(folder: &Path, faces: &Path) {
    let mut recipe = dcgan::Recipe::parse(include_str!("../recipes/dcgan-small.toml")).unwrap();
    recipe.network.width = 4;
    (recipe.train.steps, recipe.train.batch) = (4, 4);
    recipe.train.noise = 0.1;
    let out = folder.join("dcgan");
    check_resumed(&out, "dcgan", |options| {
        train(&recipe, faces, options).unwrap()
    });
    let model = out.join("parts/dcgan.onnx");
    let drawn = |seed| sample::grid_of(&model, drawing(3, seed, None)).unwrap();
    assert_eq!(drawn(7).dimensions(), (96, 96));
    assert_eq!(drawn(7), drawn(7));
    assert_ne!(drawn(7), drawn(8));
    let walk = Walk { stops: 2, steps: 3 };
    let film = sample::film_of(&model, drawing(3, 7, None), walk, |_| ()).unwrap();
    assert_eq!(film.len(), 6);
    assert_eq!(film[0], drawn(7));
    // There and back again is the same way.
    assert_eq!(film[1].dimensions(), (96, 96));
    assert!(film[1] != film[0] && film[1] != film[2]);
    assert!(most_different(&film[2], &film[4]) <= 1);
    let restorer = folder.join("pix2pix/parts/pix2pix.onnx");
    let error = sample::grid_of(&restorer, drawing(3, 7, None)).unwrap_err();
    assert!(error.to_string().contains("input z"), "{error}");
}

/// A model file that gives pictures of `scale` times the size, 0 … 1.
fn check_enlarges(file: &Path, side: i64, scale: i64) {
    let runtime = runtime::load(&RuntimeSearch::default()).unwrap();
    let mut session = PlainSession::new(runtime, &std::fs::read(file).unwrap()).unwrap();
    let picture = Numbers {
        shape: vec![2, 3, side, side],
        data: vec![0.5; 2 * 3 * (side * side) as usize],
    };
    let made = session.run(&[(INPUT, &picture)], RESTORED).unwrap();
    assert_eq!(made.shape, [2, 3, scale * side, scale * side]);
    assert!(made.data.iter().all(|value| value.is_finite()));
}

/// Both parts of a training of SRGAN or one of its successors, with tiny networks.
fn check_member<const NUMBER: usize>(folder: &Path, faces: &Path, recipe: &str)
where
    Member<NUMBER>: System,
{
    let mut member = Member::<NUMBER>::parse(recipe).unwrap();
    let parts = &mut member.0;
    match &mut parts.generator {
        Generator::Residual(network) => (network.width, network.blocks) = (4, 1),
        Generator::Rrdb(network) => (network.width, network.blocks, network.growth) = (4, 1, 2),
    }
    parts.judge.width = 2;
    parts.train.batch = 2;
    (parts.psnr.steps, parts.gan.steps) = (2, 2);
    let name = Member::<NUMBER>::NAME;
    let out = folder.join(name);
    check_resumed(&out, name, |options| {
        train(&member, faces, options).unwrap()
    });
    check_enlarges(&out.join(format!("parts/{name}.onnx")), 16, 4);
}

fn check_family(folder: &Path, faces: &Path) {
    check_member::<0>(folder, faces, include_str!("../recipes/srgan-small.toml"));
    check_member::<1>(folder, faces, include_str!("../recipes/esrgan-small.toml"));
    let real = include_str!("../recipes/realesrgan-small.toml");
    check_member::<2>(folder, faces, real);
    // VGG weights that are not there: an error before any work.
    let mut recipe = Esrgan::parse(include_str!("../recipes/esrgan-small.toml")).unwrap();
    recipe.0.perceptual.vgg = Some(folder.join("no.safetensors"));
    let out = folder.join("no-vgg");
    let error = train(&recipe, faces, &options(&out)).unwrap_err();
    assert!(format!("{error:#}").contains("no.safetensors"), "{error:#}");
    assert!(!out.exists());
}

fn check_scgan(folder: &Path, faces: &Path) {
    let mut recipe = scgan::Recipe::parse(include_str!("../recipes/scgan-small.toml")).unwrap();
    (recipe.restorer.widths, recipe.restorer.blocks) = ([4, 4, 4], [1, 1]);
    recipe.degrader.width = 0.125;
    recipe.judge.width = 2;
    (recipe.train.steps, recipe.train.batch) = (4, 2);
    let out = folder.join("scgan");
    check_resumed(&out, "scgan", |options| {
        train(&recipe, faces, options).unwrap()
    });
    check_enlarges(&out.join("parts/scgan.onnx"), 16, 4);
}

fn check_pixelcyclegan(folder: &Path, faces: &Path) {
    let small = include_str!("../recipes/pixelcyclegan-small.toml");
    let mut recipe = pixelcyclegan::Recipe::parse(small).unwrap();
    let widths = vec![4, 4, 4];
    recipe.generator = Nested::Pyramid { widths };
    recipe.judge.width = 2;
    (recipe.train.steps, recipe.train.batch) = (4, 2);
    // So small that older fakes are shown.
    recipe.train.pool = 3;
    let out = folder.join("pixelcyclegan");
    check_resumed(&out, "pixelcyclegan", |options| {
        train(&recipe, faces, options).unwrap()
    });
    check_played(&out.join("parts/pixelcyclegan.onnx"), 64);
    check_played(&out.join("parts/pixelcyclegan-art.onnx"), 64);
}

fn check_stylegan2(folder: &Path, faces: &Path) {
    let small = include_str!("../recipes/stylegan2-small.toml");
    let mut recipe = stylegan2::Recipe::parse(small).unwrap();
    if let Prior::Added(network) = &mut recipe.generator {
        network.channels = vec![8; 4];
    }
    recipe.judge.channels = vec![8; 4];
    (recipe.train.steps, recipe.train.batch) = (4, 4);
    (recipe.train.r1_every, recipe.train.path_every) = (2, 2);
    (recipe.train.path, recipe.augment.speed) = (2.0, 10.0);
    let out = folder.join("stylegan2");
    check_resumed(&out, "stylegan2", |options| {
        train(&recipe, faces, options).unwrap()
    });
    let model = out.join("parts/stylegan2.onnx");
    let drawn = |truncation| sample::grid_of(&model, drawing(2, 7, truncation)).unwrap();
    assert_eq!(drawn(None).dimensions(), (64, 64));
    assert_eq!(drawn(None), drawn(Some(1.0)));
    assert_ne!(drawn(None), drawn(Some(0.0)));
    let dcgan = folder.join("dcgan/parts/dcgan.onnx");
    let error = sample::grid_of(&dcgan, drawing(3, 7, Some(0.5))).unwrap_err();
    assert!(error.to_string().contains("no styles"), "{error}");
}

fn check_gpen(folder: &Path, faces: &Path) {
    let prior = include_str!("../recipes/gpen-prior-small.toml");
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
    prior.judge.channels = channels.clone();
    let pretrained = folder.join("prior");
    let outcome = train(&prior, faces, &options(&pretrained)).unwrap();
    assert_eq!(outcome, Outcome::Finished);

    let mut recipe = gpen::Recipe::parse(include_str!("../recipes/gpen-small.toml")).unwrap();
    (recipe.train.steps, recipe.train.batch) = (4, 2);
    (recipe.train.alone, recipe.train.r1_every) = (1, 2);
    (recipe.train.path, recipe.train.path_every) = (2.0, 2);
    (recipe.generator, recipe.judge.channels) = (network, channels);
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
    check_played(&out.join("parts/gpen.onnx"), 32);
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
}
