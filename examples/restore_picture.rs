//! Restores the pixelated faces of one picture, without GStreamer:
//! `cargo run --example restore_picture IN.png OUT.png` (or .jpg, .webp).
//!
//! A restored face is a guess: it shows nobody's identity.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use gstdepixelate::files;
use gstdepixelate::restore::Restorer;
use image::ImageFormat;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("restore_picture: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [input, output] = arguments.as_slice() else {
        bail!("two pictures are needed: the one to read and the one to write");
    };
    let (from, to) = (input.display(), output.display());
    let format = ImageFormat::from_path(output).ok();
    let format = format
        .filter(ImageFormat::writing_enabled)
        .with_context(|| {
            format!("{to}: name it .png, .jpg or .webp, which is what can be written")
        })?;
    let mut picture = image::open(input)
        .with_context(|| format!("{from} cannot be read"))?
        .into_rgb8();

    // Where ONNX Runtime is missing, the error says where it was looked for and what to do.
    let mut restorer = Restorer::bundled()?;
    let regions = restorer.restore_picture(&mut picture)?;

    ensure!(
        !regions.is_empty(),
        "{from}: no pixelated face was found, so nothing was written"
    );
    for region in &regions {
        let (rect, score) = (region.rect, region.score);
        println!(
            "restored {} x {} pixels at {},{} (confidence {score:.2})",
            rect.width, rect.height, rect.x, rect.y
        );
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format)?;
    files::write(output, bytes.into_inner())?;
    println!("{to}: what was restored is a guess; it proves nobody's identity.");
    Ok(())
}
