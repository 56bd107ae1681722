//! StyleGAN2 (Karras et al., 2020) with adaptive augmentation. Written from its papers'
//! description.

pub(crate) mod augment;
pub mod blocks;
pub mod discriminator;
pub mod networks;
pub mod prior;
mod recipe;
pub(crate) mod regular;
mod system;
pub(crate) mod train_step;

pub use recipe::{Recipe, check_discriminator};
