//! From picture files to batches of samples.

pub mod dataset;
pub mod degradation;
pub mod held_out;
pub mod loader;
pub mod pictures;
pub mod random;
pub mod samples;
