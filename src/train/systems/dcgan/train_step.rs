//! The training of DCGAN: binary cross-entropy, a discriminator that sees real and fake pictures in
//! batches of their own.

use std::path::Path;

use tch::{Device, Kind, Tensor, no_grad};

use super::networks::{Dcgan, LATENT};
use super::recipe::{Recipe, Settings};
use crate::train::data::loader::{Batch, Inputs};
use crate::train::nn::layers::{Declare, Init, Parameters, Training};
use crate::train::nn::network::{Network, declare, forward};
use crate::train::nn::parameters::{copied, saved_step};
use crate::train::optim::discriminator::{Adversary, Fixed};
use crate::train::optim::losses::{Losses, cross_entropy, fake_score};
use crate::train::optim::parts::{Made, Parts};
use crate::train::optim::trained::{TrainedNetwork, Watch, seed_step};
use crate::train::run::train_step::TrainStep;

/// What helps against a discriminator that has run away.
const REMEDY: &str = "train.real=0.9, then train.noise=0.1, then train.discriminator_lr=0.5, \
                      then train.dropout=0.25";

/// Generator and discriminator in training.
pub struct DcganStep {
    settings: Settings,
    network: Dcgan,
    seed: u64,
    step: u64,
    watch: Watch,
    generator: TrainedNetwork,
    discriminator: Adversary<Fixed>,
}

impl DcganStep {
    /// Untrained networks.
    ///
    /// Fails where a projected discriminator has no usable feature network.
    pub fn new(recipe: &Recipe, device: Device) -> anyhow::Result<Self> {
        let (settings, network) = (recipe.train.clone(), recipe.network);
        let (learning_rate, betas) = (settings.learning_rate, settings.betas);
        let features = recipe.features.as_deref();
        let opened =
            recipe
                .discriminator
                .open(features, network.side, (learning_rate, betas), device)?;
        tch::manual_seed(recipe.seed as i64);
        let init = Init::Normal(settings.init);
        let generator = TrainedNetwork::new(
            "generator",
            declare(&network, init, device),
            learning_rate,
            betas,
        );
        let discriminator = opened.adversary("judge", |_| {
            let weights = Declare::parameters(init, device, |l| {
                network.discriminator(l, &(), 0.0);
            });
            TrainedNetwork::new("judge", weights, learning_rate, betas)
        });
        Ok(Self {
            generator,
            discriminator,
            watch: Watch::default(),
            settings,
            network,
            seed: recipe.seed,
            step: 0,
        })
    }

    /// The generator's weights, to be exported.
    pub fn weights(&self) -> &Parameters {
        self.generator.best()
    }

    /// Pictures of random numbers, as many as `batch` has real ones.
    fn fake(&self, number: u64, batch: &Batch) -> Tensor {
        seed_step(self.seed, number);
        let real = &batch.target;
        let z = Tensor::randn([real.size()[0], LATENT, 1, 1], (Kind::Float, real.device()));
        let weights = &self.generator.weights;
        self.network.read(&mut Training(weights), &[z])
    }

    /// What makes it harder for the discriminator now.
    fn handicap(&self) -> Handicap {
        let left = 1.0 - self.step as f64 / self.settings.steps as f64;
        Handicap {
            noise: self.settings.noise * left,
            dropout: self.settings.dropout,
        }
    }

    /// One step of the discriminator.
    fn train_discriminator(
        &mut self,
        parts: &Parts<'_>,
        made: &Made<Tensor>,
        losses: &mut Losses,
    ) -> anyhow::Result<()> {
        let (s, handicap) = (&self.settings, self.handicap());
        let own = match &mut self.discriminator {
            Adversary::Own(_, own) => own,
            Adversary::Projected(discriminator) => {
                let seen = |part: usize, batch: &Batch| {
                    [batch.target.shallow_clone(), made.of(part).detach()]
                };
                return discriminator.train("discriminator", parts, seen, 1.0, losses);
            }
        };
        let mean = parts.backward(|part, batch| {
            let scores = |x: &Tensor| scores(&self.network, &own.weights, x, handicap);
            let of_real = scores(&batch.target);
            let of_fake = scores(&made.of(part).detach());
            let right = cross_entropy(&of_real, s.real);
            let loss = (right + cross_entropy(&of_fake, 0.0)) * 0.5;
            let mut losses = Losses::of("discriminator", loss);
            losses.add("real-score", fake_score(&of_real));
            losses.add("fake-score", fake_score(&of_fake));
            Ok(losses)
        })?;
        own.step(s.discriminator_lr);
        let taken = mean.term("fake-score");
        self.watch.see("discriminator", &taken, REMEDY, losses);
        losses.append(mean);
        Ok(())
    }

    /// What the generator loses by the pictures `fake`.
    fn generator_loss(&self, fake: &Tensor) -> Tensor {
        match &self.discriminator {
            Adversary::Own(_, own) => {
                let scores = scores(&self.network, &own.detached(), fake, self.handicap());
                cross_entropy(&scores, 1.0)
            }
            Adversary::Projected(discriminator) => discriminator.generator_loss(fake),
        }
    }
}

/// What makes it harder for a discriminator.
#[derive(Clone, Copy)]
struct Handicap {
    /// Standard deviation of the noise on all pictures.
    noise: f64,
    /// Share of what leaves its layers that is left out.
    dropout: f64,
}

/// Raw scores of pictures by the system's own discriminator.
fn scores(
    network: &Dcgan,
    discriminator: &Parameters,
    pictures: &Tensor,
    handicap: Handicap,
) -> Tensor {
    let seen = noisy(pictures, handicap.noise);
    network.discriminator(&mut Training(discriminator), &seen, handicap.dropout)
}

/// `pictures` with noise of this standard deviation on them.
fn noisy(pictures: &Tensor, deviation: f64) -> Tensor {
    match deviation > 0.0 {
        true => pictures + Tensor::randn_like(pictures) * deviation,
        false => pictures.shallow_clone(),
    }
}

impl TrainStep for DcganStep {
    fn name(&self) -> &'static str {
        "dcgan"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, parts: &Parts<'_>) -> anyhow::Result<Losses> {
        let step = self.step;
        let made = parts.make(|part, batch| self.fake(parts.number(step, part), batch))?;
        let mut losses = Losses::default();
        self.train_discriminator(parts, &made, &mut losses)?;
        let generator = parts.backward(|part, batch| {
            let again = || self.fake(parts.number(step, part), batch);
            made.anew(again, |fake| {
                Ok(Losses::of("generator", self.generator_loss(fake)))
            })
        })?;
        self.generator.step(1.0);
        losses.append(generator);
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        self.generator.start_from(model, "")
    }

    /// What the generator makes of random numbers.
    fn predict(&self, inputs: &Inputs<'_>) -> Tensor {
        forward(
            &self.network,
            self.weights(),
            &[inputs.input.shallow_clone()],
        )
    }

    fn judged(&self, real: &Tensor) -> Option<Tensor> {
        let Adversary::Own(_, discriminator) = &self.discriminator else {
            return None;
        };
        // Batch norms go by the batch, as in training, but what they remember stays as it is.
        let weights = copied(&discriminator.weights);
        let network = &self.network;
        let scores = no_grad(|| network.discriminator(&mut Training(&weights), real, 0.0));
        Some(scores.view(-1))
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        self.generator.save(out);
        self.discriminator.save(out);
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        self.generator.load(saved)?;
        self.discriminator.load(saved)?;
        self.step = saved_step(saved)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::features::tests::with_network;
    use crate::train::optim::discriminator::DiscriminatorChoice;
    use crate::train::optim::trained::tests::check_resumed;
    use crate::train::recipe::RecipeText;

    fn stage(features: Option<&Path>) -> DcganStep {
        let mut recipe = Recipe::parse(Recipe::DEFAULT).unwrap();
        recipe.network.side = 32;
        recipe.network.width = 4;
        recipe.features = features.map(Path::to_owned);
        if features.is_some() {
            recipe.discriminator = DiscriminatorChoice::Projected(Default::default());
        }
        DcganStep::new(&recipe, Device::Cpu).unwrap()
    }

    fn batch() -> Batch {
        let options = (Kind::Float, Device::Cpu);
        Batch {
            target: Tensor::full([4, 3, 32, 32], 0.5, options),
            ..Batch::default()
        }
    }

    #[test]
    fn a_resumed_training_goes_on_as_if_it_had_not_stopped() {
        check_resumed(|| stage(None), &batch());
        with_network(|features| check_resumed(|| stage(Some(features)), &batch()));
    }
}
