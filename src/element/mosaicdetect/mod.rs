//! `mosaicdetect`: tells where mosaics are, and touches no pixel.

mod imp;
mod settings;

pub use imp::MosaicDetect;
