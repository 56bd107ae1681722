//! How well mosaics are found: scenes with mosaics of known place and size, damaged as clips are, and scenes without.

pub(crate) mod groups;
pub mod job;
pub(crate) mod measure;
pub(crate) mod scenes;
pub mod sheet;

pub use groups::Group;
pub use measure::{Found, Summary};
pub use scenes::{Scene, Truth};
