//! CycleGAN: pixelated ⇄ clean without pairs (Zhu et al., 2017), with least-squares adversarial losses.
//!
//! A is the domain of mosaics, B that of clean faces. Losses and weights: apperrs/facial_demosaicing.

use tch::{Device, Kind, Reduction, Tensor};

use super::checkpoint;
use super::layers::{Declare, Forward, Init, Parameters};
use super::loader::Batch;
use super::networks::{DiscriminatorSize, GeneratorSize, discriminator, generator};
use super::optimizer::{Adam, MovingAverage};
use super::pool::ImagePool;
use super::recipe::{Networks, Recipe, Stage1 as Settings, rate_at};
use super::run::{Losses, Stage};

/// Names of the four networks in checkpoints.
const NAMES: [&str; 4] = ["a_to_b", "b_to_a", "judge_a", "judge_b"];

/// The four networks and what their training keeps.
pub struct Stage1 {
    settings: Settings,
    sizes: Networks,
    seed: u64,
    step: u64,
    /// Mosaic → face.
    a_to_b: Parameters,
    /// Face → mosaic.
    b_to_a: Parameters,
    /// Tells real mosaics from made ones.
    judge_a: Parameters,
    /// Tells real faces from made ones.
    judge_b: Parameters,
    optimizers: [Adam; 4],
    pool_a: ImagePool,
    pool_b: ImagePool,
    average: MovingAverage,
}

fn l1(a: &Tensor, b: &Tensor) -> Tensor {
    a.l1_loss(b, Reduction::Mean)
}

/// Least-squares adversarial loss against 1 (real) or 0 (made).
fn least_squares(score: &Tensor, target: f64) -> Tensor {
    (score - target).square().mean(Kind::Float)
}

fn set_trainable(parameters: &Parameters, trainable: bool) {
    for tensor in parameters.values() {
        let _ = tensor.set_requires_grad(trainable);
    }
}

/// Parameters of a generator that knows nothing yet.
pub fn new_generator(size: GeneratorSize, init: f64, device: Device) -> Parameters {
    Declare::parameters(Init::Normal(init), device, |l| generator(l, &(), size))
}

impl Stage1 {
    /// Untrained networks.
    pub fn new(recipe: &Recipe, device: Device) -> Self {
        tch::manual_seed(recipe.seed as i64);
        let settings = recipe.stage1.clone();
        let sizes = recipe.networks.clone();
        let judge = |size: DiscriminatorSize| {
            Declare::parameters(Init::Normal(settings.init), device, |l| {
                discriminator(l, &(), size)
            })
        };
        let a_to_b = new_generator(sizes.generator, settings.init, device);
        let b_to_a = new_generator(sizes.reverse, settings.init, device);
        let (judge_a, judge_b) = (judge(sizes.discriminator), judge(sizes.discriminator));
        let [beta1, beta2] = settings.betas;
        let optimizers = [&a_to_b, &b_to_a, &judge_a, &judge_b]
            .map(|parameters| Adam::new(parameters, settings.rate, (beta1, beta2), 0.0));
        Self {
            average: MovingAverage::new(&a_to_b, settings.average),
            pool_a: ImagePool::new(settings.pool),
            pool_b: ImagePool::new(settings.pool),
            seed: recipe.seed,
            step: 0,
            settings,
            sizes,
            a_to_b,
            b_to_a,
            judge_a,
            judge_b,
            optimizers,
        }
    }

    fn to_b(&self, x: &Tensor) -> Tensor {
        generator(&mut Forward(&self.a_to_b), x, self.sizes.generator)
    }

    fn to_a(&self, x: &Tensor) -> Tensor {
        generator(&mut Forward(&self.b_to_a), x, self.sizes.reverse)
    }

    fn judge(&self, parameters: &Parameters, x: &Tensor) -> Tensor {
        discriminator(&mut Forward(parameters), x, self.sizes.discriminator)
    }

    /// Loss of both generators, by term, and the fakes: (terms, made mosaics, made faces).
    fn generator_terms(&self, batch: &Batch) -> (Losses, Tensor, Tensor) {
        let s = &self.settings;
        let (a, b) = (&batch.pixelated, &batch.others);
        let fake_b = self.to_b(a);
        let fake_a = self.to_a(b);
        let mut terms = Losses::default();
        if s.adversarial > 0.0 {
            let deceived = least_squares(&self.judge(&self.judge_b, &fake_b), 1.0);
            terms.add("adversarial-b", deceived * s.adversarial);
            let deceived = least_squares(&self.judge(&self.judge_a, &fake_a), 1.0);
            terms.add("adversarial-a", deceived * s.adversarial);
        }
        if s.cycle > 0.0 {
            terms.add("cycle-a", l1(&self.to_a(&fake_b), a) * s.cycle);
            terms.add("cycle-b", l1(&self.to_b(&fake_a), b) * s.cycle);
        }
        if s.identity > 0.0 {
            let weight = s.identity * s.cycle;
            terms.add("identity-b", l1(&self.to_b(b), b) * weight);
            terms.add("identity-a", l1(&self.to_a(a), a) * weight);
        }
        if s.paired > 0.0 {
            terms.add("paired", l1(&fake_b, &batch.clean) * s.paired);
        }
        (terms, fake_a, fake_b)
    }

    fn discriminator_terms(&mut self, batch: &Batch, fake_a: &Tensor, fake_b: &Tensor) -> Losses {
        let seed = self.seed.wrapping_add(self.step);
        let shown_a = self.pool_a.exchange(fake_a, seed);
        let shown_b = self.pool_b.exchange(fake_b, !seed);
        let mut terms = Losses::default();
        for (name, judge, real, shown) in [
            ("judge-a", &self.judge_a, &batch.pixelated, shown_a),
            ("judge-b", &self.judge_b, &batch.others, shown_b),
        ] {
            let right = least_squares(&self.judge(judge, real), 1.0);
            let wrong = least_squares(&self.judge(judge, &shown), 0.0);
            terms.add(name, (right + wrong) * 0.5);
        }
        terms
    }
}

impl Stage for Stage1 {
    fn name(&self) -> &'static str {
        "stage1"
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.settings.steps)
    }

    fn step(&mut self, batch: &Batch) -> anyhow::Result<Losses> {
        let s = &self.settings;
        let rate = rate_at(self.step, s.steps, s.rate, s.constant);
        for optimizer in &mut self.optimizers {
            optimizer.rate = rate;
        }
        for judge in [&self.judge_a, &self.judge_b] {
            set_trainable(judge, false);
        }
        let (mut losses, fake_a, fake_b) = self.generator_terms(batch);
        losses.total().backward();
        let [first, second, ..] = &mut self.optimizers;
        first.step(&mut self.a_to_b);
        second.step(&mut self.b_to_a);
        for judge in [&self.judge_a, &self.judge_b] {
            set_trainable(judge, true);
        }
        if self.settings.adversarial > 0.0 {
            let judges = self.discriminator_terms(batch, &fake_a, &fake_b);
            judges.total().backward();
            let [_, _, third, fourth] = &mut self.optimizers;
            third.step(&mut self.judge_a);
            fourth.step(&mut self.judge_b);
            losses.append(judges);
        }
        self.average.update(&self.a_to_b, self.step);
        self.step += 1;
        Ok(losses)
    }

    fn restore(&self, pixelated: &Tensor) -> Tensor {
        tch::no_grad(|| {
            generator(
                &mut Forward(&self.average.average),
                pixelated,
                self.sizes.generator,
            )
        })
    }

    fn save(&self, out: &mut Vec<(String, Tensor)>) {
        out.push(("step".to_owned(), Tensor::from_slice(&[self.step as i64])));
        let networks = [&self.a_to_b, &self.b_to_a, &self.judge_a, &self.judge_b];
        for ((name, network), optimizer) in NAMES.iter().zip(networks).zip(&self.optimizers) {
            checkpoint::store(name, network, out);
            optimizer.state(&format!("adam.{name}"), out);
        }
        checkpoint::store("average", &self.average.average, out);
        for (name, pool) in [("pool_a", &self.pool_a), ("pool_b", &self.pool_b)] {
            for (i, picture) in pool.stored.iter().enumerate() {
                out.push((format!("{name}.{i:04}"), picture.shallow_clone()));
            }
        }
    }

    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        let networks = [
            &mut self.a_to_b,
            &mut self.b_to_a,
            &mut self.judge_a,
            &mut self.judge_b,
        ];
        for ((name, network), optimizer) in NAMES.iter().zip(networks).zip(&mut self.optimizers) {
            checkpoint::restore(name, network, saved)?;
            let state = optimizer.load(&format!("adam.{name}"), saved);
            state.map_err(|name| anyhow::anyhow!("the checkpoint has no tensor {name}"))?;
        }
        checkpoint::restore("average", &mut self.average.average, saved)?;
        for (name, pool) in [("pool_a.", &mut self.pool_a), ("pool_b.", &mut self.pool_b)] {
            // Names are in the order of the slots.
            let pictures = saved.iter().filter(|(key, _)| key.starts_with(name));
            pool.stored = pictures.map(|(_, picture)| picture.copy()).collect();
        }
        self.step = super::run::saved_step(saved)?;
        Ok(())
    }
}
