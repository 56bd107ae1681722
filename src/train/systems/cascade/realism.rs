//! What makes a restored face look like a photograph: a loss over a pretrained network's features,
//! and projected discriminators of the same features.

use rand::RngExt;
use tch::{Device, Tensor};

use super::recipe::Recipe;
use crate::train::data::random::generator;
use crate::train::features::{FeatureNetwork, filters, relative_l1};
use crate::train::nn::layers::Parameters;
use crate::train::optim::discriminator::projected::Projected;
use crate::train::optim::losses::Losses;
use crate::train::optim::parts::Parts;

/// Pixels by which pairs are shifted at most before features are taken, so that no place in the
/// crop is special.
const SHIFT: i64 = 8;
/// Stream of randomness of shifts and flips; samples have 0 and 1, held-out pictures 9.
const STREAM: u64 = 20;

/// What the discriminators' loss is called.
const TERM: &str = "discriminator";

/// Made pictures and their truths, `[N, 3, S, S]` each, −1 … 1, as the features are taken of them.
pub(super) struct View {
    /// What the networks made.
    pub fake: Tensor,
    /// What they should have made.
    pub real: Tensor,
}

impl View {
    /// The same part of both, `size` pixels wide, perhaps mirrored; randomness comes from `seed`
    /// and `step` alone.
    pub(super) fn part(&self, size: i64, seed: u64, step: u64) -> Self {
        let mut random = generator(seed, STREAM + 1, step);
        let most = self.real.size()[3] - size;
        let [x, y] = [0; 2].map(|_| random.random_range(0..=most));
        let mirrored = random.random_bool(0.5);
        let cut = |picture: &Tensor| {
            let part = picture.narrow(2, y, size).narrow(3, x, size);
            if mirrored { part.flip([3]) } else { part }
        };
        Self {
            fake: cut(&self.fake),
            real: cut(&self.real),
        }
    }

    /// Both shifted and mirrored alike; randomness comes from `seed` and `step` alone.
    pub(super) fn shaken(&self, seed: u64, step: u64) -> Self {
        let mut random = generator(seed, STREAM, step);
        let [dx, dy] = [0; 2].map(|_| random.random_range(0..=2 * SHIFT));
        let mirrored = random.random_bool(0.5);
        let side = self.real.size()[3];
        let shake = |x: &Tensor| {
            let x = x.pad([SHIFT; 4], "reflect", None);
            let x = x.narrow(2, dy, side).narrow(3, dx, side);
            if mirrored { x.flip([3]) } else { x }
        };
        Self {
            fake: shake(&self.fake),
            real: shake(&self.real),
        }
    }
}

/// Features of a [`View`].
struct FeaturePair {
    fake: Vec<Tensor>,
    real: Vec<Tensor>,
}

/// Weights of the two terms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights {
    /// Of the loss over features.
    pub perceptual: f64,
    /// Of the discriminators' opinion.
    pub adversarial: f64,
}

/// The feature network, and one discriminator for each view, if the recipe has projected ones.
pub(super) struct Realism {
    /// Without one filters stand in; discriminators have one.
    network: Option<FeatureNetwork>,
    discriminators: Vec<Projected>,
}

impl Realism {
    /// Untrained discriminators for these views of pictures of `recipe.model.size`, in a stage with
    /// this rate and these betas. None where the recipe asks for no features.
    ///
    /// Fails where a named network is of no use, and where there is none for discriminators.
    pub(super) fn open(
        recipe: &Recipe,
        perceptual: f64,
        views: &[&str],
        (learning_rate, betas): (f64, [f64; 2]),
        device: Device,
    ) -> anyhow::Result<Option<Self>> {
        let projected = recipe.networks.discriminator.projected();
        if perceptual <= 0.0 && projected.is_none() {
            return Ok(None);
        }
        let (file, side) = (recipe.features.as_deref(), recipe.model.size as i64);
        let network = match file.is_some() || projected.is_some() {
            true => Some(FeatureNetwork::for_pictures(file, side, device)?),
            false => None,
        };
        let levels = network
            .as_ref()
            .map_or_else(Vec::new, FeatureNetwork::levels);
        let discriminator = |view: &&str| {
            let name = format!("judge_{view}");
            projected.map(|size| Projected::new(&name, size, &levels, learning_rate, betas, device))
        };
        let discriminators = views.iter().filter_map(discriminator).collect();
        Ok(Some(Self {
            network,
            discriminators,
        }))
    }

    /// Add the terms of `views`, in the order of the discriminators, to the generator's `losses`;
    /// returns what [`Self::train`] wants.
    pub(super) fn terms(
        &self,
        views: &[Option<View>],
        weights: Weights,
        losses: &mut Losses,
    ) -> SeenPairs {
        let mut judged = Vec::new();
        let (mut perceptual, mut adversarial) = (Vec::new(), Vec::new());
        for (i, view) in views.iter().enumerate() {
            let Some(view) = view else {
                judged.push(None);
                continue;
            };
            let Some(network) = &self.network else {
                perceptual.push(filters::pyramid(&view.fake, &view.real) * weights.perceptual);
                judged.push(None);
                continue;
            };
            let pair = FeaturePair {
                fake: network.maps(&view.fake),
                real: tch::no_grad(|| network.maps(&view.real)),
            };
            if weights.perceptual > 0.0 {
                perceptual.push(relative_l1(&pair.fake, &pair.real) * weights.perceptual);
            }
            if let Some(discriminator) = self
                .discriminators
                .get(i)
                .filter(|_| weights.adversarial > 0.0)
            {
                adversarial.push(discriminator.generator_loss(&pair.fake) * weights.adversarial);
            }
            judged.push(Some(pair));
        }
        for (name, terms) in [("perceptual", perceptual), ("adversarial", adversarial)] {
            let count = terms.len();
            if count > 0 {
                losses.add(name, terms.into_iter().sum::<Tensor>() / count as f64);
            }
        }
        SeenPairs(judged)
    }

    /// One step of the discriminators on what the generator was judged by in each of `parts`.
    ///
    /// Fails where the step is given up.
    pub(super) fn train(
        &mut self,
        parts: &Parts<'_>,
        judged: &[SeenPairs],
        generator_lr: f64,
    ) -> anyhow::Result<Losses> {
        let mut all = Vec::new();
        for (view, discriminator) in self.discriminators.iter_mut().enumerate() {
            if judged.iter().all(|pairs| pairs.0[view].is_none()) {
                continue;
            }
            discriminator.power_iteration();
            let losses = parts.backward(|part, _| {
                let pair = judged[part].0[view].as_ref();
                let loss = pair.map(|pair| discriminator.loss(&pair.real, &pair.fake));
                Ok(loss.map_or_else(Losses::default, |loss| Losses::of(TERM, loss)))
            })?;
            discriminator.step(generator_lr);
            all.push(losses.term(TERM));
        }
        let count = all.len().max(1) as f64;
        Ok(Losses::of(TERM, all.into_iter().sum::<Tensor>() / count))
    }

    /// What the user should know of it.
    pub(super) fn warning(&self) -> Option<String> {
        self.network
            .is_none()
            .then(|| filters::warning("perceptual"))
    }

    /// Everything that a resumed run needs.
    pub(super) fn save(&self, out: &mut Vec<(String, Tensor)>) {
        self.discriminators
            .iter()
            .for_each(|discriminator| discriminator.save(out));
    }

    /// Take back what [`Self::save`] gave.
    pub(super) fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        self.discriminators
            .iter_mut()
            .try_for_each(|discriminator| discriminator.load(saved))
    }
}

/// The features of all views of a step.
pub(super) struct SeenPairs(Vec<Option<FeaturePair>>);

impl SeenPairs {
    /// The same without the way back to the generator.
    pub(super) fn detached(mut self) -> Self {
        for pair in self.0.iter_mut().flatten() {
            pair.fake.iter_mut().for_each(|map| *map = map.detach());
        }
        self
    }
}
