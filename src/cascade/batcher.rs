//! One model for many: a thread that runs the crops of several frames and streams together.
//!
//! Whoever has crops submits them and gets a [`Ticket`]. A run takes what waits, in its order, up to the size at which a
//! fuller batch gains nothing more. It begins when that is reached, when the first crops have waited as long as they may, or
//! when somebody can go on no further without them.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Backend, CascadeError, Crops, ModelFacts};

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
    /// What the model made of them, `[count, 3, size·scale, size·scale]` in its range.
    pub faces: Vec<f32>,
    /// Crops in the run that these were part of.
    pub in_run: usize,
    /// Time inside the model.
    pub time: Duration,
}

/// Wakes whoever may wait for a batch; called from the batcher's thread.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A place in the queue, and the result.
#[derive(Debug)]
pub struct Ticket {
    slot: Arc<Slot>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Slot {
    hurried: AtomicBool,
    is_done: AtomicBool,
    done: Mutex<Option<(Batch, Result<(), CascadeError>)>>,
    ready: Condvar,
}

struct Request {
    batch: Batch,
    deadline: Instant,
    slot: Arc<Slot>,
    wake: Wake,
}

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    /// The last run panicked; nobody knows what became of the model.
    is_broken: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    requests: VecDeque<Request>,
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
    facts: ModelFacts,
    provider: String,
    takes_lattice: bool,
    fill: usize,
}

impl Batcher {
    /// Run `backend` with at most `batch_size` crops at a time; 0 leaves that to the backend.
    pub fn new(mut backend: Box<dyn Backend>, batch_size: usize) -> Result<Self, CascadeError> {
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
            is_broken: AtomicBool::new(false),
        });
        let (facts, provider) = (
            backend.facts().clone(),
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
            .map_err(|error| CascadeError::Run(format!("no thread for the model: {error}")))?;
        Ok(Self {
            shared,
            thread: Some(thread),
            facts,
            provider,
            takes_lattice,
            fill: sizes.fill,
        })
    }

    /// What the model says about itself.
    pub fn facts(&self) -> &ModelFacts {
        &self.facts
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

    /// Add crops to the queue. They may wait `patience` for others to run with; `wake` is called when they are done.
    pub fn submit(&self, batch: Batch, patience: Duration, wake: &Wake) -> Ticket {
        let slot = Arc::new(Slot::default());
        self.shared.lock().requests.push_back(Request {
            batch,
            deadline: Instant::now() + patience,
            slot: Arc::clone(&slot),
            wake: Arc::clone(wake),
        });
        self.shared.changed.notify_all();
        Ticket {
            slot,
            shared: Arc::clone(&self.shared),
        }
    }
}

impl Drop for Batcher {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // It catches the model's panics and has none of its own.
            let _ = thread.join();
        }
    }
}

impl Ticket {
    /// Whether [`Self::wait`] would return at once.
    pub fn is_done(&self) -> bool {
        self.slot.is_done.load(Ordering::Acquire)
    }

    /// Have the crops run as soon as the model is free, and wait for them. The batch comes back in any case.
    pub fn wait(self) -> (Batch, Result<(), CascadeError>) {
        if !self.is_done() {
            // Under the lock, so that the batcher does not miss it.
            let waiting = self.shared.lock();
            self.slot.hurried.store(true, Ordering::Release);
            drop(waiting);
            self.shared.changed.notify_all();
        }
        let done = self.slot.done.lock().unwrap();
        let mut done = (self.slot.ready)
            .wait_while(done, |done| done.is_none())
            .unwrap();
        done.take().expect("the wait was for this")
    }
}

impl Slot {
    fn finish(&self, batch: Batch, result: Result<(), CascadeError>) {
        *self.done.lock().unwrap() = Some((batch, result));
        self.is_done.store(true, Ordering::Release);
        self.ready.notify_all();
    }
}

impl Shared {
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
                if together > fill || request.batch.detail != first.batch.detail {
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
                None => return Some(waiting.requests.drain(..count).collect()),
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
            Err(CascadeError::Broken)
        } else {
            let run = AssertUnwindSafe(|| run(backend, &mut requests, most, together));
            catch_unwind(run).unwrap_or_else(|panic| {
                self.is_broken.store(true, Ordering::Release);
                Err(CascadeError::Panic(text_of(panic.as_ref()).to_owned()))
            })
        };
        let (time, crops) = (
            start.elapsed(),
            requests.iter().map(|it| it.batch.count).sum(),
        );
        for mut request in requests {
            request.batch.time = time;
            request.batch.in_run = crops;
            request.slot.finish(request.batch, result.clone());
            (request.wake)();
        }
    }
}

/// Run all requests at once; `together` is memory for their crops.
fn run(
    backend: &mut dyn Backend,
    requests: &mut [Request],
    most: usize,
    together: &mut Batch,
) -> Result<(), CascadeError> {
    if let [request] = requests {
        return run_parts(backend, &mut request.batch, most);
    }
    together.pixelated.clear();
    together.lattice.clear();
    together.count = 0;
    for Request { batch, .. } in &*requests {
        together.pixelated.extend_from_slice(&batch.pixelated);
        together.lattice.extend_from_slice(&batch.lattice);
        together.count += batch.count;
        together.detail = batch.detail;
    }
    run_parts(backend, together, most)?;
    let face = together.faces.len() / together.count.max(1);
    let mut faces = &together.faces[..];
    for Request { batch, .. } in requests {
        let (own, others) = faces.split_at(batch.count * face);
        batch.faces.clear();
        batch.faces.extend_from_slice(own);
        faces = others;
    }
    Ok(())
}

/// Run a batch, at most `most` crops at a time.
fn run_parts(
    backend: &mut dyn Backend,
    batch: &mut Batch,
    most: usize,
) -> Result<(), CascadeError> {
    if batch.count <= most {
        let crops = Crops {
            count: batch.count,
            pixelated: &batch.pixelated,
            lattice: &batch.lattice,
        };
        return backend.run(crops, batch.detail, &mut batch.faces);
    }
    let crop = batch.pixelated.len() / batch.count;
    let planes = batch.lattice.len() / batch.count;
    batch.faces.clear();
    let mut part = Vec::new();
    for first in (0..batch.count).step_by(most) {
        let end = (first + most).min(batch.count);
        let crops = Crops {
            count: end - first,
            pixelated: &batch.pixelated[first * crop..end * crop],
            lattice: &batch.lattice[first * planes..end * planes],
        };
        backend.run(crops, batch.detail, &mut part)?;
        batch.faces.extend_from_slice(&part);
    }
    Ok(())
}

/// What a panic said.
fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no text")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::cascade::{MosaicInput, ValueRange};

    /// Gives crops back, notes the sizes of its runs, and waits for leave before each, if it has to.
    struct Echo {
        facts: ModelFacts,
        sizes: Arc<Mutex<Vec<usize>>>,
        gate: Option<mpsc::Receiver<()>>,
        preferred: usize,
    }

    type Sizes = Arc<Mutex<Vec<usize>>>;

    fn echo(preferred: usize, gate: Option<mpsc::Receiver<()>>) -> (Box<Echo>, Sizes) {
        let facts = ModelFacts {
            size: 2,
            scale: 1,
            range: ValueRange::Unit,
            margin: 1.3,
            mosaic: MosaicInput::Blocks,
            blocks: (2.0, 8.0),
            trained_on: String::new(),
            license: String::new(),
        };
        let sizes = Sizes::default();
        let echo = Echo {
            facts,
            sizes: Arc::clone(&sizes),
            gate,
            preferred,
        };
        (Box::new(echo), sizes)
    }

    impl Backend for Echo {
        fn facts(&self) -> &ModelFacts {
            &self.facts
        }

        fn execution_provider(&self) -> &str {
            "echo"
        }

        fn takes_lattice(&self) -> bool {
            false
        }

        fn preferred_batch(&self) -> usize {
            self.preferred
        }

        fn run(
            &mut self,
            crops: Crops<'_>,
            _: f32,
            faces: &mut Vec<f32>,
        ) -> Result<(), CascadeError> {
            if let Some(gate) = &self.gate {
                gate.recv().unwrap();
            }
            self.sizes.lock().unwrap().push(crops.count);
            if crops.pixelated[0] < 0.0 {
                return Err(CascadeError::Run("negative".into()));
            }
            assert!(crops.pixelated[0] < 1000.0, "far too large");
            *faces = crops.pixelated.to_vec();
            Ok(())
        }
    }

    const NEVER: Duration = Duration::from_secs(600);

    /// `count` crops that all hold `value`.
    fn batch(count: usize, value: f32) -> Batch {
        Batch {
            count,
            pixelated: vec![value; 12 * count],
            ..Batch::default()
        }
    }

    fn nobody() -> Wake {
        Arc::new(|| ())
    }

    fn check(ticket: Ticket, count: usize, value: f32) -> Batch {
        let (batch, result) = ticket.wait();
        assert_eq!(result, Ok(()));
        assert_eq!(batch.faces, vec![value; 12 * count]);
        batch
    }

    #[test]
    fn requests_run_together_up_to_the_preferred_size() {
        let (open, gate) = mpsc::channel();
        let (backend, sizes) = echo(4, Some(gate));
        let batcher = Batcher::new(backend, 0).unwrap();
        let submit = |count, value| batcher.submit(batch(count, value), Duration::ZERO, &nobody());
        // The first one runs alone, the others come while it does.
        let first = submit(1, 1.0);
        open.send(()).unwrap();
        check(first, 1, 1.0);
        let held = submit(4, 2.0);
        let others = [
            submit(1, 3.0),
            submit(2, 4.0),
            submit(2, 5.0),
            submit(9, 6.0),
        ];
        open.send(()).unwrap();
        check(held, 4, 2.0);
        for _ in 0..3 {
            open.send(()).unwrap();
        }
        let [a, b, c, d] = others;
        assert_eq!(check(a, 1, 3.0).in_run, 3);
        assert_eq!(check(b, 2, 4.0).in_run, 3);
        assert_eq!(check(c, 2, 5.0).in_run, 2);
        assert_eq!(check(d, 9, 6.0).in_run, 9);
        assert_eq!(*sizes.lock().unwrap(), [1, 4, 3, 2, 9]);
    }

    #[test]
    fn a_given_size_is_never_exceeded() {
        let (backend, sizes) = echo(1, None);
        let batcher = Batcher::new(backend, 4).unwrap();
        let ticket = batcher.submit(batch(10, 0.5), Duration::ZERO, &nobody());
        check(ticket, 10, 0.5);
        assert_eq!(*sizes.lock().unwrap(), [4, 4, 2]);
    }

    #[test]
    fn a_batch_waits_for_more_until_somebody_needs_it() {
        let (backend, sizes) = echo(8, None);
        let batcher = Batcher::new(backend, 0).unwrap();
        let first = batcher.submit(batch(1, 1.0), NEVER, &nobody());
        let second = batcher.submit(batch(1, 2.0), NEVER, &nobody());
        assert!(!first.is_done() && !second.is_done());
        check(second, 1, 2.0);
        assert!(first.is_done());
        check(first, 1, 1.0);
        // Full is full.
        let (woken, wakes) = mpsc::channel();
        let woken = Mutex::new(woken);
        let wake: Wake = Arc::new(move || woken.lock().unwrap().send(()).unwrap());
        let full = batcher.submit(batch(8, 3.0), NEVER, &wake);
        wakes.recv().unwrap();
        assert!(full.is_done());
        assert_eq!(*sizes.lock().unwrap(), [2, 8]);
    }

    #[test]
    fn different_detail_runs_apart() {
        let (backend, sizes) = echo(8, None);
        let batcher = Batcher::new(backend, 0).unwrap();
        let first = batcher.submit(batch(1, 1.0), NEVER, &nobody());
        let other = Batch {
            detail: 0.5,
            ..batch(1, 2.0)
        };
        let other = batcher.submit(other, NEVER, &nobody());
        check(other, 1, 2.0);
        check(first, 1, 1.0);
        assert_eq!(*sizes.lock().unwrap(), [1, 1]);
    }

    #[test]
    fn failures_reach_whom_they_concern_and_a_panic_ends_the_model() {
        let (backend, _) = echo(1, None);
        let batcher = Batcher::new(backend, 0).unwrap();
        let run = |value| {
            let ticket = batcher.submit(batch(1, value), Duration::ZERO, &nobody());
            ticket.wait().1
        };
        assert_eq!(run(-1.0), Err(CascadeError::Run("negative".into())));
        assert_eq!(run(1.0), Ok(()));
        assert!(!batcher.is_broken());
        let panic = run(5000.0);
        assert!(matches!(panic, Err(CascadeError::Panic(text)) if text.contains("too large")));
        assert!(batcher.is_broken());
        assert_eq!(run(1.0), Err(CascadeError::Broken));
    }

    #[test]
    fn what_waits_is_run_when_the_batcher_goes() {
        let (backend, _) = echo(8, None);
        let batcher = Batcher::new(backend, 0).unwrap();
        let ticket = batcher.submit(batch(1, 1.0), NEVER, &nobody());
        drop(batcher);
        check(ticket, 1, 1.0);
    }
}
