//! SCGAN (Hou et al., 2023): a restorer shared by two half cycles, each with a degrader of its own.
//!
//! Source: HaoHou-98/SCGAN.

pub mod networks;
mod recipe;
mod system;
pub(crate) mod train_step;

pub use recipe::{Degradation, DiscriminatorWidth, Recipe};
