//! The cascade: a CycleGAN generator that turns a mosaic into a face, then DCEDN, which puts the
//! colours right. Source of both: apperrs/facial_demosaicing.

pub mod export;
mod exported_restorer;
mod memory;
pub mod networks;
mod patches;
mod realism;
pub mod recipe;
mod stage1;
mod stage2;
pub mod stage_io;
pub mod system;
mod texture;
pub mod u_shaped;
mod unchanged;

pub use recipe::Recipe;
pub use system::{Cyclegan, Dcedn, FirstSettings, SecondSettings, train};
