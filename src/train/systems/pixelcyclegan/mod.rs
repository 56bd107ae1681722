//! PixelCycleGAN (after Kuang et al., 2021): CycleGAN with nested U-Nets, between pictures and
//! pixel art.

mod art;
pub mod networks;
mod recipe;
mod structure;
mod system;
pub(crate) mod train_step;

pub use art::PixelArt;
pub use recipe::{DiscriminatorWidth, Model, Recipe};
