//! Adam with a state that can be saved, and the moving average of weights.
//!
//! libtorch's own optimiser does not hand out its moments through `tch`, so a run could not be
//! resumed with it.

use tch::{Kind, Tensor, no_grad};

use crate::train::nn::layers::Parameters;
use crate::train::nn::parameters::fill;

/// Adam (Kingma and Ba, 2015) with L2 weight decay, as in PyTorch.
pub(crate) struct Adam {
    /// Learning rate.
    pub learning_rate: f64,
    betas: (f64, f64),
    weight_decay: f64,
    step: i64,
    moments: Vec<(String, Tensor, Tensor)>,
}

const EPSILON: f64 = 1e-8;

impl Adam {
    /// An optimiser of `parameters` with zero moments.
    pub(crate) fn new(
        parameters: &Parameters,
        learning_rate: f64,
        betas: (f64, f64),
        weight_decay: f64,
    ) -> Self {
        let zeros = |(name, tensor): (&String, &Tensor)| {
            let zero = || tensor.detach().zeros_like();
            (name.clone(), zero(), zero())
        };
        Self {
            learning_rate,
            betas,
            weight_decay,
            step: 0,
            moments: parameters.iter().map(zeros).collect(),
        }
    }

    /// One step along the gradients in `parameters`, which are cleared. Parameters without one
    /// stay.
    pub(crate) fn step(&mut self, parameters: &mut Parameters) {
        self.step += 1;
        let (beta1, beta2) = self.betas;
        let correction1 = 1.0 - beta1.powi(self.step as i32);
        let correction2 = (1.0 - beta2.powi(self.step as i32)).sqrt();
        no_grad(|| {
            for (name, first, second) in &mut self.moments {
                let Some(parameter) = parameters.get_mut(name) else {
                    continue;
                };
                let mut gradient = parameter.grad();
                if !gradient.defined() {
                    continue;
                }
                let slope = match self.weight_decay {
                    0.0 => gradient.shallow_clone(),
                    decay => &gradient + &*parameter * decay,
                };
                let _ = first.lerp_(&slope, 1.0 - beta1);
                let _ = second.lerp_(&slope.square(), 1.0 - beta2);
                // In place: on a CPU this is a matter of memory.
                let mut scale = second.sqrt();
                scale /= correction2;
                scale += EPSILON;
                let way = &*first * (-self.learning_rate / correction1);
                let _ = parameter.addcdiv_(&way, &scale);
                let _ = gradient.zero_();
            }
        });
    }

    /// The state by name, for a checkpoint.
    pub(crate) fn state(&self, prefix: &str, out: &mut Vec<(String, Tensor)>) {
        out.push((format!("{prefix}.step"), Tensor::from_slice(&[self.step])));
        for (name, first, second) in &self.moments {
            out.push((format!("{prefix}.first.{name}"), first.shallow_clone()));
            out.push((format!("{prefix}.second.{name}"), second.shallow_clone()));
        }
    }

    /// Take the state back from a checkpoint.
    pub(crate) fn load(&mut self, prefix: &str, saved: &Parameters) -> anyhow::Result<()> {
        self.fill(prefix, saved)
            .map_err(|name| anyhow::anyhow!("the checkpoint has no fitting tensor {name}"))
    }

    fn fill(&mut self, prefix: &str, saved: &Parameters) -> Result<(), String> {
        let step = format!("{prefix}.step");
        self.step = saved.get(&step).ok_or(step)?.int64_value(&[0]);
        for (name, first, second) in &mut self.moments {
            fill(first, &format!("{prefix}.first.{name}"), saved)?;
            fill(second, &format!("{prefix}.second.{name}"), saved)?;
        }
        Ok(())
    }
}

/// Shorten the gradient of all `parameters` together to the norm `most` where it is longer.
pub(crate) fn clip_gradients(parameters: &Parameters, most: f64) {
    no_grad(|| {
        let gradients: Vec<Tensor> = parameters.values().map(Tensor::grad).collect();
        let gradients: Vec<&Tensor> = gradients.iter().filter(|g| g.defined()).collect();
        let squares: Tensor = gradients.iter().map(|g| g.square().sum(Kind::Float)).sum();
        // A tensor, so that the device need not be waited for.
        let factor = (squares.sqrt() + 1e-6).reciprocal() * most;
        let factor = factor.clamp_max(1.0);
        for gradient in gradients {
            let _ = gradient.shallow_clone().multiply_(&factor);
        }
    });
}

/// Exponential moving average of weights: steadier than the last step's.
pub(crate) struct MovingAverage {
    decay: f64,
    /// The averaged weights; they carry no gradient.
    pub average: Parameters,
}

impl MovingAverage {
    /// An average that starts at `parameters`; `decay` is the weight of the past in one step.
    pub(crate) fn new(parameters: &Parameters, decay: f64) -> Self {
        let copy = |(name, tensor): (&String, &Tensor)| (name.clone(), tensor.detach().copy());
        Self {
            decay,
            average: parameters.iter().map(copy).collect(),
        }
    }

    /// Take step number `step` (from 0) in. Early steps weigh more, so that the start is forgotten
    /// soon.
    pub(crate) fn update(&mut self, parameters: &Parameters, step: u64) {
        self.update_by(
            parameters,
            self.decay.min((1.0 + step as f64) / (10.0 + step as f64)),
        );
    }

    /// Take `parameters` in; `decay` is the weight of the past.
    pub(crate) fn update_by(&mut self, parameters: &Parameters, decay: f64) {
        no_grad(|| {
            for (name, average) in &mut self.average {
                let _ = average.lerp_(&parameters[name], 1.0 - decay);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: f32) -> Parameters {
        let tensor = Tensor::from_slice(&[value]).set_requires_grad(true);
        Parameters::from([("x".to_owned(), tensor)])
    }

    #[test]
    fn adam_agrees_with_libtorch() {
        use tch::nn::{OptimizerConfig, VarStore, adam};
        let store = VarStore::new(tch::Device::Cpu);
        let reference = store.root().var_copy("x", &Tensor::from_slice(&[3.0f32]));
        let mut theirs = adam(0.5, 0.999, 0.01).build(&store, 0.1).unwrap();
        let mut parameters = one(3.0);
        let mut ours = Adam::new(&parameters, 0.1, (0.5, 0.999), 0.01);
        for _ in 0..20 {
            theirs.backward_step(&(reference.square().sum(tch::Kind::Float)));
            parameters["x"].square().sum(tch::Kind::Float).backward();
            ours.step(&mut parameters);
        }
        let difference = reference.double_value(&[0]) - parameters["x"].double_value(&[0]);
        assert!(difference.abs() < 1e-5, "{difference}");
    }

    #[test]
    fn long_gradients_are_shortened() {
        let parameters = one(3.0);
        for (scale, expected) in [(0.5, 0.5), (8.0, 2.0)] {
            (&parameters["x"] * scale).sum(Kind::Float).backward();
            clip_gradients(&parameters, 2.0);
            let found = parameters["x"].grad().double_value(&[0]);
            assert!((found - expected).abs() < 1e-4, "{found}");
            let _ = parameters["x"].grad().zero_();
        }
    }

    #[test]
    fn a_loaded_optimiser_goes_on_as_the_saved_one() {
        let step = |adam: &mut Adam, p: &mut Parameters| {
            p["x"].square().sum(tch::Kind::Float).backward();
            adam.step(p);
        };
        let mut parameters = one(1.0);
        let mut adam = Adam::new(&parameters, 0.1, (0.9, 0.999), 0.0);
        step(&mut adam, &mut parameters);
        let mut state = Vec::new();
        adam.state("adam", &mut state);
        let saved: Parameters = state.into_iter().map(|(n, t)| (n, t.copy())).collect();
        let mut other = one(parameters["x"].double_value(&[0]) as f32);
        let mut resumed = Adam::new(&other, 0.1, (0.9, 0.999), 0.0);
        resumed.load("adam", &saved).unwrap();
        step(&mut adam, &mut parameters);
        step(&mut resumed, &mut other);
        assert_eq!(
            parameters["x"].double_value(&[0]),
            other["x"].double_value(&[0])
        );
        let error = resumed.load("none", &saved).unwrap_err();
        assert!(error.to_string().contains("none.step"), "{error}");
    }

    #[test]
    fn the_average_follows() {
        let mut average = MovingAverage::new(&one(0.0), 0.9);
        for step in 0..200 {
            average.update(&one(1.0), step);
        }
        assert!((average.average["x"].double_value(&[0]) - 1.0).abs() < 1e-6);
    }
}
