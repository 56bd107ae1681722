//! The published systems, a room each: networks, losses, training.

pub mod cascade;
pub mod dcgan;
pub mod esrgan;
pub mod face_check;
pub mod gpen;
pub mod pix2pix;
pub mod pixelcyclegan;
#[cfg(test)]
mod published;
pub mod scgan;
pub mod stylegan2;
