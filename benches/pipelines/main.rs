//! Whole pipelines with `facedepixelate` in turn with the same ones without it: processor time per
//! frame above that floor, frames per second, peak memory; and one, two and four streams in one
//! process, with one model and with one each.
//!
//! Each measurement is a process of its own, so that its peak of memory is its own. `--write` puts
//! the tables into `docs/performance.md`. `--gpu` measures an NVIDIA GPU instead. Linux only: times
//! and memory are read from /proc.

mod clip;
mod gpu;
mod run;
mod table;

use run::{Case, Measured, Model};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Rounds over all cases; medians are told.
const ROUNDS: usize = 3;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    gst::init()?;
    gstdepixelate::plugin_register_static()?;
    if let [first, clip, rest @ ..] = &arguments[..]
        && first == "--child"
    {
        println!("{}", run::run(Path::new(clip), &Case::parse(rest)?)?);
        return Ok(());
    }
    if arguments.iter().any(|argument| argument == "--gpu") {
        println!("{}", gpu::batches()?);
        let cases = gpu::cases();
        println!("{}", table::of_gpu(&cases, &measure(&cases)?));
        return Ok(());
    }
    let mut text = String::from(table::HEAD);
    for (width, height, depth) in clip::FORMATS {
        let cases = table::cases(width, height, depth);
        text += &table::of_regions(
            &format!("{height}p, {depth} bit"),
            &cases,
            &measure(&cases)?,
        );
    }
    let cases = table::of_streams();
    text += &table::streams(&cases, &measure(&cases)?);
    println!("{text}");
    if arguments.iter().any(|argument| argument == "--write") {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
        table::write(&file, &text)?;
    }
    Ok(())
}

/// The median of each case. Cases take turns, so that whatever else the machine does meets all of
/// them.
fn measure(cases: &[Case]) -> anyhow::Result<Vec<Measured>> {
    let mut all: Vec<Vec<Measured>> = vec![Vec::new(); cases.len()];
    for round in 0..ROUNDS {
        for (case, measured) in cases.iter().zip(&mut all) {
            eprintln!("round {} of {ROUNDS}: {case}", round + 1);
            let clip = clip::of(&folder()?, case)?;
            let child = Command::new(std::env::current_exe()?)
                .arg("--child")
                .arg(clip)
                .args(case.to_string().split_whitespace())
                .output()?;
            anyhow::ensure!(
                child.status.success(),
                "{case}: {}",
                String::from_utf8_lossy(&child.stderr)
            );
            measured.push(String::from_utf8(child.stdout)?.parse()?);
        }
    }
    Ok(all.into_iter().map(Measured::median).collect())
}

/// Where clips are kept.
fn folder() -> anyhow::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pipelines");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The model file of a case; None is the bundled one.
fn model_file(model: Model) -> anyhow::Result<Option<PathBuf>> {
    Ok(match model {
        Model::Identity => Some(clip::identity_model(&folder()?)?),
        Model::None | Model::Bundled | Model::Cuda => None,
    })
}
