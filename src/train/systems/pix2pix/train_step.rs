//! The training of pix2pix: binary cross-entropy of a discriminator of pairs, and 100 times the
//! mean difference.

use std::path::Path;

use tch::{Device, Tensor};

use super::networks::UNet;
use super::recipe::{Recipe, Settings};
use crate::train::data::loader::{Batch, Inputs};
use crate::train::nn::layers::{Declare, Init, Parameters, Training};
use crate::train::nn::network::{Network, declare, forward};
use crate::train::nn::parameters::saved_step;
use crate::train::optim::discriminator::Adversary;
use crate::train::optim::discriminator::patch::{Norm, PatchGanSize, patch_gan};
use crate::train::optim::losses::{Losses, cross_entropy, fake_score, l1};
use crate::train::optim::parts::{Made, Parts};
use crate::train::optim::trained::{TrainedNetwork, Watch, seed_step};
use crate::train::run::train_step::TrainStep;

/// What helps against a discriminator that has run away.
const REMEDY: &str = "a smaller train.discriminator_weight, then a narrower discriminator";

/// Channels of a pair of pictures.
pub(super) const PAIR: i64 = 6;

/// Generator and discriminator in training.
pub struct Pix2pixStep {
    settings: Settings,
    unet: UNet,
    seed: u64,
    step: u64,
    watch: Watch,
    generator: TrainedNetwork,
    discriminator: Adversary<PatchGanSize>,
}

impl Pix2pixStep {
    /// Untrained networks.
    ///
    /// Fails where a projected discriminator has no usable feature network.
    pub fn new(recipe: &Recipe, device: Device) -> anyhow::Result<Self> {
        let (settings, unet) = (recipe.train.clone(), recipe.generator);
        let (learning_rate, betas) = (settings.learning_rate, settings.betas);
        let (features, side) = (recipe.features.as_deref(), recipe.model.size as i64);
        let opened = recipe
            .discriminator
            .open(features, side, (learning_rate, betas), device)?;
        tch::manual_seed(recipe.seed as i64);
        let init = Init::Normal(settings.init);
        let generator = TrainedNetwork::new(
            "generator",
            declare(&unet, init, device),
            learning_rate,
            betas,
        );
        let discriminator = opened.adversary("judge", |&size| {
            let weights = Declare::parameters(init, device, |l| {
                patch_gan(l, &(), PAIR, size);
            });
            let discriminator = TrainedNetwork::new("judge", weights, learning_rate, betas);
            match size.norm {
                Norm::Spectral => discriminator.spectral(|name| name.ends_with(".weight")),
                Norm::Instance | Norm::Batch => discriminator,
            }
        });
        Ok(Self {
            generator,
            discriminator,
            watch: Watch::default(),
            settings,
            unet,
            seed: recipe.seed,
            step: 0,
        })
    }

    /// The generator's weights, to be exported.
    pub fn weights(&self) -> &Parameters {
        self.generator.best()
    }

    /// Faces without what covers them.
    fn fake(&self, number: u64, batch: &Batch) -> Tensor {
        // Dropout is the same where a face is made again.
        seed_step(self.seed, number);
        let mut pass = Training(&self.generator.weights);
        self.unet.read(&mut pass, &[batch.input.shallow_clone()])
    }

    /// One step of the discriminator, with `factor` times the rate.
    fn train_discriminator(
        &mut self,
        parts: &Parts<'_>,
        made: &Made<Tensor>,
        factor: f64,
        losses: &mut Losses,
    ) -> anyhow::Result<()> {
        let (size, own) = match &mut self.discriminator {
            Adversary::Own(size, own) => (*size, own),
            Adversary::Projected(discriminator) => {
                let seen = |part: usize, batch: &Batch| {
                    [batch.target.shallow_clone(), made.of(part).detach()]
                };
                return discriminator.train("discriminator", parts, seen, factor, losses);
            }
        };
        own.power_iteration();
        let mean = parts.backward(|part, batch| {
            let weights = own.effective();
            let right = scores(size, &weights, batch, &batch.target);
            let wrong = scores(size, &weights, batch, &made.of(part).detach());
            let loss = cross_entropy(&right, 1.0) + cross_entropy(&wrong, 0.0);
            let loss = loss * self.settings.discriminator_weight;
            let mut losses = Losses::of("discriminator", loss);
            losses.add("fake-score", fake_score(&wrong));
            Ok(losses)
        })?;
        own.step(factor);
        let taken = mean.term("fake-score");
        self.watch.see("discriminator", &taken, REMEDY, losses);
        losses.append(mean);
        Ok(())
    }

    /// What the generator loses by the faces `fake` that it made of those of `batch`.
    fn generator_losses(&self, batch: &Batch, fake: &Tensor) -> Losses {
        let adversarial = match &self.discriminator {
            Adversary::Own(size, own) => {
                cross_entropy(&scores(*size, &own.detached(), batch, fake), 1.0)
            }
            Adversary::Projected(discriminator) => discriminator.generator_loss(fake),
        };
        let mut losses = Losses::of("adversarial", adversarial);
        losses.add("l1", l1(fake, &batch.target) * self.settings.l1);
        losses
    }
}

/// Raw scores of `faces` beside the covered ones of `batch`.
fn scores(size: PatchGanSize, discriminator: &Parameters, batch: &Batch, faces: &Tensor) -> Tensor {
    let pair = Tensor::cat(&[&batch.input, faces], 1);
    patch_gan(&mut Training(discriminator), &pair, PAIR, size)
}

impl TrainStep for Pix2pixStep {
    fn name(&self) -> &'static str {
        "pix2pix"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, parts: &Parts<'_>) -> anyhow::Result<Losses> {
        let falling = self.settings.schedule().factor_at(self.step);
        let step = self.step;
        let made = parts.make(|part, batch| self.fake(parts.number(step, part), batch))?;
        let mut of_discriminator = Losses::default();
        self.train_discriminator(parts, &made, falling, &mut of_discriminator)?;
        let mut losses = parts.backward(|part, batch| {
            let again = || self.fake(parts.number(step, part), batch);
            made.anew(again, |fake| Ok(self.generator_losses(batch, fake)))
        })?;
        self.generator.step(falling);
        losses.append(of_discriminator);
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        self.generator.start_from(model, "stage1.")
    }

    fn predict(&self, inputs: &Inputs<'_>) -> Tensor {
        forward(&self.unet, self.weights(), &[inputs.input.shallow_clone()])
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
    use tch::Kind;

    use super::super::networks::{Flavour, UNetNorm};
    use super::*;
    use crate::cascade::{Model, ModelMetadata, MosaicInput, ValueRange, Window};
    use crate::train::features::tests::with_network;
    use crate::train::optim::discriminator::DiscriminatorChoice;
    use crate::train::optim::trained::tests::{check_parts, check_resumed};
    use crate::train::recipe::RecipeText;
    use crate::train::run::model_file::model_file;

    const UNET: UNet = UNet {
        width: 4,
        // Without dropout: tests that run beside this one draw from the same randomness.
        halvings: 5,
        norm: UNetNorm::Batch,
        flavour: Flavour::Base,
    };

    fn recipe(steps: u64) -> Recipe {
        let train = Settings {
            steps,
            batch: 4,
            accumulate: 1,
            learning_rate: 1e-3,
            constant_share: 0.5,
            betas: [0.5, 0.999],
            init: 0.02,
            l1: 100.0,
            discriminator_weight: 0.5,
        };
        let mut recipe = Recipe::parse(Recipe::DEFAULT).unwrap();
        recipe.model.size = 64;
        Recipe {
            seed: 5,
            generator: UNET,
            discriminator: DiscriminatorChoice::Own(PatchGanSize {
                width: 4,
                layers: 2,
                norm: Norm::Batch,
            }),
            train,
            ..recipe
        }
    }

    fn stage(steps: u64) -> Pix2pixStep {
        Pix2pixStep::new(&recipe(steps), Device::Cpu).unwrap()
    }

    /// Bright and dark squares, whose lower half is covered.
    fn batch() -> Batch {
        let levels = Tensor::from_slice(&[-0.6f32, -0.2, 0.2, 0.6]).view([4, 1, 1, 1]);
        let clean = levels.expand([4, 3, 64, 64], false).contiguous();
        let pixelated = clean.copy();
        let _ = pixelated.narrow(2, 32, 32).fill_(-1.0);
        let none = Tensor::zeros([0], (Kind::Float, Device::Cpu));
        Batch {
            conditioning: none.shallow_clone(),
            sharpened_target: none.shallow_clone(),
            unpaired: none.shallow_clone(),
            labels: none,
            input: pixelated,
            target: clean,
            ..Batch::default()
        }
    }

    #[test]
    fn it_learns_and_the_element_plays_it() {
        let (mut stage, batch) = (stage(80), batch());
        let mut l1 = Vec::new();
        while stage.progress().0 < 80 {
            let losses = stage.step(&Parts::whole(&batch)).unwrap().values();
            l1.push(losses.iter().find(|(name, _)| *name == "l1").unwrap().1);
        }
        assert!(l1[79] < 0.6 * l1[0], "{} → {}", l1[0], l1[79]);
        let metadata = ModelMetadata {
            size: 64,
            scale: 1,
            range: ValueRange::Signed,
            margin: 1.3,
            mosaic: MosaicInput::Blocks,
            blocks: (4.0, 16.0),
            trained_on: "squares".to_owned(),
            license: "MIT".to_owned(),
            multiple: None,
            window: Window::default(),
        };
        let onnx = model_file(&UNET, stage.weights(), &metadata, "").unwrap();
        let model = Model::from_bytes("squares", onnx).unwrap();
        let open = ModelMetadata {
            multiple: UNET.multiple(),
            window: Window::default(),
            ..metadata
        };
        assert_eq!(*model.metadata(), open);
    }

    #[test]
    fn a_resumed_training_goes_on_as_if_it_had_not_stopped() {
        check_resumed(|| stage(4), &batch());
    }

    #[test]
    fn a_step_in_parts_is_the_same_step() {
        let mut recipe = recipe(4);
        recipe.generator.norm = UNetNorm::Instance;
        recipe.discriminator = DiscriminatorChoice::Own(PatchGanSize {
            width: 4,
            layers: 2,
            norm: Norm::Instance,
        });
        let make = || Pix2pixStep::new(&recipe, Device::Cpu).unwrap();
        check_parts(make, &batch());
    }

    #[test]
    fn so_does_one_with_a_projected_discriminator() {
        let recipe = |features: &Path| Recipe {
            features: Some(features.to_owned()),
            discriminator: DiscriminatorChoice::Projected(Default::default()),
            ..recipe(4)
        };
        let make = |features: &Path| Pix2pixStep::new(&recipe(features), Device::Cpu).unwrap();
        with_network(|features| check_resumed(|| make(features), &batch()));
    }
}
