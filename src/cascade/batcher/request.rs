//! Crops that wait for a run, and what becomes of them.

#![allow(
    clippy::unwrap_used,
    reason = "a lock is poisoned by a panic alone, and models' panics are caught"
)]

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::client::Client;
use crate::cascade::{Crops, RunError};

/// Crops on their way to the model, and what it made of them. Its memory is meant to be used again.
#[derive(Debug, Default)]
pub struct Batch {
    /// Number of crops.
    pub count: usize,
    /// From the model's truest picture (0) to its sharpest (1).
    pub detail: f32,
    /// As in [`Crops`].
    pub pixelated: Vec<f32>,
    /// As in [`Crops`].
    pub lattice: Vec<f32>,
    /// As in [`Crops`].
    pub neighbours: Vec<f32>,
    /// What the model made of them, `[count, 3, size·scale, size·scale]` in its range.
    pub faces: Vec<f32>,
    /// Crops in the run that these were part of.
    pub in_run: usize,
    /// Time inside the model.
    pub time: Duration,
}

impl Batch {
    /// Some of the crops, for a run.
    pub fn crops(&self, range: Range<usize>) -> Crops<'_> {
        let part = |numbers: &'_ Vec<f32>| -> Range<usize> {
            let crop = numbers.len() / self.count.max(1);
            range.start * crop..range.end * crop
        };
        Crops {
            count: range.len(),
            pixelated: &self.pixelated[part(&self.pixelated)],
            lattice: &self.lattice[part(&self.lattice)],
            neighbours: &self.neighbours[part(&self.neighbours)],
        }
    }
}

/// Wakes whoever may wait for a batch; called from the batcher's thread.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

#[derive(Debug, Default)]
pub(super) struct Slot {
    pub hurried: AtomicBool,
    pub is_done: AtomicBool,
    pub done: Mutex<Option<(Batch, Result<(), RunError>)>>,
    pub ready: Condvar,
}

pub(super) struct Request {
    pub batch: Batch,
    pub deadline: Instant,
    pub slot: Arc<Slot>,
    pub wake: Wake,
    pub client: Client,
    /// A run with others took too long.
    pub is_alone: bool,
}

impl Slot {
    pub(super) fn finish(&self, batch: Batch, result: Result<(), RunError>) {
        *self.done.lock().unwrap() = Some((batch, result));
        self.is_done.store(true, Ordering::Release);
        self.ready.notify_all();
    }
}

impl Request {
    pub(super) fn finish(self, result: Result<(), RunError>) {
        self.slot.finish(self.batch, result);
        (self.wake)();
    }
}
