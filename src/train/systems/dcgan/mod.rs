//! DCGAN (Radford et al., 2016): faces out of a hundred random numbers.

pub mod networks;
mod recipe;
mod system;
pub(crate) mod train_step;

pub use recipe::Recipe;
