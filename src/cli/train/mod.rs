//! The command line of `depixelate-train`: trains and measures what `facedepixelate` loads.

mod detection;
mod drawing;
mod evaluate;
mod experiment;
mod export;
mod faces;
mod own_data;
mod predict;
mod training;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::detection::BenchDetectArgs;
use self::drawing::{DrawingArgs, SampleArgs};
use self::evaluate::EvaluateArgs;
use self::experiment::Experiment;
use self::faces::FacesArgs;
use self::own_data::{
    Pix2pixArgs, PixelCycleGanArgs, ScganArgs, train_pix2pix, train_pixelcyclegan, train_scgan,
};
use self::predict::PredictArgs;
use self::training::{CascadeArgs, Stopped, TrainArgs, train, train_cascade};
use crate::cli::ending::exit_status;
use crate::train::run::generate::Walk;
use crate::train::run::stop::STOPPED;
use crate::train::run::{inspect, report};
use crate::train::systems::cascade::{Cyclegan, Dcedn, SecondSettings};
use crate::train::systems::{dcgan, esrgan, face_check, gpen, stylegan2};

pub use export::{ExportArgs, ExportPrecision, export};

/// Train the networks behind facedepixelate.
#[derive(Parser)]
#[command(name = "depixelate-train", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Find faces in pictures and cut them out, to train with.
    Faces(FacesArgs),
    /// Train both stages and export them as one ONNX file; run again to go on after a stop.
    Cascade(CascadeArgs),
    /// Train the first stage alone.
    Cyclegan(CascadeArgs),
    /// Train the second stage behind a first one.
    Dcedn {
        #[command(flatten)]
        train: CascadeArgs,
        /// The first stage: an ONNX file of this program or a checkpoint; without it the one in
        /// --out.
        #[arg(long, value_name = "FILE")]
        stage1: Option<PathBuf>,
        /// In place of a first stage: the ONNX file of any restorer of this program, which gives
        /// pictures of model.size.
        #[arg(long, value_name = "FILE", conflicts_with = "stage1")]
        after: Option<PathBuf>,
        /// Without a first stage: the second one is given the mosaic twice, to see what the first is
        /// worth.
        #[arg(long, conflicts_with_all = ["stage1", "after"])]
        alone: bool,
    },
    /// Train pix2pix, which takes masks and blur off faces, or makes anything of anything out of
    /// pairs.
    Pix2pix(Pix2pixArgs),
    /// Train PixelCycleGAN between pictures and pixel art, unpaired and both ways.
    Pixelcyclegan(PixelCycleGanArgs),
    /// Train SCGAN, which enlarges worn faces four times, unpaired.
    Scgan(ScganArgs),
    /// Train SRGAN, which enlarges pictures four times.
    Srgan(TrainArgs),
    /// Train ESRGAN, which enlarges pictures four times.
    Esrgan(TrainArgs),
    /// Train Real-ESRGAN, which enlarges worn pictures four times, or restores them.
    Realesrgan(TrainArgs),
    /// Train DCGAN, which makes faces out of random numbers.
    Dcgan(TrainArgs),
    /// Train StyleGAN2, which makes faces out of random numbers, or GPEN's prior.
    Stylegan2(TrainArgs),
    /// Train GPEN, which restores faces; --start-from names the checkpoint of a prior that
    /// stylegan2 trained.
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
    Sample(SampleArgs),
    /// Draw a film in which the pictures of such a grid change from random ones to others, and back
    /// to the first.
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
    /// Put pictures through the network of a model: restorers, enlargers, translators.
    Predict(PredictArgs),
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

/// The program.
pub fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("depixelate-train: {error:#}");
            let status = match error.is::<Stopped>() {
                true => STOPPED,
                false => exit_status(&error),
            };
            ExitCode::from(status)
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Faces(args) => faces::run(&args),
        Command::Cascade(args) => train_cascade(&args),
        Command::Cyclegan(args) => train::<Cyclegan>(&args.train, |system, _| {
            system.settings.precision = args.precision;
        }),
        Command::Dcedn {
            train: args,
            stage1,
            after,
            alone,
        } => train::<Dcedn>(&args.train, |system, out| {
            system.settings = SecondSettings {
                precision: args.precision,
                folder: out.to_owned(),
                stage1,
                after,
                alone,
            };
        }),
        Command::Pix2pix(args) => train_pix2pix(args),
        Command::Pixelcyclegan(args) => train_pixelcyclegan(args),
        Command::Scgan(args) => train_scgan(args),
        Command::Srgan(args) => train::<esrgan::Srgan>(&args, alone),
        Command::Esrgan(args) => train::<esrgan::Esrgan>(&args, alone),
        Command::Realesrgan(args) => train::<esrgan::RealEsrgan>(&args, alone),
        Command::Dcgan(args) => train::<dcgan::Recipe>(&args, alone),
        Command::Stylegan2(args) => train::<stylegan2::Recipe>(&args, alone),
        Command::Gpen(args) => train::<gpen::Recipe>(&args, alone),
        Command::FaceCheck {
            train: args,
            others,
        } => train::<face_check::Recipe>(&args, |recipe, _| recipe.others = others),
        Command::Sample(args) => drawing::sample(&args),
        Command::Interpolate {
            drawing,
            stops,
            steps,
        } => drawing::interpolate(&drawing, Walk { stops, steps }),
        Command::Export(args) => export(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Experiment { which } => experiment::run(which),
        Command::BenchDetect(args) => detection::run(&args),
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

/// A system is told nothing beside its recipe.
fn alone<S>(_: &mut S, _: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_well_formed() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
