//! Runs of several requests, waits, failures.

use std::sync::mpsc;

use super::*;
use crate::cascade::{Crops, MosaicInput, ValueRange, Window};

/// Returns crops back, notes the sizes of its runs, and waits for leave before each, if it has to.
struct Echo {
    metadata: ModelMetadata,
    sizes: Arc<Mutex<Vec<usize>>>,
    /// What each run was told of neighbours.
    told: Arc<Mutex<Vec<Vec<f32>>>>,
    gate: Option<mpsc::Receiver<()>>,
    preferred: usize,
}

type Sizes = Arc<Mutex<Vec<usize>>>;

fn echo(preferred: usize, gate: Option<mpsc::Receiver<()>>) -> (Box<Echo>, Sizes) {
    let metadata = ModelMetadata {
        size: 2,
        scale: 1,
        range: ValueRange::Unit,
        margin: 1.3,
        mosaic: MosaicInput::Blocks,
        blocks: (2.0, 8.0),
        trained_on: String::new(),
        license: String::new(),
        multiple: None,
        window: Window::default(),
    };
    let sizes = Sizes::default();
    let echo = Echo {
        metadata,
        sizes: Arc::clone(&sizes),
        told: Arc::default(),
        gate,
        preferred,
    };
    (Box::new(echo), sizes)
}

impl Backend for Echo {
    fn metadata(&self) -> &ModelMetadata {
        &self.metadata
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

    fn run(&mut self, crops: Crops<'_>, _: f32, faces: &mut Vec<f32>) -> Result<(), RunError> {
        if let Some(gate) = &self.gate {
            gate.recv().unwrap();
        }
        self.sizes.lock().unwrap().push(crops.count);
        self.told.lock().unwrap().push(crops.neighbours.to_vec());
        if crops.pixelated[0] < 0.0 {
            return Err(RunError::Failed("negative".into()));
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
    let submit = |count, value| {
        batcher.submit(
            batch(count, value),
            Duration::ZERO,
            &nobody(),
            &Client::default(),
        )
    };
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

/// Requests of which only some are told of neighbours.
#[test]
fn what_some_are_told_of_is_zeros_for_the_others() {
    for (size, expected) in [
        (0, vec![vec![], vec![0.0, 0.0, 7.0, 8.0, 0.0, 0.0]]),
        (2, vec![vec![], vec![0.0, 0.0, 7.0, 8.0], vec![]]),
    ] {
        let (backend, _) = echo(3, None);
        let told = Arc::clone(&backend.told);
        let batcher = Batcher::new(backend, size).unwrap();
        check(
            batcher.submit(batch(1, 1.0), Duration::ZERO, &nobody(), &Client::default()),
            1,
            1.0,
        );
        let with = Batch {
            neighbours: vec![7.0, 8.0],
            ..batch(1, 3.0)
        };
        let others = [
            batcher.submit(batch(1, 2.0), NEVER, &nobody(), &Client::default()),
            batcher.submit(with, NEVER, &nobody(), &Client::default()),
            batcher.submit(batch(1, 4.0), NEVER, &nobody(), &Client::default()),
        ];
        for (ticket, value) in others.into_iter().zip([2.0, 3.0, 4.0]) {
            check(ticket, 1, value);
        }
        assert_eq!(*told.lock().unwrap(), expected);
    }
}

#[test]
fn a_given_size_is_never_exceeded() {
    let (backend, sizes) = echo(1, None);
    let batcher = Batcher::new(backend, 4).unwrap();
    let ticket = batcher.submit(
        batch(10, 0.5),
        Duration::ZERO,
        &nobody(),
        &Client::default(),
    );
    check(ticket, 10, 0.5);
    assert_eq!(*sizes.lock().unwrap(), [4, 4, 2]);
}

#[test]
fn a_batch_waits_for_more_until_somebody_needs_it() {
    let (backend, sizes) = echo(8, None);
    let batcher = Batcher::new(backend, 0).unwrap();
    let first = batcher.submit(batch(1, 1.0), NEVER, &nobody(), &Client::default());
    let second = batcher.submit(batch(1, 2.0), NEVER, &nobody(), &Client::default());
    assert!(!first.is_done() && !second.is_done());
    check(second, 1, 2.0);
    assert!(first.is_done());
    check(first, 1, 1.0);
    // Full is full.
    let (woken, wakes) = mpsc::channel();
    let woken = Mutex::new(woken);
    let wake: Wake = Arc::new(move || woken.lock().unwrap().send(()).unwrap());
    let full = batcher.submit(batch(8, 3.0), NEVER, &wake, &Client::default());
    wakes.recv().unwrap();
    assert!(full.is_done());
    assert_eq!(*sizes.lock().unwrap(), [2, 8]);
}

#[test]
fn different_detail_runs_apart() {
    let (backend, sizes) = echo(8, None);
    let batcher = Batcher::new(backend, 0).unwrap();
    let first = batcher.submit(batch(1, 1.0), NEVER, &nobody(), &Client::default());
    let other = Batch {
        detail: 0.5,
        ..batch(1, 2.0)
    };
    let other = batcher.submit(other, NEVER, &nobody(), &Client::default());
    check(other, 1, 2.0);
    check(first, 1, 1.0);
    assert_eq!(*sizes.lock().unwrap(), [1, 1]);
}

#[test]
fn failures_reach_whom_they_concern_and_a_panic_ends_the_model() {
    let (backend, _) = echo(1, None);
    let batcher = Batcher::new(backend, 0).unwrap();
    let run = |value| {
        let ticket = batcher.submit(
            batch(1, value),
            Duration::ZERO,
            &nobody(),
            &Client::default(),
        );
        ticket.wait().1
    };
    assert_eq!(run(-1.0), Err(RunError::Failed("negative".into())));
    assert_eq!(run(1.0), Ok(()));
    assert!(!batcher.is_broken());
    let panic = run(5000.0);
    assert!(matches!(panic, Err(RunError::Panic(text)) if text.contains("too large")));
    assert!(batcher.is_broken());
    assert_eq!(run(1.0), Err(RunError::Broken));
}

#[test]
fn what_waits_is_run_when_the_batcher_goes() {
    let (backend, _) = echo(8, None);
    let batcher = Batcher::new(backend, 0).unwrap();
    let ticket = batcher.submit(batch(1, 1.0), NEVER, &nobody(), &Client::default());
    drop(batcher);
    check(ticket, 1, 1.0);
}

/// Runs until it is told to end, or does not even listen; crops of 0 are done at once.
struct Endless {
    echo: Box<Echo>,
    brake: Brake,
    listens: bool,
}

impl Backend for Endless {
    fn metadata(&self) -> &ModelMetadata {
        &self.echo.metadata
    }

    fn execution_provider(&self) -> &str {
        "endless"
    }

    fn takes_lattice(&self) -> bool {
        false
    }

    fn preferred_batch(&self) -> usize {
        self.echo.preferred
    }

    fn brake(&self) -> Option<Brake> {
        Some(self.brake.clone())
    }

    fn run(&mut self, crops: Crops<'_>, _: f32, faces: &mut Vec<f32>) -> Result<(), RunError> {
        self.echo.sizes.lock().unwrap().push(crops.count);
        *faces = crops.pixelated.to_vec();
        if crops.pixelated.iter().all(|number| *number == 0.0) {
            return Ok(());
        }
        if crops.pixelated.contains(&TOO_LONG) {
            return Err(RunError::TooLong {
                model: "endless".into(),
                seconds: 1,
            });
        }
        while !(self.listens && self.brake.is_pulled()) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(RunError::Stopped)
    }
}

/// Crops of which a run says by itself that it took too long.
const TOO_LONG: f32 = 77.0;

fn endless(preferred: usize, listens: bool) -> (Batcher, Sizes) {
    let (echo, sizes) = echo(preferred, None);
    let brake = Brake::default();
    let endless = Endless {
        echo,
        brake,
        listens,
    };
    (Batcher::new(Box::new(endless), 0).unwrap(), sizes)
}

fn wait_until(sizes: &Sizes, runs: usize) {
    while sizes.lock().unwrap().len() < runs {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn who_stops_gets_its_crops_back_and_the_others_are_run() {
    let (batcher, sizes) = endless(4, true);
    let [stops, stays] = [Client::default(), Client::default()];
    let first = batcher.submit(batch(2, 1.0), NEVER, &nobody(), &stops);
    let other = batcher.submit(batch(2, 0.0), NEVER, &nobody(), &stays);
    wait_until(&sizes, 1);
    let waits = batcher.submit(batch(1, 1.0), NEVER, &nobody(), &stops);
    batcher.stop(&stops);
    for ticket in [first, waits] {
        let (batch, result) = ticket.wait();
        assert_eq!(result, Err(RunError::Stopped));
        assert!(!batch.pixelated.is_empty());
    }
    check(other, 2, 0.0);
    // Both together, and the other one again.
    assert_eq!(*sizes.lock().unwrap(), [4, 2]);
    let refused = batcher.submit(batch(1, 0.0), NEVER, &nobody(), &stops);
    assert_eq!(refused.wait().1, Err(RunError::Stopped));
    stops.start();
    check(
        batcher.submit(batch(1, 0.0), NEVER, &nobody(), &stops),
        1,
        0.0,
    );
}

#[test]
fn a_run_that_does_not_end_is_left_to_itself() {
    let (batcher, sizes) = endless(1, false);
    let client = Client::default();
    let ticket = batcher.submit(batch(1, 1.0), NEVER, &nobody(), &client);
    wait_until(&sizes, 1);
    batcher.stop(&client);
    assert_eq!(ticket.wait().1, Err(RunError::Stopped));
    drop(batcher);
}

#[test]
fn only_whose_crops_take_too_long_give_the_model_up() {
    let (batcher, sizes) = endless(4, true);
    let [slow, quick] = [Client::default(), Client::default()];
    let first = batcher.submit(batch(2, TOO_LONG), NEVER, &nobody(), &slow);
    let other = batcher.submit(batch(2, 0.0), NEVER, &nobody(), &quick);
    assert!(matches!(first.wait().1, Err(RunError::TooLong { .. })));
    check(other, 2, 0.0);
    assert_eq!(*sizes.lock().unwrap(), [4, 2, 2]);
    let again = batcher.submit(batch(1, 0.0), NEVER, &nobody(), &slow);
    assert_eq!(again.wait().1, Err(RunError::Broken));
    assert!(slow.has_given_up() && !quick.has_given_up());
}
