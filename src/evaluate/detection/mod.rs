//! How well mosaics are found: scenes with mosaics of known place and size, damaged as clips are,
//! and scenes without.

pub(crate) mod faces;
pub(crate) mod groups;
pub(crate) mod job;
pub(crate) mod looks;
pub(crate) mod measure;
pub(crate) mod scenes;
pub(crate) mod sheet;
