//! From picture files to batches of samples.

pub mod dataset;
pub(crate) mod degradation;
pub mod held_out;
pub(crate) mod loader;
pub mod pictures;
pub(crate) mod random;
pub(crate) mod samples;
pub(crate) mod training_set;
