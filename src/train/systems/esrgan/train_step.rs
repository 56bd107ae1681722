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
use crate::train::optim::trained::{TrainedNetwork, Watch, seed_step};
use crate::train::run::train_step::TrainStep;

/// What helps against a discriminator that has run away.
const REMEDY: &str =
    "a smaller gan.discriminator_lr, then a narrower discriminator, then more psnr.steps";

/// What the stage is made of.
pub struct Parts {
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

impl Parts {
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
    parts: Parts,
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
    pub fn new(parts: Parts, device: Device) -> anyhow::Result<Self> {
        let (betas, average) = (parts.settings.betas, parts.settings.average);
        let (side, optimizer) = (parts.side, (parts.gan.schedule.learning_rate, betas));
        let features = parts.perceptual.features.as_deref();
        let opened = parts
            .discriminator
            .open(features, side, optimizer, device)?;
        let perceptual = parts.perceptual.open(device)?;
        ensure!(
            parts.gan.steps == 0 || parts.gan.pixel > 0.0 || perceptual.is_some(),
            "gan.pixel is 0 and there is no feature network (--features): nothing would hold pictures to the truth. Name such a file, or set gan.pixel to 1"
        );
        tch::manual_seed(parts.seed as i64);
        let generator = declare(&parts.generator, Init::KaimingUniform, device);
        let learning_rate = match parts.psnr.steps {
            0 => parts.gan.schedule.learning_rate,
            _ => parts.psnr.schedule.learning_rate,
        };
        let discriminator = opened.adversary("judge", |size| {
            let weights = Declare::parameters(Init::KaimingUniform, device, |l| {
                size.read(l, &(), side);
            });
            let discriminator =
                TrainedNetwork::new("judge", weights, parts.gan.schedule.learning_rate, betas);
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
            parts,
            step: 0,
        })
    }

    /// The generator's weights, to be exported.
    pub fn weights(&self) -> &Parameters {
        self.generator.best()
    }

    /// What the generator loses by the pictures `made`.
    fn adversarial(&mut self, fake: &Tensor, real: &Tensor) -> Tensor {
        let parts = &self.parts;
        match &mut self.discriminator {
            Adversary::Own(size, discriminator) => {
                discriminator.power_iteration();
                let fixed = discriminator.detached();
                let of_real = tch::no_grad(|| parts.scores(*size, &fixed, real));
                let of_fake = parts.scores(*size, &fixed, fake);
                parts.gan.loss.of_generator(Some(&of_real), &of_fake)
            }
            Adversary::Projected(discriminator) => discriminator.generator_loss(&signed(fake)),
        }
    }

    /// One step of the discriminator, with `factor` times the rate.
    fn train_discriminator(
        &mut self,
        fake: &Tensor,
        real: &Tensor,
        factor: f64,
        losses: &mut Losses,
    ) {
        let parts = &self.parts;
        match &mut self.discriminator {
            Adversary::Own(size, discriminator) => {
                let weights = discriminator.effective();
                let of_real = parts.scores(*size, &weights, real);
                let of_fake = parts.scores(*size, &weights, &fake.detach());
                let loss = parts.gan.loss.of_discriminator(&of_real, &of_fake);
                loss.backward();
                discriminator.step(factor * parts.gan.discriminator_lr);
                losses.add("discriminator", loss.detach());
                let generator_loss = match parts.gan.loss {
                    // Only differences have a meaning here.
                    GanLoss::Relativistic => fake_score(&(&of_fake - of_real.mean(Kind::Float))),
                    _ => fake_score(&of_fake),
                };
                self.watch
                    .see("discriminator", &generator_loss, REMEDY, losses);
                losses.add("fake-score", generator_loss);
            }
            Adversary::Projected(discriminator) => {
                let shown = [real, fake].map(signed);
                discriminator.train("discriminator", shown.each_ref(), factor, losses);
            }
        }
    }

    fn psnr_step(&mut self, fake: &Tensor, truth: &Tensor) -> Losses {
        let psnr = &self.parts.psnr;
        let mut losses = Losses::default();
        losses.add("pixel", distance(psnr.distance, fake, truth));
        losses.total().backward();
        let factor = psnr.schedule.factor_at(self.step);
        self.generator.step(factor);
        losses
    }

    fn gan_step(&mut self, fake: &Tensor, truth: &Tensor, real: &Tensor) -> Losses {
        let gan = &self.parts.gan;
        let factor = gan.schedule.factor_at(self.step - self.parts.psnr.steps);
        let mut losses = Losses::default();
        if gan.pixel > 0.0 {
            let pixel = distance(gan.distance, fake, truth) * gan.pixel;
            losses.add("pixel", pixel);
        }
        if let Some(perceptual) = &self.perceptual {
            losses.add("perceptual", perceptual.of(&signed(fake), &signed(truth)));
        }
        let weight = gan.adversarial;
        losses.add("adversarial", self.adversarial(fake, real) * weight);
        losses.total().backward();
        self.generator.step(factor);
        self.train_discriminator(fake, real, factor, &mut losses);
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

impl TrainStep for EsrganStep {
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
            self.generator
                .restart(self.parts.gan.schedule.learning_rate);
        }
        let (seen, real) = (unit(&batch.input), unit(&batch.target));
        let truth = match batch.sharpened_target.numel() {
            0 => real.shallow_clone(),
            _ => unit(&batch.sharpened_target),
        };
        let weights = &self.generator.weights;
        let fake = self.parts.generator.read(&mut Training(weights), &[seen]);
        let losses = match alone {
            true => self.psnr_step(&fake, &truth),
            false => self.gan_step(&fake, &truth, &real),
        };
        self.generator.update_average(self.step);
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        self.generator.start_from(model, "stage1.")
    }

    fn predict(&self, inputs: &Inputs<'_>) -> Tensor {
        let fake = forward(&self.parts.generator, self.weights(), &[unit(inputs.input)]);
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
        if self.step > self.parts.psnr.steps {
            self.generator
                .set_rate(self.parts.gan.schedule.learning_rate);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::member::Esrgan;
    use super::*;
    use crate::train::optim::losses::cross_entropy;
    use crate::train::recipe::RecipeText;

    /// A step of the second part: sharpened truths, weights that a test can tell apart.
    fn stage() -> EsrganStep {
        let small = include_str!("../../../../recipes/esrgan-small.toml");
        let mut recipe = Esrgan::parse(small).unwrap().0;
        recipe.psnr.steps = 0;
        recipe.perceptual.features = None;
        (recipe.gan.pixel, recipe.gan.adversarial) = (0.5, 0.1);
        (recipe.gan.distance, recipe.gan.loss) = (Distance::L1, GanLoss::CrossEntropy);
        recipe.stage("esrgan", Device::Cpu).unwrap()
    }

    fn batch() -> Batch {
        tch::manual_seed(4);
        let options = (Kind::Float, Device::Cpu);
        let [input, target, sharpened_target] =
            [16, 64, 64].map(|side| Tensor::rand([2, 3, side, side], options) * 2 - 1);
        Batch {
            input,
            target,
            sharpened_target,
            ..Batch::default()
        }
    }

    #[test]
    fn sharpened_truths_are_for_pictures_and_plain_ones_for_the_discriminator() {
        let (mut stage, twin, batch) = (stage(), stage(), batch());
        let losses = stage.step(&batch).unwrap().values();
        let of = |name: &str| losses.iter().find(|(term, _)| *term == name).unwrap().1;

        let seen = [unit(&batch.input)];
        let generator = &twin.parts.generator;
        let fake = generator.read(&mut Training(&twin.generator.weights), &seen);
        let distance = |truth: &Tensor| (l1(&fake, &unit(truth)) * 0.5).double_value(&[]);
        assert!((of("pixel") - distance(&batch.sharpened_target)).abs() < 1e-5);
        assert!((of("pixel") - distance(&batch.target)).abs() > 1e-4);

        let Adversary::Own(size, discriminator) = &twin.discriminator else {
            panic!("it has its own");
        };
        let weights = discriminator.effective();
        let scores = |pictures: &Tensor| twin.parts.scores(*size, &weights, pictures);
        let told = |real: &Tensor| {
            let loss =
                cross_entropy(&scores(&unit(real)), 1.0) + cross_entropy(&scores(&fake), 0.0);
            loss.double_value(&[])
        };
        let found = of("discriminator");
        assert!((found - told(&batch.target)).abs() < 1e-4, "{found}");
        assert!(
            (found - told(&batch.sharpened_target)).abs() > 1e-3,
            "{found}"
        );
    }
}
