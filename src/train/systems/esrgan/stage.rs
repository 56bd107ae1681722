//! The training of the family: first for PSNR alone, then against a judge.

use std::path::Path;

use anyhow::ensure;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::recipe::{Generator, JudgeSize};
use crate::train::data::loader::Batch;
use crate::train::features::{Distance, Perceptual, PerceptualLoss};
use crate::train::nn::layers::{Declare, Init, Parameters, Training};
use crate::train::nn::network::{Network, declare, forward};
use crate::train::nn::parameters::saved_step;
use crate::train::optim::discriminator::adversary::{Adversary, Replacement};
use crate::train::optim::losses::{Losses, cross_entropy, l1, relativistic, taken_for_real};
use crate::train::optim::schedule::Schedule;
use crate::train::optim::trained::{Trained, Watch, seed_step};
use crate::train::run::train_step::Stage;

/// What helps against a judge that has run away.
const REMEDY: &str = "a smaller gan.judge_rate, then a narrower judge, then more psnr.steps";

/// Constants of the training as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Pairs in one step.
    pub batch: usize,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Decay of the moving average of the generator's weights; 0 is none.
    pub average: f64,
}

/// The first part: the generator alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Psnr {
    /// Optimiser steps; 0 leaves this part out.
    pub steps: u64,
    /// Distance to the truth.
    pub distance: Distance,
    /// Learning rate.
    pub schedule: Schedule,
}

/// The second part: generator against judge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gan {
    /// Optimiser steps; 0 leaves this part out.
    pub steps: u64,
    /// Distance to the truth.
    pub distance: Distance,
    /// Weight of that distance.
    pub pixel: f64,
    /// Weight of the adversarial term in the generator's loss.
    pub adversarial: f64,
    /// What the judge is trained on.
    pub loss: GanLoss,
    /// The judge's learning rate ÷ the generator's (published: 1).
    pub judge_rate: f64,
    /// Learning rate.
    pub schedule: Schedule,
}

/// Losses of a judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GanLoss {
    /// Binary cross-entropy.
    Plain,
    /// How much more real a picture looks than those of the other kind do on average.
    Relativistic,
}

impl GanLoss {
    /// The generator's, by the judge's scores.
    fn of_generator(self, real: &Tensor, made: &Tensor) -> Tensor {
        match self {
            Self::Plain => cross_entropy(made, 1.0),
            Self::Relativistic => relativistic(made, real),
        }
    }

    /// The judge's.
    fn of_judge(self, real: &Tensor, made: &Tensor) -> Tensor {
        match self {
            Self::Plain => cross_entropy(real, 1.0) + cross_entropy(made, 0.0),
            Self::Relativistic => relativistic(real, made),
        }
    }
}

/// What the stage is made of.
pub struct Parts {
    /// Name of its checkpoint.
    pub name: &'static str,
    /// Seed of all chance.
    pub seed: u64,
    /// The network that enlarges.
    pub generator: Generator,
    /// The judge.
    pub judge: JudgeSize,
    /// What stands in its place.
    pub discriminator: Option<Replacement>,
    /// Side of the large pictures, pixels.
    pub side: i64,
    /// See [`Settings`].
    pub settings: Settings,
    /// See [`Psnr`].
    pub psnr: Psnr,
    /// See [`Gan`].
    pub gan: Gan,
    /// See [`Perceptual`].
    pub perceptual: Perceptual,
}

impl Parts {
    /// Raw scores of the system's own judge.
    fn scores(&self, judge: &Parameters, pictures: &Tensor) -> Tensor {
        self.judge.read(&mut Training(judge), pictures, self.side)
    }
}

/// Generator and judge in training.
pub struct EsrganStage {
    parts: Parts,
    step: u64,
    watch: Watch,
    generator: Trained,
    judge: Adversary,
    perceptual: Option<PerceptualLoss>,
}

impl EsrganStage {
    /// Untrained networks.
    ///
    /// Fails where a feature network can not be read, a projected discriminator has none, or nothing would hold pictures to
    /// the truth.
    pub fn new(parts: Parts, device: Device) -> anyhow::Result<Self> {
        let (betas, average) = (parts.settings.betas, parts.settings.average);
        let (side, optimizer) = (parts.side, (parts.gan.schedule.rate, betas));
        let features = parts.perceptual.features.as_deref();
        let open = |it: Replacement| it.open(features, side, optimizer, device);
        let projecting = parts.discriminator.map(open).transpose()?;
        let perceptual = parts.perceptual.open(device)?;
        ensure!(
            parts.gan.steps == 0 || parts.gan.pixel > 0.0 || perceptual.is_some(),
            "gan.pixel is 0 and there is no feature network (--features): nothing would hold pictures to the truth. Name such a file, or set gan.pixel to 1"
        );
        tch::manual_seed(parts.seed as i64);
        let generator = declare(&parts.generator, Init::KaimingUniform, device);
        let rate = match parts.psnr.steps {
            0 => parts.gan.schedule.rate,
            _ => parts.psnr.schedule.rate,
        };
        let judge = Adversary::new(projecting.as_ref(), "judge", || {
            let weights = Declare::parameters(Init::KaimingUniform, device, |l| {
                parts.judge.read(l, &(), side);
            });
            let judge = Trained::new("judge", weights, parts.gan.schedule.rate, betas);
            match parts.judge.is_spectral() {
                true => judge.spectral(super::judges::is_spectral),
                false => judge,
            }
        });
        Ok(Self {
            generator: Trained::new("generator", generator, rate, betas).averaged(average),
            judge,
            watch: Watch::default(),
            perceptual,
            parts,
            step: 0,
        })
    }

    /// The generator's weights, to be exported.
    pub fn weights(&self) -> &Parameters {
        self.generator.best()
    }

    /// What the generator loses by the pictures `made`.
    fn adversarial(&mut self, made: &Tensor, real: &Tensor) -> Tensor {
        let parts = &self.parts;
        match &mut self.judge {
            Adversary::Own(judge) => {
                judge.improve();
                let fixed = judge.fixed();
                let of_real = tch::no_grad(|| parts.scores(&fixed, real));
                let of_made = parts.scores(&fixed, made);
                parts.gan.loss.of_generator(&of_real, &of_made)
            }
            Adversary::Projected(judge) => judge.generator_loss(&signed(made)),
        }
    }

    /// One step of the judge, with `factor` times the rate.
    fn train_judge(&mut self, made: &Tensor, real: &Tensor, factor: f64, losses: &mut Losses) {
        let parts = &self.parts;
        match &mut self.judge {
            Adversary::Own(judge) => {
                let weights = judge.used();
                let of_real = parts.scores(&weights, real);
                let of_made = parts.scores(&weights, &made.detach());
                let judged = parts.gan.loss.of_judge(&of_real, &of_made);
                judged.backward();
                judge.step(factor * parts.gan.judge_rate);
                losses.add("judge", judged.detach());
                let deceived = match parts.gan.loss {
                    GanLoss::Plain => taken_for_real(&of_made),
                    // Only differences have a meaning here.
                    GanLoss::Relativistic => {
                        taken_for_real(&(&of_made - of_real.mean(Kind::Float)))
                    }
                };
                self.watch.see("judge", &deceived, REMEDY, losses);
                losses.add("made-taken-for-real", deceived);
            }
            Adversary::Projected(judge) => {
                let shown = [real, made].map(signed);
                judge.train("judge", shown.each_ref(), factor, losses);
            }
        }
    }

    fn psnr_step(&mut self, made: &Tensor, truth: &Tensor) -> Losses {
        let psnr = &self.parts.psnr;
        let mut losses = Losses::default();
        losses.add("pixel", distance(psnr.distance, made, truth));
        losses.total().backward();
        let factor = psnr.schedule.factor_at(self.step);
        self.generator.step(factor);
        losses
    }

    fn gan_step(&mut self, made: &Tensor, truth: &Tensor, real: &Tensor) -> Losses {
        let gan = &self.parts.gan;
        let factor = gan.schedule.factor_at(self.step - self.parts.psnr.steps);
        let mut losses = Losses::default();
        if gan.pixel > 0.0 {
            let pixel = distance(gan.distance, made, truth) * gan.pixel;
            losses.add("pixel", pixel);
        }
        if let Some(perceptual) = &self.perceptual {
            losses.add("perceptual", perceptual.of(&signed(made), &signed(truth)));
        }
        let weight = gan.adversarial;
        losses.add("adversarial", self.adversarial(made, real) * weight);
        losses.total().backward();
        self.generator.step(factor);
        self.train_judge(made, real, factor, &mut losses);
        losses
    }
}

fn distance(kind: Distance, a: &Tensor, b: &Tensor) -> Tensor {
    match kind {
        Distance::L1 => l1(a, b),
        Distance::Mse => (a - b).square().mean(Kind::Float),
    }
}

/// Pictures of −1 … 1 as the family has them: 0 … 1.
fn unit(x: &Tensor) -> Tensor {
    x * 0.5 + 0.5
}

/// The inverse of [`unit`].
fn signed(x: &Tensor) -> Tensor {
    x * 2.0 - 1.0
}

impl Stage for EsrganStage {
    fn name(&self) -> &'static str {
        self.parts.name
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.parts.psnr.steps + self.parts.gan.steps)
    }

    fn step(&mut self, batch: &Batch) -> anyhow::Result<Losses> {
        seed_step(self.parts.seed, self.step);
        let alone = self.step < self.parts.psnr.steps;
        if self.step == self.parts.psnr.steps && self.step > 0 {
            self.generator.restart(self.parts.gan.schedule.rate);
        }
        let (seen, real) = (unit(&batch.pixelated), unit(&batch.clean));
        let truth = match batch.sharp.numel() {
            0 => real.shallow_clone(),
            _ => unit(&batch.sharp),
        };
        let weights = &self.generator.weights;
        let made = self.parts.generator.read(&mut Training(weights), &[seen]);
        let losses = match alone {
            true => self.psnr_step(&made, &truth),
            false => self.gan_step(&made, &truth, &real),
        };
        self.generator.remember(self.step);
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        self.generator.start_from(model, "stage1.")
    }

    fn restore(&self, pixelated: &Tensor, _: &Tensor) -> Tensor {
        let made = forward(&self.parts.generator, self.weights(), &[unit(pixelated)]);
        signed(&made)
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
        // The rate of the part that the checkpoint is in.
        if self.step > self.parts.psnr.steps {
            self.generator.set_rate(self.parts.gan.schedule.rate);
        }
        Ok(())
    }
}
