//! The command lines of trainings that take pictures of two kinds.

use std::path::PathBuf;

use clap::Args;

use super::training::{TrainArgs, train_on};
use crate::train::systems::pix2pix::{Direction, OwnPairs};
use crate::train::systems::{pix2pix, pixelcyclegan, scgan};

/// Arguments of a training of SCGAN.
#[derive(Args)]
pub(super) struct ScganArgs {
    #[command(flatten)]
    train: TrainArgs,
    /// Sharp faces, in place of --faces; those that are restored are then --low's.
    #[arg(long, value_name = "PATH", requires = "low", conflicts_with = "faces")]
    high: Option<PathBuf>,
    /// Worn faces, of any people: a folder, a tar file, or a list of files (.txt). They are scaled
    /// to the 16 pixels that are restored.
    #[arg(long, value_name = "PATH", requires = "high")]
    low: Option<PathBuf>,
}

/// Arguments of a training of PixelCycleGAN.
#[derive(Args)]
pub(super) struct PixelCycleGanArgs {
    #[command(flatten)]
    train: TrainArgs,
    /// Pictures, in place of --faces; pixel art is then --b's.
    #[arg(long, value_name = "PATH", requires = "b", conflicts_with = "faces")]
    a: Option<PathBuf>,
    /// Pixel art or cartoons, of anybody: a folder, a tar file, or a list of files (.txt).
    #[arg(long, value_name = "PATH", requires = "a")]
    b: Option<PathBuf>,
}

/// Arguments of a training of pix2pix.
#[derive(Args)]
pub(super) struct Pix2pixArgs {
    #[command(flatten)]
    train: TrainArgs,
    /// Pairs of your own, in place of --faces: pictures that show both of a pair, side by side.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["faces", "input", "target"])]
    pairs: Option<PathBuf>,
    /// Which half of --pairs is the input: the left one (a-to-b) or the right one.
    #[arg(long, value_enum, default_value = "a-to-b", requires = "pairs")]
    direction: Direction,
    /// Pairs of your own, in place of --faces: what the network sees …
    #[arg(
        long,
        value_name = "PATH",
        requires = "target",
        conflicts_with = "faces"
    )]
    input: Option<PathBuf>,
    /// … and what it should make of it, under the same names, but for the ending.
    #[arg(long, value_name = "PATH", requires = "input")]
    target: Option<PathBuf>,
}

/// Train SCGAN.
pub(super) fn train_scgan(args: ScganArgs) -> anyhow::Result<()> {
    let ScganArgs { train, high, low } = args;
    train_on::<scgan::Recipe>(&train, high.as_deref(), |recipe, _| recipe.worn = low)
}

/// Train PixelCycleGAN.
pub(super) fn train_pixelcyclegan(args: PixelCycleGanArgs) -> anyhow::Result<()> {
    let PixelCycleGanArgs { train, a, b } = args;
    train_on::<pixelcyclegan::Recipe>(&train, a.as_deref(), |recipe, _| recipe.drawn = b)
}

/// Train pix2pix.
pub(super) fn train_pix2pix(args: Pix2pixArgs) -> anyhow::Result<()> {
    let own_pairs = match (&args.pairs, args.input) {
        (Some(_), _) => Some(OwnPairs::SideBySide(args.direction)),
        (None, inputs) => inputs.map(OwnPairs::Inputs),
    };
    let targets = args.pairs.or(args.target);
    train_on::<pix2pix::Recipe>(&args.train, targets.as_deref(), |recipe, _| {
        recipe.own_pairs = own_pairs;
    })
}
