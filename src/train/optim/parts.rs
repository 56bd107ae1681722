//! The parts of an optimiser step: what does not fit into memory at once is worked off piece by
//! piece, and the gradients are averaged.

use anyhow::bail;
use tch::no_grad;

use super::losses::Losses;
use crate::train::data::loader::Batch;

/// The pictures of one optimiser step, in equal parts.
///
/// Half a step, a generator's or a discriminator's, is a round over all parts. Between two of them
/// the step can be given up.
pub struct Parts<'a> {
    batches: &'a [Batch],
    given_up: &'a dyn Fn() -> bool,
}

/// What a step fails with that was given up; the networks are then somewhere inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the step was given up")]
pub struct GivenUp;

/// What a generator made of each part.
pub struct Made<T>(Vec<T>);

impl<'a> Parts<'a> {
    /// These parts; `given_up` is asked before each.
    pub fn new(batches: &'a [Batch], given_up: &'a dyn Fn() -> bool) -> Self {
        Self { batches, given_up }
    }

    /// A step in one part, which nobody gives up.
    pub fn whole(batch: &'a Batch) -> Self {
        Self::new(std::slice::from_ref(batch), &|| false)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.batches.len()
    }

    /// A number of its own for a part of a run's step number `step`, for its randomness.
    pub fn number(&self, step: u64, part: usize) -> u64 {
        step * self.count() as u64 + part as u64
    }

    /// Add the gradients of the mean over all parts of what `losses` gives for each; returns the
    /// mean of every term. Terms without gradient are only averaged.
    ///
    /// Fails as `losses` does, and with [`GivenUp`].
    pub fn backward(
        &self,
        mut losses: impl FnMut(usize, &Batch) -> anyhow::Result<Losses>,
    ) -> anyhow::Result<Losses> {
        let share = 1.0 / self.count() as f64;
        let mut mean = Losses::default();
        for (part, batch) in self.going_on() {
            let losses = losses(part, batch?)?;
            let total = losses.total() * share;
            if total.requires_grad() {
                total.backward();
            }
            mean.add_share(&losses, share);
        }
        Ok(mean)
    }

    /// What `make` makes of each part, for a discriminator that is trained before its generator. A
    /// single part keeps what the way back through the generator needs, see [`Made::anew`].
    ///
    /// Fails with [`GivenUp`].
    pub fn make<T>(&self, mut make: impl FnMut(usize, &Batch) -> T) -> anyhow::Result<Made<T>> {
        let alone = self.count() == 1;
        let made = self.going_on().map(|(part, batch)| {
            let batch = batch?;
            Ok(match alone {
                true => make(part, batch),
                false => no_grad(|| make(part, batch)),
            })
        });
        made.collect::<anyhow::Result<_>>().map(Made)
    }

    /// The parts with their numbers, until the step is given up.
    fn going_on(&self) -> impl Iterator<Item = (usize, anyhow::Result<&Batch>)> {
        let parts = self.batches.iter().enumerate();
        parts.map(|(part, batch)| (part, self.go_on().map(|()| batch)))
    }

    fn go_on(&self) -> anyhow::Result<()> {
        if (self.given_up)() {
            bail!(GivenUp);
        }
        Ok(())
    }
}

impl<T> Made<T> {
    /// What was made of a part.
    pub fn of(&self, part: usize) -> &T {
        &self.0[part]
    }

    /// Hand what was made of a part to `then` with all that the way back needs: of several parts
    /// that is made `again`.
    pub fn anew<R>(
        &self,
        again: impl FnOnce() -> T,
        then: impl FnOnce(&T) -> anyhow::Result<R>,
    ) -> anyhow::Result<R> {
        match &self.0[..] {
            [only] => then(only),
            _ => then(&again()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tch::{Kind, Tensor};

    use super::*;

    fn batch(values: &[f32]) -> Batch {
        Batch {
            target: Tensor::from_slice(values),
            ..Batch::default()
        }
    }

    /// The gradient of the mean squared difference to `weight`, and its value.
    fn slope(batches: &[Batch]) -> (f64, f64) {
        let weight = Tensor::from_slice(&[0.5f32]).set_requires_grad(true);
        let never = || false;
        let parts = Parts::new(batches, &never);
        let losses = parts.backward(|_, batch| {
            let off = (&batch.target - &weight).square().mean(Kind::Float);
            let mut losses = Losses::default();
            losses.add("off", off);
            Ok(losses)
        });
        let value = losses.unwrap().values()[0].1;
        (weight.grad().double_value(&[0]), value)
    }

    #[test]
    fn parts_have_the_gradient_of_the_whole() {
        let (all, value) = slope(&[batch(&[1.0, 3.0, -2.0, 4.0])]);
        let (parts, mean) = slope(&[batch(&[1.0, 3.0]), batch(&[-2.0, 4.0])]);
        assert!((all - parts).abs() < 1e-6 && (value - mean).abs() < 1e-6);
    }

    #[test]
    fn a_step_is_given_up_between_two_parts() {
        let batches = [batch(&[1.0]), batch(&[2.0])];
        let asked = Cell::new(0);
        let given_up = || asked.replace(asked.get() + 1) > 0;
        let parts = Parts::new(&batches, &given_up);
        let done = Cell::new(0);
        let made = parts.make(|_, _| done.set(done.get() + 1));
        assert!(made.err().unwrap().is::<GivenUp>());
        assert_eq!(done.get(), 1);
    }

    #[test]
    fn only_a_single_part_keeps_its_way_back() {
        let weight = Tensor::from_slice(&[0.5f32]).set_requires_grad(true);
        let never = || false;
        for (batches, kept) in [
            (vec![batch(&[1.0])], true),
            (vec![batch(&[1.0]), batch(&[2.0])], false),
        ] {
            let parts = Parts::new(&batches, &never);
            let make = |_: usize, batch: &Batch| &batch.target * &weight;
            let made = parts.make(make).unwrap();
            assert_eq!(made.of(0).requires_grad(), kept);
            let again = made.anew(|| make(0, &batches[0]), |it| Ok(it.requires_grad()));
            assert!(again.unwrap());
        }
    }
}
