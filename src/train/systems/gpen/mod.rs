//! GPEN (Yang et al., 2021): a face generator within a U-shaped network restores faces.

pub mod degrade;
pub mod networks;
mod recipe;
mod system;
pub(crate) mod train_step;

pub use recipe::Recipe;
