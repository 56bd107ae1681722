//! A judge of SCGAN in training.

use tch::{Device, Kind, Tensor};

use super::networks::{SIDE, judge};
use super::recipe::Recipe;
use crate::train::nn::layers::{Declare, Init, Training};
use crate::train::optim::discriminator::adversary::Adversary;
use crate::train::optim::discriminator::projected::Projecting;
use crate::train::optim::losses::{Losses, hinge};
use crate::train::optim::trained::{Trained, Watch};

/// What helps against a judge that has run away.
const REMEDY: &str = "a smaller train.adversarial, then narrower judges (judge = …)";

/// A judge of pictures of one size.
pub struct Judge {
    side: i64,
    width: i64,
    watch: Watch,
    /// What does the judging.
    pub adversary: Adversary,
}

impl Judge {
    /// An untrained one of pictures of `side` pixels; `part` is its name in checkpoints.
    pub fn new(
        part: &'static str,
        side: i64,
        recipe: &Recipe,
        projecting: Option<&Projecting>,
        device: Device,
    ) -> Self {
        let (s, width) = (&recipe.train, recipe.judge.width);
        let adversary = Adversary::new(projecting, part, || {
            let weights = Declare::parameters(Init::KaimingUniform, device, |l| {
                judge(l, &(), width, side);
            });
            let trained = Trained::new(part, weights, s.schedule.rate, s.betas);
            trained.spectral(|name| name.ends_with(".weight"))
        });
        Self {
            side,
            width,
            watch: Watch::default(),
            adversary,
        }
    }

    /// The loss of the network that made `pictures`.
    pub fn deceived(&self, pictures: &Tensor) -> Tensor {
        match &self.adversary {
            Adversary::Own(own) => {
                let weights = own.fixed();
                let scores = judge(&mut Training(&weights), pictures, self.width, self.side);
                -scores.mean(Kind::Float)
            }
            Adversary::Projected(projected) => projected.generator_loss(&enlarged(pictures)),
        }
    }

    /// One step between `real` and `made`; the loss is called `name`.
    pub fn train(
        &mut self,
        name: &'static str,
        [real, made]: [&Tensor; 2],
        factor: f64,
        losses: &mut Losses,
    ) {
        let loss = match &mut self.adversary {
            Adversary::Own(own) => {
                own.improve();
                let weights = own.used();
                let scores = |pictures: &Tensor| {
                    judge(&mut Training(&weights), pictures, self.width, self.side)
                };
                let loss = hinge(&scores(real), &scores(&made.detach()));
                loss.backward();
                own.step(factor);
                loss.detach()
            }
            Adversary::Projected(projected) => {
                let shown = [real, made].map(enlarged);
                return projected.train(name, shown.each_ref(), factor, losses);
            }
        };
        self.watch.see(name, &loss, REMEDY, losses);
        losses.add(name, loss);
    }
}

/// Small pictures as projected discriminators see them; large ones as they are.
fn enlarged(pictures: &Tensor) -> Tensor {
    match pictures.size()[3] {
        SIDE => pictures.shallow_clone(),
        _ => pictures.upsample_bilinear2d([SIDE; 2], false, None, None),
    }
}
