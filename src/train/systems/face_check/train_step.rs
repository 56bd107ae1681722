//! The training of the face check: binary cross-entropy, and for faces how far off the place is.

use std::path::Path;

use anyhow::ensure;
use tch::{Device, Kind, Reduction, Tensor};

use super::network::FaceNet;
use super::recipe::Settings;
use crate::train::data::loader::{Batch, Inputs};
use crate::train::nn::layers::{Init, Parameters, Training};
use crate::train::nn::network::{Network, declare, forward};
use crate::train::nn::parameters::saved_step;
use crate::train::optim::losses::Losses;
use crate::train::optim::parts::Parts;
use crate::train::optim::trained::{TrainedNetwork, seed_step};
use crate::train::run::train_step::TrainStep;

/// Distances up to this one count by their square, larger ones as they are (Huber); sides of the
/// view.
const HUBER_DELTA: f64 = 0.05;

/// The network in training.
pub struct FaceCheckStep {
    settings: Settings,
    network: FaceNet,
    seed: u64,
    step: u64,
    weights: TrainedNetwork,
}

impl FaceCheckStep {
    /// An untrained network.
    pub fn new(settings: Settings, network: FaceNet, seed: u64, device: Device) -> Self {
        tch::manual_seed(seed as i64);
        let weights = declare(&network, Init::KaimingNormal(1.0), device);
        let weights = TrainedNetwork::new("weights", weights, settings.learning_rate, [0.9, 0.999])
            .decayed(settings.weight_decay)
            .averaged_as(settings.average, "average");
        Self {
            settings,
            network,
            seed,
            step: 0,
            weights,
        }
    }

    /// The averaged weights, to be exported.
    pub fn averaged(&self) -> &Parameters {
        self.weights.best()
    }

    /// What the network loses by what it says of a batch.
    fn losses(&self, batch: &Batch) -> Losses {
        let input = [batch.input.contiguous()];
        let mut pass = Training(&self.weights.weights);
        let found = self.network.read(&mut pass, &input);
        let (logits, places) = (found.narrow(1, 0, 1), found.narrow(1, 1, 3));
        let (is_face, truth) = (batch.labels.narrow(1, 0, 1), batch.labels.narrow(1, 1, 3));
        let cross_entropy = logits.binary_cross_entropy_with_logits::<Tensor>(
            &is_face,
            None,
            None,
            Reduction::Mean,
        );
        let faces = is_face.sum(Kind::Float).clamp_min(1.0);
        let off = places.huber_loss(&truth, Reduction::None, HUBER_DELTA) / HUBER_DELTA;
        let misplaced = (off * &is_face).sum(Kind::Float) / (faces * 3.0);
        let mut losses = Losses::of("cross-entropy", cross_entropy);
        losses.add("place", misplaced * self.settings.place);
        losses
    }
}

impl TrainStep for FaceCheckStep {
    fn name(&self) -> &'static str {
        super::recipe::NAME
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, parts: &Parts<'_>) -> anyhow::Result<Losses> {
        let losses = parts.backward(|part, batch| {
            seed_step(self.seed, parts.number(self.step, part));
            let losses = self.losses(batch);
            ensure!(
                losses.total().double_value(&[]).is_finite(),
                "the losses are no numbers any more at step {}; try a smaller train.learning_rate",
                self.step
            );
            Ok(losses)
        })?;
        let s = &self.settings;
        self.weights.step(s.schedule().factor_at(self.step));
        self.weights.update_average(self.step);
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        self.weights.start_from(model, "")
    }

    /// Logits and places `[N, 4]` of mosaics.
    fn predict(&self, inputs: &Inputs<'_>) -> Tensor {
        forward(
            &self.network,
            self.averaged(),
            &[inputs.input.shallow_clone()],
        )
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        self.weights.save(out);
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        self.weights.load(saved)?;
        self.step = saved_step(saved)?;
        Ok(())
    }
}
