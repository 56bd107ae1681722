//! The networks as one ONNX model, run by ONNX Runtime.
//!
//! ```no_run
//! use gstdepixelate::cascade::{Backend, Crops, Model, OrtBackend, RuntimeSearch, SessionSettings, runtime};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = runtime::load(&RuntimeSearch::default())?;
//! let model = Model::bundled()?;
//! let mut backend = OrtBackend::new(runtime, &model, &SessionSettings::default())?;
//! let side = backend.metadata().size;
//! let mut restored = Vec::new();
//! let grey = vec![0.0; 3 * side * side];
//! backend.run(Crops::new(&grey, 1), 0.0, &mut restored)?;
//! # Ok(())
//! # }
//! ```

mod audit;
mod batcher;
mod brake;
mod cpu_session;
mod description;
mod error;
pub mod key;
mod library;
mod limits;
mod metadata;
mod model;
mod model_io;
mod open;
mod panic;
mod parts;
mod places;
mod properties;
mod provider;
mod range;
pub mod runtime;
mod session;
mod summary;
mod window;

pub use batcher::{Batch, Batcher, Client, Ticket, Wake};
pub use brake::Brake;
pub use cpu_session::{CpuSession, HostTensor};
pub use error::{Attempt, LoadError, RunError};
pub use limits::{FRAME_BYTES, make_room};
pub use metadata::{FORMAT, ModelMetadata};
pub use model::{DEFAULT_MODEL, MAX_MODEL_BYTES, Model, read_model};
pub use model_io::{DETAILED, INPUT, LATTICE, NEIGHBOURS, RESTORED, STAGE1};
pub(crate) use panic::panic_text;
pub use provider::{OptimizationLevel, Provider, SessionSettings};
pub use range::{MosaicInput, ValueRange};
pub use runtime::{Runtime, RuntimeSearch};
pub use session::OrtBackend;
pub use window::{FURTHEST, Window};

/// Whatever turns a batch of mosaics into faces.
pub trait Backend: Send {
    /// What the model says about itself.
    fn metadata(&self) -> &ModelMetadata;

    /// The execution provider in use, e.g. `cpu`.
    fn execution_provider(&self) -> &str;

    /// Whether the model can be told the lattice; if not, [`Crops::lattice`] is of no use.
    fn takes_lattice(&self) -> bool;

    /// Number of crops up to which a fuller batch is faster than several runs.
    fn preferred_batch(&self) -> usize {
        1
    }

    /// What ends its runs, if anything does.
    fn brake(&self) -> Option<Brake> {
        None
    }

    /// Restore crops; `faces` becomes `[count, 3, size·scale, size·scale]`, RGB in the model's
    /// range.
    ///
    /// `detail` (0–1) mixes from the model's truest picture to its sharpest, if it has such.
    fn run(&mut self, crops: Crops<'_>, detail: f32, faces: &mut Vec<f32>) -> Result<(), RunError>;
}

/// A batch for the networks.
#[derive(Clone, Copy, Debug)]
pub struct Crops<'a> {
    /// Number of crops.
    pub count: usize,
    /// `[count, 3, size, size]`, RGB in the model's range.
    pub pixelated: &'a [f32],
    /// `[count, PLANES, size, size]`, see [`crate::blocks::PLANES`]; or empty where nothing is
    /// known.
    pub lattice: &'a [f32],
    /// `[count, planes, size, size]`, see [`Window::planes`]: neighbours in the order of
    /// [`Window::offsets`], colours in the model's range; or empty where none is known.
    pub neighbours: &'a [f32],
}

/// A batch of pictures of one size, which need be no squares.
#[derive(Clone, Copy, Debug)]
pub struct Pictures<'a> {
    /// Number of pictures.
    pub count: usize,
    /// Height and width, pixels.
    pub sides: [usize; 2],
    /// `[count, 3, height, width]`, RGB in the model's range.
    pub data: &'a [f32],
}

impl<'a> Crops<'a> {
    /// Crops whose lattices are not known.
    pub fn new(pixelated: &'a [f32], count: usize) -> Self {
        Self {
            count,
            pixelated,
            lattice: &[],
            neighbours: &[],
        }
    }
}
