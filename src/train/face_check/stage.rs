//! The training of the face check: binary cross-entropy.

use std::path::Path;

use anyhow::ensure;
use tch::{Device, Kind, Reduction, Tensor};

use super::network::FaceNet;
use super::recipe::Settings;
use crate::train::checkpoint;
use crate::train::export::read_weights;
use crate::train::layers::{Init, Parameters, Training};
use crate::train::loader::Batch;
use crate::train::optimizer::{Adam, MovingAverage, copy};
use crate::train::recipe::rate_at;
use crate::train::stage::{Losses, Stage, saved_step};
use crate::train::systems::{Network, declare, forward};

/// The network in training.
pub struct FaceStage {
    settings: Settings,
    network: FaceNet,
    seed: u64,
    step: u64,
    weights: Parameters,
    adam: Adam,
    average: MovingAverage,
}

impl FaceStage {
    /// An untrained network.
    pub fn new(settings: Settings, network: FaceNet, seed: u64, device: Device) -> Self {
        tch::manual_seed(seed as i64);
        let weights = declare(&network, Init::KaimingNormal(1.0), device);
        Self {
            adam: Adam::new(&weights, settings.rate, (0.9, 0.999), settings.weight_decay),
            average: MovingAverage::new(&weights, settings.average),
            settings,
            network,
            seed,
            step: 0,
            weights,
        }
    }

    /// The averaged weights, to be exported.
    pub fn averaged(&self) -> &Parameters {
        &self.average.average
    }
}

impl Stage for FaceStage {
    fn name(&self) -> &'static str {
        "face-check"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    /// The first half of the batch are faces.
    fn step(&mut self, batch: &Batch) -> anyhow::Result<Losses> {
        // The chance of a step is its own, so that a resumed run leaves out the same features.
        tch::manual_seed(self.seed.wrapping_add(self.step).wrapping_mul(0x9e37_79b9) as i64);
        let pictures = &batch.pixelated;
        let half = pictures.size()[0] / 2;
        let options = (Kind::Float, pictures.device());
        let truth = Tensor::cat(
            &[
                Tensor::ones([half, 1], options),
                Tensor::zeros([half, 1], options),
            ],
            0,
        );
        let input = [pictures.contiguous()];
        let logits = self.network.read(&mut Training(&self.weights), &input);
        let loss =
            logits.binary_cross_entropy_with_logits::<Tensor>(&truth, None, None, Reduction::Mean);
        ensure!(
            loss.double_value(&[]).is_finite(),
            "the loss cross-entropy is no number any more at step {}; try a smaller train.rate",
            self.step
        );
        loss.backward();
        let s = &self.settings;
        self.adam.rate = rate_at(self.step, s.steps, s.rate, s.constant);
        self.adam.step(&mut self.weights);
        self.average.update(&self.weights, self.step);
        let right = logits.gt(0.0).eq_tensor(&truth.gt(0.5));
        let mut losses = Losses::default();
        losses.add("cross-entropy", loss.detach());
        losses.add("right", right.to_kind(Kind::Float).mean(Kind::Float));
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        read_weights(model, "", &mut self.average.average)?;
        copy(&self.average.average, &mut self.weights);
        Ok(())
    }

    /// Logits `[N, 1]` of mosaics.
    fn restore(&self, pixelated: &Tensor, _: &Tensor) -> Tensor {
        forward(&self.network, self.averaged(), &[pixelated.shallow_clone()])
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        checkpoint::store("weights", &self.weights, out);
        checkpoint::store("average", &self.average.average, out);
        self.adam.state("adam.weights", out);
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        checkpoint::restore("weights", &mut self.weights, saved)?;
        checkpoint::restore("average", &mut self.average.average, saved)?;
        self.adam.load("adam.weights", saved)?;
        self.step = saved_step(saved)?;
        Ok(())
    }
}
