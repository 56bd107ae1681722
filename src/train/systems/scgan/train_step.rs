//! The training of SCGAN: four discriminators, two degraders and the restorer that they share.
//!
//! Forward half: a large picture h is degraded to l̂ and restored to ĥ. Backward half: a small
//! picture l is restored to h̃ and degraded again to l̃. No gradient crosses from one network into
//! the one before it. As HaoHou-98/SCGAN.

use std::path::Path;

use tch::{Device, Kind, Tensor};

use super::networks::{Degrader, LATENT, Restorer, SIDE, discriminator};
use super::recipe::{DiscriminatorWidth, Recipe, Settings};
use crate::train::data::loader::{Batch, Inputs};
use crate::train::nn::layers::{Declare, Forward, Init, Parameters, Training};
use crate::train::nn::network::{Network, declare, forward};
use crate::train::nn::parameters::saved_step;
use crate::train::optim::discriminator::Discriminator;
use crate::train::optim::losses::{GanLoss, Losses, l1};
use crate::train::optim::parts::Parts;
use crate::train::optim::trained::{TrainedNetwork, seed_step};
use crate::train::run::train_step::TrainStep;

/// What helps against a discriminator that has run away.
const REMEDY: &str =
    "a smaller train.adversarial, then narrower discriminators (discriminator.width)";

/// All seven networks in training.
pub struct ScganStep {
    settings: Settings,
    restorer: Restorer,
    degrader: Degrader,
    seed: u64,
    step: u64,
    /// G_RLS: small → large.
    restoring: TrainedNetwork,
    /// G_DHL: real large → small.
    forward: TrainedNetwork,
    /// G_DSL: restored large → small.
    backward: TrainedNetwork,
    /// Of l̂, ĥ, l̃, h̃.
    discriminators: [Discriminator<DiscriminatorWidth>; 4],
}

impl ScganStep {
    /// Untrained networks.
    ///
    /// Fails where projected discriminators have no usable feature network.
    pub fn new(recipe: &Recipe, device: Device) -> anyhow::Result<Self> {
        let (restorer, degrader) = (recipe.restorer, recipe.degrader);
        let (learning_rate, betas) = (recipe.train.schedule.learning_rate, recipe.train.betas);
        let features = recipe.features.as_deref();
        let opened = recipe
            .discriminator
            .open(features, SIDE, (learning_rate, betas), device)?;
        tch::manual_seed(recipe.seed as i64);
        let discriminator = |(name, side)| {
            let adversary = opened.adversary(name, |size| {
                let weights = Declare::parameters(Init::KaimingUniform, device, |l| {
                    discriminator(l, &(), size.width, side);
                });
                let trained = TrainedNetwork::new(name, weights, learning_rate, betas);
                trained.spectral(|name| name.ends_with(".weight"))
            });
            let scores = move |size: &DiscriminatorWidth, weights: &Parameters, x: &Tensor| {
                discriminator(&mut Training(weights), x, size.width, side)
            };
            Discriminator::new(name, adversary, GanLoss::Hinge, REMEDY, scores).seen_at(SIDE)
        };
        let trained = |name, weights| TrainedNetwork::new(name, weights, learning_rate, betas);
        let degrades = || declare(&degrader, Init::KaimingUniform, device);
        let restores = declare(&restorer, Init::KaimingUniform, device);
        let discriminators = [
            ("judge_l1", SIDE / 4),
            ("judge_h1", SIDE),
            ("judge_l2", SIDE / 4),
            ("judge_h2", SIDE),
        ];
        Ok(Self {
            restoring: trained("restorer", restores),
            forward: trained("degrader_h", degrades()),
            backward: trained("degrader_s", degrades()),
            discriminators: discriminators.map(discriminator),
            settings: recipe.train.clone(),
            restorer,
            degrader,
            seed: recipe.seed,
            step: 0,
        })
    }

    /// The restorer's weights, to be exported.
    pub fn weights(&self) -> &Parameters {
        self.restoring.best()
    }

    fn degraded(&self, weights: &TrainedNetwork, large: &Tensor, z: &Tensor) -> Tensor {
        let inputs = [large.shallow_clone(), z.shallow_clone()];
        let mut pass = Training(&weights.weights);
        self.degrader.read(&mut pass, &inputs)
    }

    fn restored(&self, small: &Tensor) -> Tensor {
        let weights = &self.restoring.weights;
        let inputs = [small.shallow_clone()];
        match self.settings.freeze_norms {
            Some(step) if step <= self.step => self.restorer.read(&mut Forward(weights), &inputs),
            _ => self.restorer.read(&mut Training(weights), &inputs),
        }
    }

    /// Small and restored pictures of both halves: l̂, ĥ, l̃, h̃. Small pictures are the batch's
    /// degraded ones; large ones are of others, so that nothing is paired.
    fn cycles(&self, number: u64, batch: &Batch) -> [Tensor; 4] {
        seed_step(self.seed, number);
        let (l, h) = (&batch.input, &batch.unpaired);
        let z = Tensor::randn([h.size()[0], LATENT], (Kind::Float, h.device()));
        let degraded = self.degraded(&self.forward, h, &z);
        let restored = self.restored(&degraded.detach());
        let from_real = self.restored(l);
        let again = self.degraded(&self.backward, &from_real.detach(), &z);
        [degraded, restored, again, from_real]
    }
    /// What both degraders and the restorer lose by the pictures `fake`. No term has a network in
    /// common with another but the restorer's two, so one pass back serves all three optimisers.
    fn generator_losses(&self, batch: &Batch, fake: &[Tensor; 4]) -> Losses {
        let (l, h) = (&batch.input, &batch.unpaired);
        let [degraded, restored, again, from_real] = fake;
        let Settings {
            adversarial,
            backward,
            ..
        } = self.settings;
        let generator_loss =
            |i: usize| self.discriminators[i].generator_loss(&fake[i]) * adversarial;
        let pooled = h.avg_pool2d([4; 2], [4; 2], [0; 2], false, true, None);
        let mut losses = Losses::of("degrader-h", l1(degraded, &pooled));
        losses.add("adversarial-l1", generator_loss(0));
        // On the restorer's own grid: published are the corners', which moves the face by up to one
        // and a half pixels.
        let corners = self.restorer.align_corners;
        let enlarged = l.upsample_bicubic2d([SIDE; 2], corners, None, None);
        losses.add("restorer-forward", l1(restored, h));
        losses.add("adversarial-h1", generator_loss(1));
        losses.add("restorer-backward", l1(from_real, &enlarged) * backward);
        losses.add("adversarial-h2", generator_loss(3) * backward);
        losses.add("degrader-s", l1(again, l));
        losses.add("adversarial-l2", generator_loss(2));
        losses
    }
}

/// What the losses of the discriminators of l̂, ĥ, l̃, h̃ are called.
const DISCRIMINATORS: [&str; 4] = [
    "discriminator-l1",
    "discriminator-h1",
    "discriminator-l2",
    "discriminator-h2",
];

impl TrainStep for ScganStep {
    fn name(&self) -> &'static str {
        "scgan"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, parts: &Parts<'_>) -> anyhow::Result<Losses> {
        let factor = self.settings.schedule.factor_at(self.step);
        let step = self.step;
        let made = parts.make(|part, batch| self.cycles(parts.number(step, part), batch))?;
        let mut of_discriminators = Losses::default();
        for (i, discriminator) in self.discriminators.iter_mut().enumerate() {
            let seen = |part: usize, batch: &Batch| {
                let real = if i % 2 == 0 {
                    &batch.input
                } else {
                    &batch.unpaired
                };
                [real.shallow_clone(), made.of(part)[i].detach()]
            };
            let (term, losses) = (DISCRIMINATORS[i], &mut of_discriminators);
            discriminator.train(term, parts, seen, (factor, 0), losses)?;
        }
        let mut losses = parts.backward(|part, batch| {
            let again = || self.cycles(parts.number(step, part), batch);
            made.anew(again, |fake| Ok(self.generator_losses(batch, fake)))
        })?;
        for generator in [&mut self.forward, &mut self.restoring, &mut self.backward] {
            generator.step(factor);
        }
        losses.append(of_discriminators);
        self.step += 1;
        Ok(losses)
    }

    fn start_from(&mut self, model: &Path) -> anyhow::Result<()> {
        self.restoring.start_from(model, "stage1.")
    }

    fn predict(&self, inputs: &Inputs<'_>) -> Tensor {
        forward(
            &self.restorer,
            self.weights(),
            &[inputs.input.shallow_clone()],
        )
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        for trained in [&self.restoring, &self.forward, &self.backward] {
            trained.save(out);
        }
        for discriminator in &self.discriminators {
            discriminator.save(out);
        }
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        for trained in [&mut self.restoring, &mut self.forward, &mut self.backward] {
            trained.load(saved)?;
        }
        for discriminator in &mut self.discriminators {
            discriminator.load(saved)?;
        }
        self.step = saved_step(saved)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::features::tests::with_network;
    use crate::train::optim::discriminator::DiscriminatorChoice;
    use crate::train::optim::schedule::Schedule;
    use crate::train::optim::trained::tests::saved;
    use crate::train::recipe::RecipeText;

    fn recipe() -> Recipe {
        let train = Settings {
            steps: 80,
            batch: 2,
            accumulate: 1,
            betas: [0.9, 0.999],
            schedule: Schedule::constant(2e-3),
            adversarial: 0.05,
            backward: 0.05,
            freeze_norms: None,
        };
        let restorer = Restorer {
            widths: [8, 8, 6],
            blocks: [1, 1],
            align_corners: true,
        };
        let mut recipe = Recipe::parse(Recipe::DEFAULT).unwrap();
        recipe.discriminator = DiscriminatorChoice::Own(DiscriminatorWidth { width: 2 });
        Recipe {
            seed: 3,
            restorer,
            degrader: Degrader { width: 0.125 },
            train,
            ..recipe
        }
    }

    fn stage() -> ScganStep {
        ScganStep::new(&recipe(), Device::Cpu).unwrap()
    }

    fn batch() -> Batch {
        let levels = Tensor::from_slice(&[-0.5f32, 0.4]).view([2, 1, 1, 1]);
        let flat = |side| levels.expand([2, 3, side, side], false).contiguous();
        Batch {
            input: flat(SIDE / 4),
            unpaired: flat(SIDE),
            ..Batch::default()
        }
    }

    #[test]
    fn it_learns() {
        let (mut stage, batch) = (stage(), batch());
        // Scores of discriminators that learn as well would hide what is learnt.
        stage.settings.adversarial = 0.0;
        let mut values = Vec::new();
        for _ in 0..80 {
            values.push(stage.step(&Parts::whole(&batch)).unwrap().values());
        }
        let of = |step: usize, name: &str| {
            let found = values[step].iter().find(|(term, _)| *term == name);
            found.unwrap().1
        };
        for name in ["degrader-h", "restorer-forward", "degrader-s"] {
            let (first, last) = (of(0, name), of(79, name));
            assert!(last < 0.8 * first, "{name}: {first} → {last}");
        }
    }

    #[test]
    fn frozen_norms_remember_what_they_saw_and_the_weights_still_learn() {
        let (mut stage, batch) = (stage(), batch());
        stage.settings.freeze_norms = Some(2);
        let norm = |stage: &ScganStep, part: &str| {
            stage.restoring.weights[&format!("double0.{part}")].copy()
        };
        let mut step = || {
            let before = ["mean", "weight"].map(|part| norm(&stage, part));
            stage.step(&Parts::whole(&batch)).unwrap();
            let after = ["mean", "weight"].map(|part| norm(&stage, part));
            [0, 1].map(|i| before[i] != after[i])
        };
        assert_eq!(
            [step(), step(), step(), step()],
            [[true, true], [true, true], [false, true], [false, true]]
        );
    }

    #[test]
    fn no_gradient_crosses_into_the_network_before() {
        let batch = batch();
        for (made, name, moved) in [
            (0, "degraded", [true, false, false]),
            (1, "restored", [false, true, false]),
            (2, "degraded again", [false, false, true]),
            (3, "restored of a real one", [false, true, false]),
        ] {
            let stage = stage();
            let fake = stage.cycles(0, &batch);
            fake[made].sum(Kind::Float).backward();
            let found = [&stage.forward, &stage.restoring, &stage.backward].map(|network| {
                let gradients = network.weights.values().map(Tensor::grad);
                let mut defined = gradients.filter(Tensor::defined);
                defined.any(|gradient| gradient.abs().max().double_value(&[]) > 0.0)
            });
            assert_eq!(found, moved, "{name}");
        }
    }

    #[test]
    fn each_group_moves_by_its_own_loss() {
        check_groups(stage());
    }

    #[test]
    fn so_it_does_with_projected_discriminators() {
        let make = |features: &Path| {
            let recipe = Recipe {
                features: Some(features.to_owned()),
                discriminator: DiscriminatorChoice::Projected(Default::default()),
                ..recipe()
            };
            ScganStep::new(&recipe, Device::Cpu).unwrap()
        };
        with_network(|features| check_groups(make(features)));
    }

    /// A step moves weights of each network.
    fn check_groups(mut stage: ScganStep) {
        let batch = batch();
        let before = saved(&stage);
        stage.step(&Parts::whole(&batch)).unwrap();
        let after = saved(&stage);
        for group in [
            "restorer",
            "degrader_h",
            "degrader_s",
            "judge_l1",
            "judge_h1",
            "judge_l2",
            "judge_h2",
        ] {
            let moved = before.iter().any(|(name, tensor)| {
                let here = name
                    .strip_prefix(group)
                    .is_some_and(|rest| rest.starts_with('.'));
                here && (tensor - &after[name]).abs().max().double_value(&[]) > 0.0
            });
            assert!(moved, "{group}");
        }
    }
}
