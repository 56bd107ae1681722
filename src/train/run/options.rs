//! What a run is given beside its recipe.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tch::Device;

use super::stop::Stop;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All steps are done.
    Finished,
    /// Stopped by a signal or the time limit. A checkpoint is there, unless the first step was
    /// given up.
    Stopped,
}

/// Settings of a run that are no part of the recipe.
pub struct Options {
    /// Folder for checkpoints, log and model.
    pub out: PathBuf,
    /// An exported model whose weights a run that has no checkpoint yet starts from.
    pub start_from: Option<PathBuf>,
    /// Where it runs.
    pub device: Device,
    /// Time between checkpoints.
    pub checkpoint_interval: Duration,
    /// When to stop, if not before.
    pub deadline: Option<Instant>,
    /// Train even where that wants more memory than there is.
    pub force: bool,
    /// Asked from outside to stop.
    pub stop: Stop,
    /// Draw progress bars.
    pub progress: bool,
}

/// A progress bar of `length` that says `message`.
pub fn bar(visible: bool, length: u64, message: &str) -> ProgressBar {
    if !visible {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {per_sec} {eta} left\n{msg}");
    let bar = ProgressBar::new(length).with_prefix(message.to_owned());
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
