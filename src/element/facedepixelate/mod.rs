//! `facedepixelate`: finds pixelated faces and restores them.

mod begun;
mod choices;
mod draft;
mod fields;
mod find;
mod flow;
mod found;
mod imp;
mod look;
mod model;
mod named;
mod neighbours;
mod queue;
mod settings;
mod sharing;
mod specs;
mod stats;
mod stream;
mod task;
mod worker;

pub use choices::{ExecutionProvider, InferenceRegion, OnError, OptimizationLevel};
pub use imp::{BackendSource, FaceDepixelate};
