//! A real face, pixelated and restored: what `make demo` runs.
//!
//! Films a public-domain photograph with a moving camera, pixelates the face with `facepixelate`,
//! lets `facedepixelate` find and restore it, and compares the clips. Everything is left in
//! `target/demo`.

mod clips;
mod compare;
mod scene;
mod sheet;

use anyhow::{Context, ensure};
use clap::Parser;
use compare::{Score, VERSIONS};
use gstdepixelate::app::{self, RestoreOptions, restorer};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Pixelate the face in a photograph that a camera moves over, restore it, and compare.
#[derive(Parser)]
struct Arguments {
    /// The photograph
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.deps/photographs/astronaut.png"))]
    photograph: PathBuf,
    /// Folder for the clips and pictures
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/demo"))]
    out: PathBuf,
    /// ONNX model to use instead of the bundled one
    #[arg(long)]
    model_file: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let out = |name: &str| arguments.out.join(name);
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("{} cannot be made", arguments.out.display()))?;
    app::init()?;

    let [original, pixelated, restored] =
        ["original.mp4", "pixelated.mp4", "restored.mp4"].map(out);
    clips::film(scene::Scene::open(&arguments.photograph)?, &original)?;
    clips::pixelate(&original, &pixelated)?;
    let element = restorer(&RestoreOptions {
        model_file: arguments.model_file.clone(),
        ..RestoreOptions::default()
    })?;
    let report = clips::restore(&pixelated, &restored, &element)?;
    println!("{report}");
    ensure!(
        report.faces > 0,
        "no pixelated face was found in {}",
        pixelated.display()
    );

    let (scores, moments) = compare::compare(&original, &pixelated, &restored)?;
    print_table(&scores);
    save(&sheet::faces(&moments)?, &out("compare.png"))?;
    save(
        &sheet::before_after(&moments[moments.len() / 2])?,
        &out("before-after.png"),
    )?;
    println!("\nThe restored face is invented: it proves nobody's identity.");
    let names = "original.mp4, pixelated.mp4, restored.mp4, compare.png, before-after.png";
    println!("{names}\nare in {}", arguments.out.display());
    Ok(())
}

fn print_table(scores: &[Score; 3]) {
    println!("\ninside the face, against the original; all decoded from the encoded clips:");
    println!("{:12} {:>8} {:>12}", "", "PSNR dB", "SSIM (gauss)");
    for (name, score) in VERSIONS.iter().zip(scores) {
        println!("{name:12} {:>8.2} {:>12.3}", score.psnr, score.ssim);
    }
}

fn save(picture: &image::RgbImage, path: &Path) -> anyhow::Result<()> {
    picture
        .save(path)
        .with_context(|| format!("{} cannot be written", path.display()))
}
