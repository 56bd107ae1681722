//! The two stages of the cascade as systems, which share a recipe and mostly a folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use image::RgbImage;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};
use tch::Device;

use super::export::{Cascade, read_stage1};
use super::exported_restorer::ExportedRestorer;
use super::recipe::Recipe;
use super::stage1::Stage1;
use super::stage2::{FirstStage, Stage2, new_dcedn};
use super::unchanged::unchanged;
use crate::cascade::Model;
use crate::train::data::held_out::HeldOut;
use crate::train::data::samples::{Degradation, MOST_ENLARGED, Sample, Sampler};
use crate::train::data::training_set::Smallest;
use crate::train::nn::exported::round_to_halves;
use crate::train::nn::layers::Parameters;
use crate::train::nn::parameters;
use crate::train::nn::precision::Choice;
use crate::train::recipe::RecipeText;
use crate::train::run::checkpoint;
use crate::train::run::memory::Demand;
use crate::train::run::options::{Options, Outcome};
use crate::train::run::system::{self, ModelFile, System};

/// What stands in place of a first stage where there is none, in messages.
const NOTHING: &str = "no first stage";

/// The cascade's recipe as the training of one of its stages, and what that is given beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StageOf<S> {
    /// The recipe of both stages.
    pub recipe: Recipe,
    /// What belongs to this one.
    #[serde(skip)]
    pub settings: S,
}

/// The first stage.
pub type Cyclegan = StageOf<FirstSettings>;
/// The second stage.
pub type Dcedn = StageOf<SecondSettings>;

/// What the first stage is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FirstSettings {
    /// How precisely it calculates.
    pub precision: Choice,
}

/// What the second stage is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecondSettings {
    /// How precisely it calculates.
    pub precision: Choice,
    /// The run's folder, where there is a first stage.
    pub folder: PathBuf,
    /// Another first stage: an exported file or a checkpoint.
    pub stage1: Option<PathBuf>,
    /// In place of a first stage: the restorer of any system.
    pub after: Option<PathBuf>,
    /// In place of a first stage: nothing, see `unchanged.rs`.
    pub alone: bool,
}

/// Train both stages in one folder, from where its checkpoints left off; at the end `cascade.onnx`
/// is in it.
pub fn train(
    recipe: &Recipe,
    precision: Choice,
    faces: &Path,
    options: &Options,
) -> anyhow::Result<Outcome> {
    let first = Cyclegan {
        recipe: recipe.clone(),
        settings: FirstSettings { precision },
    };
    let second = Dcedn {
        recipe: recipe.clone(),
        settings: SecondSettings {
            precision,
            folder: options.out.clone(),
            ..SecondSettings::default()
        },
    };
    // Nobody wants to hear of it when the first stage is done.
    system::told_memory(&second, options)?;
    match system::train(&first, faces, options)? {
        Outcome::Finished => system::train(&second, faces, options),
        stopped @ Outcome::Stopped => Ok(stopped),
    }
}

impl<S> RecipeText for StageOf<S>
where
    S: Clone + Default + PartialEq,
{
    const DEFAULT: &'static str = Recipe::DEFAULT;

    fn check(&self) -> anyhow::Result<()> {
        self.recipe.check()
    }

    fn seed(&self) -> u64 {
        self.recipe.seed
    }

    fn data(&self) -> &HeldOut {
        &self.recipe.data
    }

    fn features(&mut self) -> Option<&mut Option<PathBuf>> {
        self.recipe.features()
    }
}

impl Recipe {
    /// A sample of a picture, degraded so.
    fn sample(
        &self,
        degradation: &Degradation,
        picture: &RgbImage,
        random: &mut Pcg64Mcg,
    ) -> anyhow::Result<Sample> {
        let model = &self.model;
        let sampler = Sampler::of(model.size, model.margin, degradation);
        sampler.enlarging(self.scale()).sample(picture, random)
    }

    /// The same as a film, if the networks look at several frames.
    fn film(
        &self,
        degradation: &Degradation,
        picture: &RgbImage,
        random: &mut Pcg64Mcg,
    ) -> anyhow::Result<Vec<Sample>> {
        let Some(film) = &self.film else {
            return Ok(vec![self.sample(degradation, picture, random)?]);
        };
        let model = &self.model;
        let sampler = Sampler::of(model.size, model.margin, degradation);
        let window = self.networks.window();
        sampler
            .enlarging(self.scale())
            .film(picture, film, window, random)
    }

    fn smallest(&self) -> Smallest {
        let least = |side: usize| (side as f64 / MOST_ENLARGED).ceil() as u32;
        let size = self.model.size;
        Smallest {
            useful: least(size),
            sharp: least(size * self.scale()),
        }
    }

    /// Weights as the model file stores them.
    fn stored(&self, weights: &Parameters) -> Parameters {
        let copied = weights.iter();
        let mut copied = copied
            .map(|(name, tensor)| (name.clone(), tensor.detach().copy()))
            .collect();
        if self.model.half {
            round_to_halves(&mut copied);
        }
        copied
    }
}

impl System for Cyclegan {
    const NAME: &'static str = "stage1";
    type TrainStep = Stage1;

    fn batch(&self) -> usize {
        self.recipe.stage1.batch
    }

    fn accumulate(&self) -> usize {
        self.recipe.stage1.accumulate
    }

    fn section(&self) -> &'static str {
        Self::NAME
    }

    fn least_part(&self) -> usize {
        self.recipe.moments()
    }

    fn memory(&self) -> Demand {
        self.recipe.memory_of_first()
    }

    fn is_unpaired(&self) -> bool {
        self.recipe.stage1.needs_others()
    }

    fn smallest(&self) -> Option<Smallest> {
        Some(self.recipe.smallest())
    }

    fn stage(&self, device: Device) -> anyhow::Result<Stage1> {
        Stage1::new(&self.recipe, device, self.settings.precision.on(device))
    }

    fn sample(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        first(self.film(picture, random)?)
    }

    fn moments(&self) -> usize {
        self.recipe.moments()
    }

    fn film(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Vec<Sample>> {
        let degradation = &self.recipe.degradation;
        self.recipe.film(degradation, picture, random)
    }

    fn models(&self, stage: &Stage1) -> anyhow::Result<Vec<ModelFile>> {
        self.model(stage.weights())
    }

    fn models_of(&self, saved: &Parameters) -> anyhow::Result<Vec<ModelFile>> {
        self.model(&averaged(saved))
    }
}

impl Cyclegan {
    /// The first stage alone.
    fn model(&self, weights: &Parameters) -> anyhow::Result<Vec<ModelFile>> {
        let cascade = Cascade {
            recipe: &self.recipe,
            stage1: &self.recipe.stored(weights),
            stage2: None,
        };
        Ok(vec![("stage1.onnx".to_owned(), cascade.proven()?)])
    }
}

impl System for Dcedn {
    const NAME: &'static str = "stage2";
    type TrainStep = Stage2;

    fn batch(&self) -> usize {
        self.recipe.stage2.batch
    }

    fn accumulate(&self) -> usize {
        self.recipe.stage2.accumulate
    }

    fn section(&self) -> &'static str {
        Self::NAME
    }

    fn least_part(&self) -> usize {
        self.recipe.moments()
    }

    fn memory(&self) -> Demand {
        self.recipe.memory_of_second()
    }

    /// Other samples than the first stage saw.
    fn sample_seed(&self) -> u64 {
        self.recipe.seed.wrapping_add(1 << 32)
    }

    fn smallest(&self) -> Option<Smallest> {
        Some(self.recipe.smallest())
    }

    fn claim(&self, out: &Path) -> anyhow::Result<()> {
        let (name, bytes) = match (&self.settings.after, self.settings.alone) {
            (Some(file), _) => {
                let name = file.display().to_string();
                let bytes = std::fs::read(file);
                (
                    name.clone(),
                    bytes.with_context(|| format!("{name} cannot be read"))?,
                )
            }
            (None, true) => (NOTHING.to_owned(), unchanged(&self.recipe)?),
            (None, false) => return Ok(()),
        };
        ExportedRestorer::keep(&name, bytes, out)
    }

    fn stage(&self, device: Device) -> anyhow::Result<Stage2> {
        Stage2::new(
            &self.recipe,
            self.first()?,
            device,
            self.settings.precision.on(device),
        )
    }

    fn sample(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        first(self.film(picture, random)?)
    }

    fn moments(&self) -> usize {
        self.recipe.moments()
    }

    fn film(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Vec<Sample>> {
        let degradation = self.recipe.degradation.clone();
        let degradation = match self.recipe.stage2.augmented {
            true => degradation,
            false => degradation.unaugmented(),
        };
        self.recipe.film(&degradation, picture, random)
    }

    fn models(&self, stage: &Stage2) -> anyhow::Result<Vec<ModelFile>> {
        self.model(stage.first(), stage.weights())
    }

    fn models_of(&self, saved: &Parameters) -> anyhow::Result<Vec<ModelFile>> {
        let mut weights = new_dcedn(&self.recipe, Device::Cpu);
        parameters::restore("average", &mut weights, saved)?;
        self.model(&self.first()?, &weights)
    }
}

impl Dcedn {
    /// What it stands behind.
    fn first(&self) -> anyhow::Result<FirstStage> {
        let SecondSettings {
            folder,
            stage1,
            after,
            alone,
            ..
        } = &self.settings;
        let kept = match (after, alone) {
            (Some(file), _) => Some(ExportedRestorer::open(file, &self.recipe)?),
            (None, true) => {
                let model = Model::from_bytes(NOTHING, unchanged(&self.recipe)?)?;
                Some(ExportedRestorer::new(model, &self.recipe)?)
            }
            (None, false) => ExportedRestorer::kept(folder, &self.recipe)?,
        };
        Ok(match (stage1, kept) {
            (None, Some(after)) => FirstStage::Exported(Box::new(after)),
            (Some(_), Some(_)) => bail!(
                "{} was started with --after or --alone; choose another folder for --out",
                folder.display()
            ),
            (Some(file), None) if file.extension().is_some_and(|e| e == "onnx") => {
                FirstStage::Generator(read_stage1(file, &self.recipe)?)
            }
            (Some(file), None) => FirstStage::Generator(averaged(&checkpoint::load(file)?)),
            (None, None) => {
                let own = checkpoint::load(&checkpoint::file(folder, Cyclegan::NAME));
                let own = own.context(
                    "no first stage: train one with `cyclegan`, name one with --stage1 or --after, or do \
                     without (--alone)",
                )?;
                FirstStage::Generator(averaged(&own))
            }
        })
    }

    /// Both stages.
    fn model(&self, first: &FirstStage, weights: &Parameters) -> anyhow::Result<Vec<ModelFile>> {
        let stage2 = self.recipe.stored(weights);
        let onnx = match first {
            FirstStage::Exported(after) => after.proven(&self.recipe, &stage2)?,
            FirstStage::Generator(stage1) => {
                let cascade = Cascade {
                    recipe: &self.recipe,
                    stage1: &self.recipe.stored(stage1),
                    stage2: Some(&stage2),
                };
                cascade.proven()?
            }
        };
        Ok(vec![("cascade.onnx".to_owned(), onnx)])
    }
}

/// The first frame of a film.
fn first(film: Vec<Sample>) -> anyhow::Result<Sample> {
    film.into_iter().next().context("a film has no frame")
}

/// The averaged weights in a checkpoint.
fn averaged(saved: &Parameters) -> Parameters {
    let average = saved.iter().filter_map(|(name, tensor)| {
        let name = name.strip_prefix("average.")?;
        Some((name.to_owned(), tensor.shallow_clone()))
    });
    average.collect()
}
