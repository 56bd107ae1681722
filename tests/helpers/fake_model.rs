//! A backend without a model, and a gate that its runs wait at.

use gstdepixelate::blocks::NEIGHBOUR_PLANES;
use gstdepixelate::cascade::{
    Backend, Crops, ModelMetadata, MosaicInput, RunError, ValueRange, Window,
};
use gstdepixelate::element::BackendSource;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

/// What the fake model makes of every face, in 0–255.
pub const COLOR: [u8; 3] = [230, 40, 90];

/// What a crop was told of a neighbouring frame; None: nothing.
pub type Told = Option<Neighbour>;

/// What a neighbouring frame shows of a mosaic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// The red of its upper left pixel, 0–255.
    pub level: u8,
    /// First and last column of the crop that it covers in its middle row.
    pub columns: (usize, usize),
}

type OnRun = dyn Fn(usize) -> Result<(), RunError> + Send + Sync;

/// A backend that paints each crop in [`COLOR`], and what it was asked for. One that looks at several
/// frames paints what it is shown and told instead, mixed.
#[derive(Clone)]
pub struct Fake {
    metadata: Arc<ModelMetadata>,
    /// Called at the start of each run with its number, from 0.
    on_run: Arc<OnRun>,
    /// Backends made.
    pub loads: Arc<AtomicUsize>,
    /// Crops of each run.
    pub runs: Arc<Mutex<Vec<usize>>>,
    /// What each crop was told, oldest neighbour first.
    pub told: Arc<Mutex<Vec<Vec<Told>>>>,
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
            told: Arc::default(),
        }
    }

    /// The same for a model that looks at several frames.
    pub fn looking_at(self, behind: usize, ahead: usize) -> Self {
        let metadata = ModelMetadata {
            window: Window {
                behind,
                ahead,
                step: 1,
            },
            ..(*self.metadata).clone()
        };
        Self {
            metadata: Arc::new(metadata),
            ..self
        }
    }

    /// The levels that each crop was told so far, oldest neighbour first.
    pub fn told_levels(&self) -> Vec<Vec<Option<u8>>> {
        let told = self.told.lock().unwrap();
        let levels = |told: &Vec<Told>| told.iter().map(|it| Some((*it)?.level)).collect();
        told.iter().map(levels).collect()
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
        if self.metadata.window.neighbours() > 0 {
            self.listen(&crops);
            return mix(&crops, self.metadata.window, area, restored);
        }
        assert!(crops.neighbours.is_empty());
        for _ in 0..count {
            for value in COLOR {
                restored.extend(std::iter::repeat_n(f32::from(value) / 255.0, area));
            }
        }
        Ok(())
    }
}

impl Fake {
    /// Note what the crops are told.
    fn listen(&self, crops: &Crops<'_>) {
        let side = self.metadata.size;
        let area = side * side;
        let told = |planes: &[f32]| {
            let is_there = &planes[6 * area..];
            let first = is_there.iter().position(|it| *it == 1.0)?;
            let row = &is_there[side / 2 * side..][..side];
            let columns = row.iter().position(|it| *it == 1.0);
            let last = row.iter().rposition(|it| *it == 1.0);
            Some(Neighbour {
                level: (planes[first] * 255.0).round() as u8,
                columns: columns.zip(last).unwrap_or((side, 0)),
            })
        };
        let window = self.metadata.window;
        let mut all = self.told.lock().unwrap();
        if crops.neighbours.is_empty() {
            all.extend(std::iter::repeat_n(
                vec![None; window.neighbours()],
                crops.count,
            ));
        }
        for neighbours in crops.neighbours.chunks_exact(window.planes() * area) {
            let neighbours = neighbours.chunks_exact(NEIGHBOUR_PLANES * area);
            all.push(neighbours.map(told).collect());
        }
    }
}

/// Half of each crop, and of its neighbours each a share that no other has.
fn mix(
    crops: &Crops<'_>,
    window: Window,
    area: usize,
    restored: &mut Vec<f32>,
) -> Result<(), RunError> {
    restored.extend(crops.pixelated.iter().map(|value| value / 2.0));
    let told = crops.neighbours.chunks_exact(window.planes() * area);
    for (picture, told) in restored.chunks_exact_mut(3 * area).zip(told) {
        for (number, planes) in told.chunks_exact(NEIGHBOUR_PLANES * area).enumerate() {
            let share = 0.5 / (2 << number) as f32;
            let colours = picture.iter_mut().zip(planes);
            colours.for_each(|(value, colour)| *value += share * colour);
        }
    }
    Ok(())
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
