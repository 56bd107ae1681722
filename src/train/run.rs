//! A run: steps with a progress bar, checkpoints, validation, and a stop that loses nothing.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use tch::{Device, Kind, Tensor};

use super::checkpoint;
use super::dataset::Dataset;
use super::export::Cascade;
use super::layers::Parameters;
use super::loader::{Batch, Loader, fixed_samples};
use super::recipe::Recipe;
use super::samples::Sample;
use super::stage1::Stage1;
use super::stage2::{Stage2, new_dcedn};

/// Every so many pictures one is held back for validation.
const VALIDATION_STRIDE: usize = 20;
/// Held-back pictures that are looked at.
const VALIDATION_COUNT: usize = 48;
/// Steps over which losses are averaged for the progress bar and the log.
const LOG_INTERVAL: u64 = 50;

/// Loss terms of one step by name.
#[derive(Default)]
pub struct Losses(Vec<(&'static str, Tensor)>);

impl Losses {
    /// Add a weighted term, a scalar.
    pub fn add(&mut self, name: &'static str, value: Tensor) {
        self.0.push((name, value));
    }

    /// Take the terms of `other` in.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Sum of the terms.
    pub fn total(&self) -> Tensor {
        self.0.iter().map(|(_, value)| value).sum()
    }

    fn values(&self) -> Vec<(&'static str, f64)> {
        let value = |(name, tensor): &(&'static str, Tensor)| (*name, tensor.double_value(&[]));
        self.0.iter().map(value).collect()
    }
}

/// One of the two trainings.
pub trait Stage {
    /// Name of its checkpoint file, without extension.
    fn name(&self) -> &'static str;
    /// (steps done, steps in all).
    fn progress(&self) -> (u64, u64);
    /// One optimiser step.
    fn step(&mut self, batch: &Batch) -> anyhow::Result<Losses>;
    /// What the stage makes of mosaics, with averaged weights.
    fn restore(&self, pixelated: &Tensor, lattice: &Tensor) -> Tensor;
    /// Everything that a resumed run needs.
    fn save(&self, out: &mut Vec<(String, Tensor)>);
    /// Take back what [`Self::save`] gave.
    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()>;
}

/// The step count of a checkpoint.
pub fn saved_step(saved: &Parameters) -> anyhow::Result<u64> {
    let step = saved
        .get("step")
        .context("the checkpoint has no step count")?;
    Ok(step.int64_value(&[0]).max(0) as u64)
}

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
    /// Where it runs.
    pub device: Device,
    /// Time between checkpoints.
    pub checkpoint_interval: Duration,
    /// When to stop, if not before.
    pub deadline: Option<Instant>,
    /// Set from outside to stop after the current step.
    pub stop: Arc<AtomicBool>,
    /// Draw progress bars.
    pub progress: bool,
}

/// A training of the whole cascade in a folder.
pub struct Run<'a> {
    recipe: &'a Recipe,
    training: Arc<Dataset>,
    validation: Vec<Sample>,
    options: Options,
}

impl<'a> Run<'a> {
    /// A run on the pictures of `faces`; goes on where the folder's checkpoints left off.
    pub fn new(recipe: &'a Recipe, faces: &Path, options: Options) -> anyhow::Result<Self> {
        claim_folder(&options.out, recipe)?;
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
        let (training, validation) = if dataset.len() >= VALIDATION_STRIDE {
            dataset.split(VALIDATION_STRIDE)
        } else {
            bail!(
                "{} holds {} readable pictures; at least {VALIDATION_STRIDE} are needed",
                faces.display(),
                dataset.len()
            );
        };
        Ok(Self {
            validation: fixed_samples(&validation, recipe, VALIDATION_COUNT)?,
            training: Arc::new(training),
            recipe,
            options,
        })
    }

    /// Train both stages and export the cascade.
    pub fn cascade(&self) -> anyhow::Result<Outcome> {
        let device = self.options.device;
        let mut first = Stage1::new(self.recipe, device);
        if self.train(&mut first, self.recipe.stage1.batch, 0)? == Outcome::Stopped {
            return Ok(Outcome::Stopped);
        }
        let weights = average_of(&self.options.out, &first)?;
        let mut second = Stage2::new(self.recipe, weights, device);
        let outcome = self.train(&mut second, self.recipe.stage2.batch, 1)?;
        if outcome == Outcome::Finished {
            let model = self.options.out.join("cascade.onnx");
            let difference = export(&self.options.out, &model)?;
            eprintln!(
                "{}: differs from libtorch by at most {difference:.1e}",
                model.display()
            );
        }
        Ok(outcome)
    }

    /// Train one stage; `stream` keeps the chance of the stages apart.
    fn train(&self, stage: &mut dyn Stage, batch: usize, stream: u64) -> anyhow::Result<Outcome> {
        let file = checkpoint_file(&self.options.out, stage.name());
        if file.exists() {
            stage
                .load(&checkpoint::load(&file)?)
                .with_context(|| format!("checkpoint {}", file.display()))?;
        }
        let (first_step, steps) = stage.progress();
        let seed = self.recipe.seed.wrapping_add(stream << 32);
        let device = self.options.device;
        let mut loader =
            Loader::start(&self.training, self.recipe, seed, batch, first_step, device)?;
        let progress = bar(self.options.progress, steps, stage.name());
        progress.set_position(first_step);
        let mut log = Log::open(&self.options.out.join(format!("{}.csv", stage.name())))?;
        let mut saved = Instant::now();
        while stage.progress().0 < steps {
            let losses = stage.step(&loader.next_batch()?)?;
            let step = stage.progress().0;
            if let Some(line) = log.take(step, &losses)? {
                progress.set_message(line);
            }
            progress.set_position(step);
            let stop = self.must_stop();
            if stop || step == steps || saved.elapsed() >= self.options.checkpoint_interval {
                save(stage, &file)?;
                saved = Instant::now();
                let line = format!("{} step {step}: {}", stage.name(), self.validate(stage));
                if progress.is_hidden() {
                    eprintln!("{line}; {}", log.last);
                } else {
                    progress.println(line);
                }
            }
            if stop && step < steps {
                progress.abandon();
                return Ok(Outcome::Stopped);
            }
        }
        progress.finish();
        Ok(Outcome::Finished)
    }

    fn must_stop(&self) -> bool {
        let late = self
            .options
            .deadline
            .is_some_and(|end| Instant::now() >= end);
        late || self.options.stop.load(Ordering::Relaxed)
    }

    /// Mean PSNR over held-back faces of the mosaic and of what the stage makes of it, dB.
    fn validate(&self, stage: &dyn Stage) -> String {
        let size = self.recipe.model.size as i64;
        let (mut before, mut after) = (0.0, 0.0);
        for sample in &self.validation {
            let tensor = |data: &[f32]| {
                Tensor::from_slice(data)
                    .view([1, -1, size, size])
                    .to_device(self.options.device)
            };
            let (pixelated, clean) = (tensor(&sample.pixelated), tensor(&sample.clean));
            before += psnr(&pixelated, &clean);
            let restored = stage.restore(&pixelated, &tensor(&sample.lattice));
            after += psnr(&restored, &clean);
        }
        let count = self.validation.len() as f64;
        format!(
            "held-back faces: pixelated {:.2} dB, {} {:.2} dB",
            before / count,
            stage.name(),
            after / count
        )
    }
}

/// PSNR of tensors in −1 … 1.
fn psnr(a: &Tensor, b: &Tensor) -> f64 {
    let error = (a - b).square().mean(Kind::Float).double_value(&[]);
    10.0 * (4.0 / error.max(1e-12)).log10()
}

/// Put the recipe into the folder, or check that the folder belongs to it.
fn claim_folder(out: &Path, recipe: &Recipe) -> anyhow::Result<()> {
    std::fs::create_dir_all(out)
        .with_context(|| format!("folder {} can not be made", out.display()))?;
    let file = out.join("recipe.toml");
    if file.exists() {
        ensure!(
            Recipe::read(&file)? == *recipe,
            "{} was started with another recipe, see its recipe.toml; choose another folder for --out",
            out.display()
        );
        return Ok(());
    }
    std::fs::write(&file, recipe.to_toml()?)
        .with_context(|| format!("{} can not be written", file.display()))
}

fn checkpoint_file(out: &Path, stage: &str) -> PathBuf {
    out.join(format!("{stage}.safetensors"))
}

fn save(stage: &dyn Stage, file: &Path) -> anyhow::Result<()> {
    let mut tensors = Vec::new();
    stage.save(&mut tensors);
    checkpoint::save(file, &tensors)
}

/// The averaged weights of a finished stage, from its checkpoint.
fn average_of(out: &Path, stage: &dyn Stage) -> anyhow::Result<Parameters> {
    averaged(&checkpoint_file(out, stage.name()))
}

fn averaged(file: &Path) -> anyhow::Result<Parameters> {
    let saved = checkpoint::load(file)?;
    let average = saved.iter().filter_map(|(name, tensor)| {
        let name = name.strip_prefix("average.")?;
        Some((name.to_owned(), tensor.shallow_clone()))
    });
    Ok(average.collect())
}

/// Export the cascade of the run in `folder` as it stands; gives the largest difference to libtorch.
///
/// Without a second stage's checkpoint this is an error: half a cascade is none.
pub fn export(folder: &Path, model: &Path) -> anyhow::Result<f32> {
    let recipe = Recipe::read(&folder.join("recipe.toml"))?;
    let stage1 = averaged(&checkpoint_file(folder, "stage1"))?;
    let mut stage2 = new_dcedn(&recipe, Device::Cpu);
    let saved = checkpoint::load(&checkpoint_file(folder, "stage2"))?;
    checkpoint::restore("average", &mut stage2, &saved)?;
    let cascade = Cascade {
        recipe: &recipe,
        stage1: &stage1,
        stage2: &stage2,
    };
    cascade.export(model)
}

fn bar(visible: bool, length: u64, message: &str) -> ProgressBar {
    if !visible {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {per_sec} {eta} left\n{msg}");
    let bar = ProgressBar::new(length).with_prefix(message.to_owned());
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

/// Averages of the losses, for the progress bar and a CSV file.
struct Log {
    file: std::fs::File,
    sums: Vec<(&'static str, f64)>,
    count: u64,
    last: String,
}

impl Log {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Ok(Self {
            file: file.with_context(|| format!("log {} can not be written", path.display()))?,
            sums: Vec::new(),
            count: 0,
            last: String::new(),
        })
    }

    /// Take a step's losses in; gives a line whenever an interval is full. A loss that is no number ends the run.
    fn take(&mut self, step: u64, losses: &Losses) -> anyhow::Result<Option<String>> {
        for (name, value) in losses.values() {
            ensure!(
                value.is_finite(),
                "loss {name} became {value} at step {step}; lower the rate, or go on from the last checkpoint"
            );
            match self.sums.iter_mut().find(|(other, _)| *other == name) {
                Some((_, sum)) => *sum += value,
                None => self.sums.push((name, value)),
            }
        }
        self.count += 1;
        if !step.is_multiple_of(LOG_INTERVAL) {
            return Ok(None);
        }
        let mean = |(name, sum): &(&str, f64)| format!("{name}={:.4}", sum / self.count as f64);
        let means: Vec<String> = self.sums.iter().map(mean).collect();
        writeln!(self.file, "{step},{}", means.join(","))?;
        self.last = means.join("  ");
        self.sums.clear();
        self.count = 0;
        Ok(Some(self.last.clone()))
    }
}
