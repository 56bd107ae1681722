//! DCEDN behind a fixed first stage: paired, so that colours come out right.

use std::path::Path;

use anyhow::Context;
use tch::{Device, Kind, Reduction, Tensor};

use super::after::After;
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

/// What stands before the second stage, and does not learn.
pub enum First {
    /// A generator of this recipe.
    Generator(Parameters),
    /// Any restorer.
    Exported(Box<After>),
}

/// The second stage in training.
pub struct Stage2 {
    settings: Settings,
    sizes: Networks,
    precision: Precision,
    step: u64,
    first: First,
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
    /// An untrained second stage behind `first`.
    ///
    /// Fails where a generator does not hold the weights that the recipe's has.
    pub fn new(
        recipe: &Recipe,
        first: First,
        device: Device,
        precision: Precision,
    ) -> anyhow::Result<Self> {
        tch::manual_seed(recipe.seed as i64 + 1);
        let settings = recipe.stage2.clone();
        let first = match first {
            First::Generator(stage1) => First::Generator(fitted(recipe, stage1, device)?),
            exported @ First::Exported(_) => exported,
        };
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
            first,
            network,
        })
    }

    fn second_stage(
        &self,
        weights: &Parameters,
        pixelated: &Tensor,
        lattice: &Tensor,
    ) -> anyhow::Result<Tensor> {
        let dcedn = &self.sizes.dcedn;
        match &self.first {
            First::Generator(stage1) => {
                let stage1 = self.precision.of(stage1);
                let generator = &self.sizes.generator;
                let stage1 =
                    tch::no_grad(|| stage1::restore(generator, &stage1, pixelated, lattice));
                let seen = Seen {
                    stage1: Some(&stage1),
                    pixelated,
                    lattice,
                };
                Ok(dcedn.read(&mut Forward(weights), &seen))
            }
            First::Exported(after) => {
                let made = after.run(pixelated, lattice)?;
                Ok(dcedn.read(&mut Forward(weights), &made.seen()))
            }
        }
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
        )?;
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
        let restored = tch::no_grad(|| self.second_stage(weights, pixelated, lattice));
        restored.unwrap_or_else(|error| {
            eprintln!("the first stage fails: {error:#}");
            pixelated.full_like(f64::NAN)
        })
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
