//! The command lines of the two programs: what they take, and what they do with it.

pub mod depixelate;
#[cfg(feature = "trainer")]
pub mod train;
