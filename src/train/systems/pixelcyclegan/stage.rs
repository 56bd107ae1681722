//! The training of PixelCycleGAN: unpaired, both ways, with a structure loss on the pictures' cycle.
//!
//! P is the domain of pixel art, C that of pictures. In the published program each judge scores the wrong generator, and
//! the pools of older fakes are filled but not shown; here judges and pools do what they are for.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tch::{Device, Tensor};

use super::networks::{Nested, judge};
use super::recipe::Recipe;
use super::structure::Structure;
use crate::train::data::loader::Batch;
use crate::train::nn::layers::{Declare, Init, Parameters, Training};
use crate::train::nn::network::{Network, declare, forward};
use crate::train::nn::parameters::saved_step;
use crate::train::optim::discriminator::adversary::{Adversary, Replacement};
use crate::train::optim::discriminator::projected::Projecting;
use crate::train::optim::image_pool::ImagePool;
use crate::train::optim::losses::{Losses, l1, least_squares};
use crate::train::optim::trained::{Trained, Watch, seed_step};
use crate::train::run::train_step::Stage;

/// What helps against a judge that has run away.
const REMEDY: &str = "a narrower judge (judge.width), then a smaller train.rate";

/// Constants of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Optimiser steps.
    pub steps: u64,
    /// Pictures of each domain in one step.
    pub batch: usize,
    /// Adam's learning rate; it does not fall.
    pub rate: f64,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Standard deviation of the initial weights.
    pub init: f64,
    /// Weight of the cycle terms (published: 10).
    pub cycle: f64,
    /// Weight of the structure term within the cycle terms (published: 0.1).
    pub structure: f64,
    /// File of the feature network of the structure term, which is off without it (published: VGG16), and of projected
    /// discriminators.
    #[serde(default, alias = "vgg", skip_serializing_if = "Option::is_none")]
    pub features: Option<PathBuf>,
    /// Weight of the identity terms (published: 0.5).
    pub identity: f64,
    /// Size of the pools of older fakes; 0 shows judges the newest ones, as the published program does.
    pub pool: usize,
}

/// A judge of one domain, with older fakes.
struct Judge {
    name: &'static str,
    width: i64,
    watch: Watch,
    adversary: Adversary,
    pool: ImagePool,
}

impl Judge {
    fn new(
        name: &'static str,
        recipe: &Recipe,
        projecting: Option<&Projecting>,
        device: Device,
    ) -> Self {
        let (s, width) = (&recipe.train, recipe.judge.width);
        let adversary = Adversary::new(projecting, name, || {
            let weights = Declare::parameters(Init::Normal(s.init), device, |l| {
                judge(l, &(), width);
            });
            Trained::new(name, weights, s.rate, s.betas)
        });
        Self {
            name,
            width,
            watch: Watch::default(),
            adversary,
            pool: ImagePool::new(s.pool),
        }
    }

    fn deceived(&self, pictures: &Tensor) -> Tensor {
        match &self.adversary {
            Adversary::Own(own) => {
                let scores = judge(&mut Training(&own.fixed()), pictures, self.width);
                least_squares(&scores, 1.0)
            }
            Adversary::Projected(projected) => projected.generator_loss(pictures),
        }
    }

    /// One step between `real` and `made`, or older ones, by the chance of `seed`; the loss is called `name`.
    fn train(
        &mut self,
        name: &'static str,
        [real, made]: [&Tensor; 2],
        seed: u64,
        losses: &mut Losses,
    ) {
        let made = self.pool.exchange(made, seed);
        let loss = match &mut self.adversary {
            Adversary::Own(own) => {
                let mut pass = Training(&own.weights);
                let real = judge(&mut pass, real, self.width);
                let made = judge(&mut pass, &made, self.width);
                let loss = (least_squares(&real, 1.0) + least_squares(&made, 0.0)) * 0.5;
                loss.backward();
                own.step(1.0);
                loss.detach()
            }
            Adversary::Projected(projected) => {
                return projected.train(name, [real, &made], 1.0, losses);
            }
        };
        self.watch.see(name, &loss, REMEDY, losses);
        losses.add(name, loss);
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        self.adversary.save(out);
        for (i, picture) in self.pool.stored.iter().enumerate() {
            out.push((
                format!("pool.{}.{i:04}", self.name),
                picture.shallow_clone(),
            ));
        }
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        self.adversary.load(saved)?;
        // Names are in the order of the slots.
        let prefix = format!("pool.{}.", self.name);
        let pictures = saved.iter().filter(|(key, _)| key.starts_with(&prefix));
        self.pool.stored = pictures.map(|(_, picture)| picture.copy()).collect();
        Ok(())
    }
}

/// Both generators and judges in training.
pub struct PixelStage {
    settings: Settings,
    network: Nested,
    seed: u64,
    step: u64,
    /// P → C.
    to_picture: Trained,
    /// C → P.
    to_art: Trained,
    judge_picture: Judge,
    judge_art: Judge,
    structure: Option<Structure>,
}

impl PixelStage {
    /// Untrained networks.
    ///
    /// Fails where a feature network can not be read, or a projected discriminator has none.
    pub fn new(recipe: &Recipe, device: Device) -> anyhow::Result<Self> {
        let (settings, network) = (recipe.train.clone(), recipe.generator.clone());
        let (features, side) = (settings.features.as_deref(), recipe.model.size as i64);
        let optimizer = (settings.rate, settings.betas);
        let open = |it: Replacement| it.open(features, side, optimizer, device);
        let projecting = recipe.discriminator.map(open).transpose()?;
        let structure = Structure::open(&settings, device)?;
        tch::manual_seed(recipe.seed as i64);
        let generator = |name| {
            let weights = declare(&network, Init::Normal(settings.init), device);
            Trained::new(name, weights, settings.rate, settings.betas)
        };
        let (to_picture, to_art) = (generator("to_picture"), generator("to_art"));
        let judge = |name| Judge::new(name, recipe, projecting.as_ref(), device);
        let (judge_picture, judge_art) = (judge("judge_picture"), judge("judge_art"));
        Ok(Self {
            to_picture,
            to_art,
            judge_picture,
            judge_art,
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
}

impl Stage for PixelStage {
    fn name(&self) -> &'static str {
        "pixelcyclegan"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, batch: &Batch) -> anyhow::Result<Losses> {
        seed_step(self.seed, self.step);
        let s = &self.settings;
        let (art, picture) = (&batch.pixelated, &batch.others);
        let (fake_picture, fake_art) = (self.picture_of(art), self.art_of(picture));
        let art_again = self.art_of(&fake_picture);
        let picture_again = self.picture_of(&fake_art);
        let mut losses = Losses::default();
        losses.add("adversarial-art", self.judge_art.deceived(&fake_art));
        let deceived = self.judge_picture.deceived(&fake_picture);
        losses.add("adversarial-picture", deceived);
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
        losses.total().backward();
        self.to_picture.step(1.0);
        self.to_art.step(1.0);

        let seed = self.seed.wrapping_add(self.step);
        let judge = &mut self.judge_art;
        judge.train("judge-art", [art, &fake_art], seed, &mut losses);
        let judge = &mut self.judge_picture;
        judge.train(
            "judge-picture",
            [picture, &fake_picture],
            !seed,
            &mut losses,
        );
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        self.to_picture.start_from(model, "stage1.")
    }

    /// Pictures of pixel art.
    fn restore(&self, pixelated: &Tensor, _: &Tensor) -> Tensor {
        let weights = self.to_picture.best();
        forward(&self.network, weights, &[pixelated.shallow_clone()])
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        self.to_picture.save(out);
        self.to_art.save(out);
        self.judge_picture.save(out);
        self.judge_art.save(out);
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        self.to_picture.load(saved)?;
        self.to_art.load(saved)?;
        self.judge_picture.load(saved)?;
        self.judge_art.load(saved)?;
        self.step = saved_step(saved)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::train::features::tests::with_network;
    use crate::train::optim::trained::tests::check_resumed;
    use crate::train::recipe::RecipeText;

    fn recipe() -> Recipe {
        let train = Settings {
            steps: 60,
            batch: 2,
            rate: 3e-3,
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
        recipe.judge.width = 4;
        Recipe {
            seed: 7,
            generator: Nested::Pyramid {
                widths: vec![4, 4, 8],
            },
            train,
            ..recipe
        }
    }

    fn stage() -> PixelStage {
        PixelStage::new(&recipe(), Device::Cpu).unwrap()
    }

    fn batch() -> Batch {
        tch::manual_seed(2);
        let options = (Kind::Float, Device::Cpu);
        let smooth = Tensor::rand([2, 3, 4, 4], options) * 2 - 1;
        let none = || Tensor::zeros([0], options);
        Batch {
            fine: Tensor::new(),
            projection: None,
            pixelated: smooth.upsample_nearest2d([32, 32], None, None),
            others: smooth.upsample_bilinear2d([32, 32], false, None, None),
            clean: none(),
            lattice: none(),
            sharp: none(),
            labels: none(),
        }
    }

    #[test]
    fn cycles_close() {
        let (mut stage, batch) = (stage(), batch());
        let mut cycles = Vec::new();
        for _ in 0..60 {
            let losses = stage.step(&batch).unwrap().values();
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
    fn so_does_one_with_projected_discriminators() {
        let make = |features: &Path| {
            let mut recipe = recipe();
            recipe.train.features = Some(features.to_owned());
            recipe.discriminator = Some(Replacement::Projected(Default::default()));
            PixelStage::new(&recipe, Device::Cpu).unwrap()
        };
        with_network(|features| check_resumed(|| make(features), &batch()));
    }
}
