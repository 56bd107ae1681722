//! DCEDN behind a fixed first stage: paired, so that colours come out right.

use std::path::Path;

use anyhow::Context;
use tch::{Device, Kind, Reduction, Tensor};

use super::exported_restorer::ExportedRestorer;
use super::realism::{Realism, SeenPairs, View, Weights};
use super::recipe::{Loss, Networks, Recipe, Stage2 as Settings};
use super::stage_io::{Pictures, StageInputs, Told};
use super::stage1;
use crate::train::data::loader::{Batch, Inputs};
use crate::train::nn::layers::{Declare, Forward, Init, Parameters};
use crate::train::nn::parameters::saved_step;
use crate::train::nn::precision::Precision;
use crate::train::nn::tensors::reduced;
use crate::train::optim::adam::clip_gradients;
use crate::train::optim::losses::{Losses, unsteadiness};
use crate::train::optim::parts::Parts;
use crate::train::optim::schedule::joined;
use crate::train::optim::trained::TrainedNetwork;
use crate::train::run::train_step::TrainStep;

/// What stands before the second stage, and does not learn.
pub enum FirstStage {
    /// A generator of this recipe.
    Generator(Parameters),
    /// Any restorer.
    Exported(Box<ExportedRestorer>),
}

/// Steps in which the learning rate rises, where there are two pictures.
const WARM_UP: f64 = 200.0;

/// The second stage in training.
pub struct Stage2 {
    settings: Settings,
    /// Side of the crop.
    size: i64,
    /// Frames of a film in a batch, one after the other.
    moments: usize,
    seed: u64,
    /// What the picture with invented detail is trained by.
    realism: Option<Realism>,
    sizes: Networks,
    precision: Precision,
    step: u64,
    first: FirstStage,
    network: TrainedNetwork,
}

/// Parameters of a second stage that knows nothing yet.
pub(super) fn new_dcedn(recipe: &Recipe, device: Device) -> Parameters {
    let inputs = StageInputs {
        stage1: Some(&()),
        pixelated: &(),
        lattice: &(),
        neighbours: Some(&()),
    };
    let network = &recipe.networks.dcedn;
    Declare::parameters(Init::KaimingUniform, device, |l| {
        network.pictures(l, &inputs);
    })
}

/// `stage1` on the device, if it is complete.
fn fitted(recipe: &Recipe, stage1: Parameters, device: Device) -> anyhow::Result<Parameters> {
    let mut weights = stage1::new_generator(&recipe.networks.generator, None, device);
    for (name, tensor) in &mut weights {
        let fits = stage1
            .get(name)
            .filter(|found| found.size() == tensor.size());
        let found =
            fits.with_context(|| format!("the first stage has no fitting weights {name}"))?;
        *tensor = found.to_device(device);
    }
    Ok(weights)
}

/// Squared distance of the means over squares of 16 pixels.
fn color(a: &Tensor, b: &Tensor) -> Tensor {
    (a - b)
        .avg_pool2d([16, 16], [16, 16], [0, 0], true, false, None)
        .square()
        .mean(Kind::Float)
}

impl Stage2 {
    /// An untrained second stage behind `first`.
    ///
    /// Fails where a generator does not hold the weights that the recipe's has.
    pub fn new(
        recipe: &Recipe,
        first: FirstStage,
        device: Device,
        precision: Precision,
    ) -> anyhow::Result<Self> {
        tch::manual_seed(recipe.seed as i64 + 1);
        let mut settings = recipe.stage2.clone();
        if !recipe.networks.dcedn.has_detailed() {
            settings.detailed = None;
        }
        let first = match first {
            FirstStage::Generator(stage1) => FirstStage::Generator(fitted(recipe, stage1, device)?),
            exported @ FirstStage::Exported(_) => exported,
        };
        let weights = new_dcedn(recipe, device);
        let network = TrainedNetwork::new("dcedn", weights, settings.learning_rate, settings.betas)
            .decayed(settings.weight_decay)
            .averaged_as(settings.average, "average");
        let realism = match &settings.detailed {
            Some(detailed) => {
                let optimizer = (settings.learning_rate, settings.betas);
                let perceptual = detailed.perceptual;
                Realism::open(recipe, perceptual, &["whole", "detail"], optimizer, device)?
            }
            None => None,
        };
        Ok(Self {
            size: recipe.model.size as i64,
            moments: recipe.moments(),
            seed: recipe.seed,
            realism,
            sizes: recipe.networks.clone(),
            precision,
            step: 0,
            settings,
            first,
            network,
        })
    }

    /// What it stands behind.
    pub fn first(&self) -> &FirstStage {
        &self.first
    }

    /// The averaged weights.
    pub fn weights(&self) -> &Parameters {
        self.network.best()
    }

    fn second_stage(
        &self,
        weights: &Parameters,
        inputs: &Inputs<'_>,
    ) -> anyhow::Result<Pictures<Tensor>> {
        let dcedn = &self.sizes.dcedn;
        match &self.first {
            FirstStage::Generator(stage1) => {
                let stage1 = self.precision.of(stage1);
                let generator = &self.sizes.generator;
                let stage1 = tch::no_grad(|| stage1::restore(generator, &stage1, inputs));
                let told = Told::of(inputs.conditioning);
                let inputs = StageInputs {
                    stage1: Some(&stage1),
                    pixelated: inputs.input,
                    lattice: &told.lattice,
                    neighbours: told.neighbours.as_ref(),
                };
                Ok(dcedn.pictures(&mut Forward(weights), &inputs))
            }
            FirstStage::Exported(restorer) => {
                let made = restorer.run(inputs.input, inputs.conditioning)?;
                Ok(dcedn.pictures(&mut Forward(weights), &made.inputs()))
            }
        }
    }

    /// What the averaged weights make of mosaics.
    fn averaged(&self, inputs: &Inputs<'_>) -> Pictures<Tensor> {
        let weights = self.weights();
        let made = tch::no_grad(|| self.second_stage(weights, inputs));
        made.unwrap_or_else(|error| {
            eprintln!("the first stage fails: {error:#}");
            Pictures {
                restored: inputs.input.full_like(f64::NAN),
                detailed: None,
            }
        })
    }

    /// The distance of the truest picture to the truth.
    fn true_terms(&self, restored: &Tensor, batch: &Batch, losses: &mut Losses) {
        let s = &self.settings;
        let weight = s.detailed.as_ref().map_or(1.0, |detailed| detailed.truth);
        let (name, distance) = match s.loss {
            Loss::Mse => ("mse", restored.mse_loss(&batch.target, Reduction::Mean)),
            Loss::L1 => ("l1", restored.l1_loss(&batch.target, Reduction::Mean)),
        };
        losses.add(name, distance * weight);
        if s.steady > 0.0 {
            let unsteadiness = unsteadiness(restored, &batch.target, self.moments);
            losses.add("steady", unsteadiness * (s.steady * weight));
        }
        if s.color > 0.0 {
            losses.add(
                "colour",
                color(restored, &batch.target) * (s.color * weight),
            );
        }
    }

    /// The losses of the picture with invented detail of the batch `number`; returns what the
    /// discriminators are trained on.
    fn detailed_terms(
        &self,
        detailed: &Tensor,
        batch: &Batch,
        number: u64,
        losses: &mut Losses,
    ) -> Option<SeenPairs> {
        let s = self.settings.detailed.as_ref()?;
        // As it is without the mosaic's means its colours must be right as well.
        let color = color(detailed, &batch.target) * (self.settings.color * s.truth);
        let shown = match &batch.projection {
            Some(projection) if s.projected => projection.of(detailed),
            _ => detailed.shallow_clone(),
        };
        let views = views(&shown, batch, self.size, self.seed, number);
        losses.add("detailed-colour", color);
        let distances = views.iter().flatten();
        let distances: Vec<Tensor> = distances
            .map(|view| view.fake.l1_loss(&view.real, Reduction::Mean))
            .collect();
        let count = distances.len() as f64;
        let paired = distances.into_iter().sum::<Tensor>() / count;
        losses.add("detailed-l1", paired * s.paired);
        let steady = self.settings.steady;
        if steady > 0.0 {
            let unsteadiness = unsteadiness(&shown, &batch.target, self.moments);
            losses.add("detailed-steady", unsteadiness * (steady * s.truth));
        }
        let realism = self.realism.as_ref()?;
        let weights = Weights {
            perceptual: s.perceptual,
            adversarial: s.adversarial * joined(self.step, 0.0, self.settings.steps),
        };
        Some(realism.terms(&views, weights, losses).detached())
    }

    /// Share of the learning rate in the first steps of a network with two pictures, 0–1: it may
    /// start from one that knows much, and Adam's first steps are as long as any, whatever the
    /// gradients.
    fn warm(&self) -> f64 {
        match self.settings.detailed {
            Some(_) => ((self.step as f64 + 1.0) / WARM_UP).min(1.0),
            None => 1.0,
        }
    }
}

/// What the losses of detail look at: all crops at the size of their mosaics, and of those whose
/// truth has detail a part at full size, as large.
fn views(shown: &Tensor, batch: &Batch, size: i64, seed: u64, number: u64) -> [Option<View>; 2] {
    let scale = batch.target.size()[3] / size;
    let whole = View {
        fake: reduced(shown, size),
        real: reduced(&batch.target, size),
    };
    let has_detail = scale > 1 && batch.fine.numel() > 0;
    let detail = has_detail.then(|| {
        let view = View {
            fake: shown.index_select(0, &batch.fine),
            real: batch.target.index_select(0, &batch.fine),
        };
        view.part(size, seed, number)
    });
    [Some(whole.shaken(seed, number)), detail]
}

impl TrainStep for Stage2 {
    fn name(&self) -> &'static str {
        "stage2"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, parts: &Parts<'_>) -> anyhow::Result<Losses> {
        let factor = self.settings.schedule().factor_at(self.step) * self.warm();
        let mut judged = Vec::new();
        let mut losses = parts.backward(|part, batch| {
            let weights = self.precision.of(&self.network.weights);
            let pictures = self.second_stage(&weights, &batch.inputs())?;
            let mut losses = Losses::default();
            self.true_terms(&pictures.restored, batch, &mut losses);
            let number = parts.number(self.step, part);
            let detailed = pictures.detailed.as_ref();
            judged.extend(
                detailed.and_then(|it| self.detailed_terms(it, batch, number, &mut losses)),
            );
            Ok(losses)
        })?;
        if let Some(detailed) = &self.settings.detailed {
            clip_gradients(&self.network.weights, detailed.clip);
        }
        self.network.step(factor);
        let s = &self.settings;
        let adversarial = s.detailed.as_ref().is_some_and(|d| d.adversarial > 0.0);
        if let (Some(realism), true) = (&mut self.realism, adversarial && !judged.is_empty()) {
            let generator_lr = self.settings.learning_rate * factor;
            losses.append(realism.train(parts, &judged, generator_lr)?);
        }
        self.network.update_average(self.step);
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        self.network.start_from_known(model, "stage2.")
    }

    fn warnings(&self, _: bool) -> anyhow::Result<Vec<String>> {
        let warning = self.realism.as_ref().and_then(Realism::warning);
        Ok(warning.into_iter().collect())
    }

    fn predict(&self, inputs: &Inputs<'_>) -> Tensor {
        self.averaged(inputs).restored
    }

    fn predict_detailed(&self, inputs: &Inputs<'_>) -> Option<Tensor> {
        self.averaged(inputs).detailed
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        self.network.save(out);
        if let Some(realism) = &self.realism {
            realism.save(out);
        }
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        self.network.load(saved)?;
        if let Some(realism) = &mut self.realism {
            realism.load(saved)?;
        }
        self.step = saved_step(saved)?;
        Ok(())
    }
}
