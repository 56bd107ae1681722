//! pix2pix (Isola et al., 2017): a U-Net against a discriminator of pairs, here to take masks and
//! blur off faces.

pub mod networks;
pub(crate) mod occlude;
mod occluded_faces;
mod recipe;
pub mod score;
mod system;
pub(crate) mod train_step;

pub use recipe::{Direction, Model, OwnPairs, Recipe};
