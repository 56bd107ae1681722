//! `experiment`: models compared.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use crate::evaluate::systems::open_models;
use crate::experiments::{Faces, blur, film, results, rounds, sweep};
use crate::files;
use crate::train::data::held_out::HeldOut;

/// How long each round of the film is shown.
const MILLISECONDS: u16 = 500;

/// Which experiment.
#[derive(Subcommand)]
pub(super) enum Experiment {
    /// Blurred faces: the models beside the input and bicubic sharpening (100 faces of 256 pixels).
    #[command(alias = "a")]
    Blur(BlurArgs),
    /// Each model fed with its own output ten times: figures by round, a strip of pictures, a film
    /// (20 faces of 128 pixels).
    #[command(alias = "b")]
    Repeat(RoundsArgs),
    /// Mosaics from fine to coarse, plotted over the number of cells across a face (50 faces of 128
    /// pixels).
    #[command(alias = "c")]
    TileSize(SweepArgs),
}

#[derive(Args)]
struct Common {
    /// The ONNX file of a model; may be given several times. Without it the bundled model.
    #[arg(long, value_name = "FILE")]
    model: Vec<PathBuf>,
    /// Pictures of one face each: a folder, a tar file, or a list of files (.txt).
    #[arg(long, value_name = "PATH")]
    faces: PathBuf,
    /// Take only those pictures that training on the same path holds out.
    #[arg(long, alias = "held-back")]
    held_out: bool,
    /// Recipe of any system, whose rule says which those are; without it the bundled default
    /// recipe.
    #[arg(long, value_name = "FILE", requires = "held_out")]
    recipe: Option<PathBuf>,
    /// Take at most so many pictures, evenly spread.
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Scale the pictures to this side.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(32..=1024))]
    side: Option<u32>,
    /// Folder for table, plot, numbers and pictures.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Arguments of experiment `blur`.
#[derive(Args)]
pub(super) struct BlurArgs {
    #[command(flatten)]
    common: Common,
    /// Radius of the stack blur, pixels; may be given several times [default: 4, 8, 16].
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=128), conflicts_with = "blurred")]
    radius: Vec<u32>,
    /// Pictures that were blurred elsewhere, named as their originals.
    #[arg(long, value_name = "DIR")]
    blurred: Option<PathBuf>,
    /// Take the pictures as they are, of any size and shape.
    #[arg(long, conflicts_with = "side")]
    full_size: bool,
    /// What another program made of the blurred pictures, named as their originals; may be given
    /// several times.
    #[arg(long, value_name = "NAME=DIR", value_parser = named)]
    made: Vec<(String, PathBuf)>,
}

/// Arguments of experiment `repeat`.
#[derive(Args)]
pub(super) struct RoundsArgs {
    #[command(flatten)]
    common: Common,
    /// Radius of the stack blur of the start, pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=128))]
    radius: u32,
    /// Take the pictures as they are, of any size and shape.
    #[arg(long, conflicts_with = "side")]
    full_size: bool,
    /// By how much pictures grow in each round, 1 … 1.25.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = growth)]
    growth: f64,
}

/// Arguments of experiment `tile-size`.
#[derive(Args)]
pub(super) struct SweepArgs {
    #[command(flatten)]
    common: Common,
    /// Side of the tiles, pixels; may be given several times [default: 4, 6, 8, 12, 16, 19, 24].
    #[arg(long, value_name = "PIXELS")]
    tile: Vec<u32>,
}

/// Ten rounds of the greatest make a picture nine times as large.
fn growth(text: &str) -> Result<f64, String> {
    let factor = text.parse().ok().filter(|f| (1.0..=1.25).contains(f));
    factor.ok_or_else(|| "it must be a number from 1 to 1.25".to_owned())
}

fn named(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, folder)) if !name.is_empty() => Ok((name.to_owned(), folder.into())),
        _ => Err("a system is written NAME=DIR".to_owned()),
    }
}

impl Common {
    /// The pictures; without a `side` of their own, and none for those that stay as they are.
    fn faces(&self, limit: usize, side: Option<u32>) -> anyhow::Result<Faces> {
        let rule = HeldOut::of_recipe(self.recipe.as_deref())?;
        Ok(Faces {
            path: self.faces.clone(),
            held_out: self.held_out.then_some(rule),
            limit: self.limit.unwrap_or(limit),
            side: self.side.or(side),
        })
    }
}

/// Run an experiment; its table is printed, too.
pub(super) fn run(experiment: Experiment) -> anyhow::Result<()> {
    match experiment {
        Experiment::Blur(args) => run_blur(&args),
        Experiment::Repeat(args) => run_rounds(&args),
        Experiment::TileSize(args) => run_sweep(&args),
    }
}

fn run_blur(args: &BlurArgs) -> anyhow::Result<()> {
    let common = &args.common;
    results::make(&common.out)?;
    let models = open_models(&common.model)?;
    let faces = common
        .faces(100, (!args.full_size).then_some(256))?
        .open()?;
    let radii = match args.radius.is_empty() {
        true => blur::RADII.to_vec(),
        false => args.radius.clone(),
    };
    let settings = blur::Settings {
        radii,
        blurred: args.blurred.clone(),
        made: args.made.clone(),
    };
    let outcome = blur::run(&models, &faces, &settings, &bar()?)?;
    files::write_picture(&common.out.join("blur.png"), &outcome.sheet)?;
    let (table, panels) = (outcome.table(), outcome.panels());
    finish(&common.out, "blur", &table, &outcome, &panels)
}

fn run_rounds(args: &RoundsArgs) -> anyhow::Result<()> {
    let common = &args.common;
    results::make(&common.out)?;
    let models = open_models(&common.model)?;
    let faces = common.faces(20, (!args.full_size).then_some(128))?.open()?;
    let settings = rounds::Settings {
        radius: args.radius,
        growth: args.growth,
    };
    let outcome = rounds::run(&models, &faces, settings, &bar()?)?;
    files::write_picture(&common.out.join("rounds.png"), &outcome.strip)?;
    let moving = film::apng(&outcome.film, MILLISECONDS)?;
    files::write(&common.out.join("rounds-film.png"), moving)?;
    let (table, panels) = (outcome.table(), outcome.panels());
    finish(&common.out, "rounds", &table, &outcome, &panels)
}

fn run_sweep(args: &SweepArgs) -> anyhow::Result<()> {
    let common = &args.common;
    results::make(&common.out)?;
    let models = open_models(&common.model)?;
    let faces = common.faces(50, Some(128))?.open()?;
    let tiles = match args.tile.is_empty() {
        true => sweep::TILES.to_vec(),
        false => args.tile.clone(),
    };
    let outcome = sweep::run(&models, &faces, &tiles, &bar()?)?;
    let (table, panels) = (outcome.table(), outcome.panels());
    finish(&common.out, "sweep", &table, &outcome, &panels)
}

fn finish(
    out: &Path,
    name: &str,
    table: &str,
    numbers: &impl serde::Serialize,
    panels: &[crate::diagram::Panel],
) -> anyhow::Result<()> {
    results::write(out, name, table, numbers, panels)?;
    println!("{table}");
    Ok(())
}

fn bar() -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len}, {eta} left")?;
    Ok(ProgressBar::new(0).with_style(style))
}
