//! Runs that stopped early, exported as they stand.

use std::path::{Path, PathBuf};

use crate::helpers::assert_plays;
use crate::runs;
use gstdepixelate::cascade::Model;
use gstdepixelate::cli::train::{ExportArgs, ExportPrecision, export};
use gstdepixelate::train::optim::discriminator::DiscriminatorChoice;
use gstdepixelate::train::optim::discriminator::patch::PatchGanSize;
use gstdepixelate::train::recipe::RecipeText;
use gstdepixelate::train::run::generate::{self, Drawing};
use gstdepixelate::train::run::options::{Options, Outcome};
use gstdepixelate::train::run::system::{System, train};
use gstdepixelate::train::systems::esrgan::{Generator, Srgan};
use gstdepixelate::train::systems::face_check;
use gstdepixelate::train::systems::pixelcyclegan::networks::Nested;
use gstdepixelate::train::systems::{dcgan, pix2pix, pixelcyclegan, scgan};
use image::{Rgb, RgbImage};
use tempfile::TempDir;

/// Coloured grounds, with coloured `ovals` on them or without.
fn make_pictures(folder: &Path, ovals: bool) {
    std::fs::create_dir(folder).unwrap();
    for i in 0..20u32 {
        let picture = RgbImage::from_fn(80, 80, |x, y| {
            let (dx, dy) = (x as f32 - 40.0, y as f32 - 40.0);
            match ovals && (dx / 24.0).hypot(dy / 32.0) < 1.0 {
                true => Rgb([200 - (i % 7) as u8 * 15, 150, 120]),
                false => Rgb([(i * 37 % 200) as u8, y as u8, 90]),
            }
        });
        picture.save(folder.join(format!("{i:02}.png"))).unwrap();
    }
}

/// A folder for one test, and pictures of ovals in it.
fn folder_with_faces() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let faces = folder.path().join("faces");
    make_pictures(&faces, true);
    (folder, faces)
}

/// A run that goes on; one that `stops` does a single step.
fn options(out: &Path, stops: bool) -> Options {
    let options = runs::options(out);
    if stops {
        options.stop.ask();
    }
    options
}

/// The arguments of `export` for a run in `run`: `name` lies beside that folder.
fn arguments(run: &Path, name: &str) -> ExportArgs {
    ExportArgs {
        run: run.to_owned(),
        out: run.with_file_name(name),
        stage1: None,
        fixed: false,
        precision: ExportPrecision::Fp32,
    }
}

/// Train in the folder `run`, export after the first step of two and after the last: what is
/// exported in the end is what the run has written itself. Gives the file of the first step.
fn check(run: &Path, name: &str, train: impl Fn(&Options) -> Outcome) -> PathBuf {
    assert_eq!(train(&options(run, true)), Outcome::Stopped);
    let [early, last] =
        ["early", "last"].map(|when| arguments(run, &format!("{name}-{when}.onnx")));
    export(&early).unwrap();
    assert_eq!(train(&options(run, false)), Outcome::Finished);
    export(&last).unwrap();
    let bytes = |file: &Path| std::fs::read(file).unwrap();
    let written = bytes(&run.join(format!("{name}.onnx")));
    assert!(bytes(&last.out) == written, "{name}");
    assert!(bytes(&early.out) != written, "{name}");
    early.out
}

#[test]
fn a_stopped_run_of_pix2pix_is_exported_as_it_stands() {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let small = include_str!("../../recipes/pix2pix-small.toml");
    let mut recipe = pix2pix::Recipe::parse(small).unwrap();
    recipe.generator.width = 4;
    recipe.discriminator = DiscriminatorChoice::Own(PatchGanSize {
        width: 4,
        ..PatchGanSize::PIX2PIX
    });
    (recipe.train.steps, recipe.train.batch) = (2, 2);
    let run = folder.join("pix2pix");
    let early = check(&run, "pix2pix", |o| train(&recipe, &faces, o).unwrap());
    assert_eq!(Model::open(&early).unwrap().metadata().size, 64);
    let mut halved = arguments(&run, "halved.onnx");
    halved.precision = ExportPrecision::Fp16;
    export(&halved).unwrap();
    let length = |file: &Path| std::fs::metadata(file).unwrap().len();
    assert!(2 * length(&halved.out) < length(&early) + 65536);
    assert_eq!(Model::open(&halved.out).unwrap().metadata().size, 64);
    // Open sides are what a restorer of many sizes has, if nobody wants them fixed.
    let mut fixed = arguments(&run, "fixed.onnx");
    fixed.fixed = true;
    export(&fixed).unwrap();
    let multiple = |file: &Path| Model::open(file).unwrap().metadata().multiple;
    assert_eq!(multiple(&halved.out), Some(64));
    assert_eq!(multiple(&fixed.out), None);
    assert_plays(&fixed.out);
    assert_plays(&early);
    let mut staged = arguments(&run, "staged.onnx");
    staged.stage1 = Some(early);
    let error = export(&staged).unwrap_err().to_string();
    assert!(error.contains("holds a run of pix2pix"), "{error}");
}

#[test]
fn a_stopped_run_of_scgan_is_exported_as_it_stands() {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let small = include_str!("../../recipes/scgan-small.toml");
    let mut recipe = scgan::Recipe::parse(small).unwrap();
    (recipe.restorer.widths, recipe.restorer.blocks) = ([4, 4, 4], [1, 1]);
    (
        recipe.degrader.width,
        recipe.discriminator.own_mut().unwrap().width,
    ) = (0.125, 2);
    (recipe.train.steps, recipe.train.batch) = (2, 2);
    let run = folder.join("scgan");
    let early = check(&run, "scgan", |o| train(&recipe, &faces, o).unwrap());
    assert_eq!(Model::open(&early).unwrap().metadata().scale, 4);
}

#[test]
fn a_stopped_run_of_srgan_is_exported_as_it_stands() {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let small = include_str!("../../recipes/srgan-small.toml");
    let mut recipe = Srgan::parse(small).unwrap();
    if let Generator::Residual(network) = &mut recipe.0.generator {
        (network.width, network.blocks) = (4, 1);
    }
    (
        recipe.0.discriminator.own_mut().unwrap().width,
        recipe.0.train.batch,
    ) = (2, 2);
    (recipe.0.psnr.steps, recipe.0.gan.steps) = (1, 1);
    let run = folder.join("srgan");
    let early = check(&run, "srgan", |o| train(&recipe, &faces, o).unwrap());
    // An exported network with learned slopes is a start.
    let again = Options {
        start_from: Some(early),
        ..options(&folder.join("again"), true)
    };
    assert_eq!(train(&recipe, &faces, &again).unwrap(), Outcome::Stopped);
}

#[test]
fn a_stopped_run_of_pixelcyclegan_is_exported_as_it_stands() {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let small = include_str!("../../recipes/pixelcyclegan-small.toml");
    let mut recipe = pixelcyclegan::Recipe::parse(small).unwrap();
    let widths = vec![4, 4, 4];
    recipe.generator = Nested::Pyramid { widths };
    recipe.discriminator.own_mut().unwrap().width = 2;
    (recipe.train.steps, recipe.train.batch) = (2, 2);
    let run = folder.join("pixelcyclegan");
    check(&run, "pixelcyclegan", |o| {
        train(&recipe, &faces, o).unwrap()
    });
    let read = |file: PathBuf| std::fs::read(file).unwrap();
    let exported = read(folder.join("pixelcyclegan-last-art.onnx"));
    assert!(exported == read(run.join("pixelcyclegan-art.onnx")));
}

#[test]
fn a_stopped_run_of_dcgan_is_exported_as_it_stands() {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let small = include_str!("../../recipes/dcgan-small.toml");
    let mut recipe = dcgan::Recipe::parse(small).unwrap();
    recipe.network.width = 4;
    (recipe.train.steps, recipe.train.batch) = (2, 4);
    let run = folder.join("dcgan");
    let early = check(&run, "dcgan", |o| train(&recipe, &faces, o).unwrap());
    let drawing = Drawing {
        columns: 2,
        seed: 1,
        truncation: None,
    };
    let grid = generate::grid_of(&early, drawing).unwrap();
    assert_eq!(grid.dimensions(), (64, 64));
    // What makes pictures of random numbers cannot be checked in 16-bit floats, and is left as it
    // is.
    let mut halved = arguments(&run, "halved.onnx");
    halved.precision = ExportPrecision::Fp16;
    let error = export(&halved).unwrap_err().to_string();
    assert!(error.contains("stays in 32-bit floats"), "{error}");
    let read = |file: &Path| std::fs::read(file).unwrap();
    assert!(read(&halved.out) == read(&run.join("dcgan.onnx")));
}

#[test]
fn a_stopped_run_of_the_face_check_is_exported_as_it_stands() {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let others = folder.join("others");
    make_pictures(&others, false);
    let changes = ["network.width=6", "train.steps=2", "train.batch=3"].map(str::to_owned);
    let mut recipe = face_check::Recipe::read_with(None, &changes).unwrap();
    recipe.others = Some(others);
    check(&folder.join("check"), face_check::Recipe::NAME, |options| {
        train(&recipe, &faces, options).unwrap()
    });
}

#[test]
fn a_folder_without_a_checkpoint_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    std::fs::create_dir(&run).unwrap();
    let recipe = include_str!("../../recipes/dcgan-small.toml");
    std::fs::write(run.join("recipe.toml"), recipe).unwrap();
    let error = export(&arguments(&run, "a.onnx")).unwrap_err().to_string();
    assert!(error.contains("holds no checkpoint"), "{error}");
    // One that cannot be read.
    let garbage = run.join("dcgan.safetensors");
    std::fs::write(&garbage, b"garbage").unwrap();
    let error = export(&arguments(&run, "a.onnx")).unwrap_err();
    assert!(
        format!("{error:#}").contains("dcgan.safetensors"),
        "{error:#}"
    );
    assert!(!folder.path().join("a.onnx").exists());
}
