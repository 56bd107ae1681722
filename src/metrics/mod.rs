//! How good a restored picture is: measures of 8-bit RGB pictures, and of sets of them.
//!
//! Rules for all of them: pictures that are compared have the same size (they are never resized to fit), the
//! arithmetic is `f64`, the three channels count alike, no border is cut off and no luma is formed; a measure that
//! has to do otherwise says so. A value for a set of pictures is the mean of the pictures' values. Where the two
//! pictures play different parts, the output comes first and the ground truth second.

mod gmsd;
mod mask;
mod ms_ssim;
mod picture;
mod psnr;
mod ssim;
mod statistics;
mod uqi;
#[cfg(test)]
mod vectors;
mod window;

pub use gmsd::gmsd;
pub use mask::{MASK_MARGIN, masked_psnr, masked_ssim};
pub use ms_ssim::{MS_SSIM_SIDE, ms_ssim};
pub use picture::{MetricsError, Picture};
pub use psnr::{mse, psnr};
pub use ssim::{SSIM_WINDOW, ssim_gauss, ssim_uniform};
pub use uqi::{UQI_WINDOW, uqi, uqi_sewar};
