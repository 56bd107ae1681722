//! What generators make, drawn: `sample` and `interpolate`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use indicatif::ProgressBar;

use crate::experiments::film;
use crate::files;
use crate::train::run::generate::{self, Drawing, Walk};

/// What is drawn of an exported generator.
#[derive(Args)]
pub(super) struct DrawingArgs {
    /// The ONNX file.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The picture (PNG, JPEG); a film is an animated PNG.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Pictures per row and rows.
    #[arg(long, value_name = "COUNT", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=32))]
    grid: u32,
    /// Seed of the random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// How much of each style's distance to the mean is kept, 0 … 2: less is likelier and less
    /// varied.
    #[arg(long, value_name = "SHARE", value_parser = truncation)]
    truncation: Option<f64>,
}

/// Milliseconds that a frame of a film is shown.
const FRAME: u16 = 40;

impl DrawingArgs {
    fn drawing(&self) -> Drawing {
        Drawing {
            columns: self.grid,
            seed: self.seed,
            truncation: self.truncation,
        }
    }
}

/// Draw a grid.
pub(super) fn sample(args: &DrawingArgs) -> anyhow::Result<()> {
    let picture = generate::grid_of(&args.model, args.drawing())?;
    picture
        .save(&args.out)
        .with_context(|| format!("{} cannot be written", args.out.display()))
}

/// Draw a film.
pub(super) fn interpolate(args: &DrawingArgs, walk: Walk) -> anyhow::Result<()> {
    let bar = ProgressBar::new(u64::from(walk.stops * walk.steps));
    let tick = |frames| bar.set_position(u64::from(frames));
    let film = generate::film_of(&args.model, args.drawing(), walk, tick)?;
    bar.finish_and_clear();
    files::write(&args.out, &film::apng(&film, FRAME)?)
}

fn truncation(text: &str) -> Result<f64, String> {
    let share = text
        .parse()
        .ok()
        .filter(|share| (0.0..=2.0).contains(share));
    share.ok_or_else(|| "it must be a number from 0 to 2".to_owned())
}
