//! Whoever has a batcher run its crops.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::cascade::RunError;

/// One of those who share a model. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Client(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Since when nothing is to be run for it.
    stopped: Option<Instant>,
    /// The model took too long for its crops: it would do so again.
    has_given_up: bool,
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Client {
    /// After [`Batcher::stop`](super::Batcher::stop): its crops are run again.
    pub fn start(&self) {
        self.lock().stopped = None;
    }

    pub(super) fn stop(&self) {
        self.lock().stopped.get_or_insert_with(Instant::now);
    }

    pub(super) fn give_up(&self) {
        self.lock().has_given_up = true;
    }

    /// Whether the model took too long for its crops; then it runs them no more.
    pub fn has_given_up(&self) -> bool {
        self.lock().has_given_up
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.lock().stopped.is_some()
    }

    pub(super) fn is_stopped_for(&self, time: Duration) -> bool {
        self.lock()
            .stopped
            .is_some_and(|since| since.elapsed() >= time)
    }

    /// Why its crops are not run.
    pub(super) fn refusal(&self) -> Option<RunError> {
        let state = self.lock();
        match (state.stopped, state.has_given_up) {
            (Some(_), _) => Some(RunError::Stopped),
            (None, true) => Some(RunError::Broken),
            (None, false) => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
