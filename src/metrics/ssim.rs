//! Structural similarity.
//!
//! Wang, Bovik, Sheikh, Simoncelli: Image Quality Assessment: From Error Visibility to Structural
//! Similarity, IEEE Transactions on Image Processing 13 (4), 2004, with K₁ = 0.01, K₂ = 0.03, L =
//! 255. Per channel, the mean over the positions where the window lies inside the picture; then the
//! mean of the channels. The moments are biased: σ_xy = Σ w·x·y − μ_x·μ_y with Σ w = 1.
//!
//! The two windows give values that differ by several hundredths: always say which one a figure is
//! from.

use super::picture::{MetricsError, Picture, check};
use super::statistics::mean;
use super::window::{product, windowed};

/// Side of the window in pixels.
pub const SSIM_WINDOW: usize = 11;

pub(super) type Window = [f64; SSIM_WINDOW];

/// SSIM with a box of 11×11 pixels, the default of the Python package `sewar`.
pub fn ssim_uniform(a: &Picture<'_>, b: &Picture<'_>) -> Result<f64, MetricsError> {
    ssim(a, b, &[1.0 / SSIM_WINDOW as f64; SSIM_WINDOW])
}

/// SSIM with a Gaussian of 11×11 pixels and σ = 1.5, as in the paper.
pub fn ssim_gauss(a: &Picture<'_>, b: &Picture<'_>) -> Result<f64, MetricsError> {
    ssim(a, b, &gaussian())
}

/// The Gaussian window's weights of one axis; their sum is 1.
pub(super) fn gaussian() -> Window {
    const SIGMA: f64 = 1.5;
    let centre = (SSIM_WINDOW / 2) as f64;
    let weights: Window = std::array::from_fn(|i| {
        let distance = (i as f64 - centre) / SIGMA;
        (-0.5 * distance * distance).exp()
    });
    let sum: f64 = weights.iter().sum();
    weights.map(|w| w / sum)
}

/// Mean over positions, then over channels; `window` holds the weights of one axis.
fn ssim(a: &Picture<'_>, b: &Picture<'_>, window: &Window) -> Result<f64, MetricsError> {
    check(a, b, SSIM_WINDOW)?;
    let channels = (0..3).map(|i| {
        let map = local(&a.channel(i), &b.channel(i), a.width(), window);
        mean(map.iter().map(Local::ssim))
    });
    Ok(mean(channels))
}

/// Similarity of two planes around one position.
pub(super) struct Local {
    luminance: f64,
    /// Contrast and structure in one.
    pub structure: f64,
}

impl Local {
    pub(super) fn ssim(&self) -> f64 {
        self.luminance * self.structure
    }
}

/// Similarity at every position where the window fits, row by row.
pub(super) fn local(x: &[f64], y: &[f64], width: usize, window: &Window) -> Vec<Local> {
    const C1: f64 = (0.01 * 255.0) * (0.01 * 255.0);
    const C2: f64 = (0.03 * 255.0) * (0.03 * 255.0);
    let mean_x = windowed(x, width, window);
    let mean_y = windowed(y, width, window);
    let xx = windowed(&product(x, x), width, window);
    let yy = windowed(&product(y, y), width, window);
    let xy = windowed(&product(x, y), width, window);
    (0..mean_x.len())
        .map(|i| {
            let (mx, my) = (mean_x[i], mean_y[i]);
            let variances = xx[i] - mx * mx + yy[i] - my * my;
            let covariance = xy[i] - mx * my;
            Local {
                luminance: (2.0 * mx * my + C1) / (mx * mx + my * my + C1),
                structure: (2.0 * covariance + C2) / (variances + C2),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{Pair, assert_close};
    use super::*;

    #[test]
    fn of_the_reference_vectors() {
        for (pair, uniform, gauss) in [
            (Pair::p1(), 0.976789930714, 0.917733823637),
            (Pair::p2(), 0.991773921423, 0.990205832288),
        ] {
            let (a, b) = pair.pictures();
            assert_close(ssim_uniform(&a, &b).unwrap(), uniform, 1e-6);
            assert_close(ssim_gauss(&a, &b).unwrap(), gauss, 1e-6);
        }
    }

    #[test]
    fn of_equal_pictures_is_one() {
        let data: Vec<u8> = (0..12 * 11 * 3).map(|i| (i * 37 % 256) as u8).collect();
        let picture = Picture::new(12, 11, &data).unwrap();
        assert_close(ssim_gauss(&picture, &picture).unwrap(), 1.0, 1e-12);
    }

    #[test]
    fn needs_a_whole_window() {
        let picture = Picture::new(10, 20, &[0; 600]).unwrap();
        assert!(matches!(
            ssim_uniform(&picture, &picture),
            Err(MetricsError::TooSmall { window: 11, .. })
        ));
    }
}
