//! The two networks as one ONNX model, run by ONNX Runtime.
//!
//! ```no_run
//! use gstdepixelate::cascade::{Backend, Model, OrtBackend, RuntimeSearch, SessionSettings, runtime};
//!
//! # fn main() -> Result<(), gstdepixelate::cascade::CascadeError> {
//! let runtime = runtime::load(&RuntimeSearch::default())?;
//! let model = Model::bundled()?;
//! let mut backend = OrtBackend::new(runtime, &model, &SessionSettings::default())?;
//! let side = backend.facts().size;
//! let mut restored = Vec::new();
//! backend.run(&vec![0.0; 3 * side * side], 1, &mut restored)?;
//! # Ok(())
//! # }
//! ```

mod error;
mod facts;
mod library;
mod model;
mod provider;
pub mod runtime;
mod session;

pub use error::{Attempt, CascadeError};
pub use facts::{FORMAT, ModelFacts, ValueRange, key};
pub use model::{DEFAULT_MODEL, INPUT, MAX_MODEL_BYTES, Model, RESTORED, STAGE1};
pub use provider::{OptimizationLevel, Provider, SessionSettings};
pub use runtime::{Runtime, RuntimeSearch};
pub use session::OrtBackend;

/// Whatever turns a batch of mosaics into faces.
pub trait Backend: Send {
    /// What the model says about itself.
    fn facts(&self) -> &ModelFacts;

    /// The execution provider in use, e.g. `cpu`.
    fn execution_provider(&self) -> &str;

    /// Restore `count` crops.
    ///
    /// `input` is `[count, 3, size, size]`, RGB in the model's range; `restored` becomes
    /// `[count, 3, size·scale, size·scale]`, likewise.
    fn run(
        &mut self,
        input: &[f32],
        count: usize,
        restored: &mut Vec<f32>,
    ) -> Result<(), CascadeError>;
}
