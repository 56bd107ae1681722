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
use crate::train::optim::trained::{TrainedNetwork, Watch, seed_step};
use crate::train::run::train_step::TrainStep;

/// What helps against a discriminator that has run away.
const REMEDY: &str = "a smaller train.discriminator_weight, then a narrower discriminator";

/// Channels of a pair of pictures.
const PAIR: i64 = 6;

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

    /// One step of the discriminator, with `factor` times the rate; then what the generator loses
    /// by the pictures `fake` that it made of those of `batch`.
    fn adversarial_loss(
        &mut self,
        batch: &Batch,
        fake: &Tensor,
        factor: f64,
        losses: &mut Losses,
    ) -> Tensor {
        match &mut self.discriminator {
            Adversary::Own(size, discriminator) => {
                let scores = |discriminator: &Parameters, picture: &Tensor| {
                    let pair = Tensor::cat(&[&batch.input, picture], 1);
                    patch_gan(&mut Training(discriminator), &pair, PAIR, *size)
                };
                discriminator.power_iteration();
                let judging = discriminator.effective();
                let right = scores(&judging, &batch.target);
                let wrong = scores(&judging, &fake.detach());
                let adversarial_loss = cross_entropy(&right, 1.0) + cross_entropy(&wrong, 0.0);
                let adversarial_loss = adversarial_loss * self.settings.discriminator_weight;
                adversarial_loss.backward();
                discriminator.step(factor);
                losses.add("discriminator", adversarial_loss.detach());
                self.watch
                    .see("discriminator", &fake_score(&wrong), REMEDY, losses);
                cross_entropy(&scores(&discriminator.detached(), fake), 1.0)
            }
            Adversary::Projected(discriminator) => {
                discriminator.train("discriminator", [&batch.target, fake], factor, losses);
                discriminator.generator_loss(fake)
            }
        }
    }
}

impl TrainStep for Pix2pixStep {
    fn name(&self) -> &'static str {
        "pix2pix"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, batch: &Batch) -> anyhow::Result<Losses> {
        seed_step(self.seed, self.step);
        let s = &self.settings;
        let falling = s.schedule().factor_at(self.step);
        let inputs = [batch.input.shallow_clone()];
        let weights = &self.generator.weights;
        let fake = self.unet.read(&mut Training(weights), &inputs);
        let (mut adversarial_loss, mut losses) = (Losses::default(), Losses::default());
        let adversarial = self.adversarial_loss(batch, &fake, falling, &mut adversarial_loss);
        losses.add("adversarial", adversarial);
        losses.add("l1", l1(&fake, &batch.target) * self.settings.l1);
        losses.total().backward();
        self.generator.step(falling);
        losses.append(adversarial_loss);
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
    use crate::cascade::{Model, ModelMetadata, MosaicInput, ValueRange};
    use crate::train::features::tests::with_network;
    use crate::train::optim::discriminator::DiscriminatorChoice;
    use crate::train::optim::trained::tests::check_resumed;
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
            let losses = stage.step(&batch).unwrap().values();
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
        };
        let onnx = model_file(&UNET, stage.weights(), &metadata, "").unwrap();
        let model = Model::from_bytes("squares", onnx).unwrap();
        let open = ModelMetadata {
            multiple: UNET.multiple(),
            ..metadata
        };
        assert_eq!(*model.metadata(), open);
    }

    #[test]
    fn a_resumed_training_goes_on_as_if_it_had_not_stopped() {
        check_resumed(|| stage(4), &batch());
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
