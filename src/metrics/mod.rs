//! How good a restored picture is: measures of 8-bit RGB pictures, and of sets of them.
//!
//! Rules for all of them: pictures that are compared have the same size (they are never resized to
//! fit), the arithmetic is `f64`, the three channels count alike, no border is cut off and no luma
//! is formed; a measure that has to do otherwise says so. A value for a set of pictures is the mean
//! of the pictures' values. Where the two pictures play different parts, the output comes first and
//! the ground truth second.
//!
//! | question | measures |
//! |---|---|
//! | how near is it to the truth? | [`psnr`], [`ssim_gauss`], [`ssim_uniform`], [`ms_ssim`], [`uqi`], [`gmsd`], [`masked_psnr`], [`masked_ssim`], [`feature_distance`] |
//! | is the colour right? | [`de_mean`], [`de_pixel`], [`channel_bias`], [`channel_gain`], [`saturation`] |
//! | does it agree with the mosaic it was made from? | [`consistency`] |
//! | is it as sharp as a photograph, free of blocks? | [`sharpness_ratio`], [`total_variation`], [`flat_share`], [`blockiness`] |
//! | does a set of outputs look like photographs? | [`sliced_wasserstein`], `frechet_distance` |
//! | is it the same face? | [`rank1`], [`cosine`] |
//! | is a clip steady? | [`flicker`] |
//! | is one system better than another? | [`bootstrap`] |
//!
//! [`feature_distance`], [`cosine`] and `frechet_distance` (feature `trainer`) compare what a
//! network says of pictures; the network is the caller's.

mod blockiness;
mod bootstrap;
mod color;
mod consistency;
mod cosine;
mod features;
mod flicker;
#[cfg(feature = "trainer")]
mod frechet;
mod gmsd;
mod identity;
pub(crate) mod lab;
mod mask;
mod ms_ssim;
mod picture;
mod psnr;
mod pyramid;
mod region;
mod ssim;
mod statistics;
mod texture;
mod uqi;
#[cfg(test)]
mod vectors;
mod wasserstein;
mod window;

pub use blockiness::blockiness;
pub use bootstrap::{BOOTSTRAP_RESAMPLES, Interval, bootstrap};
pub use color::{
    COLOUR_BLUR, Spread, channel_bias, channel_gain, de_mean, de_pixel, de_pixel_blurred,
    saturation,
};
pub use consistency::{Consistency, consistency};
pub use cosine::cosine;
pub use features::{FeatureMap, feature_distance};
pub use flicker::{flicker, unsteadiness};
#[cfg(feature = "trainer")]
pub use frechet::frechet_distance;
pub use gmsd::gmsd;
pub use identity::{Retrieval, rank1};
pub use lab::{Lab, ciede2000, lab};
pub use mask::{MASK_MARGIN, masked_psnr, masked_ssim};
pub use ms_ssim::{MS_SSIM_SIDE, ms_ssim};
pub use picture::{MetricsError, Picture};
pub use psnr::{mse, psnr};
pub use ssim::{SSIM_WINDOW, ssim_gauss, ssim_uniform};
pub use texture::{flat_share, laplacian_variance, sharpness_ratio, total_variation};
pub use uqi::{UQI_WINDOW, uqi, uqi_sewar};
pub use wasserstein::{SlicedWasserstein, sliced_wasserstein};
