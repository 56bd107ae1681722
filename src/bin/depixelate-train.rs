//! Trains the cascade that `facedepixelate` loads.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use gstdepixelate::train::recipe::Recipe;
use gstdepixelate::train::run::{Options, Outcome, Run, export};

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
    /// Export a run's cascade as it stands.
    Export {
        /// Folder of the run.
        #[arg(long)]
        run: PathBuf,
        /// The ONNX file.
        #[arg(long)]
        out: PathBuf,
    },
}

#[derive(Args)]
struct CascadeArgs {
    /// Folder or tar file with pictures of one face each (JPEG, PNG or WebP).
    #[arg(long)]
    faces: PathBuf,
    /// Folder for checkpoints, loss log and cascade.onnx.
    #[arg(long)]
    out: PathBuf,
    /// Recipe file (TOML); without it the bundled default recipe.
    #[arg(long)]
    recipe: Option<PathBuf>,
    /// Stop with a checkpoint after so many minutes.
    #[arg(long)]
    max_minutes: Option<f64>,
    /// Minutes between checkpoints.
    #[arg(long, default_value_t = 5.0)]
    checkpoint_minutes: f64,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Cascade(args) => cascade(&args),
        Command::Export { run, out } => export(&run, &out).map(|difference| {
            println!(
                "{}: differs from libtorch by at most {difference:.1e}",
                out.display()
            );
        }),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("depixelate-train: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn cascade(args: &CascadeArgs) -> anyhow::Result<()> {
    let recipe = match &args.recipe {
        Some(path) => Recipe::read(path)?,
        None => Recipe::parse(include_str!("../../recipes/default.toml"))?,
    };
    let minutes = |name, value: f64| {
        Duration::try_from_secs_f64(60.0 * value)
            .with_context(|| format!("--{name} is {value}; it must be a number of minutes"))
    };
    let limit = args
        .max_minutes
        .map(|m| minutes("max-minutes", m))
        .transpose()?;
    let options = Options {
        out: args.out.clone(),
        device: tch::Device::Cpu,
        checkpoint_interval: minutes("checkpoint-minutes", args.checkpoint_minutes)?,
        deadline: limit.map(|limit| Instant::now() + limit),
        stop: stop_on_signals()?,
        progress: true,
    };
    match Run::new(&recipe, &args.faces, options)?.cascade()? {
        Outcome::Finished => println!("{}", args.out.join("cascade.onnx").display()),
        Outcome::Stopped => println!(
            "stopped; the same command goes on from {}",
            args.out.display()
        ),
    }
    Ok(())
}

/// A flag that Ctrl-C and SIGTERM set.
fn stop_on_signals() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        eprintln!("stopping after this step, with a checkpoint …");
        flag.store(true, Ordering::Relaxed);
    })
    .context("signals can not be caught")?;
    Ok(stop)
}
