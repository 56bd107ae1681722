//! The first stage: a generator against discriminators.
//!
//! With the published weights of the losses this is CycleGAN (Zhu et al., 2017): pixelated ⇄ clean
//! without pairs. A is the domain of mosaics, B that of clean faces. Losses and weights:
//! apperrs/facial_demosaicing. But the way back is known: pixelation. With that in place of the
//! second generator the cycles of CycleGAN become a comparison of pairs, and no second generator is
//! needed; a recipe without unpaired terms is that.

use std::path::Path;

use tch::{Device, Kind, Tensor};

use super::networks::Architecture;
use super::patches::{Patches, patch_discriminator};
use super::realism::{Realism, SeenPairs, View, Weights};
use super::recipe::{Networks, Recipe, Stage1 as Settings};
use super::stage_io::{StageInputs, Told};
use super::texture::texture;
use crate::train::data::loader::{Batch, Inputs};
use crate::train::nn::layers::{Declare, Forward, Init, Parameters};
use crate::train::nn::parameters::saved_step;
use crate::train::nn::precision::Precision;
use crate::train::nn::tensors::reduced;
use crate::train::optim::adam::clip_gradients;
use crate::train::optim::losses::{Losses, l1, unsteadiness};
use crate::train::optim::parts::Parts;
use crate::train::optim::schedule::joined;
use crate::train::optim::trained::TrainedNetwork;
use crate::train::run::train_step::TrainStep;

/// The networks and what their training keeps.
pub struct Stage1 {
    settings: Settings,
    /// Side of the crop.
    size: i64,
    /// Frames of a film in a batch, one after the other.
    moments: usize,
    sizes: Networks,
    precision: Precision,
    seed: u64,
    step: u64,
    /// Mosaic → face.
    a_to_b: TrainedNetwork,
    /// Tells real faces from fake ones by their pixels, if the recipe has such a discriminator.
    discriminator_b: Option<Patches>,
    /// The same by their features.
    realism: Option<Realism>,
    /// Only unpaired training has it.
    reverse: Option<Reverse>,
}

/// The other direction.
struct Reverse {
    /// Face → mosaic.
    b_to_a: TrainedNetwork,
    /// Tells real mosaics from fake ones.
    discriminator_a: Patches,
}

/// Parameters of a first stage that knows nothing yet. Without a deviation they start as PyTorch's
/// do.
pub(super) fn new_generator(
    network: &Architecture,
    deviation: Option<f64>,
    device: Device,
) -> Parameters {
    let init = deviation.map_or(Init::KaimingUniform, Init::Normal);
    let inputs = StageInputs {
        stage1: None,
        pixelated: &(),
        lattice: &(),
        neighbours: Some(&()),
    };
    Declare::parameters(init, device, |l| network.read(l, &inputs))
}

/// What a first stage makes of mosaics.
pub(super) fn restore(network: &Architecture, weights: &Parameters, inputs: &Inputs<'_>) -> Tensor {
    let told = Told::of(inputs.conditioning);
    let inputs = StageInputs {
        stage1: None,
        pixelated: inputs.input,
        lattice: &told.lattice,
        neighbours: told.neighbours.as_ref(),
    };
    network.read(&mut Forward(weights), &inputs)
}

impl Stage1 {
    /// Untrained networks.
    ///
    /// Fails where a feature network is needed and cannot be read.
    pub fn new(recipe: &Recipe, device: Device, precision: Precision) -> anyhow::Result<Self> {
        tch::manual_seed(recipe.seed as i64);
        let settings = recipe.stage1.clone();
        let sizes = recipe.networks.clone();
        let generator = |name, network| {
            let weights = new_generator(network, settings.init, device);
            TrainedNetwork::new(name, weights, settings.learning_rate, settings.betas)
        };
        let a_to_b = generator("a_to_b", &sizes.generator);
        let patch = sizes.discriminator.own().copied();
        let discriminator = |name, size| patch_discriminator(name, size, recipe, device, precision);
        // Unpaired training has no projected discriminator: Recipe::check.
        let reverse = patch
            .filter(|_| settings.is_unpaired())
            .map(|size| Reverse {
                b_to_a: generator("b_to_a", &sizes.reverse),
                discriminator_a: discriminator("judge_a", size),
            });
        let optimizer = (settings.learning_rate, settings.betas);
        Ok(Self {
            a_to_b: a_to_b.averaged_as(settings.average, "average"),
            discriminator_b: patch.map(|size| discriminator("judge_b", size)),
            realism: Realism::open(recipe, settings.perceptual, &["face"], optimizer, device)?,
            precision,
            size: recipe.model.size as i64,
            moments: recipe.moments(),
            seed: recipe.seed,
            step: 0,
            settings,
            sizes,
            reverse,
        })
    }

    /// The averaged weights of the generator that is exported.
    pub fn weights(&self) -> &Parameters {
        self.a_to_b.best()
    }

    fn to_b(&self, inputs: &Inputs<'_>) -> Tensor {
        let weights = self.precision.of(&self.a_to_b.weights);
        restore(&self.sizes.generator, &weights, inputs)
    }

    fn to_a(&self, reverse: &Reverse, x: &Tensor) -> Tensor {
        let inputs = Inputs {
            input: x,
            conditioning: &no_lattice(x),
        };
        restore(&self.sizes.reverse, &reverse.b_to_a.weights, &inputs)
    }

    /// How far the adversarial terms and the one for texture have joined, 0–1.
    fn joined(&self) -> f64 {
        let s = &self.settings;
        joined(self.step, s.warmup_share * s.steps as f64, s.steps)
    }

    /// Weight of the adversarial terms now.
    fn adversarial(&self) -> f64 {
        self.settings.adversarial * self.joined()
    }

    /// Loss of the generators, by term, and what the discriminators are trained on; `number` is the
    /// batch's own.
    fn generator_terms(&self, number: u64, batch: &Batch) -> (Losses, Fakes) {
        let s = &self.settings;
        let clean = &reduced(&batch.target, self.size);
        let mut terms = Losses::default();
        let fake_b = self.to_b(&batch.inputs());
        let adversarial = self.adversarial();
        if let Some(discriminator) = self.discriminator_b.as_ref().filter(|_| adversarial > 0.0) {
            let generator_loss =
                discriminator.generator_loss(&shown(s.paired_discriminator, &fake_b, batch));
            terms.add("adversarial-b", generator_loss * adversarial);
        }
        if s.paired > 0.0 {
            terms.add("paired", l1(&fake_b, clean) * s.paired);
        }
        if s.steady > 0.0 {
            let unsteadiness = unsteadiness(&fake_b, clean, self.moments);
            terms.add("steady", unsteadiness * s.steady);
        }
        let weight = s.texture * self.joined();
        if weight > 0.0 {
            terms.add("texture", texture(&fake_b, clean) * weight);
        }
        let judged = self.realism.as_ref().map(|realism| {
            let view = View {
                fake: fake_b.shallow_clone(),
                real: clean.shallow_clone(),
            };
            let weights = Weights {
                perceptual: s.perceptual,
                adversarial,
            };
            let judged =
                realism.terms(&[Some(view.shaken(self.seed, number))], weights, &mut terms);
            judged.detached()
        });
        let fake_a = self.reverse.as_ref().map(|reverse| {
            let fake_a = self.to_a(reverse, &batch.unpaired);
            self.unpaired_terms(reverse, batch, &fake_a, &fake_b, &mut terms);
            fake_a
        });
        let fakes = Fakes {
            fake_b: fake_b.detach(),
            fake_a: fake_a.map(|it| it.detach()),
            judged,
        };
        (terms, fakes)
    }

    fn unpaired_terms(
        &self,
        reverse: &Reverse,
        batch: &Batch,
        fake_a: &Tensor,
        fake_b: &Tensor,
        terms: &mut Losses,
    ) {
        let s = &self.settings;
        let (a, b) = (&batch.input, &batch.unpaired);
        let unknown = no_lattice(b);
        let without = |input| Inputs {
            input,
            conditioning: &unknown,
        };
        if self.adversarial() > 0.0 {
            let generator_loss = reverse.discriminator_a.generator_loss(fake_a);
            terms.add("adversarial-a", generator_loss * self.adversarial());
        }
        if s.cycle > 0.0 {
            terms.add("cycle-a", l1(&self.to_a(reverse, fake_b), a) * s.cycle);
            terms.add("cycle-b", l1(&self.to_b(&without(fake_a)), b) * s.cycle);
        }
        if s.identity > 0.0 {
            let weight = s.identity * s.cycle;
            terms.add("identity-b", l1(&self.to_b(&without(b)), b) * weight);
            terms.add("identity-a", l1(&self.to_a(reverse, a), a) * weight);
        }
    }

    fn train_discriminators(
        &mut self,
        parts: &Parts<'_>,
        mut fakes: Vec<Fakes>,
        factor: f64,
        losses: &mut Losses,
    ) -> anyhow::Result<()> {
        let seed = self.seed.wrapping_add(self.step);
        let judged = fakes.iter_mut().filter_map(|made| made.judged.take());
        let judged: Vec<SeenPairs> = judged.collect();
        let (paired, size) = (self.settings.paired_discriminator, self.size);
        if let Some(discriminator) = &mut self.discriminator_b {
            let seen = |part: usize, batch: &Batch| {
                let real = match paired {
                    true => reduced(&batch.target, size),
                    false => batch.unpaired.shallow_clone(),
                };
                [&real, &fakes[part].fake_b].map(|faces| shown(paired, faces, batch))
            };
            discriminator.train("discriminator-b", parts, seen, (factor, !seed), losses)?;
        }
        if let Some(reverse) = &mut self.reverse {
            let seen = |part: usize, batch: &Batch| {
                let fake = fakes[part].fake_a.as_ref().unwrap_or(&batch.input);
                [&batch.input, fake].map(Tensor::shallow_clone)
            };
            let discriminator = &mut reverse.discriminator_a;
            discriminator.train("discriminator-a", parts, seen, (factor, seed), losses)?;
        }
        if let Some(realism) = &mut self.realism {
            let generator_lr = self.settings.learning_rate * factor;
            losses.append(realism.train(parts, &judged, generator_lr)?);
        }
        Ok(())
    }
}

/// What the discriminator of faces sees of `faces`: where it is `paired`, their mosaics beside them.
fn shown(paired: bool, faces: &Tensor, batch: &Batch) -> Tensor {
    if !paired {
        return faces.shallow_clone();
    }
    let smooth = &batch.input + batch.conditioning.narrow(1, 0, 3);
    Tensor::cat(&[faces, &smooth], 1)
}

/// What the generators made of a part of a step, for the discriminators.
struct Fakes {
    /// Faces.
    fake_b: Tensor,
    /// Mosaics, in unpaired training.
    fake_a: Option<Tensor>,
    /// The features of the faces.
    judged: Option<SeenPairs>,
}

/// Planes that say nothing, for pictures `x`.
fn no_lattice(x: &Tensor) -> Tensor {
    let size = x.size();
    let shape = [size[0], crate::blocks::PLANES as i64, size[2], size[3]];
    Tensor::zeros(shape, (Kind::Float, x.device()))
}

impl TrainStep for Stage1 {
    fn name(&self) -> &'static str {
        "stage1"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, parts: &Parts<'_>) -> anyhow::Result<Losses> {
        let factor = self.settings.schedule().factor_at(self.step);
        let mut made = Vec::new();
        let mut losses = parts.backward(|part, batch| {
            let (losses, fakes) = self.generator_terms(parts.number(self.step, part), batch);
            made.push(fakes);
            Ok(losses)
        })?;
        if let Some(most) = self.settings.clip {
            clip_gradients(&self.a_to_b.weights, most);
        }
        self.a_to_b.step(factor);
        if let Some(reverse) = &mut self.reverse {
            reverse.b_to_a.step(factor);
        }
        if self.adversarial() > 0.0 {
            self.train_discriminators(parts, made, factor, &mut losses)?;
        }
        self.a_to_b.update_average(self.step);
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        self.a_to_b.start_from_known(model, "stage1.")
    }

    fn warnings(&self, _: bool) -> anyhow::Result<Vec<String>> {
        let warning = self.realism.as_ref().and_then(Realism::warning);
        Ok(warning.into_iter().collect())
    }

    fn predict(&self, inputs: &Inputs<'_>) -> Tensor {
        let weights = self.weights();
        tch::no_grad(|| restore(&self.sizes.generator, weights, inputs))
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        self.a_to_b.save(out);
        if let Some(discriminator) = &self.discriminator_b {
            discriminator.save(out);
        }
        if let Some(realism) = &self.realism {
            realism.save(out);
        }
        if let Some(reverse) = &self.reverse {
            reverse.b_to_a.save(out);
            reverse.discriminator_a.save(out);
        }
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        self.a_to_b.load(saved)?;
        if let Some(discriminator) = &mut self.discriminator_b {
            discriminator.load(saved)?;
        }
        if let Some(realism) = &mut self.realism {
            realism.load(saved)?;
        }
        if let Some(reverse) = &mut self.reverse {
            reverse.b_to_a.load(saved)?;
            reverse.discriminator_a.load(saved)?;
        }
        self.step = saved_step(saved)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
