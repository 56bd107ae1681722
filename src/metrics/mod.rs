//! How alike two pictures are: PSNR and SSIM of 8-bit RGB.
//!
//! Rules for all of them: both pictures have the same size (they are never resized to fit), the arithmetic is
//! `f64`, the three channels count alike, no border is cut off and no luma is formed. A value for a set of
//! pictures is the mean of the pictures' values.

mod picture;
mod psnr;
mod ssim;
#[cfg(test)]
mod vectors;

pub use picture::{MetricsError, Picture};
pub use psnr::{mse, psnr};
pub use ssim::{SSIM_WINDOW, ssim_gauss, ssim_uniform};
