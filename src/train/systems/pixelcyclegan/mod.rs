//! PixelCycleGAN (after Kuang et al., 2021): CycleGAN with nested U-Nets, between pictures and pixel art.

mod art;
pub mod networks;
mod recipe;
pub mod stage;
mod structure;

pub use art::PixelArt;
pub use recipe::{JudgeWidth, Model, Recipe};
