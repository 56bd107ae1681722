//! The command line of a training, the same for all systems.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;

use crate::train::nn::precision;
use crate::train::recipe::RecipeText;
use crate::train::run::device;
use crate::train::run::options::{Options, Outcome};
use crate::train::run::stop::Stop;
use crate::train::run::system::{self, System};
use crate::train::systems::cascade;

/// Arguments of a training.
#[derive(Args)]
pub(super) struct TrainArgs {
    /// Pictures of one face each (JPEG, PNG or WebP): a folder, a tar file, or a list of files
    /// (.txt).
    #[arg(long, value_name = "PATH")]
    pub faces: Option<PathBuf>,
    /// Folder for checkpoints, log and models.
    #[arg(long, value_name = "DIR", required_unless_present = "print_recipe")]
    pub out: Option<PathBuf>,
    /// Recipe file (TOML); without it the bundled default recipe.
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,
    /// Start from the weights of an exported model whose networks have the recipe's sizes; for
    /// stylegan2 and gpen from a checkpoint.
    #[arg(long, value_name = "FILE")]
    pub start_from: Option<PathBuf>,
    /// Change one key of the recipe, such as stage1.steps=100; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// File of a pretrained network for perceptual losses and projected discriminators:
    /// EfficientNet-lite0 as `scripts/setup.py features` makes it, or VGG16 or VGG19 by
    /// torchvision's names (safetensors).
    #[arg(long, value_name = "FILE")]
    pub features: Option<PathBuf>,
    /// Print the recipe that would run, and stop.
    #[arg(long)]
    pub print_recipe: bool,
    /// Where to train: auto, cpu or cuda:N.
    #[arg(long, default_value = "auto")]
    pub device: device::Choice,
    /// Stop with a checkpoint after so many minutes.
    #[arg(long, value_name = "MINUTES")]
    pub max_minutes: Option<f64>,
    /// Train even where that wants more memory than there is.
    #[arg(long)]
    pub force: bool,
    /// Minutes between checkpoints.
    #[arg(long, value_name = "MINUTES", default_value_t = 5.0)]
    pub checkpoint_minutes: f64,
}

impl TrainArgs {
    /// The recipe, as file, changes and feature network say.
    fn recipe<R: RecipeText>(&self) -> anyhow::Result<R> {
        let mut recipe = R::read_with(self.recipe.as_deref(), &self.set)?;
        if let Some(file) = &self.features {
            let features = recipe.features();
            *features.context("--features: this training has no loss over features")? =
                Some(file.clone());
        }
        Ok(recipe)
    }

    /// Pictures and folder of a run, `own` in place of faces; none where the recipe is to be printed,
    /// which is done then.
    fn places<'a>(
        &'a self,
        recipe: &impl RecipeText,
        own: Option<&'a Path>,
    ) -> anyhow::Result<Option<(&'a Path, &'a Path)>> {
        let (Some(out), false) = (&self.out, self.print_recipe) else {
            print!("{}", recipe.to_toml()?);
            return Ok(None);
        };
        let pictures = own.or(self.faces.as_deref());
        let pictures = pictures.context("--faces PATH is missing: pictures to train with")?;
        Ok(Some((pictures, out)))
    }

    /// The settings of a run in the folder `out`.
    fn options(&self, out: &Path) -> anyhow::Result<Options> {
        let minutes = |name, value: f64| {
            Duration::try_from_secs_f64(60.0 * value)
                .with_context(|| format!("--{name} is {value}; it must be a number of minutes"))
        };
        let device = self.device.open()?;
        let limit = self.max_minutes.map(|m| minutes("max-minutes", m));
        Ok(Options {
            out: out.to_owned(),
            start_from: self.start_from.clone(),
            device,
            checkpoint_interval: minutes("checkpoint-minutes", self.checkpoint_minutes)?,
            deadline: limit.transpose()?.map(|limit| Instant::now() + limit),
            force: self.force,
            stop: stop_on_signals()?,
            progress: true,
        })
    }
}

/// Arguments of a training of the cascade or of one of its stages.
#[derive(Args)]
pub(super) struct CascadeArgs {
    /// What it has in common with the others.
    #[command(flatten)]
    pub train: TrainArgs,
    /// How precisely to calculate.
    #[arg(long, value_enum, default_value = "auto")]
    pub precision: precision::Choice,
}

/// Train a system as its arguments say, or print its recipe; `told` adds what is no part of that,
/// and knows the folder.
pub(super) fn train<S: System>(
    args: &TrainArgs,
    told: impl FnOnce(&mut S, &Path),
) -> anyhow::Result<()> {
    train_on(args, None, told)
}

/// The same on pictures that another argument than `--faces` names, if one does.
pub(super) fn train_on<S: System>(
    args: &TrainArgs,
    own: Option<&Path>,
    told: impl FnOnce(&mut S, &Path),
) -> anyhow::Result<()> {
    let mut system: S = args.recipe()?;
    let Some((faces, out)) = args.places(&system, own)? else {
        return Ok(());
    };
    told(&mut system, out);
    let options = args.options(out)?;
    say(system::train(&system, faces, &options)?, out, &options.stop)
}

/// Train both stages of the cascade, one after the other.
pub(super) fn train_cascade(args: &CascadeArgs) -> anyhow::Result<()> {
    let (precision, args) = (args.precision, &args.train);
    let recipe: cascade::Recipe = args.recipe()?;
    let Some((faces, out)) = args.places(&recipe, None)? else {
        return Ok(());
    };
    let options = args.options(out)?;
    let outcome = cascade::train(&recipe, precision, faces, &options)?;
    say(outcome, out, &options.stop)
}

/// Tell how a run ended. Fails where a signal has ended it.
fn say(outcome: Outcome, out: &Path, stop: &Stop) -> anyhow::Result<()> {
    match outcome {
        Outcome::Finished => println!("finished: {}", out.display()),
        Outcome::Stopped if stop.is_asked() => return Err(Stopped(stop.goes_on()).into()),
        Outcome::Stopped => println!("stopped; the same command goes on from {}", out.display()),
    }
    Ok(())
}

/// A run that a signal has ended, and where it would go on.
#[derive(Debug, thiserror::Error)]
#[error("stopped; {0}")]
pub(super) struct Stopped(String);

/// What Ctrl-C and SIGTERM ask to stop; a second one does not wait.
fn stop_on_signals() -> anyhow::Result<Stop> {
    let stop = Stop::default();
    let asked = stop.clone();
    ctrlc::set_handler(move || {
        if asked.is_asked() {
            asked.end_now();
        }
        asked.ask();
        eprintln!(
            "stopping after this step, with a checkpoint, if it ends soon; within a minute in any case, at once on a \
             second signal …"
        );
        let asked = asked.clone();
        std::thread::spawn(move || asked.end_in_time());
    })
    .context("signals cannot be caught")?;
    Ok(stop)
}

#[cfg(test)]
mod tests {
    use clap::{ArgMatches, Command};

    use super::*;

    fn parsed<A: Args>(arguments: &[&str]) -> clap::error::Result<ArgMatches> {
        let all = [&["train", "--print-recipe"], arguments].concat();
        A::augment_args(Command::new("train")).try_get_matches_from(all)
    }

    #[test]
    fn only_the_cascade_has_a_precision() {
        let mixed = ["--precision", "mixed"];
        parsed::<CascadeArgs>(&mixed).unwrap();
        parsed::<TrainArgs>(&[]).unwrap();
        let error = parsed::<TrainArgs>(&mixed).unwrap_err().to_string();
        assert!(error.contains("--precision"), "{error}");
    }
}
