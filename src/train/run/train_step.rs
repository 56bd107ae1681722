//! What a stage of the training is to a run.

use std::path::Path;

use tch::Tensor;

use crate::train::data::loader::{Batch, Inputs};
use crate::train::nn::layers::Parameters;
use crate::train::optim::losses::Losses;

/// One of the two trainings.
pub trait TrainStep {
    /// Name of its checkpoint file, without extension.
    fn name(&self) -> &'static str;
    /// (steps done, steps in all).
    fn progress(&self) -> (u64, u64);
    /// One optimiser step.
    fn step(&mut self, batch: &Batch) -> anyhow::Result<Losses>;
    /// Take the averaged weights of an exported model as a start.
    fn start_from(&mut self, model: &Path) -> anyhow::Result<()>;
    /// What the network makes of `inputs`, with averaged weights.
    fn predict(&self, inputs: &Inputs<'_>) -> Tensor;
    /// The same with invented detail, if the network tells the two apart.
    fn predict_detailed(&self, _inputs: &Inputs<'_>) -> Option<Tensor> {
        None
    }
    /// Raw scores `[N]` that its discriminator gives the real pictures `[N, 3, side, side]`, or as
    /// many of them as it compares; None without a discriminator of its own.
    fn judged(&self, _real: &Tensor) -> Option<Tensor> {
        None
    }
    /// Everything that a resumed run needs.
    fn save(&self, out: &mut Vec<(String, Tensor)>);
    /// Take back what [`Self::save`] gave.
    fn load(&mut self, saved: &Parameters) -> anyhow::Result<()>;
}
