//! A run: steps with a progress bar, checkpoints, validation, and a stop that loses nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use tch::Device;

use super::after::After;
use super::checkpoint;
use super::dataset::Dataset;
use super::export::{Cascade, read_stage1, round_to_halves};
use super::features;
use super::held_back::HeldBack;
use super::layers::Parameters;
use super::loader::Loader;
use super::precision::Precision;
use super::recipe::Recipe;
use super::samples::MOST_ENLARGED;
use super::stage::Stage;
use super::stage1::Stage1;
use super::stage2::{First, Stage2, new_dcedn};
use super::steps;
use super::validation::Validation;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All steps are done.
    Finished,
    /// Stopped by a signal or the time limit; a checkpoint is there.
    Stopped,
}

/// Settings of a run that are no part of the recipe.
pub struct Options {
    /// Folder for checkpoints, log and model.
    pub out: PathBuf,
    /// An exported model whose weights a run that has no checkpoint yet starts from.
    pub start_from: Option<PathBuf>,
    /// Where it runs.
    pub device: Device,
    /// How precisely the cascade calculates; the other systems calculate in float32.
    pub precision: Precision,
    /// Time between checkpoints.
    pub checkpoint_interval: Duration,
    /// When to stop, if not before.
    pub deadline: Option<Instant>,
    /// Set from outside to stop after the current step.
    pub stop: Arc<AtomicBool>,
    /// Draw progress bars.
    pub progress: bool,
}

/// A training in a folder.
pub struct Run<'a> {
    recipe: &'a Recipe,
    training: Arc<Dataset>,
    validation: Validation,
    options: Options,
}

impl<'a> Run<'a> {
    /// A run on the pictures of `faces`; goes on where the folder's checkpoints left off.
    pub fn new(recipe: &'a Recipe, faces: &Path, options: Options) -> anyhow::Result<Self> {
        claim_folder(&options.out, recipe)?;
        features::claim(&options.out, recipe.features.as_deref())?;
        let small = Small::of(recipe);
        let (training, held_back) = open_data(faces, &recipe.data, Some(small), &options)?;
        Ok(Self {
            validation: Validation::new(&held_back, recipe, options.device)?,
            training: Arc::new(training),
            recipe,
            options,
        })
    }

    /// Train the first stage and export it alone, as `stage1.onnx`.
    pub fn cyclegan(&self) -> anyhow::Result<Outcome> {
        let outcome = self.train_stage1()?;
        if outcome == Outcome::Finished {
            self.export("stage1.onnx", None)?;
        }
        Ok(outcome)
    }

    /// Train the second stage behind the first one in `stage1` (an exported file or a checkpoint), or behind the
    /// restorer of any system in `after`, or else behind this run's own, and export both, as `cascade.onnx`.
    pub fn dcedn(&self, stage1: Option<&Path>, after: Option<&Path>) -> anyhow::Result<Outcome> {
        let out = &self.options.out;
        if let Some(after) = after {
            After::keep(after, out)?;
        }
        let generator = |weights| First::Generator(weights);
        let first = match (stage1, After::kept(out, self.recipe)?) {
            (None, Some(after)) => First::Exported(Box::new(after)),
            (Some(_), Some(_)) => bail!(
                "{} was started with --after; choose another folder for --out",
                out.display()
            ),
            (Some(file), None) if file.extension().is_some_and(|e| e == "onnx") => {
                generator(read_stage1(file, self.recipe)?)
            }
            (Some(file), None) => generator(averaged(file)?),
            (None, None) => generator(averaged(&checkpoint_file(out, "stage1")).context(
                "no first stage: train one with `cyclegan`, or name one with --stage1 or --after",
            )?),
        };
        let mut stage = Stage2::new(
            self.recipe,
            first,
            self.options.device,
            self.options.precision,
        )?;
        let outcome = self.train(&mut stage, self.recipe.stage2.batch, 1)?;
        if outcome == Outcome::Finished {
            self.export("cascade.onnx", stage1)?;
        }
        Ok(outcome)
    }

    /// Train both stages and export the cascade.
    pub fn cascade(&self) -> anyhow::Result<Outcome> {
        match self.train_stage1()? {
            Outcome::Finished => self.dcedn(None, None),
            stopped => Ok(stopped),
        }
    }

    fn train_stage1(&self) -> anyhow::Result<Outcome> {
        let mut stage = Stage1::new(self.recipe, self.options.device, self.options.precision)?;
        self.train(&mut stage, self.recipe.stage1.batch, 0)
    }

    fn export(&self, name: &str, stage1: Option<&Path>) -> anyhow::Result<()> {
        let model = self.options.out.join(name);
        let difference = export(&self.options.out, stage1, &model)?;
        eprintln!(
            "{}: differs from libtorch by at most {difference:.1e}",
            model.display()
        );
        Ok(())
    }

    /// Train one stage; `stream` keeps the chance of the stages apart.
    fn train(&self, stage: &mut dyn Stage, batch: usize, stream: u64) -> anyhow::Result<Outcome> {
        let (recipe, data) = (self.recipe, &self.training);
        let seed = recipe.seed.wrapping_add(stream << 32);
        let device = self.options.device;
        steps::train(stage, &self.options, &self.validation, |first_step| {
            Loader::start(data, recipe, seed, batch, first_step, device)
        })
    }
}

/// Sides below which pictures are of no or less use.
pub(super) struct Small {
    /// Shorter pictures are left out.
    useless: u32,
    /// Shorter ones teach no detail of the restored picture's own size.
    soft: u32,
}

impl Small {
    fn of(recipe: &Recipe) -> Self {
        let smallest = |side: usize| (side as f64 / MOST_ENLARGED).ceil() as u32;
        let size = recipe.model.size;
        Self {
            useless: smallest(size),
            soft: smallest(size * recipe.scale()),
        }
    }

    /// The pictures that are large enough; says how many are not.
    fn leave_out(&self, dataset: Dataset) -> Dataset {
        let (useless, soft) = (self.useless, self.soft);
        let count = dataset.smaller_than(useless);
        if count > 0 {
            eprintln!("{count} are smaller than {useless} pixels and left out");
        }
        let dataset = dataset.without_smaller(useless);
        let count = dataset.smaller_than(soft);
        if count > 0 {
            eprintln!("{count} are smaller than {soft} pixels and teach no detail of full size");
        }
        dataset
    }
}

/// The pictures of `faces` to train with, and those that `rule` holds back, whose names go into the run's folder.
pub(super) fn open_data(
    faces: &Path,
    rule: &HeldBack,
    small: Option<Small>,
    options: &Options,
) -> anyhow::Result<(Dataset, Dataset)> {
    let progress = bar(options.progress, 0, "pictures");
    let dataset = Dataset::open(faces, &progress)?;
    progress.finish_and_clear();
    eprintln!("{}: {} pictures", faces.display(), dataset.len());
    if !dataset.unreadable.is_empty() {
        eprintln!("{} could not be read:", dataset.unreadable.len());
        for line in &dataset.unreadable {
            eprintln!("  {line}");
        }
    }
    let dataset = match small {
        Some(small) => small.leave_out(dataset),
        None => dataset,
    };
    warn_of_other_data(&options.out, &dataset)?;
    let (training, held_back) = dataset.split(rule);
    for (part, what) in [(&training, "train with"), (&held_back, "hold back")] {
        ensure!(
            !part.is_empty(),
            "{} leaves no picture to {what}; see [data] in the recipe",
            faces.display()
        );
    }
    let names: Vec<&str> = held_back.names().collect();
    write(&options.out.join("held-back.txt"), &names.join("\n"))?;
    Ok((training, held_back))
}

/// Put the recipe into the folder, or check that the folder belongs to it.
fn claim_folder(out: &Path, recipe: &Recipe) -> anyhow::Result<()> {
    std::fs::create_dir_all(out)
        .with_context(|| format!("folder {} can not be made", out.display()))?;
    let file = out.join("recipe.toml");
    if file.exists() {
        ensure!(
            Recipe::read(&file)? == recipe.without_features(),
            "{} was started with another recipe, see its recipe.toml; choose another folder for --out",
            out.display()
        );
        return Ok(());
    }
    write(&file, &recipe.to_toml()?)
}

/// Remember what the run is trained on; say so if it is something else than last time.
fn warn_of_other_data(out: &Path, dataset: &Dataset) -> anyhow::Result<()> {
    let file = out.join("data.txt");
    let now = dataset.fingerprint();
    match std::fs::read_to_string(&file) {
        Ok(before) if before == now => return Ok(()),
        Ok(before) => eprintln!("warning: the data changed under this run: {before}, now {now}"),
        Err(_) => {}
    }
    write(&file, &now)
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("{} can not be written", file.display()))
}

pub(super) fn checkpoint_file(out: &Path, stage: &str) -> PathBuf {
    out.join(format!("{stage}.safetensors"))
}

pub(super) fn save(stage: &dyn Stage, file: &Path) -> anyhow::Result<()> {
    let mut tensors = Vec::new();
    stage.save(&mut tensors);
    checkpoint::save(file, &tensors)
}

/// The averaged weights in a checkpoint.
fn averaged(file: &Path) -> anyhow::Result<Parameters> {
    let saved = checkpoint::load(file)?;
    let average = saved.iter().filter_map(|(name, tensor)| {
        let name = name.strip_prefix("average.")?;
        Some((name.to_owned(), tensor.shallow_clone()))
    });
    Ok(average.collect())
}

/// Export the run in `folder` as it stands, without a second stage if it has none; gives the largest difference to
/// libtorch. The first stage is the folder's own, or the exported one in `stage1`.
pub fn export(folder: &Path, stage1: Option<&Path>, model: &Path) -> anyhow::Result<f32> {
    let has = |stage| checkpoint_file(folder, stage).exists();
    ensure!(
        stage1.is_some() || has("stage1") || has("stage2"),
        "{} holds no checkpoint: neither stage1.safetensors nor stage2.safetensors of the cascade, nor one of another system",
        folder.display()
    );
    let recipe = Recipe::read(&folder.join("recipe.toml"))?;
    if let Some(after) = After::kept(folder, &recipe)? {
        let mut dcedn = new_dcedn(&recipe, Device::Cpu);
        let saved = checkpoint::load(&checkpoint_file(folder, "stage2"))?;
        checkpoint::restore("average", &mut dcedn, &saved)?;
        if recipe.model.half {
            round_to_halves(&mut dcedn);
        }
        return after.export(&recipe, &dcedn, model);
    }
    let mut stage1 = match stage1 {
        Some(file) if file.extension().is_some_and(|e| e == "onnx") => read_stage1(file, &recipe)?,
        Some(file) => averaged(file)?,
        None => averaged(&checkpoint_file(folder, "stage1"))?,
    };
    let second = checkpoint_file(folder, "stage2");
    let mut stage2 = if second.exists() {
        let mut stage2 = new_dcedn(&recipe, Device::Cpu);
        checkpoint::restore("average", &mut stage2, &checkpoint::load(&second)?)?;
        Some(stage2)
    } else {
        None
    };
    if recipe.model.half {
        round_to_halves(&mut stage1);
        stage2.iter_mut().for_each(round_to_halves);
    }
    let cascade = Cascade {
        recipe: &recipe,
        stage1: &stage1,
        stage2: stage2.as_ref(),
    };
    cascade.export(model)
}

pub(super) fn bar(visible: bool, length: u64, message: &str) -> ProgressBar {
    if !visible {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {per_sec} {eta} left\n{msg}");
    let bar = ProgressBar::new(length).with_prefix(message.to_owned());
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
