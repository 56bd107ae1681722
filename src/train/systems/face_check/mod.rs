//! The network that tells mosaics over faces from mosaics over anything else, see
//! [`crate::face_check`].

mod covering;
mod network;
mod placed;
mod recipe;
mod run;
mod samples;
mod train_step;

pub use network::FaceNet;
pub use recipe::Recipe;
