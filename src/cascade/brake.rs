//! Runs that have to end: because somebody says so, or because they have taken too long.
//!
//! ONNX Runtime looks between two operations, also in loops, whether its run is to end.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use once_cell::sync::Lazy;
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions};

use super::RunError;
use super::properties::said;

/// How often it is looked after runs that take too long.
const TICK: Duration = Duration::from_secs(1);

/// Ends the runs of one model. Clones are the same brake.
#[derive(Clone, Debug, Default)]
pub struct Brake(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_pulled: AtomicBool,
    running: Mutex<Option<Arc<Run>>>,
}

impl Brake {
    /// End the run that goes on, and let none begin until [`Self::release`].
    pub fn pull(&self) {
        self.0.is_pulled.store(true, Ordering::SeqCst);
        if let Some(run) = &*self.running() {
            run.end(Cause::Stopped);
        }
    }

    /// Whether runs are to end: for those that ONNX Runtime knows nothing of.
    pub fn is_pulled(&self) -> bool {
        self.0.is_pulled.load(Ordering::SeqCst)
    }

    /// Runs may begin again.
    pub fn release(&self) {
        self.0.is_pulled.store(false, Ordering::SeqCst);
    }

    /// What a run of the graph `model` needs that may take `limit` and gives the outputs `selector`.
    pub(super) fn begin<'a>(
        &'a self,
        model: &'a str,
        selector: OutputSelector,
        limit: Duration,
    ) -> Result<Running<'a>, RunError> {
        let options = RunOptions::new().map_err(|error| RunError::Failed(said(&error)))?;
        let run = Arc::new(Run {
            options: options.with_outputs(selector),
            cause: AtomicU8::new(Cause::None as u8),
        });
        *self.running() = Some(Arc::clone(&run));
        let running = Running {
            brake: self,
            model,
            limit,
            run,
        };
        // Whoever pulled before did not see the run.
        if self.0.is_pulled.load(Ordering::SeqCst) {
            return Err(RunError::Stopped);
        }
        WATCH.look_after(&running.run, limit);
        Ok(running)
    }

    fn running(&self) -> MutexGuard<'_, Option<Arc<Run>>> {
        let running = self.0.running.lock();
        running.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run of a graph; it is over when this goes.
#[derive(Debug)]
pub(super) struct Running<'a> {
    brake: &'a Brake,
    model: &'a str,
    limit: Duration,
    run: Arc<Run>,
}

impl Running<'_> {
    pub(super) fn options(&self) -> &RunOptions<HasSelectedOutputs> {
        &self.run.options
    }

    /// What it means that ONNX Runtime ended the run with `error`.
    pub(super) fn error(&self, error: &ort::Error) -> RunError {
        match self.run.cause.load(Ordering::SeqCst) {
            cause if cause == Cause::Stopped as u8 => RunError::Stopped,
            cause if cause == Cause::TooLong as u8 => RunError::TooLong {
                model: self.model.to_owned(),
                seconds: self.limit.as_secs(),
            },
            _ => RunError::Failed(said(error)),
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *self.brake.running() = None;
    }
}

/// Why a run was ended from outside.
#[derive(Clone, Copy, Debug)]
enum Cause {
    None,
    Stopped,
    TooLong,
}

struct Run {
    options: RunOptions<HasSelectedOutputs>,
    /// A [`Cause`].
    cause: AtomicU8,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a run")
    }
}

// SAFETY: what options cannot be shared for is an output that was allocated before, in which two
// threads could write; here is none, and of all that can be done with them other threads do nothing
// but set the flag that ends a run, which ONNX Runtime wants to be set from other threads.
#[expect(unsafe_code, reason = "a run is ended by another thread")]
unsafe impl Sync for Run {}

impl Run {
    fn end(&self, cause: Cause) {
        let none = Cause::None as u8;
        let (order, cause) = (Ordering::SeqCst, cause as u8);
        // The first cause counts.
        let _ = self.cause.compare_exchange(none, cause, order, order);
        // It cannot fail: it sets a flag.
        let _ = self.options.terminate();
    }
}

static WATCH: Lazy<Arc<Watch>> = Lazy::new(|| {
    let watch = Arc::<Watch>::default();
    let on_thread = Arc::clone(&watch);
    let thread = std::thread::Builder::new().name("watch".to_owned());
    // Without a thread nothing is ended by the clock.
    let _ = thread.spawn(move || on_thread.keep());
    watch
});

/// A thread that ends what takes too long.
#[derive(Debug, Default)]
struct Watch {
    runs: Mutex<Vec<(Instant, Weak<Run>)>>,
    /// There is something to look after again.
    woken: Condvar,
}

impl Watch {
    fn look_after(&self, run: &Arc<Run>, limit: Duration) {
        let mut runs = self.lock();
        if runs.is_empty() {
            self.woken.notify_one();
        }
        runs.push((Instant::now() + limit, Arc::downgrade(run)));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Instant, Weak<Run>)>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs are over long before a look; so nobody is woken for each of them.
    fn keep(&self) {
        let mut runs = self.lock();
        loop {
            let now = Instant::now();
            runs.retain(|(end, run)| match run.upgrade() {
                Some(run) if *end <= now => {
                    run.end(Cause::TooLong);
                    false
                }
                run => run.is_some(),
            });
            runs = match runs.is_empty() {
                true => self
                    .woken
                    .wait(runs)
                    .unwrap_or_else(PoisonError::into_inner),
                false => {
                    drop(runs);
                    std::thread::sleep(TICK);
                    self.lock()
                }
            };
        }
    }
}
