//! StyleGAN2 (Karras et al., 2020). Written from its papers' description.

pub mod blocks;
pub mod judge;
pub mod networks;
