//! The training of PixelCycleGAN: unpaired, both ways, with a structure loss on the pictures'
//! cycle.
//!
//! P is the domain of pixel art, C that of pictures. In the published program each discriminator
//! scores the wrong generator, and the pools of older fakes are filled but not shown; here
//! discriminators and pools do what they are for.

use std::path::Path;

use tch::{Device, Tensor};

use super::networks::{Nested, discriminator};
use super::recipe::{DiscriminatorWidth, Recipe, Settings};
use super::structure::Structure;
use crate::train::data::loader::{Batch, Inputs};
use crate::train::nn::layers::{Declare, Init, Parameters, Training};
use crate::train::nn::network::{Network, declare, forward};
use crate::train::nn::parameters::saved_step;
use crate::train::optim::discriminator::Discriminator;
use crate::train::optim::losses::{GanLoss, Losses, l1};
use crate::train::optim::parts::Parts;
use crate::train::optim::trained::{TrainedNetwork, seed_step};
use crate::train::run::train_step::TrainStep;

/// What helps against a discriminator that has run away.
const REMEDY: &str =
    "narrower discriminators (discriminator.width), then a smaller train.learning_rate";

/// Both generators and discriminators in training.
pub struct PixelCycleGanStep {
    settings: Settings,
    network: Nested,
    seed: u64,
    step: u64,
    /// P → C.
    to_picture: TrainedNetwork,
    /// C → P.
    to_art: TrainedNetwork,
    discriminator_picture: Discriminator<DiscriminatorWidth>,
    discriminator_art: Discriminator<DiscriminatorWidth>,
    structure: Option<Structure>,
}

impl PixelCycleGanStep {
    /// Untrained networks.
    ///
    /// Fails where a feature network cannot be read, or a projected discriminator has none.
    pub fn new(recipe: &Recipe, device: Device) -> anyhow::Result<Self> {
        let (settings, network) = (recipe.train.clone(), recipe.generator.clone());
        let (features, side) = (settings.features.as_deref(), recipe.model.size as i64);
        let optimizer = (settings.learning_rate, settings.betas);
        let opened = recipe
            .discriminator
            .open(features, side, optimizer, device)?;
        let structure = Structure::open(&settings, device)?;
        tch::manual_seed(recipe.seed as i64);
        let generator = |name| {
            let weights = declare(&network, Init::Normal(settings.init), device);
            TrainedNetwork::new(name, weights, settings.learning_rate, settings.betas)
        };
        let (to_picture, to_art) = (generator("to_picture"), generator("to_art"));
        let init = Init::Normal(settings.init);
        let discriminator = |name| {
            let adversary = opened.adversary(name, |size| {
                let weights = Declare::parameters(init, device, |l| {
                    discriminator(l, &(), size.width);
                });
                TrainedNetwork::new(name, weights, settings.learning_rate, settings.betas)
            });
            let scores = |size: &DiscriminatorWidth, weights: &Parameters, pictures: &Tensor| {
                discriminator(&mut Training(weights), pictures, size.width)
            };
            let loss = GanLoss::LeastSquares;
            let one = Discriminator::new(name, adversary, loss, REMEDY, scores);
            one.weighted(0.5).pooled(settings.pool)
        };
        let discriminator_picture = discriminator("judge_picture");
        let discriminator_art = discriminator("judge_art");
        Ok(Self {
            to_picture,
            to_art,
            discriminator_picture,
            discriminator_art,
            structure,
            settings,
            network,
            seed: recipe.seed,
            step: 0,
        })
    }

    /// The weights of both generators: pixel art → picture, picture → pixel art.
    pub fn weights(&self) -> [&Parameters; 2] {
        [self.to_picture.best(), self.to_art.best()]
    }

    fn picture_of(&self, x: &Tensor) -> Tensor {
        let mut pass = Training(&self.to_picture.weights);
        self.network.read(&mut pass, &[x.shallow_clone()])
    }

    fn art_of(&self, x: &Tensor) -> Tensor {
        let mut pass = Training(&self.to_art.weights);
        self.network.read(&mut pass, &[x.shallow_clone()])
    }

    /// What both generators lose, and what they made: a picture of pixel art, and pixel art of a
    /// picture.
    fn generator_losses(&self, batch: &Batch) -> (Losses, [Tensor; 2]) {
        let s = &self.settings;
        let (art, picture) = (&batch.input, &batch.unpaired);
        let (fake_picture, fake_art) = (self.picture_of(art), self.art_of(picture));
        let art_again = self.art_of(&fake_picture);
        let picture_again = self.picture_of(&fake_art);
        let mut losses = Losses::default();
        losses.add(
            "adversarial-art",
            self.discriminator_art.generator_loss(&fake_art),
        );
        let generator_loss = self.discriminator_picture.generator_loss(&fake_picture);
        losses.add("adversarial-picture", generator_loss);
        losses.add("cycle-art", l1(&art_again, art) * s.cycle);
        losses.add("cycle-picture", l1(&picture_again, picture) * s.cycle);
        if let Some(structure) = &self.structure {
            let structure = structure.of(picture, &picture_again);
            losses.add("structure", structure * (s.cycle * s.structure));
        }
        if s.identity > 0.0 {
            let same = l1(&self.art_of(art), art) + l1(&self.picture_of(picture), picture);
            losses.add("identity", same * s.identity);
        }
        (losses, [fake_picture.detach(), fake_art.detach()])
    }
}

impl TrainStep for PixelCycleGanStep {
    fn name(&self) -> &'static str {
        "pixelcyclegan"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, parts: &Parts<'_>) -> anyhow::Result<Losses> {
        let mut fakes = Vec::new();
        let mut losses = parts.backward(|part, batch| {
            seed_step(self.seed, parts.number(self.step, part));
            let (losses, made) = self.generator_losses(batch);
            fakes.push(made);
            Ok(losses)
        })?;
        self.to_picture.step(1.0);
        self.to_art.step(1.0);

        let seed = self.seed.wrapping_add(self.step);
        let art = |part: usize, batch: &Batch| {
            [batch.input.shallow_clone(), fakes[part][1].shallow_clone()]
        };
        let one = &mut self.discriminator_art;
        one.train("discriminator-art", parts, art, (1.0, seed), &mut losses)?;
        let picture = |part: usize, batch: &Batch| {
            [
                batch.unpaired.shallow_clone(),
                fakes[part][0].shallow_clone(),
            ]
        };
        let (one, term) = (&mut self.discriminator_picture, "discriminator-picture");
        one.train(term, parts, picture, (1.0, !seed), &mut losses)?;
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        self.to_picture.start_from(model, "stage1.")
    }

    fn warnings(&self, _: bool) -> anyhow::Result<Vec<String>> {
        let warning = self.structure.as_ref().and_then(Structure::warning);
        Ok(warning.into_iter().collect())
    }

    /// Pictures of pixel art.
    fn predict(&self, inputs: &Inputs<'_>) -> Tensor {
        let weights = self.to_picture.best();
        forward(&self.network, weights, &[inputs.input.shallow_clone()])
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        self.to_picture.save(out);
        self.to_art.save(out);
        self.discriminator_picture.save(out);
        self.discriminator_art.save(out);
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        self.to_picture.load(saved)?;
        self.to_art.load(saved)?;
        self.discriminator_picture.load(saved)?;
        self.discriminator_art.load(saved)?;
        self.step = saved_step(saved)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::train::features::tests::with_network;
    use crate::train::optim::discriminator::DiscriminatorChoice;
    use crate::train::optim::losses::least_squares;
    use crate::train::optim::trained::tests::{check_parts, check_resumed, saved};
    use crate::train::recipe::RecipeText;

    fn recipe() -> Recipe {
        let train = Settings {
            steps: 60,
            batch: 2,
            accumulate: 1,
            learning_rate: 3e-3,
            betas: [0.5, 0.999],
            init: 0.02,
            cycle: 10.0,
            structure: 0.1,
            features: None,
            identity: 0.5,
            pool: 3,
        };
        let mut recipe = Recipe::parse(Recipe::DEFAULT).unwrap();
        recipe.model.size = 32;
        recipe.discriminator = DiscriminatorChoice::Own(DiscriminatorWidth { width: 4 });
        Recipe {
            seed: 7,
            generator: Nested::Pyramid {
                widths: vec![4, 4, 8],
            },
            train,
            ..recipe
        }
    }

    fn stage() -> PixelCycleGanStep {
        PixelCycleGanStep::new(&recipe(), Device::Cpu).unwrap()
    }

    fn batch() -> Batch {
        tch::manual_seed(2);
        let options = (Kind::Float, Device::Cpu);
        let smooth = Tensor::rand([2, 3, 4, 4], options) * 2 - 1;
        Batch {
            input: smooth.upsample_nearest2d([32, 32], None, None),
            unpaired: smooth.upsample_bilinear2d([32, 32], false, None, None),
            ..Batch::default()
        }
    }

    #[test]
    fn discriminators_are_each_on_their_own_side() {
        let (mut stage, twin, batch) = (stage(), stage(), batch());
        let weights = saved(&twin);
        let scores = |name: &str, pictures: &Tensor| {
            let own = weights.iter().filter_map(|(key, tensor)| {
                let key = key.strip_prefix(name)?.strip_prefix('.')?;
                Some((key.to_owned(), tensor.shallow_clone()))
            });
            let own: Parameters = own.collect();
            tch::no_grad(|| discriminator(&mut Training(&own), pictures, 4))
        };
        let (art, picture) = (&batch.input, &batch.unpaired);
        let (fake_art, fake_picture) = (twin.art_of(picture), twin.picture_of(art));
        let losses = stage.step(&Parts::whole(&batch)).unwrap().values();
        let close = |name: &str, expected: Tensor| {
            let (_, found) = losses.iter().find(|(term, _)| *term == name).unwrap();
            let expected = expected.double_value(&[]);
            assert!(
                (found - expected).abs() < 1e-4 * expected.max(1.0),
                "{name}: {found}, not {expected}"
            );
        };
        for (kind, name, real, fake) in [
            ("art", "judge_art", art, &fake_art),
            ("picture", "judge_picture", picture, &fake_picture),
        ] {
            let (of_real, of_fake) = (scores(name, real), scores(name, fake));
            close(&format!("adversarial-{kind}"), least_squares(&of_fake, 1.0));
            let told = least_squares(&of_real, 1.0) + least_squares(&of_fake, 0.0);
            close(&format!("discriminator-{kind}"), told * 0.5);
        }
    }

    #[test]
    fn cycles_close() {
        let (mut stage, batch) = (stage(), batch());
        let mut cycles = Vec::new();
        for _ in 0..60 {
            let losses = stage.step(&Parts::whole(&batch)).unwrap().values();
            let terms = losses.iter().filter(|(name, _)| name.starts_with("cycle"));
            cycles.push(terms.map(|(_, value)| value).sum::<f64>());
        }
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        assert!(
            mean(&cycles[50..]) < 0.9 * mean(&cycles[..10]),
            "{cycles:?}"
        );
    }

    #[test]
    fn a_resumed_training_goes_on_as_if_it_had_not_stopped() {
        check_resumed(stage, &batch());
    }

    #[test]
    fn a_step_in_parts_is_the_same_step() {
        check_parts(stage, &batch());
    }

    #[test]
    fn so_does_one_with_projected_discriminators() {
        let make = |features: &Path| {
            let mut recipe = recipe();
            recipe.train.features = Some(features.to_owned());
            recipe.discriminator = DiscriminatorChoice::Projected(Default::default());
            PixelCycleGanStep::new(&recipe, Device::Cpu).unwrap()
        };
        with_network(|features| check_resumed(|| make(features), &batch()));
    }
}
