//! Structural similarity at several scales.

use super::picture::{MetricsError, Picture, check};
use super::ssim::{Local, SSIM_WINDOW, gaussian, local};
use super::statistics::mean;
use super::window::halved;

/// Exponents of the scales, finest first.
const WEIGHTS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/// Least width and height in pixels: at the coarsest scale one window still fits.
pub const MS_SSIM_SIDE: usize = SSIM_WINDOW << (WEIGHTS.len() - 1);

/// MS-SSIM with the Gaussian window of [`ssim_gauss`](super::ssim_gauss) and 2×2 means between the
/// scales; mean of the channels. A scale whose contrast and structure disagree on the whole (below
/// zero) makes the channel zero.
///
/// Source: Wang, Simoncelli, Bovik: Multiscale Structural Similarity for Image Quality Assessment,
/// Asilomar 2003.
pub fn ms_ssim(a: &Picture<'_>, b: &Picture<'_>) -> Result<f64, MetricsError> {
    check(a, b, MS_SSIM_SIDE)?;
    let channels = (0..3).map(|i| of_channel(a.channel(i), b.channel(i), a.width()));
    Ok(mean(channels))
}

fn of_channel(mut x: Vec<f64>, mut y: Vec<f64>, mut width: usize) -> f64 {
    let window = gaussian();
    let mut product = 1.0;
    for (scale, weight) in WEIGHTS.into_iter().enumerate() {
        let map = local(&x, &y, width, &window);
        // Luminance counts at the coarsest scale alone.
        let similarity = if scale + 1 == WEIGHTS.len() {
            mean(map.iter().map(Local::ssim))
        } else {
            mean(map.iter().map(|local| local.structure))
        };
        product *= similarity.max(0.0).powf(weight);
        (x, y) = (halved(&x, width), halved(&y, width));
        width /= 2;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{Pair, assert_close};
    use super::*;

    #[test]
    fn of_reference_pictures() {
        let pair = Pair::ramps(176);
        let (a, b) = pair.pictures();
        assert_close(ms_ssim(&a, &b).unwrap(), 0.994226883451, 1e-9);
        assert_close(ms_ssim(&b, &a).unwrap(), 0.994226883451, 1e-9);
        assert_close(ms_ssim(&a, &a).unwrap(), 1.0, 1e-12);
    }

    #[test]
    fn a_negative_is_no_likeness() {
        let pair = Pair::ramps(177);
        let (a, _) = pair.pictures();
        let negative: Vec<u8> = a.data().iter().map(|v| 255 - v).collect();
        let negative = Picture::new(177, 177, &negative).unwrap();
        assert_eq!(ms_ssim(&a, &negative), Ok(0.0));
    }

    #[test]
    fn small_pictures_are_refused() {
        let pair = Pair::ramps(175);
        let (a, b) = pair.pictures();
        assert!(matches!(
            ms_ssim(&a, &b),
            Err(MetricsError::TooSmall { window: 176, .. })
        ));
    }
}
