//! The training of GPEN: a prior of faces and an encoder learn together to restore, against the prior's judge.

use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::networks::Gpen;
use super::recipe::Recipe;
use crate::train::data::loader::Batch;
use crate::train::nn::layers::{Declare, Init, Parameters, Training};
use crate::train::nn::network::{declare, forward};
use crate::train::nn::parameters::saved_step;
use crate::train::optim::discriminator::adversary::{Adversary, Replacement};
use crate::train::optim::losses::{Losses, l1, taken_for_real};
use crate::train::optim::trained::{Trained, Watch, checkpoint_to_start_from, seed_step};
use crate::train::run::train_step::Stage;
use crate::train::systems::stylegan2::judge::{Judge, Judgement};
use crate::train::systems::stylegan2::regular::{
    gradient_penalty, lazy, path_lengths, path_penalty,
};

/// What helps against a judge that has run away.
const REMEDY: &str = "a larger train.alone, then a smaller train.judge_rate";

/// Constants of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Optimiser steps.
    pub steps: u64,
    /// Of these, steps at the start with the difference alone, before the judge joins.
    pub alone: u64,
    /// Pairs in one step; the judge compares all of them with each other.
    pub batch: usize,
    /// Adam's learning rate of the encoder.
    pub rate: f64,
    /// The decoder's learning rate ÷ the encoder's (released: 1; paper: 0.1).
    pub decoder_rate: f64,
    /// The judge's learning rate ÷ the encoder's (released: 1; paper: 0.01).
    pub judge_rate: f64,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Weight of the adversarial term (published: 1).
    pub adversarial: f64,
    /// Weight of the mean difference (published: 1).
    pub l1: f64,
    /// Weight of the distance between the judge's features (published: 0.02).
    pub features: f64,
    /// γ of R1 (released: 10); 0 is none.
    pub r1: f64,
    /// Steps from one R1 to the next (released: 16).
    pub r1_every: u64,
    /// Weight of the path length (released: 2); 0 is none.
    pub path: f64,
    /// Steps from one path length to the next (released: 4).
    pub path_every: u64,
    /// Decay of the moving average of the weights.
    pub average: f64,
}

/// Encoder, decoder and judge in training.
pub struct GpenStage {
    settings: Settings,
    network: Gpen,
    judges: Judge,
    seed: u64,
    step: u64,
    path_mean: f64,
    watch: Watch,
    encoder: Trained,
    decoder: Trained,
    judge: Adversary,
}

fn is_encoder(name: &str) -> bool {
    name.starts_with("encode")
}

fn joined(a: &Parameters, b: &Parameters) -> Parameters {
    let both = a.iter().chain(b);
    both.map(|(name, tensor)| (name.clone(), tensor.shallow_clone()))
        .collect()
}

impl GpenStage {
    /// Untrained networks.
    ///
    /// Fails where a projected discriminator has no usable feature network.
    pub fn new(recipe: &Recipe, device: Device) -> anyhow::Result<Self> {
        let (settings, network) = (recipe.train.clone(), recipe.generator.clone());
        let judges = recipe.judge.clone();
        let (s, betas) = (&settings, settings.betas);
        let (features, side) = (recipe.features.as_deref(), network.side());
        let open = |it: Replacement| it.open(features, side, (s.rate, betas), device);
        let projecting = recipe.discriminator.map(open).transpose()?;
        tch::manual_seed(recipe.seed as i64);
        // All weights have an equalised learning rate and start as N(0, 1).
        let init = Init::Normal(1.0);
        let weights = declare(&network, init, device).into_iter();
        let (encoder, decoder): (Parameters, Parameters) =
            weights.partition(|(name, _)| is_encoder(name));
        let path = (s.path > 0.0).then_some(s.path_every);
        let r1 = (s.r1 > 0.0).then_some(s.r1_every);
        let part = |name, weights, rate| lazy(name, weights, rate, betas, path).averaged(s.average);
        let judge = Adversary::new(projecting.as_ref(), "judge", || {
            let weights = Declare::parameters(init, device, |l| {
                judges.read(l, &(), s.batch as i64);
            });
            lazy("judge", weights, s.rate * s.judge_rate, betas, r1)
        });
        Ok(Self {
            encoder: part("encoder", encoder, s.rate),
            decoder: part("decoder", decoder, s.rate * s.decoder_rate),
            judge,
            watch: Watch::default(),
            settings,
            network,
            judges,
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

    /// The judge's terms of the networks' loss.
    fn judged(&self, made: &Tensor, clean: &Tensor) -> [Tensor; 2] {
        match &self.judge {
            Adversary::Own(judge) => {
                let judge = judge.fixed();
                let of_made = judged(&self.judges, &judge, made);
                let of_clean = tch::no_grad(|| judged(&self.judges, &judge, clean));
                let adversarial = (-&of_made.score).softplus().mean(Kind::Float);
                [adversarial, of_made.distance(&of_clean)]
            }
            Adversary::Projected(judge) => {
                [judge.generator_loss(made), judge.distance(made, clean)]
            }
        }
    }

    fn train_networks(&mut self, seen: &Tensor, clean: &Tensor, losses: &mut Losses) -> Tensor {
        let s = &self.settings;
        let (made, _) = self.restored(seen);
        losses.add("l1", l1(&made, clean) * s.l1);
        if self.step >= s.alone {
            let [adversarial, features] = self.judged(&made, clean);
            losses.add("adversarial", adversarial * s.adversarial);
            losses.add("features", features * s.features);
        }
        losses.total().backward();
        self.encoder.step(1.0);
        self.decoder.step(1.0);
        made.detach()
    }

    fn shorten_paths(&mut self, seen: &Tensor, losses: &mut Losses) {
        let weight = self.settings.path * self.settings.path_every as f64;
        let half = (seen.size()[0] / 2).max(1);
        let (made, w) = self.restored(&seen.narrow(0, 0, half));
        let lengths = path_lengths(&made, &[w]);
        let loss = path_penalty(&lengths, &mut self.path_mean) * weight;
        loss.backward();
        self.encoder.step(1.0);
        self.decoder.step(1.0);
        losses.add("path-length", loss.detach());
    }

    fn train_judge(&mut self, clean: &Tensor, made: &Tensor, losses: &mut Losses) {
        let judge = match &mut self.judge {
            Adversary::Own(judge) => judge,
            Adversary::Projected(judge) => {
                return judge.train("judge", [clean, made], 1.0, losses);
            }
        };
        let scores = |judge: &Parameters, x: &Tensor| judged(&self.judges, judge, x).score;
        let of_made = scores(&judge.weights, made);
        let of_clean = scores(&judge.weights, clean);
        let loss = of_made.softplus().mean(Kind::Float) + (-of_clean).softplus().mean(Kind::Float);
        loss.backward();
        judge.step(1.0);
        losses.add("judge", loss.detach());
        let taken = taken_for_real(&of_made);
        self.watch.see("judge", &taken, REMEDY, losses);
        losses.add("made-taken-for-real", taken);
        let s = &self.settings;
        if s.r1 <= 0.0 || !self.step.is_multiple_of(s.r1_every) {
            return;
        }
        let shown = clean.detach().set_requires_grad(true);
        let penalty = gradient_penalty(&scores(&judge.weights, &shown), &shown);
        let loss = penalty * (s.r1 / 2.0 * s.r1_every as f64);
        loss.backward();
        judge.step(1.0);
        losses.add("r1", loss.detach());
    }
}

/// What a judge of these weights says of pictures, all of which it compares.
fn judged(network: &Judge, weights: &Parameters, pictures: &Tensor) -> Judgement<Tensor> {
    network.read(&mut Training(weights), pictures, pictures.size()[0])
}

impl Stage for GpenStage {
    fn name(&self) -> &'static str {
        "gpen"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, batch: &Batch) -> anyhow::Result<Losses> {
        seed_step(self.seed, self.step);
        let (seen, clean) = (batch.pixelated.contiguous(), batch.clean.contiguous());
        let mut losses = Losses::default();
        let made = self.train_networks(&seen, &clean, &mut losses);
        let s = &self.settings;
        if s.path > 0.0 && self.step >= s.alone && self.step.is_multiple_of(s.path_every) {
            self.shorten_paths(&seen, &mut losses);
        }
        if self.step >= self.settings.alone {
            self.train_judge(&clean, &made, &mut losses);
        }
        self.encoder.remember(self.step);
        self.decoder.remember(self.step);
        self.step += 1;
        Ok(losses)
    }

    /// From the checkpoint of a prior that `stylegan2` trained with concatenated noise, or of another GPEN; with the judge if
    /// that is no projected one.
    fn start_from(&mut self, file: &Path) -> anyhow::Result<()> {
        let saved = checkpoint_to_start_from(file)?;
        if saved.contains_key("encoder.encode.enter.weight") {
            self.encoder.start_from_checkpoint("encoder", &saved)?;
            self.decoder.start_from_checkpoint("decoder", &saved)?;
        } else {
            self.decoder.start_from_checkpoint("generator", &saved)?;
        }
        self.judge.start_from_checkpoint("judge", &saved)
    }

    fn restore(&self, pixelated: &Tensor, _: &Tensor) -> Tensor {
        let seen = [pixelated.contiguous()];
        forward(&self.network, &self.weights(), &seen)
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        let path_mean = Tensor::from_slice(&[self.path_mean]);
        out.push(("path_mean".to_owned(), path_mean));
        self.encoder.save(out);
        self.decoder.save(out);
        self.judge.save(out);
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        self.encoder.load(saved)?;
        self.decoder.load(saved)?;
        self.judge.load(saved)?;
        let path_mean = saved.get("path_mean").context("no tensor path_mean")?;
        self.path_mean = path_mean.double_value(&[0]);
        self.step = saved_step(saved)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::nn::parameters;
    use crate::train::optim::trained::tests::{check_resumed, saved};
    use crate::train::recipe::RecipeText;
    use crate::train::run::checkpoint;

    fn recipe() -> Recipe {
        let train = Settings {
            steps: 40,
            alone: 1,
            batch: 2,
            rate: 0.002,
            decoder_rate: 1.0,
            judge_rate: 1.0,
            betas: [0.0, 0.99],
            adversarial: 1.0,
            l1: 1.0,
            features: 0.02,
            r1: 10.0,
            r1_every: 2,
            path: 2.0,
            path_every: 2,
            average: 0.9,
        };
        let channels = vec![8, 8, 4];
        let judge = Judge {
            channels: channels.clone(),
        };
        let generator = Gpen {
            channels,
            style: 8,
            mapping: 2,
        };
        Recipe {
            seed: 3,
            generator,
            judge,
            train,
            ..Recipe::parse(Recipe::DEFAULT).unwrap()
        }
    }

    fn stage() -> GpenStage {
        GpenStage::new(&recipe(), Device::Cpu).unwrap()
    }

    fn batch() -> Batch {
        let options = (Kind::Float, Device::Cpu);
        let levels = Tensor::from_slice(&[-0.5f32, 0.5]).view([2, 1, 1, 1]);
        let clean = levels.expand([2, 3, 16, 16], false).contiguous();
        let none = || Tensor::zeros([0], options);
        Batch {
            fine: Tensor::new(),
            projection: None,
            pixelated: &clean * 0.8,
            clean,
            lattice: none(),
            sharp: none(),
            labels: none(),
            others: none(),
        }
    }

    #[test]
    fn it_learns() {
        let (mut stage, batch) = (stage(), batch());
        stage.settings.alone = 40;
        let mut values = Vec::new();
        for _ in 0..40 {
            values.push(stage.step(&batch).unwrap().values()[0].1);
        }
        assert!(values[39] < 0.6 * values[0], "{values:?}");
    }

    #[test]
    fn a_resumed_training_goes_on_as_if_it_had_not_stopped() {
        // Without the path length's noise: tests that run beside this one draw from the same chance.
        let calm = || {
            let mut stage = stage();
            stage.settings.path = 0.0;
            stage
        };
        check_resumed(calm, &batch());
    }

    #[test]
    fn it_starts_from_a_prior_with_its_judge() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("stylegan2.safetensors");
        let source = stage();
        let mut tensors = Vec::new();
        parameters::store("generator", &source.decoder.weights, &mut tensors);
        parameters::store("average.generator", &source.decoder.weights, &mut tensors);
        source.judge.save(&mut tensors);
        for (_, tensor) in &mut tensors {
            *tensor = tensor.detach() + 1.0;
        }
        checkpoint::save(&file, &tensors).unwrap();
        let mut started = stage();
        let before = saved(&started);
        started.start_from(&file).unwrap();
        let after = saved(&started);
        let change = |name: &str| {
            let difference = &after[name] - &before[name];
            difference.abs().min().double_value(&[])
        };
        assert!(change("decoder.conv4.weight") > 0.9 && change("average.decoder.start.maps") > 0.9);
        assert!(change("judge.enter.weight") > 0.9);
        assert_eq!(change("encoder.encode.enter.weight"), 0.0);
        let error = started.start_from(Path::new("prior.onnx")).unwrap_err();
        assert!(error.to_string().contains("checkpoint"), "{error}");
    }
}
