//! The training of the family: first for PSNR alone, then against a discriminator.

use std::path::Path;

use anyhow::ensure;
use tch::{Device, Kind, Tensor};

use super::recipe::{DiscriminatorSize, Gan, Generator, Psnr, Settings};
use crate::train::data::loader::{Batch, Inputs};
use crate::train::features::{Distance, Perceptual, PerceptualLoss};
use crate::train::nn::layers::{Declare, Init, Parameters, Training};
use crate::train::nn::network::{Network, declare, forward};
use crate::train::nn::parameters::saved_step;
use crate::train::optim::discriminator::{Adversary, DiscriminatorChoice};
use crate::train::optim::losses::{GanLoss, Losses, fake_score, l1};
use crate::train::optim::parts::Parts;
use crate::train::optim::trained::{TrainedNetwork, Watch, seed_step};
use crate::train::run::train_step::TrainStep;

/// What helps against a discriminator that has run away.
const REMEDY: &str =
    "a smaller gan.discriminator_lr, then a narrower discriminator, then more psnr.steps";

/// What the stage is made of.
pub struct Setup {
    /// Name of its checkpoint.
    pub name: &'static str,
    /// Seed of all random numbers.
    pub seed: u64,
    /// The network that enlarges.
    pub generator: Generator,
    /// The discriminator.
    pub discriminator: DiscriminatorChoice<DiscriminatorSize>,
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

impl Setup {
    /// Raw scores of the system's own discriminator.
    fn scores(
        &self,
        size: DiscriminatorSize,
        discriminator: &Parameters,
        pictures: &Tensor,
    ) -> Tensor {
        size.read(&mut Training(discriminator), pictures, self.side)
    }
}

/// Generator and discriminator in training.
pub struct EsrganStep {
    setup: Setup,
    step: u64,
    watch: Watch,
    generator: TrainedNetwork,
    discriminator: Adversary<DiscriminatorSize>,
    perceptual: Option<PerceptualLoss>,
}

impl EsrganStep {
    /// Untrained networks.
    ///
    /// Fails where a feature network cannot be read, a projected discriminator has none, or nothing
    /// would hold pictures to the truth.
    pub fn new(setup: Setup, device: Device) -> anyhow::Result<Self> {
        let (betas, average) = (setup.settings.betas, setup.settings.average);
        let (side, optimizer) = (setup.side, (setup.gan.schedule.learning_rate, betas));
        let features = setup.perceptual.features.as_deref();
        let opened = setup
            .discriminator
            .open(features, side, optimizer, device)?;
        let perceptual = setup.perceptual.open(device)?;
        ensure!(
            setup.gan.steps == 0 || setup.gan.pixel > 0.0 || perceptual.is_some(),
            "gan.pixel and perceptual.weight are 0: nothing would hold pictures to the truth. Set one of them to 1"
        );
        tch::manual_seed(setup.seed as i64);
        let generator = declare(&setup.generator, Init::KaimingUniform, device);
        let learning_rate = match setup.psnr.steps {
            0 => setup.gan.schedule.learning_rate,
            _ => setup.psnr.schedule.learning_rate,
        };
        let discriminator = opened.adversary("judge", |size| {
            let weights = Declare::parameters(Init::KaimingUniform, device, |l| {
                size.read(l, &(), side);
            });
            let discriminator =
                TrainedNetwork::new("judge", weights, setup.gan.schedule.learning_rate, betas);
            match size.is_spectral() {
                true => discriminator.spectral(super::discriminators::is_spectral),
                false => discriminator,
            }
        });
        Ok(Self {
            generator: TrainedNetwork::new("generator", generator, learning_rate, betas)
                .averaged(average),
            discriminator,
            watch: Watch::default(),
            perceptual,
            setup,
            step: 0,
        })
    }

    /// The generator's weights, to be exported.
    pub fn weights(&self) -> &Parameters {
        self.generator.best()
    }

    /// What the generator makes of small pictures.
    fn fake(&self, pair: &Pair) -> Tensor {
        let mut pass = Training(&self.generator.weights);
        (self.setup.generator).read(&mut pass, &[pair.seen.shallow_clone()])
    }

    /// What the generator loses by the pictures `fake` to the discriminator.
    fn adversarial(&self, fake: &Tensor, real: &Tensor) -> Tensor {
        let setup = &self.setup;
        match &self.discriminator {
            Adversary::Own(size, discriminator) => {
                let fixed = discriminator.detached();
                let of_real = tch::no_grad(|| setup.scores(*size, &fixed, real));
                let of_fake = setup.scores(*size, &fixed, fake);
                setup.gan.loss.of_generator(Some(&of_real), &of_fake)
            }
            Adversary::Projected(discriminator) => discriminator.generator_loss(&signed(fake)),
        }
    }

    /// One step of the discriminator on what the generator made, with `factor` times the rate.
    fn train_discriminator(
        &mut self,
        parts: &Parts<'_>,
        made: &[Tensor],
        factor: f64,
        losses: &mut Losses,
    ) -> anyhow::Result<()> {
        let setup = &self.setup;
        let (size, discriminator) = match &mut self.discriminator {
            Adversary::Own(size, discriminator) => (*size, discriminator),
            Adversary::Projected(discriminator) => {
                let seen = |part: usize, batch: &Batch| {
                    [batch.target.shallow_clone(), signed(&made[part])]
                };
                return discriminator.train("discriminator", parts, seen, factor, losses);
            }
        };
        let mean = parts.backward(|part, batch| {
            let weights = discriminator.effective();
            let of_real = setup.scores(size, &weights, &unit(&batch.target));
            let of_fake = setup.scores(size, &weights, &made[part]);
            let loss = setup.gan.loss.of_discriminator(&of_real, &of_fake);
            let mut losses = Losses::of("discriminator", loss);
            let taken = match setup.gan.loss {
                // Only differences have a meaning here.
                GanLoss::Relativistic => fake_score(&(&of_fake - of_real.mean(Kind::Float))),
                _ => fake_score(&of_fake),
            };
            losses.add("fake-score", taken);
            Ok(losses)
        })?;
        discriminator.step(factor * setup.gan.discriminator_lr);
        let taken = mean.term("fake-score");
        self.watch.see("discriminator", &taken, REMEDY, losses);
        losses.append(mean);
        Ok(())
    }

    fn psnr_step(&mut self, parts: &Parts<'_>) -> anyhow::Result<Losses> {
        let psnr = &self.setup.psnr;
        let losses = parts.backward(|part, batch| {
            seed_step(self.setup.seed, parts.number(self.step, part));
            let pair = Pair::of(batch);
            let pixel = distance(psnr.distance, &self.fake(&pair), &pair.truth);
            Ok(Losses::of("pixel", pixel))
        })?;
        self.generator.step(psnr.schedule.factor_at(self.step));
        Ok(losses)
    }

    /// What the generator loses by the pictures `fake`.
    fn generator_losses(&self, pair: &Pair, fake: &Tensor) -> Losses {
        let gan = &self.setup.gan;
        let mut losses = Losses::default();
        if gan.pixel > 0.0 {
            let pixel = distance(gan.distance, fake, &pair.truth) * gan.pixel;
            losses.add("pixel", pixel);
        }
        if let Some(perceptual) = &self.perceptual {
            let perceptual = perceptual.of(&signed(fake), &signed(&pair.truth));
            losses.add("perceptual", perceptual);
        }
        let adversarial = self.adversarial(fake, &pair.real);
        losses.add("adversarial", adversarial * gan.adversarial);
        losses
    }

    fn gan_step(&mut self, parts: &Parts<'_>) -> anyhow::Result<Losses> {
        let schedule = &self.setup.gan.schedule;
        let factor = schedule.factor_at(self.step - self.setup.psnr.steps);
        if let Adversary::Own(_, discriminator) = &mut self.discriminator {
            discriminator.power_iteration();
        }
        let mut made = Vec::new();
        let mut losses = parts.backward(|part, batch| {
            seed_step(self.setup.seed, parts.number(self.step, part));
            let pair = Pair::of(batch);
            let fake = self.fake(&pair);
            made.push(fake.detach());
            Ok(self.generator_losses(&pair, &fake))
        })?;
        self.generator.step(factor);
        self.train_discriminator(parts, &made, factor, &mut losses)?;
        Ok(losses)
    }
}

/// Small and large pictures of 0 … 1.
struct Pair {
    /// What the generator sees.
    seen: Tensor,
    /// What the discriminator takes for real.
    real: Tensor,
    /// What pixels and features are compared with.
    truth: Tensor,
}

impl Pair {
    fn of(batch: &Batch) -> Self {
        let real = unit(&batch.target);
        Self {
            seen: unit(&batch.input),
            truth: match batch.sharpened_target.numel() {
                0 => real.shallow_clone(),
                _ => unit(&batch.sharpened_target),
            },
            real,
        }
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

impl TrainStep for EsrganStep {
    fn name(&self) -> &'static str {
        self.setup.name
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.setup.psnr.steps + self.setup.gan.steps)
    }

    fn step(&mut self, parts: &Parts<'_>) -> anyhow::Result<Losses> {
        if self.step == self.setup.psnr.steps && self.step > 0 {
            self.generator
                .restart(self.setup.gan.schedule.learning_rate);
        }
        let losses = match self.step < self.setup.psnr.steps {
            true => self.psnr_step(parts),
            false => self.gan_step(parts),
        }?;
        self.generator.update_average(self.step);
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        self.generator.start_from(model, "stage1.")
    }

    fn warnings(&self, _: bool) -> anyhow::Result<Vec<String>> {
        let has_term = self.setup.gan.steps > 0;
        let warning = self.setup.perceptual.warning().filter(|_| has_term);
        Ok(warning.into_iter().collect())
    }

    fn predict(&self, inputs: &Inputs<'_>) -> Tensor {
        let fake = forward(&self.setup.generator, self.weights(), &[unit(inputs.input)]);
        signed(&fake)
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
        // The rate of the part that the checkpoint is in.
        if self.step > self.setup.psnr.steps {
            self.generator
                .set_rate(self.setup.gan.schedule.learning_rate);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
