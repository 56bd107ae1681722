//! The first stage: a generator against discriminators.
//!
//! With the published weights of the losses this is CycleGAN (Zhu et al., 2017): pixelated ⇄ clean without
//! pairs. A is the domain of mosaics, B that of clean faces. Losses and weights: apperrs/facial_demosaicing.
//! But the way back is known: pixelation. With that in place of the second generator the cycles of CycleGAN
//! become a comparison of pairs, and no second generator is needed; a recipe without unpaired terms is that.

use std::path::Path;

use tch::{Device, Kind, Reduction, Tensor};

use super::judge::Judge;
use super::networks::{Architecture, Seen};
use super::realism::{Judged, Realism, View, Weights};
use super::recipe::{Networks, Recipe, Stage1 as Settings};
use super::texture::texture;
use crate::train::data::loader::Batch;
use crate::train::nn::exported::read_known_weights;
use crate::train::nn::layers::{Declare, Forward, Init, Parameters};
use crate::train::nn::parameters::{self, copy};
use crate::train::nn::precision::Precision;
use crate::train::nn::tensors::reduced;
use crate::train::optim::adam::{Adam, MovingAverage, clip_gradients};
use crate::train::optim::losses::Losses;
use crate::train::optim::schedule::{joined, rate_at};
use crate::train::run::train_step::Stage;

/// The networks and what their training keeps.
pub struct Stage1 {
    settings: Settings,
    /// Side of the crop.
    size: i64,
    sizes: Networks,
    precision: Precision,
    seed: u64,
    step: u64,
    /// Mosaic → face.
    a_to_b: Parameters,
    optimizer: Adam,
    average: MovingAverage,
    /// Tells real faces from made ones by their pixels, if the recipe has such a discriminator.
    judge_b: Option<Judge>,
    /// The same by their features.
    realism: Option<Realism>,
    /// Only unpaired training has it.
    reverse: Option<Reverse>,
}

/// The other direction.
struct Reverse {
    /// Face → mosaic.
    b_to_a: Parameters,
    optimizer: Adam,
    /// Tells real mosaics from made ones.
    judge_a: Judge,
}

fn l1(a: &Tensor, b: &Tensor) -> Tensor {
    a.l1_loss(b, Reduction::Mean)
}

/// Parameters of a first stage that knows nothing yet. Without a deviation they start as PyTorch's do.
pub fn new_generator(network: &Architecture, deviation: Option<f64>, device: Device) -> Parameters {
    let init = deviation.map_or(Init::KaimingUniform, Init::Normal);
    let seen = Seen {
        stage1: None,
        pixelated: &(),
        lattice: &(),
    };
    Declare::parameters(init, device, |l| network.read(l, &seen))
}

/// What a first stage makes of mosaics.
pub fn restore(
    network: &Architecture,
    weights: &Parameters,
    pixelated: &Tensor,
    lattice: &Tensor,
) -> Tensor {
    let seen = Seen {
        stage1: None,
        pixelated,
        lattice,
    };
    network.read(&mut Forward(weights), &seen)
}

impl Stage1 {
    /// Untrained networks.
    ///
    /// Fails where a feature network is needed and can not be read.
    pub fn new(recipe: &Recipe, device: Device, precision: Precision) -> anyhow::Result<Self> {
        tch::manual_seed(recipe.seed as i64);
        let settings = recipe.stage1.clone();
        let sizes = recipe.networks.clone();
        let adam = |parameters: &Parameters| {
            let [beta1, beta2] = settings.betas;
            Adam::new(parameters, settings.rate, (beta1, beta2), 0.0)
        };
        let a_to_b = new_generator(&sizes.generator, settings.init, device);
        let patch = sizes.discriminator.patch();
        let judge = |name, size| Judge::new(name, size, recipe, device, precision);
        // Unpaired training has no projected discriminator: Recipe::check.
        let reverse = patch.filter(|_| settings.is_unpaired()).map(|size| {
            let b_to_a = new_generator(&sizes.reverse, settings.init, device);
            Reverse {
                optimizer: adam(&b_to_a),
                b_to_a,
                judge_a: judge("judge_a", size),
            }
        });
        let optimizer = (settings.rate, settings.betas);
        Ok(Self {
            optimizer: adam(&a_to_b),
            average: MovingAverage::new(&a_to_b, settings.average),
            judge_b: patch.map(|size| judge("judge_b", size)),
            realism: Realism::open(recipe, settings.perceptual, &["face"], optimizer, device)?,
            precision,
            size: recipe.model.size as i64,
            seed: recipe.seed,
            step: 0,
            settings,
            sizes,
            a_to_b,
            reverse,
        })
    }

    /// The averaged weights of the generator that is exported.
    pub fn weights(&self) -> &Parameters {
        &self.average.average
    }

    fn to_b(&self, pixelated: &Tensor, lattice: &Tensor) -> Tensor {
        restore(
            &self.sizes.generator,
            &self.precision.of(&self.a_to_b),
            pixelated,
            lattice,
        )
    }

    fn to_a(&self, reverse: &Reverse, x: &Tensor) -> Tensor {
        restore(&self.sizes.reverse, &reverse.b_to_a, x, &no_lattice(x))
    }

    /// How far the adversarial terms and the one for texture have joined, 0–1.
    fn joined(&self) -> f64 {
        let s = &self.settings;
        joined(self.step, s.alone * s.steps as f64, s.steps)
    }

    /// Weight of the adversarial terms now.
    fn adversarial(&self) -> f64 {
        self.settings.adversarial * self.joined()
    }

    /// What the judge of faces sees of `faces`.
    fn shown(&self, faces: &Tensor, batch: &Batch) -> Tensor {
        if !self.settings.judge_pairs {
            return faces.shallow_clone();
        }
        let smooth = &batch.pixelated + batch.lattice.narrow(1, 0, 3);
        Tensor::cat(&[faces, &smooth], 1)
    }

    /// Loss of the generators, by term, and what the discriminators are trained on.
    fn generator_terms(&self, batch: &Batch) -> (Losses, Fakes) {
        let s = &self.settings;
        let clean = &reduced(&batch.clean, self.size);
        let mut terms = Losses::default();
        let fake_b = self.to_b(&batch.pixelated, &batch.lattice);
        let adversarial = self.adversarial();
        if let Some(judge) = self.judge_b.as_ref().filter(|_| adversarial > 0.0) {
            let deceived = judge.deceived(&self.shown(&fake_b, batch));
            terms.add("adversarial-b", deceived * adversarial);
        }
        if s.paired > 0.0 {
            terms.add("paired", l1(&fake_b, clean) * s.paired);
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
            realism.terms(
                &[Some(view.shaken(self.seed, self.step))],
                weights,
                &mut terms,
            )
        });
        let fake_a = self.reverse.as_ref().map(|reverse| {
            let fake_a = self.to_a(reverse, &batch.others);
            self.unpaired_terms(reverse, batch, &fake_a, &fake_b, &mut terms);
            fake_a
        });
        let fakes = Fakes {
            fake_b,
            fake_a,
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
        let (a, b) = (&batch.pixelated, &batch.others);
        let unknown = no_lattice(b);
        if self.adversarial() > 0.0 {
            let deceived = reverse.judge_a.deceived(fake_a);
            terms.add("adversarial-a", deceived * self.adversarial());
        }
        if s.cycle > 0.0 {
            terms.add("cycle-a", l1(&self.to_a(reverse, fake_b), a) * s.cycle);
            terms.add("cycle-b", l1(&self.to_b(fake_a, &unknown), b) * s.cycle);
        }
        if s.identity > 0.0 {
            let weight = s.identity * s.cycle;
            terms.add("identity-b", l1(&self.to_b(b, &unknown), b) * weight);
            terms.add("identity-a", l1(&self.to_a(reverse, a), a) * weight);
        }
    }

    fn train_judges(&mut self, batch: &Batch, fakes: &Fakes, rate: f64) -> Losses {
        let seed = self.seed.wrapping_add(self.step);
        let real = if self.settings.judge_pairs {
            self.shown(&reduced(&batch.clean, self.size), batch)
        } else {
            batch.others.shallow_clone()
        };
        let shown = self.shown(&fakes.fake_b, batch);
        let mut losses = Losses::default();
        if let Some(judge) = &mut self.judge_b {
            losses.add("judge-b", judge.train(&real, &shown, !seed, rate));
        }
        if let (Some(reverse), Some(fake_a)) = (&mut self.reverse, &fakes.fake_a) {
            let loss = reverse.judge_a.train(&batch.pixelated, fake_a, seed, rate);
            losses.add("judge-a", loss);
        }
        if let (Some(realism), Some(judged)) = (&mut self.realism, &fakes.judged) {
            losses.append(realism.train(judged, rate));
        }
        losses
    }
}

/// What the generators made in a step.
struct Fakes {
    /// Faces.
    fake_b: Tensor,
    /// Mosaics, in unpaired training.
    fake_a: Option<Tensor>,
    /// The features of the faces.
    judged: Option<Judged>,
}

/// Planes that say nothing, for pictures `x`.
fn no_lattice(x: &Tensor) -> Tensor {
    let size = x.size();
    let shape = [size[0], crate::blocks::PLANES as i64, size[2], size[3]];
    Tensor::zeros(shape, (Kind::Float, x.device()))
}

impl Stage for Stage1 {
    fn name(&self) -> &'static str {
        "stage1"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, batch: &Batch) -> anyhow::Result<Losses> {
        let s = &self.settings;
        let rate = rate_at(self.step, s.steps, s.rate, s.constant);
        let (mut losses, fakes) = self.generator_terms(batch);
        losses.total().backward();
        if let Some(most) = s.clip {
            clip_gradients(&self.a_to_b, most);
        }
        self.optimizer.rate = rate;
        self.optimizer.step(&mut self.a_to_b);
        if let Some(reverse) = &mut self.reverse {
            reverse.optimizer.rate = rate;
            reverse.optimizer.step(&mut reverse.b_to_a);
        }
        if self.adversarial() > 0.0 {
            losses.append(self.train_judges(batch, &fakes, rate));
        }
        self.average.update(&self.a_to_b, self.step);
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        let missing = read_known_weights(model, "stage1.", &mut self.average.average)?;
        if !missing.is_empty() {
            let (file, count) = (model.display(), missing.len());
            eprintln!(
                "{file} lacks {count} of stage1's weights, which start as in an untrained network"
            );
        }
        copy(&self.average.average, &mut self.a_to_b);
        Ok(())
    }

    fn restore(&self, pixelated: &Tensor, lattice: &Tensor) -> Tensor {
        let weights = &self.average.average;
        tch::no_grad(|| restore(&self.sizes.generator, weights, pixelated, lattice))
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        parameters::store("a_to_b", &self.a_to_b, out);
        self.optimizer.state("adam.a_to_b", out);
        parameters::store("average", &self.average.average, out);
        if let Some(judge) = &self.judge_b {
            judge.save(out);
        }
        if let Some(realism) = &self.realism {
            realism.save(out);
        }
        if let Some(reverse) = &self.reverse {
            parameters::store("b_to_a", &reverse.b_to_a, out);
            reverse.optimizer.state("adam.b_to_a", out);
            reverse.judge_a.save(out);
        }
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        parameters::restore("a_to_b", &mut self.a_to_b, saved)?;
        self.optimizer.load("adam.a_to_b", saved)?;
        parameters::restore("average", &mut self.average.average, saved)?;
        if let Some(judge) = &mut self.judge_b {
            judge.load(saved)?;
        }
        if let Some(realism) = &mut self.realism {
            realism.load(saved)?;
        }
        if let Some(reverse) = &mut self.reverse {
            parameters::restore("b_to_a", &mut reverse.b_to_a, saved)?;
            reverse.optimizer.load("adam.b_to_a", saved)?;
            reverse.judge_a.load(saved)?;
        }
        self.step = crate::train::nn::parameters::saved_step(saved)?;
        Ok(())
    }
}
