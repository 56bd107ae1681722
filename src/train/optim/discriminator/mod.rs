//! Discriminators, which tell real pictures from fake ones.

mod adversary;
mod choice;
pub mod patch;
pub mod projected;

use tch::Tensor;

use super::image_pool::ImagePool;
use super::losses::{GanLoss, Losses};
use super::parts::Parts;
use super::trained::Watch;
use crate::train::data::loader::Batch;
use crate::train::nn::layers::Parameters;

pub use adversary::{Adversary, Opened};
pub use choice::{DiscriminatorChoice, Fixed};

/// Raw scores of pictures by a network of this size and these weights.
type Scores<N> = Box<dyn Fn(&N, &Parameters, &Tensor) -> Tensor>;

/// A discriminator that sees one picture at a time, in training, with older fakes.
pub struct Discriminator<N> {
    name: &'static str,
    adversary: Adversary<N>,
    scores: Scores<N>,
    loss: GanLoss,
    weight: f64,
    pool: ImagePool,
    side: Option<i64>,
    watch: Watch,
    remedy: &'static str,
}

impl<N> Discriminator<N> {
    /// One whose own network gives these `scores`; `name` is its own in checkpoints, and `remedy`
    /// what helps where it has run away.
    pub fn new(
        name: &'static str,
        adversary: Adversary<N>,
        loss: GanLoss,
        remedy: &'static str,
        scores: impl Fn(&N, &Parameters, &Tensor) -> Tensor + 'static,
    ) -> Self {
        Self {
            name,
            adversary,
            scores: Box::new(scores),
            loss,
            weight: 1.0,
            pool: ImagePool::new(0),
            side: None,
            watch: Watch::default(),
            remedy,
        }
    }

    /// The same with another weight of its own loss.
    #[must_use]
    pub fn weighted(mut self, weight: f64) -> Self {
        self.weight = weight;
        self
    }

    /// The same with a pool of older fakes.
    #[must_use]
    pub fn pooled(mut self, capacity: usize) -> Self {
        self.pool = ImagePool::new(capacity);
        self
    }

    /// The same, which a projected one sees enlarged to `side` pixels.
    #[must_use]
    pub fn seen_at(mut self, side: i64) -> Self {
        self.side = Some(side);
        self
    }

    /// The loss of the generator that made the pictures `fake`; the discriminator gets no gradient.
    pub fn generator_loss(&self, fake: &Tensor) -> Tensor {
        match &self.adversary {
            Adversary::Own(size, own) => {
                let scores = (self.scores)(size, &own.detached(), fake);
                self.loss.of_generator(None, &scores)
            }
            Adversary::Projected(projected) => projected.generator_loss(&enlarged(fake, self.side)),
        }
    }

    /// One step between real and fake pictures, which `seen` gives for each of `parts`, or older
    /// fakes, with `factor` times the rate; the randomness of the pool is that of `seed`, the loss
    /// is called `term`.
    ///
    /// Fails where the step is given up.
    pub fn train(
        &mut self,
        term: &'static str,
        parts: &Parts<'_>,
        seen: impl Fn(usize, &Batch) -> [Tensor; 2],
        (factor, seed): (f64, u64),
        losses: &mut Losses,
    ) -> anyhow::Result<()> {
        let pool = &mut self.pool;
        let mut shown = |part: usize, batch: &Batch| {
            let [real, fake] = seen(part, batch);
            let fake = pool.exchange(&fake, seed.wrapping_add((part as u64) << 32));
            [real, fake]
        };
        let (size, own) = match &mut self.adversary {
            Adversary::Own(size, own) => (size, own),
            Adversary::Projected(projected) => {
                let side = self.side;
                let shown = |part: usize, batch: &Batch| {
                    shown(part, batch).map(|pictures| enlarged(&pictures, side))
                };
                return projected.train(term, parts, shown, factor, losses);
            }
        };
        own.power_iteration();
        let mean = parts.backward(|part, batch| {
            let [real, fake] = shown(part, batch);
            let weights = own.effective();
            let [of_real, of_fake] = [real, fake].map(|it| (self.scores)(size, &weights, &it));
            let loss = self.loss.of_discriminator(&of_real, &of_fake) * self.weight;
            Ok(Losses::of(term, loss))
        })?;
        own.step(factor);
        self.watch.see(term, &mean.term(term), self.remedy, losses);
        losses.append(mean);
        Ok(())
    }

    /// Everything that a resumed run needs.
    pub fn save(&self, out: &mut Vec<(String, Tensor)>) {
        self.adversary.save(out);
        self.pool.save(self.name, out);
    }

    /// Take back what [`Self::save`] gave.
    pub fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        self.pool.load(self.name, saved);
        self.adversary.load(saved)
    }
}

/// Pictures as projected discriminators see them.
fn enlarged(pictures: &Tensor, side: Option<i64>) -> Tensor {
    match side {
        Some(side) if side != pictures.size()[3] => {
            pictures.upsample_bilinear2d([side; 2], false, None, None)
        }
        _ => pictures.shallow_clone(),
    }
}
