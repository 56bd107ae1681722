//! `facedepixelate`: finds pixelated faces and restores them.

mod choices;
mod draft;
mod fields;
mod find;
mod flow;
mod imp;
mod model;
mod queue;
mod settings;
mod sharing;
mod stats;
mod stream;
mod task;
mod worker;

pub use choices::{ExecutionProvider, InferenceRegion, OnError, OptimizationLevel};
pub use imp::{BackendSource, FaceDepixelate};
