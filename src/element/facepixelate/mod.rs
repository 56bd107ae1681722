//! `facepixelate`: pixelates regions of a frame.

mod imp;
mod settings;

pub use imp::FacePixelate;
pub use settings::{Fill, GridOrigin};
