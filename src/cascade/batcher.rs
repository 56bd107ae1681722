//! One model for many: a thread that runs the crops of several frames and streams together.
//!
//! Whoever has crops submits them and gets a [`Ticket`]. A run takes what waits, in its order, up
//! to the size at which a fuller batch gains nothing more. It begins when that is reached, when the
//! first crops have waited as long as they may, or when somebody can go on no further without them.

#![allow(
    clippy::unwrap_used,
    reason = "a lock is poisoned by a panic alone, and models' panics are caught"
)]

mod client;
mod merge;
mod request;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::panic::panic_text;
use super::{Backend, Brake, LoadError, ModelMetadata, RunError};
pub use client::Client;
use merge::run;
pub use request::{Batch, Wake};
use request::{Request, Slot};

/// How long it is waited for a run that was told to end; then it is left to itself.
const GRACE: Duration = Duration::from_secs(2);

/// A place in the queue, and the result.
#[derive(Debug)]
pub struct Ticket {
    slot: Arc<Slot>,
    shared: Arc<Shared>,
    client: Client,
}

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    brake: Option<Brake>,
    /// The last run panicked; nobody knows what became of the model.
    is_broken: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    requests: VecDeque<Request>,
    /// Whose crops are in the run that goes on.
    running: Vec<Client>,
    is_closed: bool,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} waiting", self.requests.len())
    }
}

/// How batches are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sizes {
    /// Crops up to which requests are put together; one request alone may have more.
    fill: usize,
    /// Most crops in one run.
    most: usize,
}

/// A model on a thread of its own.
#[derive(Debug)]
pub struct Batcher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    metadata: ModelMetadata,
    provider: String,
    takes_lattice: bool,
    fill: usize,
}

impl Batcher {
    /// Run `backend` with at most `batch_size` crops at a time; 0 leaves that to the backend.
    pub fn new(mut backend: Box<dyn Backend>, batch_size: usize) -> Result<Self, LoadError> {
        let sizes = match batch_size {
            0 => Sizes {
                fill: backend.preferred_batch().max(1),
                most: usize::MAX,
            },
            size => Sizes {
                fill: size,
                most: size,
            },
        };
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            changed: Condvar::new(),
            brake: backend.brake(),
            is_broken: AtomicBool::new(false),
        });
        let (metadata, provider) = (
            backend.metadata().clone(),
            backend.execution_provider().to_owned(),
        );
        let takes_lattice = backend.takes_lattice();
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("batcher".to_owned())
            .spawn(move || {
                let mut together = Batch::default();
                while let Some(requests) = for_thread.next(sizes.fill) {
                    for_thread.serve(backend.as_mut(), requests, sizes.most, &mut together);
                }
            })
            .map_err(|error| LoadError::Thread(error.to_string()))?;
        Ok(Self {
            shared,
            thread: Some(thread),
            metadata,
            provider,
            takes_lattice,
            fill: sizes.fill,
        })
    }

    /// What the model says about itself.
    pub fn metadata(&self) -> &ModelMetadata {
        &self.metadata
    }

    /// The execution provider in use.
    pub fn execution_provider(&self) -> &str {
        &self.provider
    }

    /// Whether the model can be told the lattice.
    pub fn takes_lattice(&self) -> bool {
        self.takes_lattice
    }

    /// Whether batches of several frames are run together.
    pub fn merges(&self) -> bool {
        self.fill > 1
    }

    /// Whether a run has panicked; the model runs no more.
    pub fn is_broken(&self) -> bool {
        self.shared.is_broken.load(Ordering::Acquire)
    }

    /// Add crops to the queue. They may wait `patience` for others to run with; `wake` is called
    /// when they are done, which is at once where `client` is stopped or has given the model up.
    pub fn submit(&self, batch: Batch, patience: Duration, wake: &Wake, client: &Client) -> Ticket {
        let slot = Arc::new(Slot::default());
        let request = Request {
            batch,
            deadline: Instant::now() + patience,
            slot: Arc::clone(&slot),
            wake: Arc::clone(wake),
            client: client.clone(),
            is_alone: false,
        };
        // Under the lock, so that nobody stops the client in between.
        let mut waiting = self.shared.lock();
        match client.refusal() {
            Some(error) => {
                drop(waiting);
                request.finish(Err(error));
            }
            None => waiting.requests.push_back(request),
        }
        self.shared.changed.notify_all();
        Ticket {
            slot,
            shared: Arc::clone(&self.shared),
            client: client.clone(),
        }
    }

    /// End what goes on for `client`, and let nothing begin for it until [`Client::start`]: its tickets
    /// come back. What others wait for goes on, or is begun anew.
    pub fn stop(&self, client: &Client) {
        let mut waiting = self.shared.lock();
        client.stop();
        let requests = std::mem::take(&mut waiting.requests);
        let (gone, others) = requests.into_iter().partition(|it| it.client == *client);
        let gone: VecDeque<Request> = gone;
        waiting.requests = others;
        if let Some(brake) = &self.shared.brake
            && waiting.running.contains(client)
        {
            brake.pull();
        }
        drop(waiting);
        for request in gone {
            request.finish(Err(RunError::Stopped));
        }
    }
}

impl Drop for Batcher {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            self.shared.end(&thread);
            if thread.is_finished() {
                // It catches the model's panics and has none of its own.
                let _ = thread.join();
            }
        }
    }
}

impl Ticket {
    /// Whether [`Self::wait`] would return at once.
    pub fn is_done(&self) -> bool {
        self.slot.is_done.load(Ordering::Acquire)
    }

    /// Have the crops run as soon as the model is free, and wait for them. The batch comes back in
    /// any case, but for a run that did not end when its client was stopped.
    pub fn wait(self) -> (Batch, Result<(), RunError>) {
        if !self.is_done() {
            // Under the lock, so that the batcher does not miss it.
            let waiting = self.shared.lock();
            self.slot.hurried.store(true, Ordering::Release);
            drop(waiting);
            self.shared.changed.notify_all();
        }
        let mut done = self.slot.done.lock().unwrap();
        loop {
            let wait = (self.slot.ready).wait_timeout_while(done, GRACE / 4, |done| done.is_none());
            done = wait.unwrap().0;
            if let Some(done) = done.take() {
                return done;
            }
            if self.client.is_stopped_for(GRACE) {
                // The run does not end; its memory is lost.
                return (Batch::default(), Err(RunError::Stopped));
            }
        }
    }
}

impl Shared {
    /// Wait until `thread`, which is to end, does so; help a run that takes long to its end.
    fn end(&self, thread: &JoinHandle<()>) {
        for end_run in [false, true] {
            if let Some(brake) = self.brake.as_ref().filter(|_| end_run) {
                brake.pull();
            }
            let start = Instant::now();
            while !thread.is_finished() && start.elapsed() < GRACE {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap()
    }

    /// The requests of the next run; waits until one may begin. None: there will be no more.
    fn next(&self, fill: usize) -> Option<Vec<Request>> {
        let mut waiting = self.lock();
        loop {
            let Some(first) = waiting.requests.front() else {
                if waiting.is_closed {
                    return None;
                }
                waiting = self.changed.wait(waiting).unwrap();
                continue;
            };
            let (mut crops, mut count) = (first.batch.count, 1);
            for request in waiting.requests.iter().skip(1) {
                let together = crops + request.batch.count;
                let is_apart = first.is_alone || request.is_alone;
                if is_apart || together > fill || request.batch.detail != first.batch.detail {
                    break;
                }
                (crops, count) = (together, count + 1);
            }
            let mut taken = waiting.requests.iter().take(count);
            let is_full = crops >= fill || count < waiting.requests.len();
            let hurried = taken.any(|request| request.slot.hurried.load(Ordering::Acquire));
            let deadlines = waiting.requests.iter().take(count).map(|it| it.deadline);
            let left = deadlines
                .min()
                .map(|end| end.saturating_duration_since(Instant::now()));
            let left = left.filter(|left| !left.is_zero());
            let may_wait = !(is_full || hurried || waiting.is_closed);
            match left.filter(|_| may_wait) {
                Some(left) => waiting = self.changed.wait_timeout(waiting, left).unwrap().0,
                None => {
                    let taken: Vec<Request> = waiting.requests.drain(..count).collect();
                    waiting.running = taken.iter().map(|it| it.client.clone()).collect();
                    if let Some(brake) = &self.brake {
                        brake.release();
                    }
                    return Some(taken);
                }
            }
        }
    }

    /// Run `requests` together and hand out what becomes of them.
    fn serve(
        &self,
        backend: &mut dyn Backend,
        mut requests: Vec<Request>,
        most: usize,
        together: &mut Batch,
    ) {
        let start = Instant::now();
        let result = if self.is_broken.load(Ordering::Acquire) {
            Err(RunError::Broken)
        } else {
            let run = AssertUnwindSafe(|| run(backend, &mut requests, most, together));
            catch_unwind(run).unwrap_or_else(|panic| {
                self.is_broken.store(true, Ordering::Release);
                Err(RunError::Panic(panic_text(panic.as_ref()).to_owned()))
            })
        };
        let (time, crops) = (
            start.elapsed(),
            requests.iter().map(|it| it.batch.count).sum(),
        );
        for mut request in self.done(requests, &result) {
            request.batch.time = time;
            request.batch.in_run = crops;
            request.finish(result.clone());
        }
    }

    /// Those of `requests` that a run has come to its end for; the others are put back, to be run
    /// anew: who was not meant when the run was ended, and who may not be why it took too long.
    fn done(&self, requests: Vec<Request>, result: &Result<(), RunError>) -> Vec<Request> {
        let mut waiting = self.lock();
        waiting.running.clear();
        let is_alone = requests.len() == 1;
        let is_over = |request: &Request| match result {
            Err(RunError::Stopped) => request.client.is_stopped() || waiting.is_closed,
            Err(RunError::TooLong { .. }) => is_alone,
            _ => true,
        };
        let (over, again): (Vec<_>, Vec<_>) = requests.into_iter().partition(is_over);
        for mut request in again.into_iter().rev() {
            request.is_alone |= matches!(result, Err(RunError::TooLong { .. }));
            waiting.requests.push_front(request);
        }
        if matches!(result, Err(RunError::TooLong { .. })) {
            over.iter().for_each(|request| request.client.give_up());
        }
        over
    }
}
