//! How good a restored picture is: measures of 8-bit RGB pictures, and of sets of them.
//!
//! Rules for all of them: pictures that are compared have the same size (they are never resized to fit), the
//! arithmetic is `f64`, the three channels count alike, no border is cut off and no luma is formed; a measure that
//! has to do otherwise says so. A value for a set of pictures is the mean of the pictures' values. Where the two
//! pictures play different parts, the output comes first and the ground truth second.

mod blockiness;
mod colour;
mod consistency;
mod flicker;
mod gmsd;
mod lab;
mod mask;
mod ms_ssim;
mod picture;
mod psnr;
mod region;
mod ssim;
mod statistics;
mod texture;
mod uqi;
#[cfg(test)]
mod vectors;
mod window;

pub use blockiness::blockiness;
pub use colour::{
    COLOUR_BLUR, Spread, channel_bias, channel_gain, de_mean, de_pixel, de_pixel_blurred,
    saturation,
};
pub use consistency::{Consistency, consistency};
pub use flicker::flicker;
pub use gmsd::gmsd;
pub use lab::{Lab, ciede2000, lab};
pub use mask::{MASK_MARGIN, masked_psnr, masked_ssim};
pub use ms_ssim::{MS_SSIM_SIDE, ms_ssim};
pub use picture::{MetricsError, Picture};
pub use psnr::{mse, psnr};
pub use ssim::{SSIM_WINDOW, ssim_gauss, ssim_uniform};
pub use texture::{flat_share, laplacian_variance, sharpness_ratio, total_variation};
pub use uqi::{UQI_WINDOW, uqi, uqi_sewar};
