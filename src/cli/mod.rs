//! The command lines of the two programs: what they take, and what they do with it.

pub mod depixelate;
mod ending;
mod picture_files;
mod picture_jobs;
#[cfg(feature = "trainer")]
pub mod train;
