//! pix2pix (Isola et al., 2017): a U-Net against a judge of pairs, here to take masks and blur off faces.

mod covered;
pub mod networks;
pub mod occlude;
mod recipe;
pub mod stage;

pub use recipe::{Model, Recipe};
