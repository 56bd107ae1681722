//! The training of StyleGAN2: logistic losses, lazy regularisation, adaptive augmentation.
//!
//! Every phase has random numbers and an optimiser step of its own. A regulariser runs every so
//! many steps and counts as often then; the optimisers' rates and β make up for the extra steps.

use std::path::Path;

use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use tch::{Device, Kind, Tensor, no_grad};

use super::augment::{self, Controller, augment};
use super::discriminator::DiscriminatorNetwork;
use super::prior::Prior;
use super::recipe::{Recipe, Settings};
use super::regular::{gradient_penalty, lazy, path_lengths, path_penalty};
use crate::train::data::loader::{Batch, Inputs};
use crate::train::data::random::generator;
use crate::train::nn::layers::{Declare, Init, Parameters, Training};
use crate::train::nn::network::{declare, forward};
use crate::train::nn::parameters::{fill, saved_step};
use crate::train::optim::discriminator::Adversary;
use crate::train::optim::losses::{Losses, fake_score};
use crate::train::optim::parts::Parts;
use crate::train::optim::trained::{TrainedNetwork, Watch, seed_step};
use crate::train::run::checkpoint;
use crate::train::run::train_step::TrainStep;

/// What helps against a discriminator that has run away.
const REMEDY: &str = "augment.target=0.6, then a larger train.r1";
/// Weight of the past in the mean of w, per step.
const MEAN_DECAY: f64 = 0.995;
/// Stream of randomness of a run's steps; pictures have others.
const STEPS: u64 = 20;

/// Generator and discriminator in training.
pub struct Stylegan2Step {
    settings: Settings,
    augmentation: augment::Settings,
    prior: Prior,
    seed: u64,
    step: u64,
    watch: Watch,
    controller: Controller,
    /// Mean of w, `[latent]`.
    mean: Tensor,
    path_mean: f64,
    generator: TrainedNetwork,
    discriminator: Adversary<DiscriminatorNetwork>,
}

impl Stylegan2Step {
    /// Untrained networks.
    ///
    /// Fails where a projected discriminator has no usable feature network.
    pub fn new(recipe: &Recipe, device: Device) -> anyhow::Result<Self> {
        let (settings, prior) = (recipe.train.clone(), recipe.generator.clone());
        let (learning_rate, betas) = (settings.learning_rate, settings.betas);
        let (features, side) = (recipe.features.as_deref(), prior.side());
        let opened = recipe
            .discriminator
            .open(features, side, (learning_rate, betas), device)?;
        tch::manual_seed(recipe.seed as i64);
        // All weights have an equalised learning rate and start as N(0, 1).
        let init = Init::Normal(1.0);
        let weights = declare(&prior, init, device);
        let path = (settings.path > 0.0).then_some(settings.path_every);
        let r1 = (settings.r1 > 0.0).then_some(settings.r1_every);
        // The decay of each step is its own, see `decay`; this one only says whether there is an
        // average.
        let averaged = if settings.average > 0.0 { 0.5 } else { 0.0 };
        let discriminator = opened.adversary("judge", |size| {
            let weights = Declare::parameters(init, device, |l| {
                size.read(l, &(), settings.group);
            });
            lazy("judge", weights, learning_rate, betas, r1)
        });
        Ok(Self {
            generator: lazy("generator", weights, learning_rate, betas, path).averaged(averaged),
            discriminator,
            watch: Watch::default(),
            controller: Controller::default(),
            mean: Tensor::zeros([prior.latent()], (Kind::Float, device)),
            path_mean: 0.0,
            settings,
            augmentation: recipe.augment,
            prior,
            seed: recipe.seed,
            step: 0,
        })
    }

    /// The generator's weights with the mean of w, to be exported.
    pub fn weights(&self) -> Parameters {
        let best = self.generator.best().iter();
        let mut weights: Parameters = best
            .map(|(name, tensor)| (name.clone(), tensor.detach()))
            .collect();
        let mean = self.mean.view([self.prior.latent(), 1, 1]);
        weights.insert("mean.maps".to_owned(), mean);
        weights
    }

    /// Sources of styles for `count` pictures of one of so many `parts`, mixed at random; the mean
    /// takes them in.
    fn styles(&self, count: i64, parts: usize, random: &mut Pcg64Mcg) -> Vec<Tensor> {
        let options = (Kind::Float, self.mean.device());
        let draw = || {
            let z = Tensor::randn([count, self.prior.latent()], options);
            let weights = &self.generator.weights;
            self.prior.mapping(&mut Training(weights), &z)
        };
        let (first, second) = (draw(), draw());
        let axes: &[i64] = &[0];
        let mean = first.detach().mean_dim(axes, false, Kind::Float);
        let decay = MEAN_DECAY.powf(1.0 / parts as f64);
        let _ = self.mean.shallow_clone().lerp_(&mean, 1.0 - decay);
        let count = self.prior.styles();
        let cut = match count > 1 && random.random_bool(self.settings.mixing) {
            true => random.random_range(1..count),
            false => count,
        };
        // Each is a value of its own, so that it can have a gradient of its own.
        let source = |i: usize| if i < cut { &first } else { &second };
        (0..count).map(|i| source(i) * 1.0).collect()
    }

    fn pictures(&self, styles: &[Tensor]) -> Tensor {
        let noise = self.prior.noise(styles[0].size()[0], self.mean.device());
        let mut pass = Training(&self.generator.weights);
        self.prior.synthesis(&mut pass, |i| &styles[i], &noise)
    }

    fn train_generator(
        &mut self,
        parts: &Parts<'_>,
        random: &mut Pcg64Mcg,
        losses: &mut Losses,
    ) -> anyhow::Result<()> {
        let mean = parts.backward(|_, batch| {
            let styles = self.styles(batch.target.size()[0], parts.count(), random);
            let fake = augment(&self.pictures(&styles), self.controller.p, random);
            let loss = match &self.discriminator {
                Adversary::Own(size, discriminator) => {
                    let group = self.settings.group;
                    let scores = scores(size, &discriminator.detached(), &fake, group);
                    (-scores).softplus().mean(Kind::Float)
                }
                Adversary::Projected(discriminator) => discriminator.generator_loss(&fake),
            };
            Ok(Losses::of("generator", loss))
        })?;
        self.generator.step(1.0);
        losses.append(mean);
        let s = &self.settings;
        if s.path > 0.0 && self.step.is_multiple_of(s.path_every) {
            self.shorten_paths(parts, random, losses)?;
        }
        Ok(())
    }

    fn shorten_paths(
        &mut self,
        parts: &Parts<'_>,
        random: &mut Pcg64Mcg,
        losses: &mut Losses,
    ) -> anyhow::Result<()> {
        let weight = self.settings.path * self.settings.path_every as f64;
        let mut mean_length = self.path_mean;
        let mean = parts.backward(|_, batch| {
            let half = (batch.target.size()[0] / 2).max(1);
            let styles = self.styles(half, parts.count(), random);
            let lengths = path_lengths(&self.pictures(&styles), &styles);
            let loss = path_penalty(&lengths, &mut mean_length, parts.count()) * weight;
            Ok(Losses::of("path-length", loss))
        })?;
        self.path_mean = mean_length;
        self.generator.step(1.0);
        losses.append(mean);
        Ok(())
    }

    /// Fake pictures for the discriminator, as many as `batch` has.
    fn fakes(&self, batch: &Batch, parts: usize, random: &mut Pcg64Mcg) -> Tensor {
        tch::no_grad(|| {
            let styles = self.styles(batch.target.size()[0], parts, random);
            augment(&self.pictures(&styles), self.controller.p, random)
        })
    }

    fn train_discriminator(
        &mut self,
        parts: &Parts<'_>,
        random: &mut Pcg64Mcg,
        losses: &mut Losses,
    ) -> anyhow::Result<()> {
        let made = parts.make(|_, batch| self.fakes(batch, parts.count(), random))?;
        let (s, p) = (&self.settings, self.controller.p);
        let (size, discriminator) = match &mut self.discriminator {
            Adversary::Own(size, discriminator) => (&*size, discriminator),
            // Nothing has told the controller of overfitting: p is 0.
            Adversary::Projected(discriminator) => {
                let seen = |part: usize, batch: &Batch| {
                    [batch.target.contiguous(), made.of(part).shallow_clone()]
                };
                return discriminator.train("discriminator", parts, seen, 1.0, losses);
            }
        };
        let mean = parts.backward(|part, batch| {
            let scores = |x: &Tensor| scores(size, &discriminator.weights, x, s.group);
            let shown = augment(&batch.target.contiguous(), p, random);
            let of_fake = scores(made.of(part));
            let of_real = scores(&shown);
            let loss =
                of_fake.softplus().mean(Kind::Float) + (-&of_real).softplus().mean(Kind::Float);
            let mut losses = Losses::of("discriminator", loss);
            losses.add("overfitting", of_real.detach().sign().mean(Kind::Float));
            losses.add("fake-score", fake_score(&of_fake));
            Ok(losses)
        })?;
        discriminator.step(1.0);
        let sign = mean.term("overfitting").double_value(&[]);
        self.controller.see(sign, s.batch, &self.augmentation);
        let taken = mean.term("fake-score");
        self.watch.see("discriminator", &taken, REMEDY, losses);
        losses.append(mean);
        if s.r1 <= 0.0 || !self.step.is_multiple_of(s.r1_every) {
            return Ok(());
        }
        let mean = parts.backward(|_, batch| {
            // Sampling cannot be differentiated twice, so the augmented picture is the leaf.
            let shown = augment(&batch.target.contiguous(), p, random);
            let shown = shown.detach().set_requires_grad(true);
            let scores = scores(size, &discriminator.weights, &shown, s.group);
            let penalty = gradient_penalty(&scores, &shown);
            let loss = penalty * (s.r1 / 2.0 * s.r1_every as f64);
            Ok(Losses::of("r1", loss))
        })?;
        discriminator.step(1.0);
        losses.append(mean);
        Ok(())
    }

    /// Weight of the past in the average of the generator's weights.
    fn decay(&self) -> f64 {
        let (s, batch) = (&self.settings, self.settings.batch as f64);
        let mut half = s.average;
        if s.average_share > 0.0 {
            half = half.min(s.average_share * batch * (self.step + 1) as f64);
        }
        0.5f64.powf(batch / half.max(1e-8))
    }
}

/// Raw scores of pictures, of which each `group` is compared.
fn scores(
    network: &DiscriminatorNetwork,
    discriminator: &Parameters,
    pictures: &Tensor,
    group: i64,
) -> Tensor {
    network
        .read(&mut Training(discriminator), pictures, group)
        .score
}

impl TrainStep for Stylegan2Step {
    fn name(&self) -> &'static str {
        "stylegan2"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, parts: &Parts<'_>) -> anyhow::Result<Losses> {
        seed_step(self.seed, self.step);
        let mut random = generator(self.seed, STEPS, self.step);
        let mut losses = Losses::default();
        self.train_generator(parts, &mut random, &mut losses)?;
        self.train_discriminator(parts, &mut random, &mut losses)?;
        let p = Tensor::from_slice(&[self.controller.p]).squeeze();
        losses.add("augmentation", p);
        self.generator.update_average_by(self.decay());
        self.step += 1;
        Ok(losses)
    }

    /// From another run's checkpoint, with its discriminator if that is no projected one.
    fn start_from(&mut self, file: &Path) -> anyhow::Result<()> {
        let saved = checkpoint::to_start_from(file)?;
        self.generator.start_from_checkpoint("generator", &saved)?;
        self.discriminator.start_from_checkpoint("judge", &saved)
    }

    /// What the generator makes of random numbers, with the same noise each time.
    fn predict(&self, inputs: &Inputs<'_>) -> Tensor {
        tch::manual_seed(self.seed as i64);
        let z = inputs.input;
        let mut inputs = vec![z.shallow_clone()];
        inputs.extend(self.prior.noise(z.size()[0], z.device()));
        forward(&self.prior, self.generator.best(), &inputs)
    }

    fn judged(&self, real: &Tensor) -> Option<Tensor> {
        let Adversary::Own(size, discriminator) = &self.discriminator else {
            return None;
        };
        let count = real.size()[0];
        let group = self.settings.group.min(count);
        let whole = count / group * group;
        let seen = real.narrow(0, 0, whole);
        Some(no_grad(|| scores(size, &discriminator.weights, &seen, group)).view(-1))
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        out.push(("augmentation".to_owned(), self.controller.state()));
        out.push(("mean".to_owned(), self.mean.shallow_clone()));
        let path_mean = Tensor::from_slice(&[self.path_mean]);
        out.push(("path_mean".to_owned(), path_mean));
        self.generator.save(out);
        self.discriminator.save(out);
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        self.generator.load(saved)?;
        self.discriminator.load(saved)?;
        let (mut state, mut path_mean) = (self.controller.state(), Tensor::from_slice(&[0f64]));
        for (tensor, name) in [
            (&mut state, "augmentation"),
            (&mut self.mean, "mean"),
            (&mut path_mean, "path_mean"),
        ] {
            fill(tensor, name, saved)
                .map_err(|name| anyhow::anyhow!("the checkpoint has no fitting tensor {name}"))?;
        }
        self.controller.load(&state);
        self.path_mean = path_mean.double_value(&[0]);
        self.step = saved_step(saved)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
