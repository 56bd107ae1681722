//! A projected discriminator of pictures: its heads, and the network whose features they see.

use std::path::Path;
use std::rc::Rc;

use tch::{Device, Tensor};

use super::{Projected, ProjectedSize};
use crate::train::data::loader::Batch;
use crate::train::features::{FeatureNetwork, relative_l1};
use crate::train::nn::layers::Parameters;
use crate::train::optim::losses::Losses;
use crate::train::optim::parts::Parts;
use crate::train::optim::trained::Watch;

/// What helps against one that has run away.
const REMEDY: &str = "a smaller discriminator.ratio, then a smaller discriminator.width";

/// What makes projected discriminators, which share a feature network.
pub struct Projecting {
    network: Rc<FeatureNetwork>,
    size: ProjectedSize,
    learning_rate: f64,
    betas: [f64; 2],
    device: Device,
}

/// Tells real pictures from fake ones by their features.
pub struct ProjectedDiscriminator {
    network: Rc<FeatureNetwork>,
    heads: Projected,
    learning_rate: f64,
    watch: Watch,
}

impl Projecting {
    /// Read the feature network in `file` for discriminators of pictures of `side` pixels, against
    /// a generator with this rate and these betas.
    ///
    /// Fails as [`FeatureNetwork::for_pictures`] does.
    pub fn open(
        size: ProjectedSize,
        file: Option<&Path>,
        side: i64,
        (learning_rate, betas): (f64, [f64; 2]),
        device: Device,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            network: Rc::new(FeatureNetwork::for_pictures(file, side, device)?),
            size,
            learning_rate,
            betas,
            device,
        })
    }

    /// One that knows nothing yet; `name` is its own in checkpoints.
    pub fn discriminator(&self, name: &str) -> ProjectedDiscriminator {
        let (levels, betas) = (self.network.levels(), self.betas);
        ProjectedDiscriminator {
            network: Rc::clone(&self.network),
            heads: Projected::new(
                name,
                self.size,
                &levels,
                self.learning_rate,
                betas,
                self.device,
            ),
            learning_rate: self.learning_rate,
            watch: Watch::default(),
        }
    }
}

impl ProjectedDiscriminator {
    /// The hinge loss of a generator that made the pictures `fake`, −1 … 1; the discriminator gets
    /// no gradient.
    pub fn generator_loss(&self, fake: &Tensor) -> Tensor {
        self.heads.generator_loss(&self.network.maps(fake))
    }

    /// One step between real and fake pictures, which `seen` gives for each of `parts`, with
    /// `factor` times the rate; the loss is called `term`.
    ///
    /// Fails where the step is given up.
    pub fn train(
        &mut self,
        term: &'static str,
        parts: &Parts<'_>,
        mut seen: impl FnMut(usize, &Batch) -> [Tensor; 2],
        factor: f64,
        losses: &mut Losses,
    ) -> anyhow::Result<()> {
        self.heads.power_iteration();
        let mean = parts.backward(|part, batch| {
            let maps = |pictures: Tensor| self.network.maps(&pictures);
            let [real, fake] = tch::no_grad(|| seen(part, batch).map(maps));
            Ok(Losses::of(term, self.heads.loss(&real, &fake)))
        })?;
        self.heads.step(self.learning_rate * factor);
        self.watch.see(term, &mean.term(term), REMEDY, losses);
        losses.append(mean);
        Ok(())
    }

    /// How far the features of `fake` pictures are from those of `real` ones, see [`relative_l1`].
    pub fn distance(&self, fake: &Tensor, real: &Tensor) -> Tensor {
        let real = tch::no_grad(|| self.network.maps(real));
        relative_l1(&self.network.maps(fake), &real)
    }

    /// Everything that a resumed run needs.
    pub fn save(&self, out: &mut Vec<(String, Tensor)>) {
        self.heads.save(out);
    }

    /// Take back what [`Self::save`] gave.
    pub fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        self.heads.load(saved)
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::train::features::tests::with_network;

    fn open(features: Option<&Path>, side: i64) -> anyhow::Result<Projecting> {
        let size = ProjectedSize {
            width: 4,
            ..ProjectedSize::default()
        };
        Projecting::open(size, features, side, (1e-3, [0.5, 0.99]), Device::Cpu)
    }

    #[test]
    fn each_domain_has_its_own_and_a_generator_a_slope() {
        let projecting = with_network(|file| open(Some(file), 32)).unwrap();
        let [mut a, b] = ["judge_a", "judge_b"].map(|name| projecting.discriminator(name));
        let options = (Kind::Float, Device::Cpu);
        let fake = Tensor::rand([2, 3, 32, 32], options).set_requires_grad(true);
        let real = Tensor::rand([2, 3, 32, 32], options) * 2 - 1;
        let losses = |all: [&ProjectedDiscriminator; 2]| {
            all.map(|one| one.generator_loss(&fake).double_value(&[]))
        };
        let before = losses([&a, &b]);
        let mut trained = Losses::default();
        let (batch, seen) = (Batch::default(), [&real, &fake]);
        let seen = |_: usize, _: &Batch| seen.map(Tensor::shallow_clone);
        let parts = Parts::whole(&batch);
        let step = a.train("discriminator-a", &parts, seen, 1.0, &mut trained);
        step.unwrap();
        assert_eq!(trained.values()[0].0, "discriminator-a");
        assert!(!fake.grad().defined());
        let after = losses([&a, &b]);
        assert!(before[0] != after[0] && before[1] == after[1]);
        a.generator_loss(&fake).backward();
        assert!(fake.grad().abs().max().double_value(&[]) > 0.0);
        assert_eq!(a.distance(&real, &real).double_value(&[]), 0.0);
        let mut saved = Vec::new();
        for one in [&a, &b] {
            one.save(&mut saved);
        }
        let name = "judge_b.projection.stage0.weight";
        assert!(saved.iter().any(|(saved, _)| saved == name));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = |features: Option<&Path>, side: i64| {
            let opened = open(features, side);
            format!("{:#}", opened.err().unwrap())
        };
        let missing = error(None, 32);
        assert!(missing.contains("--features"), "{missing}");
        let small = with_network(|file| error(Some(file), 16));
        assert!(small.contains("16 pixels"), "{small}");
        assert!(small.contains("multiple of 32"), "{small}");
    }
}
