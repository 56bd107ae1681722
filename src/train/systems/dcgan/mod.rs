//! DCGAN (Radford et al., 2016): faces out of a hundred random numbers.

pub mod networks;
mod recipe;
mod run;
pub mod stage;

pub use recipe::{Model, Recipe};
pub use run::train;
