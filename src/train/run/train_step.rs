//! What a stage of the training is to a run.

use std::path::Path;

use tch::Tensor;

use crate::train::data::loader::Inputs;
use crate::train::nn::layers::Parameters;
use crate::train::optim::losses::Losses;
use crate::train::optim::parts::Parts;

/// One of the two trainings.
pub trait TrainStep {
    /// Name of its checkpoint file, without extension.
    fn name(&self) -> &'static str;
    /// (steps done, steps in all).
    fn progress(&self) -> (u64, u64);
    /// One optimiser step.
    ///
    /// Fails with [`GivenUp`](crate::train::optim::parts::GivenUp) where it was given up; what is
    /// inside a step is not to be saved.
    fn step(&mut self, parts: &Parts<'_>) -> anyhow::Result<Losses>;
    /// Take the averaged weights of an exported model as a start.
    fn start_from(&mut self, model: &Path) -> anyhow::Result<()>;
    /// What its user should know before the first step, a sentence each; `started` tells whether it
    /// begins with weights from elsewhere, or goes on.
    ///
    /// Fails where that cannot go well.
    fn warnings(&self, _started: bool) -> anyhow::Result<Vec<String>> {
        Ok(Vec::new())
    }
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
