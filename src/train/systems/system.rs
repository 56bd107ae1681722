//! What a published system is to the trainer, and its run in a folder: pictures, steps, model files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, ensure};
use image::RgbImage;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tch::Device;
use toml::Table;

use super::claim_folder;
use crate::train::checkpoint;
use crate::train::dataset::Dataset;
use crate::train::features;
use crate::train::files;
use crate::train::held_back::HeldBack;
use crate::train::loader::{Loader, generator, shuffled};
use crate::train::recipe::{meant_key, table_with};
use crate::train::run::{Options, Outcome, checkpoint_file, open_data};
use crate::train::samples::Sample;
use crate::train::stage::Stage;
use crate::train::steps::{self, Look};
use crate::train::validation::{COUNT, Validation};

/// Stream of chance of the held-back pictures; training has 0 and 1.
const HELD_BACK: u64 = 9;

/// A model file: its name in the run's folder, and its bytes.
pub type ModelFile = (String, Vec<u8>);

/// A published system: the recipe of a run, which knows the rest.
pub trait System: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Name of the command, of the checkpoint and of the model file.
    const NAME: &'static str;
    /// The recipe at published size, a TOML text.
    const DEFAULT: &'static str;
    /// Training wants pictures of two kinds that do not belong together: batches then bring others along.
    const UNPAIRED: bool = false;
    /// The networks in training.
    type Stage: Stage;

    /// An error for constants that make no sense, or not together.
    fn check(&self) -> anyhow::Result<()>;

    /// Seed of all chance.
    fn seed(&self) -> u64;

    /// Which pictures are held back.
    fn data(&self) -> &HeldBack;

    /// Samples in one step.
    fn batch(&self) -> usize;

    /// Where the recipe names the file of a feature network.
    fn features(&mut self) -> &mut Option<PathBuf>;

    /// Untrained networks; reads the files that the recipe names.
    fn stage(&self, device: Device) -> anyhow::Result<Self::Stage>;

    /// A sample of a picture; chance comes from `random` alone.
    fn sample(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample>;

    /// The model files of a training, the main one first; each is compared with libtorch before.
    fn models(&self, stage: &Self::Stage) -> anyhow::Result<Vec<ModelFile>>;

    /// How the run looks at held-back pictures: here, what the stage restores of samples of them.
    fn view(&self, held_back: &Dataset, device: Device) -> anyhow::Result<Box<dyn Look>> {
        let sample = |picture: &RgbImage, random: &mut Pcg64Mcg| self.sample(picture, random);
        let samples = fixed(held_back, self.seed(), sample)?;
        Ok(Box::new(Validation::of(samples, device)))
    }

    /// The recipe file, or the published recipe, with single keys changed, each `key=value`.
    fn read_with(path: Option<&Path>, changes: &[String]) -> anyhow::Result<Self> {
        let (name, table) = table_with(path, Self::DEFAULT, changes)?;
        from_table(table).context(name)
    }

    /// Check a recipe's text.
    fn parse(text: &str) -> anyhow::Result<Self> {
        from_table(text.parse()?)
    }

    /// The text of this recipe.
    fn to_toml(&self) -> anyhow::Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }

    /// The same for a model file, which does not tell where on this machine the feature network lies.
    fn to_metadata(&self) -> anyhow::Result<String> {
        let mut recipe = self.clone();
        *recipe.features() = None;
        recipe.to_toml()
    }
}

fn from_table<S: System>(table: Table) -> anyhow::Result<S> {
    let written = table.clone();
    let recipe: S = table.try_into().map_err(|error: toml::de::Error| {
        meant_key(&error, &written, S::DEFAULT).unwrap_or_else(|| anyhow!(error))
    })?;
    recipe.check()?;
    Ok(recipe)
}

/// An error unless all `values`, each with its name, lie in their ranges.
pub fn check_ranges(values: &[(&str, f64, [f64; 2])]) -> anyhow::Result<()> {
    for &(name, value, [low, high]) in values {
        ensure!(
            (low..=high).contains(&value),
            "{name} is {value}; it must lie in {low} … {high}"
        );
    }
    Ok(())
}

/// An error for decays that Adam can not work with.
pub fn check_betas([beta1, beta2]: [f64; 2]) -> anyhow::Result<()> {
    check_ranges(&[
        ("train.betas[0]", beta1, [0.0, 0.999_999]),
        ("train.betas[1]", beta2, [0.0, 0.999_999]),
    ])
}

/// Train on the pictures of `faces`, from where the folder's checkpoint left off; at the end the model files are in
/// the folder.
pub fn train<S: System>(recipe: &S, faces: &Path, options: &Options) -> anyhow::Result<Outcome> {
    // What fails for a wrong recipe leaves no folder behind that belongs to it.
    let mut stage = recipe.stage(options.device)?;
    let before = |file: &Path| S::read_with(Some(file), &[]);
    claim_folder(&options.out, &recipe.to_toml()?, |file| {
        before(file).ok().as_ref() == Some(recipe)
    })?;
    features::claim(&options.out, recipe.clone().features().as_deref())?;
    let (training, held_back) = open_data(faces, recipe.data(), None, options)?;
    ensure!(
        !S::UNPAIRED || training.len() > 1,
        "unpaired training needs two pictures or more"
    );
    let view = recipe.view(&held_back, options.device)?;
    let training = Arc::new(training);
    let outcome = steps::train(&mut stage, options, view.as_ref(), |first_step| {
        let (recipe, count) = (recipe.clone(), recipe.batch());
        let make = move |step| make_batch(&recipe, &training, step);
        Loader::of(make, count, first_step, options.device)
    })?;
    if outcome == Outcome::Finished {
        for (name, onnx) in recipe.models(&stage)? {
            files::write(&options.out.join(name), onnx)?;
        }
    }
    Ok(outcome)
}

/// Write the model files of the run in `folder` as its checkpoint stands: the main one to `out`, others beside it. Gives
/// their paths.
pub fn export_run<S: System>(folder: &Path, out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let recipe = S::read_with(Some(&folder.join("recipe.toml")), &[])?;
    let mut stage = recipe.stage(Device::Cpu)?;
    let saved = checkpoint_file(folder, S::NAME);
    stage
        .load(&checkpoint::load(&saved)?)
        .with_context(|| format!("checkpoint {}", saved.display()))?;
    let mut written: Vec<PathBuf> = Vec::new();
    for (name, onnx) in recipe.models(&stage)? {
        let file = match written.is_empty() {
            true => out.to_owned(),
            false => renamed::<S>(&name, out),
        };
        files::write(&file, onnx)?;
        written.push(file);
    }
    Ok(written)
}

/// Where the model file `name` lies beside `out`: what follows the system's name follows that of `out`.
fn renamed<S: System>(name: &str, out: &Path) -> PathBuf {
    let mut file = out.file_stem().unwrap_or_default().to_owned();
    file.push(name.strip_prefix(S::NAME).unwrap_or(name));
    out.with_file_name(file)
}

/// The samples of a step; for unpaired training then as many of the other half of the pictures.
fn make_batch<S: System>(recipe: &S, dataset: &Dataset, step: u64) -> anyhow::Result<Vec<Sample>> {
    let (seed, batch) = (recipe.seed(), recipe.batch() as u64);
    let streams = if S::UNPAIRED { 2 } else { 1 };
    (0..streams * batch)
        .into_par_iter()
        .map(|slot| {
            let (stream, index) = (slot / batch, step * batch + slot % batch);
            // Neighbours look alike: each half has every second picture.
            let length = dataset.len() / streams as usize;
            let place = shuffled(length, seed, stream, index) * streams as usize;
            let picture = dataset.picture(place + stream as usize)?;
            recipe.sample(&picture, &mut generator(seed, stream, index))
        })
        .collect()
}

/// What `make` makes of held-back pictures, always the same: spread over the data set, whose neighbours look alike.
pub fn fixed<T: Send>(
    dataset: &Dataset,
    seed: u64,
    make: impl Fn(&RgbImage, &mut Pcg64Mcg) -> anyhow::Result<T> + Sync,
) -> anyhow::Result<Vec<T>> {
    let count = COUNT.min(dataset.len());
    (0..count)
        .into_par_iter()
        .map(|index| {
            let picture = dataset.picture(index * dataset.len() / count)?;
            make(&picture, &mut generator(seed, HELD_BACK, index as u64))
        })
        .collect()
}
