//! `evaluate`: models measured.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use clap::Args;

use crate::evaluate::cases::{BLOCKS, FACE_SHARE, Setting};
use crate::evaluate::{films, job, networks, open_faces, table};
use crate::files;
use crate::train::data::held_out::HeldOut;
use crate::train::recipe::RecipeText;
use crate::train::systems::pix2pix::{self, score};

/// What is measured.
#[derive(Args)]
pub(super) struct EvaluateArgs {
    /// The ONNX file of a model; may be given several times. Without it the bundled model.
    #[arg(long, value_name = "FILE")]
    model: Vec<PathBuf>,
    /// Pictures of one face each: a folder, a tar file, or a list of files (.txt).
    #[arg(long, value_name = "PATH", required_unless_present = "clips")]
    faces: Option<PathBuf>,
    /// Measure films instead: clips of people, or folders of such, whose largest face is pixelated,
    /// coded and restored; may be given several times.
    #[arg(long, value_name = "PATH", requires = "finder", conflicts_with_all = ["faces", "held_out", "recipe", "block", "inner", "side", "occlusion", "embedding", "features", "trained_with"])]
    clips: Vec<PathBuf>,
    /// The network that finds the faces of --clips: YuNet or UltraFace, see docs/training.md.
    #[arg(long, value_name = "FILE.onnx", requires = "clips")]
    finder: Option<PathBuf>,
    /// Take so many frames of each clip at most.
    #[arg(long, value_name = "COUNT", requires = "clips", value_parser = clap::value_parser!(u32).range(2..))]
    frames: Option<u32>,
    /// Write films side by side into this folder: the clips, pixelated, and restored in each way.
    #[arg(long, value_name = "FOLDER", requires = "clips")]
    films: Option<PathBuf>,
    /// Take only those pictures that training on the same path holds back.
    #[arg(long, alias = "held-back")]
    held_out: bool,
    /// Recipe of any system, whose rule says which those are; without it the bundled default
    /// recipe.
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Take at most so many pictures, evenly spread.
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    limit: usize,
    /// Measure with blocks of this size, pixels, alone; may be given several times.
    #[arg(long, value_name = "PIXELS", value_parser = block_size)]
    block: Vec<u32>,
    /// Side of the mosaics that leave some of the picture ÷ side of the picture.
    #[arg(long, value_name = "SHARE", default_value_t = FACE_SHARE, value_parser = inner_share)]
    inner: f64,
    /// Side that pictures are scaled to, pixels; without it that of the largest that a model gives.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(32..=2048))]
    side: Option<u32>,
    /// Cover the faces as pix2pix's recipe says (that of the first model, or of --recipe) instead of
    /// pixelating them, and score whole pictures and what was covered.
    #[arg(long, conflicts_with_all = ["block", "inner", "side", "embedding", "features", "trained_with", "html"], requires = "model")]
    occlusion: bool,
    /// Also measure identity and Fréchet distance by this network, which describes a face by a
    /// vector.
    #[arg(long, value_name = "FILE.onnx")]
    embedding: Option<PathBuf>,
    /// Also measure the distance of the features of this network: ONNX, or the weights of VGG or
    /// EfficientNet-lite0 as .safetensors.
    #[arg(long, value_name = "FILE")]
    features: Option<PathBuf>,
    /// What the model was trained with: warns of pictures that are in both.
    #[arg(long, value_name = "PATH")]
    trained_with: Option<PathBuf>,
    /// Write all numbers to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page with tables and pictures.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Measure, print the table and write what is asked for.
pub(super) fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    if let Some(finder) = &args.finder {
        return of_films(args, finder);
    }
    if args.occlusion {
        return covered(args);
    }
    ensure!(
        args.recipe.is_none() || args.held_out,
        "--recipe says which pictures --held-out takes: give both, or neither"
    );
    let rule = HeldOut::of_recipe(args.recipe.as_deref())?;
    let faces = job::Faces {
        path: args.faces.clone().unwrap_or_default(),
        held_out: args.held_out.then_some(rule),
        limit: args.limit,
        trained_with: args.trained_with.clone(),
    };
    let options = job::Options {
        blocks: args.block.clone(),
        inner: Setting::Inner { share: args.inner },
        side: args.side,
        networks: networks::Files {
            embedding: args.embedding.clone(),
            features: args.features.clone(),
        },
    };
    let results = job::models(&args.model, &faces, &options)?;
    println!("{}", table::markdown(&results.evaluation));
    if let Some(path) = &args.json {
        files::write(path, &serde_json::to_string_pretty(&results.evaluation)?)?;
    }
    if let Some(path) = &args.html {
        files::write(path, &results.page()?)?;
    }
    Ok(())
}

/// The same of films.
fn of_films(args: &EvaluateArgs, finder: &Path) -> anyhow::Result<()> {
    let sources = films::job::Sources {
        clips: args.clips.clone(),
        finder: finder.to_owned(),
        models: args.model.clone(),
        frames: args.frames.map(|frames| frames as usize),
        films: args.films.clone(),
    };
    let progress = job::bar()?;
    let measured = films::job::measure(&sources, &progress)?;
    progress.finish_and_clear();
    println!("{}", films::table::markdown(&measured));
    if let Some(path) = &args.json {
        files::write(path, &serde_json::to_string_pretty(&measured.films)?)?;
    }
    if let Some(path) = &args.html {
        files::write(path, &films::table::page(&measured)?)?;
    }
    Ok(())
}

/// The same of covered faces.
fn covered(args: &EvaluateArgs) -> anyhow::Result<()> {
    let recipe = match (&args.recipe, args.model.first()) {
        (None, Some(model)) => pix2pix::Recipe::of_model(model)?,
        (path, _) => pix2pix::Recipe::read_with(path.as_deref(), &[])?,
    };
    let faces = args.faces.clone().unwrap_or_default();
    let faces = open_faces(&faces, args.held_out.then_some(&recipe.data))?;
    let rows = score::score(&args.model, &faces, args.limit, &recipe)?;
    println!("{}", score::markdown(&rows));
    if let Some(path) = &args.json {
        files::write(path, &serde_json::to_string_pretty(&rows)?)?;
    }
    Ok(())
}

fn inner_share(text: &str) -> Result<f64, String> {
    let share = text
        .parse()
        .ok()
        .filter(|share| (0.2..=1.0).contains(share));
    share.ok_or_else(|| "it must be a number from 0.2 to 1".to_owned())
}

/// One of the block sizes that are measured.
fn block_size(text: &str) -> Result<u32, String> {
    let size = text.parse().ok().filter(|size| BLOCKS.contains(size));
    size.ok_or_else(|| format!("sizes are {}", BLOCKS.map(|b| b.to_string()).join(", ")))
}
