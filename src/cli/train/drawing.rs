//! What generators make, drawn: `sample` and `interpolate`.

use std::path::PathBuf;

use clap::Args;
use indicatif::ProgressBar;

use crate::experiments::film;
use crate::files;
use crate::train::data::dataset::Dataset;
use crate::train::data::held_out::HeldOut;
use crate::train::data::pictures::grid;
use crate::train::run::generate::{self, Drawing, Walk};
use crate::train::run::neighbours::neighbours;

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

/// What is drawn of one, beside the pictures that it was trained with.
#[derive(Args)]
pub(super) struct SampleArgs {
    #[command(flatten)]
    drawing: DrawingArgs,
    /// What the generator was trained with: draw below each picture the nearest one of these, and say
    /// how near it is, beside how near held-out faces are.
    #[arg(long, value_name = "PATH")]
    faces: Option<PathBuf>,
    /// Recipe of any system, whose rule says which of them are held out; without it the bundled
    /// default recipe.
    #[arg(long, value_name = "FILE", requires = "faces")]
    recipe: Option<PathBuf>,
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
pub(super) fn sample(args: &SampleArgs) -> anyhow::Result<()> {
    let (drawing, columns) = (&args.drawing, args.drawing.grid);
    let made = generate::pictures_of(&drawing.model, drawing.drawing())?;
    let picture = match &args.faces {
        None => grid(&made, columns),
        Some(faces) => {
            let rule = HeldOut::of_recipe(args.recipe.as_deref())?;
            let dataset = Dataset::open(faces, &ProgressBar::hidden())?;
            let (training, held_out) = dataset.split(&rule);
            let found = neighbours(&made, columns, &training, &held_out)?;
            println!(
                "distance to the nearest training picture, grey levels (root mean square): made {:.1}, held-out \
                 faces {:.1}",
                found.made, found.held_out
            );
            found.picture
        }
    };
    files::write_picture(&drawing.out, &picture)
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
