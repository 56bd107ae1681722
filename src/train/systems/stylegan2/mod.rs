//! StyleGAN2 (Karras et al., 2020) with adaptive augmentation. Written from its papers' description.

pub mod augment;
pub mod blocks;
pub mod judge;
pub mod networks;
pub mod prior;
mod recipe;
pub mod regular;
pub mod stage;

pub use recipe::{Recipe, check_judge};
