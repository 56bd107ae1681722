//! The training of DCGAN: binary cross-entropy, a judge that sees real and made pictures in batches of their own.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::networks::{Dcgan, LATENT};
use crate::train::checkpoint;
use crate::train::export::read_weights;
use crate::train::layers::{Declare, Init, Parameters, Training};
use crate::train::loader::Batch;
use crate::train::optimizer::{Adam, copy};
use crate::train::stage::{Losses, Stage, saved_step};
use crate::train::systems::pix2pix::stage::cross_entropy;
use crate::train::systems::{Network, declare, forward};

/// Steps over which a judge that is never deceived counts as run away, and how seldom "never" is.
const PATIENCE: u64 = 500;
const DECEIVED: f64 = 0.01;

/// Constants of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Optimiser steps.
    pub steps: u64,
    /// Real pictures, and made ones, in one step.
    pub batch: usize,
    /// Adam's learning rate.
    pub rate: f64,
    /// The judge's learning rate ÷ the generator's; ½ is a remedy for a judge that runs away.
    pub judge_rate: f64,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Standard deviation of the initial weights.
    pub init: f64,
    /// What the judge is told that real pictures are: 1 (published), or 0.9, which smooths (Salimans et al., 2016).
    pub real: f64,
    /// Standard deviation of noise on all pictures at the start; it falls to 0 over the training. 0 is published.
    pub noise: f64,
}

/// Generator and judge in training.
pub struct DcganStage {
    settings: Settings,
    network: Dcgan,
    seed: u64,
    step: u64,
    /// Steps in which the judge was hardly ever deceived, up to now without a break.
    undeceived: u64,
    generator: Parameters,
    generator_adam: Adam,
    judge: Parameters,
    judge_adam: Adam,
}

impl DcganStage {
    /// Untrained networks.
    pub fn new(settings: Settings, network: Dcgan, seed: u64, device: Device) -> Self {
        tch::manual_seed(seed as i64);
        let init = Init::Normal(settings.init);
        let generator = declare(&network, init, device);
        let judge = Declare::parameters(init, device, |l| {
            network.judge(l, &());
        });
        let [beta1, beta2] = settings.betas;
        let adam = |weights: &Parameters| Adam::new(weights, settings.rate, (beta1, beta2), 0.0);
        Self {
            generator_adam: adam(&generator),
            judge_adam: adam(&judge),
            settings,
            network,
            seed,
            step: 0,
            undeceived: 0,
            generator,
            judge,
        }
    }

    /// The generator's weights, to be exported.
    pub fn weights(&self) -> &Parameters {
        &self.generator
    }

    fn scores(&self, judge: &Parameters, pictures: &Tensor) -> Tensor {
        let left = 1.0 - self.step as f64 / self.settings.steps as f64;
        let noise = self.settings.noise * left;
        let seen = match noise > 0.0 {
            true => pictures + Tensor::randn_like(pictures) * noise,
            false => pictures.shallow_clone(),
        };
        self.network.judge(&mut Training(judge), &seen)
    }

    /// Says so, once, when the judge has run away.
    fn watch(&mut self, deceived: f64) {
        self.undeceived = if deceived < DECEIVED {
            self.undeceived + 1
        } else {
            0
        };
        if self.undeceived == PATIENCE {
            eprintln!(
                "warning: for {PATIENCE} steps the judge has not been deceived; try train.real=0.9, then \
                 train.noise=0.1, then train.judge_rate=0.5"
            );
        }
    }
}

impl Stage for DcganStage {
    fn name(&self) -> &'static str {
        "dcgan"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, batch: &Batch) -> anyhow::Result<Losses> {
        // The chance of a step is its own, so that a resumed run draws the same.
        tch::manual_seed(self.seed.wrapping_add(self.step).wrapping_mul(0x9e37_79b9) as i64);
        let real = &batch.clean;
        let z = Tensor::randn([real.size()[0], LATENT, 1, 1], (Kind::Float, real.device()));
        let made = self.network.read(&mut Training(&self.generator), &[z]);

        let of_real = self.scores(&self.judge, real);
        let of_made = self.scores(&self.judge, &made.detach());
        let right = cross_entropy(&of_real, self.settings.real);
        let judged = (right + cross_entropy(&of_made, 0.0)) * 0.5;
        judged.backward();
        self.judge_adam.rate = self.settings.rate * self.settings.judge_rate;
        self.judge_adam.step(&mut self.judge);

        let fixed: Parameters = (self.judge.iter())
            .map(|(name, tensor)| (name.clone(), tensor.detach()))
            .collect();
        let deceived = cross_entropy(&self.scores(&fixed, &made), 1.0);
        deceived.backward();
        self.generator_adam.step(&mut self.generator);

        let chance = |scores: &Tensor| scores.detach().sigmoid().mean(Kind::Float);
        let mut losses = Losses::default();
        losses.add("generator", deceived.detach());
        losses.add("judge", judged.detach());
        losses.add("real-taken-for-real", chance(&of_real));
        let taken = chance(&of_made);
        self.watch(taken.double_value(&[]));
        losses.add("made-taken-for-real", taken);
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        let mut weights: Parameters = (self.generator.iter())
            .map(|(name, tensor)| (name.clone(), tensor.detach().copy()))
            .collect();
        read_weights(model, "", &mut weights)?;
        copy(&weights, &mut self.generator);
        Ok(())
    }

    /// What the generator makes of random numbers.
    fn restore(&self, z: &Tensor, _: &Tensor) -> Tensor {
        forward(&self.network, &self.generator, &[z.shallow_clone()])
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        checkpoint::store("generator", &self.generator, out);
        checkpoint::store("judge", &self.judge, out);
        self.generator_adam.state("adam.generator", out);
        self.judge_adam.state("adam.judge", out);
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        checkpoint::restore("generator", &mut self.generator, saved)?;
        checkpoint::restore("judge", &mut self.judge, saved)?;
        self.generator_adam.load("adam.generator", saved)?;
        self.judge_adam.load("adam.judge", saved)?;
        self.step = saved_step(saved)?;
        Ok(())
    }
}
