//! The training of pix2pix: binary cross-entropy of a judge of pairs, and 100 times the mean difference.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Reduction, Tensor};

use super::networks::UNet;
use crate::train::checkpoint;
use crate::train::export::read_weights;
use crate::train::layers::{Declare, Init, Parameters, Training};
use crate::train::loader::Batch;
use crate::train::networks::{DiscriminatorSize, discriminator};
use crate::train::optimizer::Adam;
use crate::train::recipe::rate_at;
use crate::train::stage::{Losses, Stage, saved_step};
use crate::train::systems::{Network, declare, forward};

/// Channels of a pair of pictures.
const PAIR: i64 = 6;

/// Constants of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Optimiser steps.
    pub steps: u64,
    /// Pairs in one step. Published is 1; batch norm wants 8 or more.
    pub batch: usize,
    /// Adam's learning rate.
    pub rate: f64,
    /// Share of the steps before the rate falls linearly to zero.
    pub constant: f64,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Standard deviation of the initial weights.
    pub init: f64,
    /// Weight of the mean difference.
    pub l1: f64,
    /// Weight of the judge's loss against the generator's: ½ (published), or 1 in TensorFlow's tutorial.
    pub judge: f64,
}

/// Generator and judge in training.
pub struct Pix2pix {
    settings: Settings,
    unet: UNet,
    size: DiscriminatorSize,
    seed: u64,
    step: u64,
    generator: Parameters,
    generator_adam: Adam,
    judge: Parameters,
    judge_adam: Adam,
}

/// Mean binary cross-entropy of raw scores that should say `target` (0 or 1).
pub fn cross_entropy(scores: &Tensor, target: f64) -> Tensor {
    (scores.softplus() - scores * target).mean(Kind::Float)
}

impl Pix2pix {
    /// Untrained networks.
    pub fn new(
        settings: Settings,
        unet: UNet,
        size: DiscriminatorSize,
        seed: u64,
        device: Device,
    ) -> Self {
        tch::manual_seed(seed as i64);
        let init = Init::Normal(settings.init);
        let generator = declare(&unet, init, device);
        let judge = Declare::parameters(init, device, |l| {
            discriminator(l, &(), PAIR, size);
        });
        let [beta1, beta2] = settings.betas;
        let adam = |weights: &Parameters| Adam::new(weights, settings.rate, (beta1, beta2), 0.0);
        Self {
            generator_adam: adam(&generator),
            judge_adam: adam(&judge),
            settings,
            unet,
            size,
            seed,
            step: 0,
            generator,
            judge,
        }
    }

    /// The generator's weights, to be exported.
    pub fn weights(&self) -> &Parameters {
        &self.generator
    }

    /// Raw scores of `picture` beside what it was made from.
    fn scores(&self, judge: &Parameters, seen: &Tensor, picture: &Tensor) -> Tensor {
        let pair = Tensor::cat(&[seen, picture], 1);
        discriminator(&mut Training(judge), &pair, PAIR, self.size)
    }
}

impl Stage for Pix2pix {
    fn name(&self) -> &'static str {
        "pix2pix"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, batch: &Batch) -> anyhow::Result<Losses> {
        // Dropout's chance is the step's own, so that a resumed run draws the same.
        tch::manual_seed(self.seed.wrapping_add(self.step).wrapping_mul(0x9e37_79b9) as i64);
        let (seen, clean) = (&batch.pixelated, &batch.clean);
        let rate = rate_at(
            self.step,
            self.settings.steps,
            self.settings.rate,
            self.settings.constant,
        );
        let inputs = [seen.shallow_clone()];
        let made = self.unet.read(&mut Training(&self.generator), &inputs);

        let real = cross_entropy(&self.scores(&self.judge, seen, clean), 1.0);
        let fake = cross_entropy(&self.scores(&self.judge, seen, &made.detach()), 0.0);
        let judged = (real + fake) * self.settings.judge;
        judged.backward();
        self.judge_adam.rate = rate;
        self.judge_adam.step(&mut self.judge);

        let fixed: Parameters = (self.judge.iter())
            .map(|(name, tensor)| (name.clone(), tensor.detach()))
            .collect();
        let mut losses = Losses::default();
        losses.add(
            "adversarial",
            cross_entropy(&self.scores(&fixed, seen, &made), 1.0),
        );
        losses.add(
            "l1",
            made.l1_loss(clean, Reduction::Mean) * self.settings.l1,
        );
        losses.total().backward();
        self.generator_adam.rate = rate;
        self.generator_adam.step(&mut self.generator);
        losses.add("judge", judged.detach());
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        let mut weights: Parameters = (self.generator.iter())
            .map(|(name, tensor)| (name.clone(), tensor.detach().copy()))
            .collect();
        read_weights(model, "stage1.", &mut weights)?;
        crate::train::optimizer::copy(&weights, &mut self.generator);
        Ok(())
    }

    fn restore(&self, pixelated: &Tensor, _: &Tensor) -> Tensor {
        forward(&self.unet, &self.generator, &[pixelated.shallow_clone()])
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

#[cfg(test)]
mod tests {
    use super::super::networks::{Flavour, UNetNorm};
    use super::*;
    use crate::cascade::{Model, ModelFacts, MosaicInput, ValueRange};
    use crate::train::networks::Norm;
    use crate::train::systems::export::model_file;

    const UNET: UNet = UNet {
        width: 4,
        // Without dropout: tests that run beside this one draw from the same chance.
        halvings: 5,
        norm: UNetNorm::Batch,
        flavour: Flavour::Base,
    };

    fn stage(steps: u64) -> Pix2pix {
        let settings = Settings {
            steps,
            batch: 4,
            rate: 1e-3,
            constant: 0.5,
            betas: [0.5, 0.999],
            init: 0.02,
            l1: 100.0,
            judge: 0.5,
        };
        let size = DiscriminatorSize {
            width: 4,
            layers: 2,
            norm: Norm::Batch,
        };
        Pix2pix::new(settings, UNET, size, 5, Device::Cpu)
    }

    /// Bright and dark squares, whose lower half is covered.
    fn batch() -> Batch {
        let levels = Tensor::from_slice(&[-0.6f32, -0.2, 0.2, 0.6]).view([4, 1, 1, 1]);
        let clean = levels.expand([4, 3, 64, 64], false).contiguous();
        let pixelated = clean.copy();
        let _ = pixelated.narrow(2, 32, 32).fill_(-1.0);
        let none = Tensor::zeros([0], (Kind::Float, Device::Cpu));
        Batch {
            lattice: none.shallow_clone(),
            others: none.shallow_clone(),
            labels: none,
            pixelated,
            clean,
        }
    }

    fn saved(stage: &Pix2pix) -> Parameters {
        let mut out = Vec::new();
        stage.save(&mut out);
        out.into_iter()
            .map(|(name, tensor)| (name, tensor.detach().copy()))
            .collect()
    }

    #[test]
    fn cross_entropy_of_known_scores() {
        let scores = Tensor::from_slice(&[0.0f32, 2.0]);
        // −ln σ(0) = ln 2, −ln σ(2) = ln(1 + e⁻²).
        let expected = (2f64.ln() + (1.0 + (-2f64).exp()).ln()) / 2.0;
        let found = cross_entropy(&scores, 1.0).double_value(&[]);
        assert!((found - expected).abs() < 1e-6, "{found}");
    }

    #[test]
    fn it_learns_and_the_element_plays_it() {
        let (mut stage, batch) = (stage(80), batch());
        let mut l1 = Vec::new();
        while stage.progress().0 < 80 {
            let losses = stage.step(&batch).unwrap().values();
            l1.push(losses.iter().find(|(name, _)| *name == "l1").unwrap().1);
        }
        assert!(l1[79] < 0.6 * l1[0], "{} → {}", l1[0], l1[79]);
        let facts = ModelFacts {
            size: 64,
            scale: 1,
            range: ValueRange::Signed,
            margin: 1.3,
            mosaic: MosaicInput::Blocks,
            blocks: (4.0, 16.0),
            trained_on: "squares".to_owned(),
            license: "MIT".to_owned(),
        };
        let onnx = model_file(&UNET, stage.weights(), &facts, "").unwrap();
        let model = Model::from_bytes("squares", onnx).unwrap();
        assert_eq!(*model.facts(), facts);
    }

    #[test]
    fn a_resumed_training_goes_on_as_if_it_had_not_stopped() {
        let (mut whole, batch) = (stage(4), batch());
        for _ in 0..2 {
            whole.step(&batch).unwrap();
        }
        let half = saved(&whole);
        let mut resumed = stage(4);
        resumed.load(&half).unwrap();
        for _ in 0..2 {
            whole.step(&batch).unwrap();
            resumed.step(&batch).unwrap();
        }
        let (a, b) = (saved(&whole), saved(&resumed));
        assert_eq!(a["step"].int64_value(&[0]), 4);
        for (name, tensor) in &a {
            let difference = (tensor - &b[name]).abs().max().double_value(&[]);
            assert!(difference < 1e-6, "{name}: {difference}");
        }
    }
}
