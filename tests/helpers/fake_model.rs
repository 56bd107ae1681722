//! A backend without a model, and a gate that its runs wait at.

use gstdepixelate::cascade::{
    Backend, Crops, ModelMetadata, MosaicInput, RunError, ValueRange, Window,
};
use gstdepixelate::element::BackendSource;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

/// What the fake model makes of every face, in 0–255.
pub const COLOR: [u8; 3] = [230, 40, 90];

type OnRun = dyn Fn(usize) -> Result<(), RunError> + Send + Sync;

/// A backend that paints each crop in [`COLOR`], and what it was asked for.
#[derive(Clone)]
pub struct Fake {
    metadata: Arc<ModelMetadata>,
    /// Called at the start of each run with its number, from 0.
    on_run: Arc<OnRun>,
    /// Backends made.
    pub loads: Arc<AtomicUsize>,
    /// Crops of each run.
    pub runs: Arc<Mutex<Vec<usize>>>,
}

impl Fake {
    pub fn new() -> Self {
        Self::with(|_| Ok(()))
    }

    pub fn with(on_run: impl Fn(usize) -> Result<(), RunError> + Send + Sync + 'static) -> Self {
        let metadata = ModelMetadata {
            size: 32,
            scale: 1,
            range: ValueRange::Unit,
            margin: 1.5,
            mosaic: MosaicInput::Blocks,
            blocks: (2.0, 16.0),
            trained_on: "nothing".into(),
            license: "CC0-1.0".into(),
            multiple: None,
            window: Window::default(),
        };
        Self {
            metadata: Arc::new(metadata),
            on_run: Arc::new(on_run),
            loads: Arc::default(),
            runs: Arc::default(),
        }
    }

    pub fn source(&self) -> BackendSource {
        let fake = self.clone();
        Arc::new(move || {
            fake.loads.fetch_add(1, Ordering::SeqCst);
            Ok(Box::new(fake.clone()))
        })
    }

    pub fn load_count(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    pub fn run_sizes(&self) -> Vec<usize> {
        self.runs.lock().unwrap().clone()
    }
}

impl Backend for Fake {
    fn metadata(&self) -> &ModelMetadata {
        &self.metadata
    }

    fn execution_provider(&self) -> &str {
        "fake"
    }

    fn takes_lattice(&self) -> bool {
        false
    }

    fn run(&mut self, crops: Crops<'_>, _: f32, restored: &mut Vec<f32>) -> Result<(), RunError> {
        let (count, area) = (crops.count, self.metadata.size * self.metadata.size);
        assert_eq!(crops.pixelated.len(), count * 3 * area);
        let number = {
            let mut runs = self.runs.lock().unwrap();
            runs.push(count);
            runs.len() - 1
        };
        (self.on_run)(number)?;
        restored.clear();
        for _ in 0..count {
            for value in COLOR {
                restored.extend(std::iter::repeat_n(f32::from(value) / 255.0, area));
            }
        }
        Ok(())
    }
}

/// A gate that runs of the fake model wait at: each run reports itself, then waits for leave.
pub struct Gate {
    arrived: mpsc::Receiver<usize>,
    leave: mpsc::SyncSender<()>,
}

impl Gate {
    pub fn fake() -> (Fake, Self) {
        let (arrive, arrived) = mpsc::channel();
        let (leave, left) = mpsc::sync_channel(1000);
        let left = Mutex::new(left);
        let fake = Fake::with(move |number| {
            let _ = arrive.send(number);
            // An error is a gate that is gone: open for ever.
            let _ = left.lock().unwrap().recv();
            Ok(())
        });
        (fake, Self { arrived, leave })
    }

    /// Wait until a run stands at the gate.
    pub fn wait(&self) -> usize {
        self.arrived.recv().unwrap()
    }

    /// Let one run through, be it there already or not.
    pub fn open(&self) {
        self.leave.send(()).unwrap();
    }
}
