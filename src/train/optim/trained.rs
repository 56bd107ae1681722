//! What the trainings of generators against discriminators have in common.

use std::path::Path;

use tch::{Tensor, no_grad};

use super::adam::{Adam, MovingAverage};
use super::losses::Losses;
use crate::train::nn::exported::{read_known_weights, read_weights};
use crate::train::nn::layers::Parameters;
use crate::train::nn::parameters::{self, copy};
use crate::train::nn::spectral_norm::SpectralNorm;

/// Steps of a window; a discriminator that was hardly ever fooled in one counts as run away.
const WINDOW: u64 = 200;
/// What counts as hardly ever, on average over a window.
const SELDOM: f64 = 0.02;

/// The randomness of a step, or of the part of one that has this number, is its own, so that a
/// resumed run draws the same.
pub(crate) fn seed_step(seed: u64, number: u64) {
    tch::manual_seed(seed.wrapping_add(number).wrapping_mul(0x9e37_79b9) as i64);
}

/// A network in training: weights, optimiser, and what else belongs to it.
pub struct TrainedNetwork {
    name: &'static str,
    /// The weights that the optimiser moves.
    pub weights: Parameters,
    adam: Adam,
    learning_rate: f64,
    betas: (f64, f64),
    weight_decay: f64,
    spectral: Option<SpectralNorm>,
    average: Option<MovingAverage>,
    /// What names of averaged weights begin with in checkpoints.
    average_name: String,
}

impl TrainedNetwork {
    /// These weights and Adam; `name` is the network's own in checkpoints.
    pub fn new(
        name: &'static str,
        weights: Parameters,
        learning_rate: f64,
        betas: [f64; 2],
    ) -> Self {
        let betas = (betas[0], betas[1]);
        Self {
            name,
            adam: Adam::new(&weights, learning_rate, betas, 0.0),
            weights,
            learning_rate,
            betas,
            weight_decay: 0.0,
            spectral: None,
            average: None,
            average_name: format!("average.{name}"),
        }
    }

    /// The same with spectral norm of the weights whose names `chosen` takes.
    pub fn spectral(mut self, chosen: impl Fn(&str) -> bool) -> Self {
        self.spectral = Some(SpectralNorm::of(&self.weights, chosen));
        self
    }

    /// The same with a moving average of the weights; a decay of 0 is none.
    pub fn averaged(mut self, decay: f64) -> Self {
        self.average = (decay > 0.0).then(|| MovingAverage::new(&self.weights, decay));
        self
    }

    /// The same with a moving average that is called `name` in checkpoints; a decay of 0 keeps the
    /// newest weights.
    pub fn averaged_as(mut self, decay: f64, name: &str) -> Self {
        self.average = Some(MovingAverage::new(&self.weights, decay));
        name.clone_into(&mut self.average_name);
        self
    }

    /// The same with Adam's L2 weight decay.
    pub fn decayed(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self.adam = Adam::new(&self.weights, self.learning_rate, self.betas, weight_decay);
        self
    }

    /// One power iteration of spectral norm: once per training step, before the weights are used.
    pub fn power_iteration(&mut self) {
        if let Some(spectral) = &mut self.spectral {
            spectral.power_iteration(&self.weights);
        }
    }

    /// The weights as the network uses them; gradients pass through to [`Self::weights`].
    pub fn effective(&self) -> Parameters {
        match &self.spectral {
            Some(spectral) => spectral.normalized(&self.weights),
            None => mapped(&self.weights, Tensor::shallow_clone),
        }
    }

    /// The same, but this network gets no gradient.
    pub fn detached(&self) -> Parameters {
        no_grad(|| mapped(&self.effective(), Tensor::detach))
    }

    /// One step of the optimiser along the gradients, with `factor` times the rate.
    pub fn step(&mut self, factor: f64) {
        self.adam.learning_rate = self.learning_rate * factor;
        self.adam.step(&mut self.weights);
    }

    /// Take step number `step` (from 0) into the average.
    pub fn update_average(&mut self, step: u64) {
        if let Some(average) = &mut self.average {
            average.update(&self.weights, step);
        }
    }

    /// The same with a decay of its own, and without regard to early steps.
    pub fn update_average_by(&mut self, decay: f64) {
        if let Some(average) = &mut self.average {
            average.update_by(&self.weights, decay);
        }
    }

    /// The weights to show and to export: the averaged ones, if there is an average.
    pub fn best(&self) -> &Parameters {
        self.average
            .as_ref()
            .map_or(&self.weights, |average| &average.average)
    }

    /// Another rate.
    pub fn set_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }

    /// Go on from the averaged weights with another rate and an optimiser that remembers nothing.
    pub fn restart(&mut self, learning_rate: f64) {
        if let Some(average) = &self.average {
            copy(&average.average, &mut self.weights);
        }
        self.learning_rate = learning_rate;
        self.adam = Adam::new(&self.weights, learning_rate, self.betas, self.weight_decay);
    }

    /// Take the weights of an exported model as a start; their names in it begin with `prefix`.
    pub fn start_from(&mut self, model: &Path, prefix: &str) -> anyhow::Result<()> {
        let mut weights = mapped(&self.weights, |tensor| tensor.detach().copy());
        read_weights(model, prefix, &mut weights)?;
        self.start_with(&weights);
        Ok(())
    }

    /// The same where the model may lack some of the layers: those start as they are, which is
    /// said.
    pub fn start_from_known(&mut self, model: &Path, prefix: &str) -> anyhow::Result<()> {
        let mut weights = mapped(&self.weights, |tensor| tensor.detach().copy());
        let missing = read_known_weights(model, prefix, &mut weights)?;
        if !missing.is_empty() {
            eprintln!(
                "{} lacks {} of the weights {prefix}…, which start as in an untrained network",
                model.display(),
                missing.len()
            );
        }
        self.start_with(&weights);
        Ok(())
    }

    /// Take the weights that [`Self::save`] of a network `name` put into a checkpoint as a start,
    /// the averaged ones if there are such.
    pub fn start_from_checkpoint(&mut self, name: &str, saved: &Parameters) -> anyhow::Result<()> {
        let mut weights = mapped(&self.weights, |tensor| tensor.detach().copy());
        let averaged = format!("average.{name}");
        let has_average = saved.keys().any(|key| key.starts_with(&averaged));
        let prefix = if has_average { &averaged } else { name };
        parameters::restore(prefix, &mut weights, saved)?;
        self.start_with(&weights);
        Ok(())
    }

    /// Take weights of the same names and sizes as a start.
    pub fn start_with(&mut self, weights: &Parameters) {
        copy(weights, &mut self.weights);
        if let Some(average) = &mut self.average {
            copy(weights, &mut average.average);
        }
    }

    /// Everything that a resumed run needs.
    pub fn save(&self, out: &mut Vec<(String, Tensor)>) {
        let name = self.name;
        parameters::store(name, &self.weights, out);
        self.adam.state(&format!("adam.{name}"), out);
        if let Some(spectral) = &self.spectral {
            parameters::store(&format!("spectral.{name}"), &spectral.vectors, out);
        }
        if let Some(average) = &self.average {
            parameters::store(&self.average_name, &average.average, out);
        }
    }

    /// Take back what [`Self::save`] gave.
    pub fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        let name = self.name;
        parameters::restore(name, &mut self.weights, saved)?;
        self.adam.load(&format!("adam.{name}"), saved)?;
        if let Some(spectral) = &mut self.spectral {
            parameters::restore(&format!("spectral.{name}"), &mut spectral.vectors, saved)?;
        }
        if let Some(average) = &mut self.average {
            parameters::restore(&self.average_name, &mut average.average, saved)?;
        }
        Ok(())
    }
}

fn mapped(weights: &Parameters, change: impl Fn(&Tensor) -> Tensor) -> Parameters {
    let changed = weights.iter();
    changed
        .map(|(name, tensor)| (name.clone(), change(tensor)))
        .collect()
}

/// Looks out for a discriminator that has run away: it is never fooled any more, and the generator
/// learns nothing from it.
#[derive(Default)]
pub(crate) struct Watch {
    /// Steps of the present window, and the sum of what they showed.
    steps: u64,
    sum: f64,
    warned: bool,
}

impl Watch {
    /// Take a step in and warn, once, when the discriminator `name` has run away. `fooled` is near
    /// 0 where it is not fooled: the share of fake pictures that it scores as real, or its loss.
    pub(crate) fn see(
        &mut self,
        name: &str,
        generator_loss: &Tensor,
        remedy: &str,
        losses: &mut Losses,
    ) {
        if self.runs_away(generator_loss.double_value(&[])) {
            losses.warnings.push(format!(
                "for {WINDOW} steps {name} has hardly ever been fooled; try {remedy}"
            ));
        }
    }

    fn runs_away(&mut self, generator_loss: f64) -> bool {
        self.steps += 1;
        self.sum += generator_loss;
        if self.steps < WINDOW {
            return false;
        }
        let mean = self.sum / WINDOW as f64;
        (self.steps, self.sum) = (0, 0.0);
        let runs_away = mean < SELDOM && !self.warned;
        self.warned |= runs_away;
        runs_away
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::parts::Parts;
    use super::*;
    use crate::train::data::loader::Batch;
    use crate::train::run::train_step::TrainStep;

    /// What a checkpoint of `stage` would hold.
    pub(crate) fn saved(stage: &dyn TrainStep) -> Parameters {
        let mut out = Vec::new();
        stage.save(&mut out);
        let copied = out.into_iter();
        copied
            .map(|(name, tensor)| (name, tensor.detach().copy()))
            .collect()
    }

    /// Train two steps, then two more as a whole and from a checkpoint: losses and all tensors must
    /// agree. Steps must not draw from libtorch's randomness, which tests that run beside this one
    /// use as well.
    pub(crate) fn check_resumed<S: TrainStep>(make: impl Fn() -> S, batch: &Batch) {
        let batch = &Parts::whole(batch);
        let mut whole = make();
        for _ in 0..2 {
            whole.step(batch).unwrap();
        }
        let half = saved(&whole);
        let mut resumed = make();
        resumed.load(&half).unwrap();
        for _ in 0..2 {
            let expected = whole.step(batch).unwrap().values();
            let found = resumed.step(batch).unwrap().values();
            for ((name, a), (_, b)) in expected.iter().zip(&found) {
                let tolerance = 1e-5 * a.abs().max(1.0);
                assert!((a - b).abs() <= tolerance, "{name}: {a} and {b}");
            }
        }
        let (a, b) = (saved(&whole), saved(&resumed));
        assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
        for (name, tensor) in &a {
            let difference = (tensor - &b[name]).abs().max().double_value(&[]);
            assert!(difference < 1e-5, "{name}: {difference}");
        }
    }

    /// Two entries of each tensor of `batch` that has some.
    fn halves(batch: &Batch) -> [Batch; 2] {
        [0, 1].map(|half| {
            let part = |tensor: &Tensor| match tensor.numel() {
                0 => tensor.shallow_clone(),
                _ => {
                    let length = tensor.size()[0] / 2;
                    tensor.narrow(0, half * length, length)
                }
            };
            Batch {
                input: part(&batch.input),
                conditioning: part(&batch.conditioning),
                target: part(&batch.target),
                unpaired: part(&batch.unpaired),
                sharpened_target: part(&batch.sharpened_target),
                ..Batch::default()
            }
        })
    }

    /// A step in two parts has the gradients of one with all of `batch`, which Adam's first moments
    /// tell, in all its networks; those must have no batch norm and draw no random numbers.
    pub(crate) fn check_parts<S: TrainStep>(make: impl Fn() -> S, batch: &Batch) {
        let (mut whole, mut halved) = (make(), make());
        let expected = whole.step(&Parts::whole(batch)).unwrap().values();
        let (halves, never) = (halves(batch), || false);
        let found = halved.step(&Parts::new(&halves, &never)).unwrap().values();
        for ((name, a), (_, b)) in expected.iter().zip(&found) {
            assert!((a - b).abs() <= 1e-4 * a.abs().max(1.0), "{name}: {a}, {b}");
        }
        let (a, b) = (saved(&whole), saved(&halved));
        let largest = |tensor: &Tensor| tensor.abs().max().double_value(&[]);
        let moments: Vec<_> = a
            .iter()
            .filter(|(name, _)| name.contains(".first."))
            .collect();
        let all = moments
            .iter()
            .map(|(_, it)| largest(it))
            .fold(0.0, f64::max);
        assert!(all > 0.0);
        for (name, expected) in moments {
            // What a norm takes away again has a slope of rounding errors alone.
            let most = 2e-3 * largest(expected) + 1e-4 * all;
            let off = largest(&(expected - &b[name]));
            assert!(off <= most, "{name}: {off}, more than {most}");
        }
    }

    #[test]
    fn a_discriminator_has_run_away_when_hardly_anything_fools_it() {
        let mut watch = Watch::default();
        // One step in a hundred fools it: first much, then a little.
        let generator_loss = |step: u64| match step % 100 {
            0 if step < 1000 => 5.0,
            0 => 0.5,
            _ => 0.0,
        };
        let warned = (0..5000).filter(|&step| watch.runs_away(generator_loss(step)));
        assert_eq!(warned.collect::<Vec<_>>(), [1199]);
    }
}
