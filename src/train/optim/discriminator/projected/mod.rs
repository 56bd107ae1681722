//! The projected discriminator (Sauer et al., NeurIPS 2021): it sees a picture's features in a
//! pretrained network, behind random projections that never learn, one small head for each level.
//!
//! A discriminator of pixels first learns what edges are, and meanwhile teaches the generator
//! noise; this one knows what eyes and teeth look like before the first step. Of the paper's random
//! projections only those across channels are here.

mod pictures;

use anyhow::ensure;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::train::features::Level;
use crate::train::nn::layers::{Conv, Declare, Forward, Init, Layers, Padding, Parameters};
use crate::train::nn::parameters;
use crate::train::nn::spectral_norm::SpectralNorm;
use crate::train::optim::adam::Adam;
use crate::train::optim::losses::hinge;

pub use pictures::{ProjectedDiscriminator, Projecting};

/// Size of the discriminator.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectedSize {
    /// Channels that each level's features are projected to.
    pub width: i64,
    /// Learning rate ÷ the generator's.
    pub ratio: f64,
}

impl Default for ProjectedSize {
    fn default() -> Self {
        Self {
            width: 64,
            ratio: 2.0,
        }
    }
}

impl ProjectedSize {
    /// An error for sizes that make no discriminator.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(
            (1..=512).contains(&self.width),
            "width is {}; it must lie in 1 … 512",
            self.width
        );
        ensure!(
            (0.0..=100.0).contains(&self.ratio),
            "ratio is {}; it must lie in 0 … 100",
            self.ratio
        );
        Ok(())
    }
}

/// One head per level in training.
pub struct Projected {
    name: String,
    levels: Vec<Level>,
    width: i64,
    /// 1 × 1 convolutions that never learn.
    projections: Parameters,
    heads: Parameters,
    spectral: SpectralNorm,
    optimizer: Adam,
    ratio: f64,
}

/// Raw scores of features, one per sample of the map.
fn head<L: Layers>(l: &mut L, name: &str, x: &L::Value, width: i64) -> L::Value {
    let conv = |kernel, output| Conv::same(width, output, kernel, Padding::Zero);
    let x = l.conv(&format!("{name}.a"), x, conv(3, width));
    let x = l.leaky_relu(&x);
    let x = l.conv(&format!("{name}.b"), &x, conv(1, width));
    let x = l.leaky_relu(&x);
    l.conv(&format!("{name}.score"), &x, conv(1, 1))
}

/// The projection of a level.
fn project<L: Layers>(l: &mut L, level: Level, x: &L::Value, width: i64) -> L::Value {
    let conv = Conv::strided(level.channels, width, 1, 1, 0);
    l.conv(level.name, x, conv.without_bias())
}

impl Projected {
    /// A discriminator of these levels that knows nothing yet; `name` is its own in checkpoints.
    pub fn new(
        name: &str,
        size: ProjectedSize,
        levels: &[Level],
        learning_rate: f64,
        betas: [f64; 2],
        device: Device,
    ) -> Self {
        let width = size.width;
        // N(0, 1/fan-in): projections keep the variance of the features.
        let random = Init::KaimingNormal(std::f64::consts::FRAC_1_SQRT_2);
        let projections = Declare::parameters(random, device, |l| {
            for level in levels {
                project(l, *level, &(), width);
            }
        });
        let heads = Declare::parameters(Init::KaimingUniform, device, |l| {
            for level in levels {
                head(l, level.name, &(), width);
            }
        });
        let projections = projections.into_iter();
        Self {
            name: name.to_owned(),
            levels: levels.to_vec(),
            width,
            projections: projections.map(|(k, w)| (k, w.detach())).collect(),
            spectral: SpectralNorm::new(&heads),
            optimizer: Adam::new(
                &heads,
                learning_rate * size.ratio,
                (betas[0], betas[1]),
                0.0,
            ),
            ratio: size.ratio,
            heads,
        }
    }

    /// Scores of each level's maps.
    fn scores(&self, heads: &Parameters, maps: &[Tensor]) -> Vec<Tensor> {
        let levels = self.levels.iter().zip(maps);
        levels
            .map(|(level, map)| {
                let x = project(&mut Forward(&self.projections), *level, map, self.width);
                head(&mut Forward(heads), level.name, &x, self.width)
            })
            .collect()
    }

    /// The hinge loss of a generator whose pictures have these features; the discriminator gets no
    /// gradient.
    pub fn generator_loss(&self, fake: &[Tensor]) -> Tensor {
        let heads = self.spectral.normalized(&self.heads);
        let heads = heads.into_iter().map(|(name, w)| (name, w.detach()));
        let scores = self.scores(&heads.collect(), fake);
        mean(scores.iter().map(|score| -score.mean(Kind::Float)))
    }

    /// One power iteration of spectral norm: once per step, before [`Self::loss`].
    pub fn power_iteration(&mut self) {
        self.spectral.power_iteration(&self.heads);
    }

    /// The hinge loss of the discriminator itself on features of real and fake pictures.
    pub fn loss(&self, real: &[Tensor], fake: &[Tensor]) -> Tensor {
        let heads = self.spectral.normalized(&self.heads);
        let (real, fake) = (self.scores(&heads, real), self.scores(&heads, fake));
        mean(real.iter().zip(&fake).map(|(real, fake)| hinge(real, fake)))
    }

    /// One step along the gradients, at the generator's rate `generator_lr` times the ratio.
    pub fn step(&mut self, generator_lr: f64) {
        self.optimizer.learning_rate = generator_lr * self.ratio;
        self.optimizer.step(&mut self.heads);
    }

    /// Everything that a resumed run needs.
    pub fn save(&self, out: &mut Vec<(String, Tensor)>) {
        let name = &self.name;
        parameters::store(name, &self.heads, out);
        parameters::store(&format!("{name}.projection"), &self.projections, out);
        parameters::store(&format!("spectral.{name}"), &self.spectral.vectors, out);
        self.optimizer.state(&format!("adam.{name}"), out);
    }

    /// Take back what [`Self::save`] gave.
    pub fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        let name = &self.name;
        parameters::restore(name, &mut self.heads, saved)?;
        parameters::restore(&format!("{name}.projection"), &mut self.projections, saved)?;
        let vectors = &mut self.spectral.vectors;
        parameters::restore(&format!("spectral.{name}"), vectors, saved)?;
        self.optimizer.load(&format!("adam.{name}"), saved)
    }
}

fn mean(losses: impl ExactSizeIterator<Item = Tensor>) -> Tensor {
    let count = losses.len().max(1) as f64;
    losses.sum::<Tensor>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: ProjectedSize = ProjectedSize {
        width: 8,
        ratio: 2.0,
    };

    fn levels() -> Vec<Level> {
        let level = |name, channels, stride| Level {
            name,
            channels,
            stride,
        };
        vec![level("fine", 4, 1), level("coarse", 6, 2)]
    }

    fn new() -> Projected {
        tch::manual_seed(3);
        Projected::new("judge", SIZE, &levels(), 1e-3, [0.5, 0.99], Device::Cpu)
    }

    /// Maps of random numbers around `mean`.
    fn maps(mean: f64) -> Vec<Tensor> {
        let map = |c, side| Tensor::randn([4, c, side, side], (Kind::Float, Device::Cpu)) + mean;
        vec![map(4, 8), map(6, 4)]
    }

    /// A whole step; returns the loss.
    fn train(d: &mut Projected, real: &[Tensor], fake: &[Tensor], generator_lr: f64) -> Tensor {
        d.power_iteration();
        let loss = d.loss(real, fake);
        loss.backward();
        d.step(generator_lr);
        loss.detach()
    }

    #[test]
    fn it_learns_to_tell_features_apart() {
        let mut discriminator = new();
        let before = discriminator.projections.clone_of();
        for _ in 0..200 {
            let _ = train(&mut discriminator, &maps(0.5), &maps(-0.5), 1e-3);
        }
        // The hinge loss of scores of 0 is 2.
        let loss = train(&mut discriminator, &maps(0.5), &maps(-0.5), 0.0).double_value(&[]);
        assert!(loss < 1.0, "{loss}");
        let [good, bad] =
            [0.5, -0.5].map(|m| discriminator.generator_loss(&maps(m)).double_value(&[]));
        assert!(good < bad, "{good} and {bad}");
        assert_eq!(before, discriminator.projections.clone_of());
    }

    #[test]
    fn a_generator_gets_a_slope_and_the_discriminator_none() {
        let discriminator = new();
        let fake: Vec<Tensor> = maps(0.0)
            .into_iter()
            .map(|m| m.set_requires_grad(true))
            .collect();
        discriminator.generator_loss(&fake).backward();
        assert!(
            fake.iter()
                .all(|map| map.grad().abs().max().double_value(&[]) > 0.0)
        );
        assert!(
            discriminator
                .heads
                .values()
                .all(|weight| !weight.grad().defined())
        );
    }

    #[test]
    fn what_was_saved_goes_on() {
        let mut discriminator = new();
        let _ = train(&mut discriminator, &maps(0.5), &maps(-0.5), 1e-3);
        let mut saved = Vec::new();
        discriminator.save(&mut saved);
        let saved: Parameters = saved
            .into_iter()
            .map(|(name, t)| (name, t.copy()))
            .collect();
        tch::manual_seed(4);
        let mut other = Projected::new("judge", SIZE, &levels(), 1e-3, [0.5, 0.99], Device::Cpu);
        other.load(&saved).unwrap();
        let (real, fake) = (maps(0.5), maps(-0.5));
        for _ in 0..2 {
            let [a, b] = [&mut discriminator, &mut other]
                .map(|j| train(j, &real, &fake, 1e-3).double_value(&[]));
            assert_eq!(a, b);
        }
    }

    trait CloneOf {
        fn clone_of(&self) -> Vec<f64>;
    }

    impl CloneOf for Parameters {
        fn clone_of(&self) -> Vec<f64> {
            self.values()
                .map(|t| t.sum(Kind::Double).double_value(&[]))
                .collect()
        }
    }
}
