//! How well mosaics are found: scenes with mosaics of known place and size, damaged as clips are, and scenes without.

pub mod codec;
pub mod groups;
pub mod job;
pub mod measure;
pub mod scenes;
pub mod sheet;

pub use groups::Group;
pub use measure::{Found, Summary};
pub use scenes::{Scene, Truth};
