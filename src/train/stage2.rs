//! DCEDN behind a fixed first stage: paired, so that colours come out right.

use std::path::Path;

use anyhow::Context;
use tch::{Device, Kind, Reduction, Tensor};

use super::checkpoint;
use super::export::read_known_weights;
use super::layers::{Declare, Forward, Init, Parameters};
use super::loader::Batch;
use super::networks::Seen;
use super::optimizer::{Adam, MovingAverage, copy};
use super::precision::Precision;
use super::recipe::{Loss, Networks, Recipe, Stage2 as Settings, rate_at};
use super::stage::{Losses, Stage};
use super::stage1;

/// The second stage in training.
pub struct Stage2 {
    settings: Settings,
    sizes: Networks,
    precision: Precision,
    step: u64,
    stage1: Parameters,
    network: Parameters,
    optimizer: Adam,
    average: MovingAverage,
}

/// Parameters of a second stage that knows nothing yet.
pub fn new_dcedn(recipe: &Recipe, device: Device) -> Parameters {
    let seen = Seen {
        stage1: Some(&()),
        pixelated: &(),
        lattice: &(),
    };
    let network = &recipe.networks.dcedn;
    Declare::parameters(Init::KaimingUniform, device, |l| network.read(l, &seen))
}

/// `stage1` on the device, if it is complete.
fn fitted(recipe: &Recipe, stage1: Parameters, device: Device) -> anyhow::Result<Parameters> {
    let mut weights = stage1::new_generator(&recipe.networks.generator, None, device);
    for (name, tensor) in &mut weights {
        let fits = stage1
            .get(name)
            .filter(|found| found.size() == tensor.size());
        let found =
            fits.with_context(|| format!("the first stage has no fitting weights {name}"))?;
        *tensor = found.to_device(device);
    }
    Ok(weights)
}

/// Squared distance of the means over squares of 16 pixels.
fn colour(a: &Tensor, b: &Tensor) -> Tensor {
    (a - b)
        .avg_pool2d([16, 16], [16, 16], [0, 0], true, false, None)
        .square()
        .mean(Kind::Float)
}

impl Stage2 {
    /// An untrained second stage behind the generator `stage1`.
    ///
    /// Fails where `stage1` does not hold the weights that the recipe's generator has.
    pub fn new(
        recipe: &Recipe,
        stage1: Parameters,
        device: Device,
        precision: Precision,
    ) -> anyhow::Result<Self> {
        tch::manual_seed(recipe.seed as i64 + 1);
        let settings = recipe.stage2.clone();
        let stage1 = fitted(recipe, stage1, device)?;
        let network = new_dcedn(recipe, device);
        let [beta1, beta2] = settings.betas;
        Ok(Self {
            optimizer: Adam::new(
                &network,
                settings.rate,
                (beta1, beta2),
                settings.weight_decay,
            ),
            average: MovingAverage::new(&network, settings.average),
            sizes: recipe.networks.clone(),
            precision,
            step: 0,
            settings,
            stage1,
            network,
        })
    }

    fn first_stage(&self, pixelated: &Tensor, lattice: &Tensor) -> Tensor {
        let network = &self.sizes.generator;
        tch::no_grad(|| {
            stage1::restore(
                network,
                &self.precision.of(&self.stage1),
                pixelated,
                lattice,
            )
        })
    }

    fn second_stage(&self, weights: &Parameters, pixelated: &Tensor, lattice: &Tensor) -> Tensor {
        let stage1 = self.first_stage(pixelated, lattice);
        let seen = Seen {
            stage1: Some(&stage1),
            pixelated,
            lattice,
        };
        self.sizes.dcedn.read(&mut Forward(weights), &seen)
    }
}

impl Stage for Stage2 {
    fn name(&self) -> &'static str {
        "stage2"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, batch: &Batch) -> anyhow::Result<Losses> {
        let s = &self.settings;
        self.optimizer.rate = rate_at(self.step, s.steps, s.rate, s.constant);
        let restored = self.second_stage(
            &self.precision.of(&self.network),
            &batch.pixelated,
            &batch.lattice,
        );
        let mut losses = Losses::default();
        match s.loss {
            Loss::Mse => losses.add("mse", restored.mse_loss(&batch.clean, Reduction::Mean)),
            Loss::L1 => losses.add("l1", restored.l1_loss(&batch.clean, Reduction::Mean)),
        }
        if s.colour > 0.0 {
            losses.add("colour", colour(&restored, &batch.clean) * s.colour);
        }
        losses.total().backward();
        self.optimizer.step(&mut self.network);
        self.average.update(&self.network, self.step);
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        let missing = read_known_weights(model, "stage2.", &mut self.average.average)?;
        if !missing.is_empty() {
            let (file, count) = (model.display(), missing.len());
            eprintln!(
                "{file} lacks {count} of stage2's weights, which start as in an untrained network"
            );
        }
        copy(&self.average.average, &mut self.network);
        Ok(())
    }

    fn restore(&self, pixelated: &Tensor, lattice: &Tensor) -> Tensor {
        let weights = &self.average.average;
        tch::no_grad(|| self.second_stage(weights, pixelated, lattice))
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        checkpoint::store("dcedn", &self.network, out);
        checkpoint::store("average", &self.average.average, out);
        self.optimizer.state("adam.dcedn", out);
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        checkpoint::restore("dcedn", &mut self.network, saved)?;
        checkpoint::restore("average", &mut self.average.average, saved)?;
        self.optimizer.load("adam.dcedn", saved)?;
        self.step = super::stage::saved_step(saved)?;
        Ok(())
    }
}
