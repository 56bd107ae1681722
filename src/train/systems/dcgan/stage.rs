//! The training of DCGAN: binary cross-entropy, a judge that sees real and made pictures in batches of their own.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::networks::{Dcgan, LATENT};
use crate::train::layers::{Declare, Init, Parameters, Training};
use crate::train::loader::Batch;
use crate::train::stage::{Losses, Stage, saved_step};
use crate::train::systems::losses::{cross_entropy, taken_for_real};
use crate::train::systems::trained::{Trained, Watch, seed_step};
use crate::train::systems::{Network, declare, forward};

/// What helps against a judge that has run away.
const REMEDY: &str = "train.real=0.9, then train.noise=0.1, then train.judge_rate=0.5";

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
    watch: Watch,
    generator: Trained,
    judge: Trained,
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
        let (rate, betas) = (settings.rate, settings.betas);
        Self {
            generator: Trained::new("generator", generator, rate, betas),
            judge: Trained::new("judge", judge, rate, betas),
            watch: Watch::default(),
            settings,
            network,
            seed,
            step: 0,
        }
    }

    /// The generator's weights, to be exported.
    pub fn weights(&self) -> &Parameters {
        self.generator.best()
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
}

impl Stage for DcganStage {
    fn name(&self) -> &'static str {
        "dcgan"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, batch: &Batch) -> anyhow::Result<Losses> {
        seed_step(self.seed, self.step);
        let real = &batch.clean;
        let z = Tensor::randn([real.size()[0], LATENT, 1, 1], (Kind::Float, real.device()));
        let weights = &self.generator.weights;
        let made = self.network.read(&mut Training(weights), &[z]);

        let of_real = self.scores(&self.judge.weights, real);
        let of_made = self.scores(&self.judge.weights, &made.detach());
        let right = cross_entropy(&of_real, self.settings.real);
        let judged = (right + cross_entropy(&of_made, 0.0)) * 0.5;
        judged.backward();
        self.judge.step(self.settings.judge_rate);

        let deceived = cross_entropy(&self.scores(&self.judge.fixed(), &made), 1.0);
        deceived.backward();
        self.generator.step(1.0);

        let mut losses = Losses::default();
        losses.add("generator", deceived.detach());
        losses.add("judge", judged.detach());
        losses.add("real-taken-for-real", taken_for_real(&of_real));
        let taken = taken_for_real(&of_made);
        self.watch.see("judge", &taken, REMEDY, &mut losses);
        losses.add("made-taken-for-real", taken);
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        self.generator.start_from(model, "")
    }

    /// What the generator makes of random numbers.
    fn restore(&self, z: &Tensor, _: &Tensor) -> Tensor {
        forward(&self.network, self.weights(), &[z.shallow_clone()])
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        self.generator.save(out);
        self.judge.save(out);
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        self.generator.load(saved)?;
        self.judge.load(saved)?;
        self.step = saved_step(saved)?;
        Ok(())
    }
}
