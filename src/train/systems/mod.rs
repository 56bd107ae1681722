//! The published systems beside the cascade, a room each: networks, losses, training.

pub mod dcgan;
pub mod esrgan;
pub mod export;
pub mod gpen;
mod network;
pub mod pix2pix;
pub mod pixelcyclegan;
pub mod scgan;
pub mod stylegan2;

pub use network::{Network, Port, declare, forward, graph_of, measure, parity};
