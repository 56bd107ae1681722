//! StyleGAN2 (Karras et al., 2020) with adaptive augmentation. Written from its papers' description.

pub mod augment;
pub mod blocks;
pub mod discriminator;
pub mod networks;
pub mod prior;
mod recipe;
pub mod regular;
pub mod train_step;

pub use recipe::{Recipe, check_discriminator};
