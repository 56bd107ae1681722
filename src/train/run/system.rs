//! What is trained, as the trainer sees it, and its run in a folder: pictures, steps, model files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use image::RgbImage;
use indicatif::ProgressBar;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use tch::Device;

use super::memory::{self, Demand, StepSize};
use super::options::{Options, Outcome, bar};
use super::steps::{self, Validator};
use super::train_step::TrainStep;
use super::unpaired_validation::UnpairedValidation;
use super::validation::{COUNT, Validation};
use super::{checkpoint, folder};
use crate::files;
use crate::train::data::dataset::Dataset;
use crate::train::data::loader::Loader;
use crate::train::data::random::{generator, shuffled};
use crate::train::data::samples::Sample;
use crate::train::data::training_set::{Pictures, Smallest};
use crate::train::nn::layers::Parameters;
use crate::train::recipe::RecipeText;

/// Stream of randomness of the held-out pictures; training has 0 and 1.
pub(crate) const HELD_OUT: u64 = 9;

/// A model file: its name in the run's folder, and its bytes.
pub type ModelFile = (String, Vec<u8>);

/// A training: its recipe, which knows the rest. What is trained in several stages is a system for
/// each of them.
pub trait System: RecipeText + Send + Sync + 'static {
    /// Name of the checkpoint.
    const NAME: &'static str;
    /// The networks in training.
    type TrainStep: TrainStep;

    /// Samples in one step.
    fn batch(&self) -> usize;

    /// Equal parts that they are worked off in.
    fn accumulate(&self) -> usize;

    /// A number of which the samples of a part are a multiple.
    fn least_part(&self) -> usize {
        1
    }

    /// The section of the recipe that says both, as `batch` and `accumulate`.
    fn section(&self) -> &'static str {
        "train"
    }

    /// What a training wants of memory.
    fn memory(&self) -> Demand;

    /// Untrained networks; reads the files that the recipe names.
    fn stage(&self, device: Device) -> anyhow::Result<Self::TrainStep>;

    /// A sample of a picture; randomness comes from `random` alone.
    fn sample(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample>;

    /// Frames of a film that each picture gives a step, one after the other; batches and their parts
    /// are multiples of it.
    fn moments(&self) -> usize {
        1
    }

    /// So many frames of a film made of a picture; randomness comes from `random` alone.
    fn film(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Vec<Sample>> {
        Ok(vec![self.sample(picture, random)?])
    }

    /// The model files of a training, the main one first; each is compared with libtorch before.
    fn models(&self, stage: &Self::TrainStep) -> anyhow::Result<Vec<ModelFile>>;

    /// The same of a checkpoint.
    fn models_of(&self, saved: &Parameters) -> anyhow::Result<Vec<ModelFile>> {
        let mut stage = self.stage(Device::Cpu)?;
        stage.load(saved)?;
        self.models(&stage)
    }

    /// Training wants pictures of two kinds that do not belong together: batches then bring others
    /// along.
    fn is_unpaired(&self) -> bool {
        false
    }

    /// Seed of the samples' randomness.
    fn sample_seed(&self) -> u64 {
        self.seed()
    }

    /// How small pictures may be; without it as small as they come.
    fn smallest(&self) -> Option<Smallest> {
        None
    }

    /// Put into a new run's folder what it needs beside the recipe, or check that it is there.
    fn claim(&self, _out: &Path) -> anyhow::Result<()> {
        Ok(())
    }

    /// The user's own pictures of what the networks see, where they are not made of faces: then
    /// nothing belongs together, and `faces` are what comes out of them.
    fn own_inputs(&self) -> Option<&Path> {
        None
    }

    /// A sample of one of [`Self::own_inputs`], with no more than its input.
    fn own_sample(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        self.sample(picture, random)
    }

    /// All pictures of a source of faces.
    fn pictures_of(&self, faces: &Path, progress: &ProgressBar) -> anyhow::Result<Dataset> {
        Dataset::open(faces, progress)
    }

    /// Pictures to train with, and held-out ones.
    fn open(&self, faces: &Path, options: &Options) -> anyhow::Result<[Pictures; 2]> {
        let progress = bar(options.progress, 0, "pictures");
        let mut kinds = vec![(faces, self.pictures_of(faces, &progress)?)];
        if let Some(inputs) = self.own_inputs() {
            kinds.push((inputs, Dataset::open(inputs, &progress)?));
        }
        progress.finish_and_clear();
        let [training, held_out] = self.parted(kinds, options)?;
        Ok([training, held_out].map(Pictures::of_kinds))
    }

    /// Those of faces alone.
    fn open_faces(&self, faces: &Path, options: &Options) -> anyhow::Result<(Dataset, Dataset)> {
        let progress = bar(options.progress, 0, "pictures");
        let dataset = self.pictures_of(faces, &progress)?;
        progress.finish_and_clear();
        let [training, held_out] = self.parted(vec![(faces, dataset)], options)?;
        let only = |mut kinds: Vec<Dataset>| kinds.pop().context("no pictures");
        Ok((only(training)?, only(held_out)?))
    }

    /// Of each kind the pictures to train with and those held out; the run's folder is told of both.
    fn parted(
        &self,
        kinds: Vec<(&Path, Dataset)>,
        options: &Options,
    ) -> anyhow::Result<[Vec<Dataset>; 2]> {
        let large_enough = |(source, dataset): (_, Dataset)| {
            dataset.report(source);
            let dataset = match self.smallest() {
                Some(smallest) => smallest.leave_out(dataset),
                None => dataset,
            };
            (source, dataset)
        };
        let kinds: Vec<(&Path, Dataset)> = kinds.into_iter().map(large_enough).collect();
        let all: Vec<&Dataset> = kinds.iter().map(|(_, dataset)| dataset).collect();
        folder::note_data(&options.out, &all)?;
        let (mut training, mut held_out) = (Vec::new(), Vec::new());
        for (source, dataset) in kinds {
            let parts = dataset.split(self.data());
            for (part, what) in [(&parts.0, "train with"), (&parts.1, "hold out")] {
                ensure!(
                    !part.is_empty(),
                    "{} leaves no picture to {what}; see [data] in the recipe",
                    source.display()
                );
            }
            training.push(parts.0);
            held_out.push(parts.1);
        }
        let all: Vec<&Dataset> = held_out.iter().collect();
        folder::note_held_out(&options.out, &all)?;
        Ok([training, held_out])
    }

    /// The samples of a step; for unpaired training then as many of the other half of the pictures,
    /// or all of them where the inputs are the user's own.
    fn samples(&self, pictures: &Pictures, step: u64) -> anyhow::Result<Vec<Sample>> {
        let (seed, batch) = (self.sample_seed(), (self.batch() / self.moments()) as u64);
        let streams = if self.is_unpaired() { 2 } else { 1 };
        let own = pictures
            .others
            .as_ref()
            .filter(|_| self.own_inputs().is_some());
        let faces = &pictures.faces;
        let films: Vec<Vec<Sample>> = (0..streams * batch)
            .into_par_iter()
            .map(|slot| {
                let (stream, index) = (slot / batch, step * batch + slot % batch);
                let picked = |set: &Dataset| set.picture(shuffled(set.len(), seed, stream, index));
                let mut random = generator(seed, stream, index);
                match own {
                    Some(own) if stream == 0 => {
                        return Ok(vec![self.own_sample(&picked(own)?, &mut random)?]);
                    }
                    Some(_) => return Ok(vec![self.sample(&picked(faces)?, &mut random)?]),
                    None => {}
                }
                // Neighbours look alike: each half has every second picture.
                let length = faces.len() / streams as usize;
                let place = shuffled(length, seed, stream, index) * streams as usize;
                let picture = faces.picture(place + stream as usize)?;
                self.film(&picture, &mut random)
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(films.into_iter().flatten().collect())
    }

    /// How the run looks at held-out pictures: here, what the stage restores of samples of them;
    /// where nobody knows what should become of them, how much like others they get.
    fn view(&self, held_out: &Pictures, device: Device) -> anyhow::Result<Box<dyn Validator>> {
        let sample = |picture: &RgbImage, random: &mut Pcg64Mcg| self.sample(picture, random);
        let own_sample =
            |picture: &RgbImage, random: &mut Pcg64Mcg| self.own_sample(picture, random);
        let samples = fixed(&held_out.faces, self.seed(), sample)?;
        let Some(own) = held_out
            .others
            .as_ref()
            .filter(|_| self.own_inputs().is_some())
        else {
            return Ok(Box::new(Validation::of(samples, device)));
        };
        let inputs = fixed(own, self.seed(), own_sample)?;
        Ok(Box::new(UnpairedValidation::new(&inputs, &samples, device)))
    }
}

/// Train on the pictures of `faces`, from where the folder's checkpoint left off; at the end the
/// model files are in the folder.
pub fn train<S: System>(system: &S, faces: &Path, options: &Options) -> anyhow::Result<Outcome> {
    // What fails for a wrong recipe leaves no folder behind that belongs to it.
    let memory = told_memory(system, options)?;
    let mut stage = system.stage(options.device)?;
    let goes_on = checkpoint::file(&options.out, S::NAME).exists();
    stage.warnings(goes_on || options.start_from.is_some())?;
    folder::claim(&options.out, system)?;
    system.claim(&options.out)?;
    let [training, held_out] = system.open(faces, options)?;
    ensure!(
        !system.is_unpaired() || training.others.is_some() || training.faces.len() > 1,
        "unpaired training needs two pictures or more"
    );
    let view = system.view(&held_out, options.device)?;
    let training = Arc::new(training);
    let outcome = steps::train(&mut stage, options, view.as_ref(), &memory, |first_step| {
        let (made, count) = (system.clone(), system.batch());
        let make = move |step| made.samples(&training, step);
        let loader = Loader::of(make, count, first_step, options.device)?;
        Ok(loader.in_parts(system.accumulate()))
    })?;
    if outcome == Outcome::Finished {
        for (name, onnx) in system.models(&stage)? {
            files::write(&options.out.join(name), onnx)?;
        }
    }
    Ok(outcome)
}

/// Say what memory a training wants.
///
/// Fails where that is more than there is; what a GPU has is not looked at.
pub fn told_memory<S: System>(system: &S, options: &Options) -> anyhow::Result<String> {
    let step = StepSize {
        batch: system.batch(),
        parts: system.accumulate(),
        least_part: system.least_part(),
        section: system.section(),
    };
    let free = match options.device {
        Device::Cpu => memory::free(),
        _ => None,
    };
    let said = memory::check(&system.memory(), step, free, options.force)?;
    eprintln!("{said}");
    Ok(said)
}

/// Write the model files of the run in `folder` as its checkpoint stands: the main one to `out`,
/// others beside it. Gives their paths.
pub fn export_run<S: System>(
    system: &S,
    folder: &Path,
    out: &Path,
) -> anyhow::Result<Vec<PathBuf>> {
    let file = checkpoint::file(folder, S::NAME);
    let models = system
        .models_of(&checkpoint::load(&file)?)
        .with_context(|| format!("checkpoint {}", file.display()))?;
    let mut written: Vec<PathBuf> = Vec::new();
    for (name, onnx) in models {
        let file = match written.is_empty() {
            true => out.to_owned(),
            false => renamed::<S>(&name, out),
        };
        files::write(&file, onnx)?;
        written.push(file);
    }
    Ok(written)
}

/// Where the model file `name` lies beside `out`: what follows the system's name follows that of
/// `out`.
fn renamed<S: System>(name: &str, out: &Path) -> PathBuf {
    let mut file = out.file_stem().unwrap_or_default().to_owned();
    file.push(name.strip_prefix(S::NAME).unwrap_or(name));
    out.with_file_name(file)
}

/// What `make` makes of held-out pictures, always the same: spread over the data set, whose
/// neighbours look alike.
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
            make(&picture, &mut generator(seed, HELD_OUT, index as u64))
        })
        .collect()
}
