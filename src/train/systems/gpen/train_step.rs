//! The training of GPEN: a prior of faces and an encoder learn together to restore, against the
//! prior's discriminator.

use std::path::Path;

use anyhow::{Context, ensure};
use tch::{Device, Kind, Tensor};

use super::networks::Gpen;
use super::recipe::{Recipe, Settings};
use crate::train::data::loader::{Batch, Inputs};
use crate::train::nn::layers::{Declare, Init, Parameters, Training};
use crate::train::nn::network::{declare, forward};
use crate::train::nn::parameters::saved_step;
use crate::train::optim::discriminator::Adversary;
use crate::train::optim::losses::{Losses, fake_score, l1};
use crate::train::optim::parts::Parts;
use crate::train::optim::trained::{TrainedNetwork, Watch, seed_step};
use crate::train::run::checkpoint;
use crate::train::run::train_step::TrainStep;
use crate::train::systems::stylegan2::discriminator::{DiscriminatorNetwork, DiscriminatorOutput};
use crate::train::systems::stylegan2::regular::{
    gradient_penalty, lazy, path_lengths, path_penalty,
};

/// What helps against a discriminator that has run away.
const REMEDY: &str = "a larger train.warmup_steps, then a smaller train.discriminator_lr";

/// Encoder, decoder and discriminator in training.
pub struct GpenStep {
    settings: Settings,
    network: Gpen,
    seed: u64,
    step: u64,
    path_mean: f64,
    watch: Watch,
    encoder: TrainedNetwork,
    decoder: TrainedNetwork,
    discriminator: Adversary<DiscriminatorNetwork>,
}

fn is_encoder(name: &str) -> bool {
    name.starts_with("encode")
}

fn joined(a: &Parameters, b: &Parameters) -> Parameters {
    let both = a.iter().chain(b);
    both.map(|(name, tensor)| (name.clone(), tensor.shallow_clone()))
        .collect()
}

impl GpenStep {
    /// Untrained networks.
    ///
    /// Fails where a projected discriminator has no usable feature network.
    pub fn new(recipe: &Recipe, device: Device) -> anyhow::Result<Self> {
        let (settings, network) = (recipe.train.clone(), recipe.generator.clone());
        let (s, betas) = (&settings, settings.betas);
        let (features, side) = (recipe.features.as_deref(), network.side());
        let opened = recipe
            .discriminator
            .open(features, side, (s.learning_rate, betas), device)?;
        tch::manual_seed(recipe.seed as i64);
        // All weights have an equalised learning rate and start as N(0, 1).
        let init = Init::Normal(1.0);
        let weights = declare(&network, init, device).into_iter();
        let (encoder, decoder): (Parameters, Parameters) =
            weights.partition(|(name, _)| is_encoder(name));
        let path = (s.path > 0.0).then_some(s.path_every);
        let r1 = (s.r1 > 0.0).then_some(s.r1_every);
        let part = |name, weights, learning_rate| {
            lazy(name, weights, learning_rate, betas, path).averaged(s.average)
        };
        let discriminator = opened.adversary("judge", |size| {
            let weights = Declare::parameters(init, device, |l| {
                size.read(l, &(), s.batch as i64);
            });
            lazy(
                "judge",
                weights,
                s.learning_rate * s.discriminator_lr,
                betas,
                r1,
            )
        });
        Ok(Self {
            encoder: part("encoder", encoder, s.learning_rate),
            decoder: part("decoder", decoder, s.learning_rate * s.decoder_lr),
            discriminator,
            watch: Watch::default(),
            settings,
            network,
            seed: recipe.seed,
            step: 0,
            path_mean: 0.0,
        })
    }

    /// The weights of encoder and decoder, to be exported.
    pub fn weights(&self) -> Parameters {
        joined(self.encoder.best(), self.decoder.best())
    }

    /// Restored pictures, and the sources of their styles.
    fn restored(&self, seen: &Tensor) -> (Tensor, Tensor) {
        let weights = joined(&self.encoder.weights, &self.decoder.weights);
        let mut pass = Training(&weights);
        let (features, z) = self.network.encoder(&mut pass, seen);
        let w = self.network.mapping(&mut pass, &z);
        (self.network.synthesis(&mut pass, |_| &w, &features), w)
    }

    /// The discriminator's terms of the networks' loss.
    fn compared(&self, fake: &Tensor, clean: &Tensor) -> [Tensor; 2] {
        match &self.discriminator {
            Adversary::Own(size, discriminator) => {
                let discriminator = discriminator.detached();
                let of_fake = read(size, &discriminator, fake);
                let of_clean = tch::no_grad(|| read(size, &discriminator, clean));
                let adversarial = (-&of_fake.score).softplus().mean(Kind::Float);
                [adversarial, of_fake.distance(&of_clean)]
            }
            Adversary::Projected(discriminator) => [
                discriminator.generator_loss(fake),
                discriminator.distance(fake, clean),
            ],
        }
    }

    /// One step of encoder and decoder; returns what they made of each part.
    fn train_networks(
        &mut self,
        parts: &Parts<'_>,
        losses: &mut Losses,
    ) -> anyhow::Result<Vec<Tensor>> {
        let s = &self.settings;
        let mut made = Vec::new();
        let mean = parts.backward(|part, batch| {
            seed_step(self.seed, parts.number(self.step, part));
            let clean = batch.target.contiguous();
            let (fake, _) = self.restored(&batch.input.contiguous());
            made.push(fake.detach());
            let mut losses = Losses::of("l1", l1(&fake, &clean) * s.l1);
            if self.step >= s.warmup_steps {
                let [adversarial, features] = self.compared(&fake, &clean);
                losses.add("adversarial", adversarial * s.adversarial);
                losses.add("features", features * s.features);
            }
            Ok(losses)
        })?;
        self.encoder.step(1.0);
        self.decoder.step(1.0);
        losses.append(mean);
        Ok(made)
    }

    fn shorten_paths(&mut self, parts: &Parts<'_>, losses: &mut Losses) -> anyhow::Result<()> {
        let weight = self.settings.path * self.settings.path_every as f64;
        let mut mean_length = self.path_mean;
        let mean = parts.backward(|_, batch| {
            let half = (batch.input.size()[0] / 2).max(1);
            let (fake, w) = self.restored(&batch.input.contiguous().narrow(0, 0, half));
            let lengths = path_lengths(&fake, &[w]);
            let loss = path_penalty(&lengths, &mut mean_length, parts.count()) * weight;
            Ok(Losses::of("path-length", loss))
        })?;
        self.path_mean = mean_length;
        self.encoder.step(1.0);
        self.decoder.step(1.0);
        losses.append(mean);
        Ok(())
    }

    fn train_discriminator(
        &mut self,
        parts: &Parts<'_>,
        made: &[Tensor],
        losses: &mut Losses,
    ) -> anyhow::Result<()> {
        let (size, discriminator) = match &mut self.discriminator {
            Adversary::Own(size, discriminator) => (&*size, discriminator),
            Adversary::Projected(discriminator) => {
                let seen = |part: usize, batch: &Batch| {
                    [batch.target.contiguous(), made[part].shallow_clone()]
                };
                return discriminator.train("discriminator", parts, seen, 1.0, losses);
            }
        };
        let mean = parts.backward(|part, batch| {
            let scores = |x: &Tensor| read(size, &discriminator.weights, x).score;
            let of_fake = scores(&made[part]);
            let of_clean = scores(&batch.target.contiguous());
            let loss =
                of_fake.softplus().mean(Kind::Float) + (-of_clean).softplus().mean(Kind::Float);
            let mut losses = Losses::of("discriminator", loss);
            losses.add("fake-score", fake_score(&of_fake));
            Ok(losses)
        })?;
        discriminator.step(1.0);
        let taken = mean.term("fake-score");
        self.watch.see("discriminator", &taken, REMEDY, losses);
        losses.append(mean);
        let s = &self.settings;
        if s.r1 <= 0.0 || !self.step.is_multiple_of(s.r1_every) {
            return Ok(());
        }
        let mean = parts.backward(|_, batch| {
            let shown = batch.target.contiguous().detach().set_requires_grad(true);
            let scores = read(size, &discriminator.weights, &shown).score;
            let penalty = gradient_penalty(&scores, &shown);
            let loss = penalty * (s.r1 / 2.0 * s.r1_every as f64);
            Ok(Losses::of("r1", loss))
        })?;
        discriminator.step(1.0);
        losses.append(mean);
        Ok(())
    }
}

/// What a discriminator of these weights says of pictures, all of which it compares.
fn read(
    network: &DiscriminatorNetwork,
    weights: &Parameters,
    pictures: &Tensor,
) -> DiscriminatorOutput<Tensor> {
    network.read(&mut Training(weights), pictures, pictures.size()[0])
}

impl TrainStep for GpenStep {
    fn name(&self) -> &'static str {
        "gpen"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, parts: &Parts<'_>) -> anyhow::Result<Losses> {
        let mut losses = Losses::default();
        let made = self.train_networks(parts, &mut losses)?;
        let s = &self.settings;
        let adversarial = self.step >= s.warmup_steps;
        if adversarial && s.path > 0.0 && self.step.is_multiple_of(s.path_every) {
            self.shorten_paths(parts, &mut losses)?;
        }
        if adversarial {
            self.train_discriminator(parts, &made, &mut losses)?;
        }
        self.encoder.update_average(self.step);
        self.decoder.update_average(self.step);
        self.step += 1;
        Ok(losses)
    }

    /// From the checkpoint of a prior that `stylegan2` trained with concatenated noise, or of
    /// another GPEN; with the discriminator if that is no projected one.
    fn start_from(&mut self, file: &Path) -> anyhow::Result<()> {
        let saved = checkpoint::to_start_from(file)?;
        if saved.contains_key("encoder.encode.enter.weight") {
            self.encoder.start_from_checkpoint("encoder", &saved)?;
            self.decoder.start_from_checkpoint("decoder", &saved)?;
        } else {
            self.decoder.start_from_checkpoint("generator", &saved)?;
        }
        self.discriminator.start_from_checkpoint("judge", &saved)
    }

    fn warnings(&self, started: bool) -> anyhow::Result<Vec<String>> {
        let s = &self.settings;
        if started {
            return Ok(Vec::new());
        }
        ensure!(
            s.warmup_steps > 0 || s.adversarial <= 0.0,
            "without --start-from the decoder knows no faces, and adversarial training of such a one is unstable: name the checkpoint of a prior that `stylegan2` trained with gpen-prior.toml, or begin with the difference alone (--set train.warmup_steps=2000)"
        );
        Ok(vec![format!(
            "without --start-from the decoder knows no faces: it learns them with the encoder, first for {} steps by the difference alone",
            s.warmup_steps
        )])
    }

    fn predict(&self, inputs: &Inputs<'_>) -> Tensor {
        let seen = [inputs.input.contiguous()];
        forward(&self.network, &self.weights(), &seen)
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        let path_mean = Tensor::from_slice(&[self.path_mean]);
        out.push(("path_mean".to_owned(), path_mean));
        self.encoder.save(out);
        self.decoder.save(out);
        self.discriminator.save(out);
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        self.encoder.load(saved)?;
        self.decoder.load(saved)?;
        self.discriminator.load(saved)?;
        let path_mean = saved.get("path_mean").context("no tensor path_mean")?;
        self.path_mean = path_mean.double_value(&[0]);
        self.step = saved_step(saved)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
