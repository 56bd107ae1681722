//! From picture files to batches of samples.

mod celeba;
pub mod dataset;
pub(crate) mod degradation;
pub mod held_out;
pub mod listing;
pub(crate) mod loader;
pub mod pairs;
pub mod pictures;
pub(crate) mod random;
pub(crate) mod samples;
pub(crate) mod training_set;
