//! Trains the cascade that `facedepixelate` loads.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use gstdepixelate::evaluate::cases::{BLOCKS, FACE_SHARE, Setting};
use gstdepixelate::evaluate::{detection, job, networks, table};
use gstdepixelate::experiments::{self, args::Experiment, film};
use gstdepixelate::files;
use gstdepixelate::train::command::{self, CascadeArgs, ExportArgs, TrainArgs};
use gstdepixelate::train::data::held_out::HeldOut;
use gstdepixelate::train::run::generate;
use gstdepixelate::train::run::generate::{Drawing, Walk};
use gstdepixelate::train::run::{inspect, report};
use gstdepixelate::train::systems::cascade::{Cyclegan, Dcedn, SecondSettings};
use gstdepixelate::train::systems::face_check;
use gstdepixelate::train::systems::{
    dcgan, esrgan, gpen, pix2pix, pixelcyclegan, scgan, stylegan2,
};
use indicatif::ProgressBar;

/// Train the networks behind facedepixelate.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train both stages and export them as one ONNX file; run again to go on after a stop.
    Cascade(CascadeArgs),
    /// Train the first stage alone.
    Cyclegan(CascadeArgs),
    /// Train the second stage behind a first one.
    Dcedn {
        #[command(flatten)]
        train: CascadeArgs,
        /// The first stage: an ONNX file of this program or a checkpoint; without it the one in --out.
        #[arg(long, value_name = "FILE")]
        stage1: Option<PathBuf>,
        /// In place of a first stage: the ONNX file of any restorer of this program, which gives pictures of model.size.
        #[arg(long, value_name = "FILE", conflicts_with = "stage1")]
        after: Option<PathBuf>,
    },
    /// Train pix2pix, which takes masks and blur off faces.
    Pix2pix(TrainArgs),
    /// Train PixelCycleGAN between pictures and pixel art, unpaired and both ways.
    Pixelcyclegan(TrainArgs),
    /// Train SCGAN, which enlarges degraded faces four times, unpaired.
    Scgan(TrainArgs),
    /// Train SRGAN, which enlarges pictures four times.
    Srgan(TrainArgs),
    /// Train ESRGAN, which enlarges pictures four times.
    Esrgan(TrainArgs),
    /// Train Real-ESRGAN, which enlarges degraded pictures four times, or restores them.
    Realesrgan(TrainArgs),
    /// Train DCGAN, which makes faces out of random numbers.
    Dcgan(TrainArgs),
    /// Train StyleGAN2, which makes faces out of random numbers, or GPEN's prior.
    Stylegan2(TrainArgs),
    /// Train GPEN, which restores faces; --start-from names the checkpoint of a prior that stylegan2 trained.
    Gpen(TrainArgs),
    /// Train the network that tells mosaics over faces from mosaics over anything else.
    FaceCheck {
        #[command(flatten)]
        train: TrainArgs,
        /// Pictures without faces: a folder, a tar file, or a list of files (.txt).
        #[arg(long, value_name = "PATH", required_unless_present = "print_recipe")]
        others: Option<PathBuf>,
    },
    /// Draw a grid of pictures that an exported generator makes.
    Sample(DrawingArgs),
    /// Draw a film in which the pictures of such a grid change from random ones to others, and back to the first.
    Interpolate {
        #[command(flatten)]
        drawing: DrawingArgs,
        /// Random pictures that each comes by.
        #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=64))]
        stops: u32,
        /// Frames from one to the next; 25 are shown in a second.
        #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
        steps: u32,
    },
    /// Export a run of any system as it stands.
    Export(ExportArgs),
    /// Measure models on faces that they were not trained with.
    Evaluate(EvaluateArgs),
    /// Compare models in one of three experiments, each with a table and a plot.
    Experiment {
        #[command(subcommand)]
        which: Experiment,
    },
    /// Measure how well mosaics are found, in scenes made from pictures and in clips.
    BenchDetect(BenchDetectArgs),
    /// Say what is in a checkpoint or an ONNX file.
    Inspect {
        /// A .safetensors or .onnx file.
        file: PathBuf,
    },
    /// Write a page about a run: curves, faces over time, numbers by block size.
    Report {
        /// Folder of the run.
        #[arg(long, value_name = "DIR")]
        run: PathBuf,
        /// The page; without it report.html in the run's folder.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Also write the curves alone to this file.
        #[arg(long, value_name = "FILE.svg")]
        curves: Option<PathBuf>,
    },
}

/// What is drawn of an exported generator.
#[derive(Args)]
struct DrawingArgs {
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
    /// How much of each style's distance to the mean is kept, 0 … 2: less is likelier and less varied.
    #[arg(long, value_name = "SHARE", value_parser = truncation)]
    truncation: Option<f64>,
}

#[derive(Args)]
struct EvaluateArgs {
    /// The ONNX file of a model; may be given several times. Without it the bundled model.
    #[arg(long, value_name = "FILE")]
    model: Vec<PathBuf>,
    /// Pictures of one face each: a folder, a tar file, or a list of files (.txt).
    #[arg(long, value_name = "PATH")]
    faces: PathBuf,
    /// Take only those pictures that training on the same path holds out.
    #[arg(long, alias = "held-back")]
    held_out: bool,
    /// Recipe of any system, whose rule says which those are; without it the bundled default recipe.
    #[arg(long, value_name = "FILE", requires = "held_out")]
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
    /// Also measure identity and Fréchet distance by this network, which describes a face by a vector.
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

#[derive(Args)]
struct BenchDetectArgs {
    /// Pictures of one face each: a folder, a tar file, or a list of files (.txt).
    #[arg(long, value_name = "PATH")]
    faces: PathBuf,
    /// Pictures that faces are set into; without them, pictures of other faces, enlarged.
    #[arg(long, value_name = "PATH")]
    frames: Option<PathBuf>,
    /// Clips without mosaics: a file, or a folder of such; may be given several times.
    #[arg(long, value_name = "PATH")]
    clips: Vec<PathBuf>,
    /// Scenes of each kind.
    #[arg(long, value_name = "COUNT", default_value_t = 60)]
    count: usize,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write all numbers to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a picture of what was missed or invented.
    #[arg(long, value_name = "FILE.png")]
    sheet: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("depixelate-train: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Cascade(args) => command::train_cascade(&args),
        Command::Cyclegan(args) => command::train::<Cyclegan>(&args.train, |system, _| {
            system.settings.precision = args.precision;
        }),
        Command::Dcedn {
            train: args,
            stage1,
            after,
        } => command::train::<Dcedn>(&args.train, |system, out| {
            system.settings = SecondSettings {
                precision: args.precision,
                folder: out.to_owned(),
                stage1,
                after,
            };
        }),
        Command::Pix2pix(args) => command::train::<pix2pix::Recipe>(&args, alone),
        Command::Pixelcyclegan(args) => command::train::<pixelcyclegan::Recipe>(&args, alone),
        Command::Scgan(args) => command::train::<scgan::Recipe>(&args, alone),
        Command::Srgan(args) => command::train::<esrgan::Srgan>(&args, alone),
        Command::Esrgan(args) => command::train::<esrgan::Esrgan>(&args, alone),
        Command::Realesrgan(args) => command::train::<esrgan::RealEsrgan>(&args, alone),
        Command::Dcgan(args) => command::train::<dcgan::Recipe>(&args, alone),
        Command::Stylegan2(args) => command::train::<stylegan2::Recipe>(&args, alone),
        Command::Gpen(args) => command::train::<gpen::Recipe>(&args, alone),
        Command::FaceCheck {
            train: args,
            others,
        } => command::train::<face_check::Recipe>(&args, |recipe, _| recipe.others = others),
        Command::Sample(args) => {
            let picture = generate::grid_of(&args.model, args.drawing())?;
            picture
                .save(&args.out)
                .with_context(|| format!("{} cannot be written", args.out.display()))
        }
        Command::Interpolate {
            drawing,
            stops,
            steps,
        } => interpolate(&drawing, Walk { stops, steps }),
        Command::Export(args) => command::export(&args),
        Command::Evaluate(args) => evaluate(&args),
        Command::Experiment { which } => experiments::args::run(which),
        Command::BenchDetect(args) => bench_detect(&args),
        Command::Inspect { file } => {
            print!("{}", inspect::describe(&file)?);
            Ok(())
        }
        Command::Report { run, out, curves } => {
            let page = out.unwrap_or_else(|| run.join("report.html"));
            report::write(&run, &page)?;
            if let Some(picture) = curves {
                report::write_curves(&run, &picture)?;
            }
            println!("{}", page.display());
            Ok(())
        }
    }
}

/// A system is given nothing beside its recipe.
fn alone<S>(_: &mut S, _: &Path) {}

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

fn interpolate(args: &DrawingArgs, walk: Walk) -> anyhow::Result<()> {
    let bar = ProgressBar::new(u64::from(walk.stops * walk.steps));
    let tick = |frames| bar.set_position(u64::from(frames));
    let film = generate::film_of(&args.model, args.drawing(), walk, tick)?;
    bar.finish_and_clear();
    files::write(&args.out, &film::apng(&film, FRAME)?)
}

fn evaluate(args: &EvaluateArgs) -> anyhow::Result<()> {
    let rule = HeldOut::of_recipe(args.recipe.as_deref())?;
    let faces = job::Faces {
        path: args.faces.clone(),
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

fn bench_detect(args: &BenchDetectArgs) -> anyhow::Result<()> {
    let mut clips = Vec::new();
    for path in &args.clips {
        if path.is_dir() {
            let files = std::fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
            clips.extend(files.iter().map(|f| f.path()).filter(|f| f.is_file()));
        } else {
            clips.push(path.clone());
        }
    }
    clips.sort();
    let measured = detection::job::measure(&detection::job::Sources {
        faces: args.faces.clone(),
        frames: args.frames.clone(),
        clips,
        count: args.count,
        seed: args.seed,
    })?;
    println!("{}", detection::job::markdown(&measured.lines));
    if let Some(path) = &args.json {
        files::write(path, &serde_json::to_string_pretty(&measured.lines)?)?;
    }
    if let (Some(path), Some(sheet)) = (&args.sheet, &measured.misses) {
        let mut png = std::io::Cursor::new(Vec::new());
        sheet.write_to(&mut png, image::ImageFormat::Png)?;
        files::write(path, png.into_inner())?;
    }
    Ok(())
}

fn truncation(text: &str) -> Result<f64, String> {
    let share = text
        .parse()
        .ok()
        .filter(|share| (0.0..=2.0).contains(share));
    share.ok_or_else(|| "it must be a number from 0 to 2".to_owned())
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
