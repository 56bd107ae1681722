//! What a stage of the training is to a run.

use std::path::Path;

use anyhow::Context;
use tch::Tensor;

use super::layers::Parameters;
use super::loader::Batch;

/// Loss terms of one step by name, and what its user should know.
#[derive(Default)]
pub struct Losses {
    terms: Vec<(&'static str, Tensor)>,
    /// Warnings, a sentence each.
    pub warnings: Vec<String>,
}

impl Losses {
    /// Add a weighted term, a scalar.
    pub fn add(&mut self, name: &'static str, value: Tensor) {
        self.terms.push((name, value));
    }

    /// Take the terms of `other` in.
    pub fn append(&mut self, other: Self) {
        self.terms.extend(other.terms);
        self.warnings.extend(other.warnings);
    }

    /// Sum of the terms.
    pub fn total(&self) -> Tensor {
        self.terms.iter().map(|(_, value)| value).sum()
    }

    /// Values by name; waits for the device.
    pub fn values(&self) -> Vec<(&'static str, f64)> {
        let value = |(name, tensor): &(&'static str, Tensor)| (*name, tensor.double_value(&[]));
        self.terms.iter().map(value).collect()
    }
}

/// One of the two trainings.
pub trait Stage {
    /// Name of its checkpoint file, without extension.
    fn name(&self) -> &'static str;
    /// (steps done, steps in all).
    fn progress(&self) -> (u64, u64);
    /// One optimiser step.
    fn step(&mut self, batch: &Batch) -> anyhow::Result<Losses>;
    /// Take the averaged weights of an exported model as a start.
    fn start_from(&mut self, model: &Path) -> anyhow::Result<()>;
    /// What the stage makes of mosaics, with averaged weights.
    fn restore(&self, pixelated: &Tensor, lattice: &Tensor) -> Tensor;
    /// The same with invented detail, if the stage tells the two apart.
    fn detailed(&self, _pixelated: &Tensor, _lattice: &Tensor) -> Option<Tensor> {
        None
    }
    /// Everything that a resumed run needs.
    fn save(&self, out: &mut Vec<(String, Tensor)>);
    /// Take back what [`Self::save`] gave.
    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()>;
}

/// Steps in which adversarial terms join, at most; a tenth of all steps.
const JOINING: f64 = 500.0;

/// How far adversarial terms have joined at `step` of `steps`, 0–1, if they begin at `from`. They join slowly: Adam divides
/// by what gradients were, and larger ones out of the blue make steps that wreck the network.
pub fn joined(step: u64, from: f64, steps: u64) -> f64 {
    let slowly = (0.1 * steps as f64).clamp(1.0, JOINING);
    ((step as f64 + 1.0 - from) / slowly).clamp(0.0, 1.0)
}

/// The step count of a checkpoint.
pub fn saved_step(saved: &Parameters) -> anyhow::Result<u64> {
    let step = saved
        .get("step")
        .context("the checkpoint has no step count")?;
    Ok(step.int64_value(&[0]).max(0) as u64)
}
