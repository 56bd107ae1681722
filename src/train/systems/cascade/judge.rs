//! A discriminator in training: its loss, its optimiser, its memory of older fakes.

use tch::{Device, Kind, Tensor};

use super::recipe::{AdversarialLoss, Recipe};
use crate::train::nn::layers::{Declare, Init, Parameters, Training};
use crate::train::nn::parameters;
use crate::train::nn::precision::Precision;
use crate::train::nn::spectral_norm::Spectral;
use crate::train::optim::adam::Adam;
use crate::train::optim::discriminator::patch::{DiscriminatorSize, Norm, discriminator};
use crate::train::optim::image_pool::ImagePool;

/// Tells real pictures from made ones.
pub struct Judge {
    name: &'static str,
    size: DiscriminatorSize,
    channels: i64,
    precision: Precision,
    loss: AdversarialLoss,
    parameters: Parameters,
    spectral: Option<Spectral>,
    optimizer: Adam,
    pool: ImagePool,
}

impl Judge {
    /// A judge that knows nothing yet; `name` is its own in checkpoints.
    pub fn new(
        name: &'static str,
        size: DiscriminatorSize,
        recipe: &Recipe,
        device: Device,
        precision: Precision,
    ) -> Self {
        let settings = &recipe.stage1;
        let channels = if settings.judge_pairs { 6 } else { 3 };
        let init = settings.init.map_or(Init::KaimingUniform, Init::Normal);
        let parameters = Declare::parameters(init, device, |l| {
            discriminator(l, &(), channels, size);
        });
        let [beta1, beta2] = settings.betas;
        Self {
            name,
            size,
            channels,
            precision,
            loss: settings.loss,
            spectral: (size.norm == Norm::Spectral).then(|| Spectral::new(&parameters)),
            optimizer: Adam::new(&parameters, settings.rate, (beta1, beta2), 0.0),
            pool: ImagePool::new(settings.pool),
            parameters,
        }
    }

    fn score(&self, weights: &Parameters, pictures: &Tensor) -> Tensor {
        let weights = self.precision.of(weights);
        let mut pass = Training(&weights);
        discriminator(&mut pass, pictures, self.channels, self.size).to_kind(Kind::Float)
    }

    /// The weights as they judge; gradients pass through to the parameters.
    fn weights(&self) -> Parameters {
        match &self.spectral {
            Some(spectral) => spectral.normalised(&self.parameters),
            None => self
                .parameters
                .iter()
                .map(|(name, tensor)| (name.clone(), tensor.shallow_clone()))
                .collect(),
        }
    }

    /// The loss of a generator that made `pictures`; the judge itself gets no gradient.
    pub fn deceived(&self, pictures: &Tensor) -> Tensor {
        let weights = self.weights();
        let fixed = weights.iter().map(|(name, w)| (name.clone(), w.detach()));
        let score = self.score(&fixed.collect(), pictures);
        match self.loss {
            AdversarialLoss::LeastSquares => (score - 1.0).square().mean(Kind::Float),
            AdversarialLoss::Hinge => -score.mean(Kind::Float),
        }
    }

    /// One step on real and made pictures; gives the loss. `seed` is the chance of the pool.
    pub fn train(&mut self, real: &Tensor, made: &Tensor, seed: u64, rate: f64) -> Tensor {
        let made = self.pool.exchange(made, seed);
        if let Some(spectral) = &mut self.spectral {
            spectral.improve(&self.parameters);
        }
        let weights = self.weights();
        let (real, made) = (self.score(&weights, real), self.score(&weights, &made));
        let (right, wrong) = match self.loss {
            AdversarialLoss::LeastSquares => ((real - 1.0).square(), made.square()),
            AdversarialLoss::Hinge => ((-real + 1.0).relu(), (made + 1.0).relu()),
        };
        let loss = (right.mean(Kind::Float) + wrong.mean(Kind::Float)) * 0.5;
        loss.backward();
        self.optimizer.rate = rate;
        self.optimizer.step(&mut self.parameters);
        loss.detach()
    }

    /// Everything that a resumed run needs.
    pub fn save(&self, out: &mut Vec<(String, Tensor)>) {
        let name = self.name;
        parameters::store(name, &self.parameters, out);
        self.optimizer.state(&format!("adam.{name}"), out);
        if let Some(spectral) = &self.spectral {
            parameters::store(&format!("spectral.{name}"), &spectral.vectors, out);
        }
        for (i, picture) in self.pool.stored.iter().enumerate() {
            out.push((format!("pool.{name}.{i:04}"), picture.shallow_clone()));
        }
    }

    /// Take back what [`Self::save`] gave.
    pub fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        let name = self.name;
        parameters::restore(name, &mut self.parameters, saved)?;
        self.optimizer.load(&format!("adam.{name}"), saved)?;
        if let Some(spectral) = &mut self.spectral {
            parameters::restore(&format!("spectral.{name}"), &mut spectral.vectors, saved)?;
        }
        // Names are in the order of the slots.
        let prefix = format!("pool.{name}.");
        let pictures = saved.iter().filter(|(key, _)| key.starts_with(&prefix));
        self.pool.stored = pictures.map(|(_, picture)| picture.copy()).collect();
        Ok(())
    }
}
