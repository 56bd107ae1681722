//! Universal quality index.
//!
//! Wang, Bovik: A Universal Image Quality Index, IEEE Signal Processing Letters 9 (3), 2002, with a
//! window of 8×8. With n = 64 and the sums S under the window, Q = 4·(n·S_xy − S_x·S_y)·S_x·S_y /
//! ((n·(S_xx + S_yy) − S_x² − S_y²)·(S_x² + S_y²)), −1 to 1; the mean over the positions, then over
//! the channels.
//!
//! The Python package `sewar` fills the same expression with the window's means, so that variances
//! become nearly raw second moments: its values are higher and hardly depend on structure.
//! Published figures may be of that kind.

use super::picture::{MetricsError, Picture, check};
use super::statistics::mean;
use super::window::{product, windowed};

/// Side of the window in pixels.
pub const UQI_WINDOW: usize = 8;

const AREA: f64 = (UQI_WINDOW * UQI_WINDOW) as f64;

/// The index as published, at all positions where the window lies inside the picture.
pub fn uqi(a: &Picture<'_>, b: &Picture<'_>) -> Result<f64, MetricsError> {
    check(a, b, UQI_WINDOW)?;
    Ok(mean((0..3).map(|i| {
        let map = indices(&a.channel(i), &b.channel(i), a.width(), 1.0);
        mean(map)
    })))
}

/// The index as `sewar` 0.4.10 computes it: means instead of sums, four pixels left out on every
/// side.
pub fn uqi_sewar(a: &Picture<'_>, b: &Picture<'_>) -> Result<f64, MetricsError> {
    // The window at a position reaches 4 pixels back and 3 ahead: the last row and column where it
    // fits drop out.
    check(a, b, UQI_WINDOW + 1)?;
    Ok(mean((0..3).map(|i| {
        let map = indices(&a.channel(i), &b.channel(i), a.width(), 1.0 / AREA);
        let width = a.width() + 1 - UQI_WINDOW;
        let rows = map.chunks_exact(width).take(a.height() - UQI_WINDOW);
        mean(rows.flat_map(|row| &row[..width - 1]).copied())
    })))
}

/// The index at every position, each sum times `scale`.
fn indices(x: &[f64], y: &[f64], width: usize, scale: f64) -> Vec<f64> {
    let sums = |data: &[f64]| windowed(data, width, &[1.0; UQI_WINDOW]);
    let (sum_x, sum_y) = (sums(x), sums(y));
    let (sum_xx, sum_yy) = (sums(&product(x, x)), sums(&product(y, y)));
    let sum_xy = sums(&product(x, y));
    (0..sum_x.len())
        .map(|i| {
            let squares = scale * (sum_xx[i] + sum_yy[i]);
            index(
                scale * sum_x[i],
                scale * sum_y[i],
                squares,
                scale * sum_xy[i],
            )
        })
        .collect()
}

/// Sums of bytes, and these over a power of two, are exact, so "zero" needs no tolerance here.
fn index(x: f64, y: f64, squares: f64, xy: f64) -> f64 {
    let energy = x * x + y * y;
    let spread = AREA * squares - energy;
    if energy == 0.0 {
        1.0
    } else if spread == 0.0 {
        2.0 * x * y / energy
    } else {
        4.0 * (AREA * xy - x * y) * x * y / (spread * energy)
    }
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{Pair, assert_close};
    use super::*;

    #[test]
    fn of_the_reference_vectors() {
        for (pair, canonical, sewar) in [
            (Pair::p1(), 0.949501549107, 0.998359139770),
            (Pair::p2(), 0.990796009490, 0.982349502531),
        ] {
            let (a, b) = pair.pictures();
            assert_close(uqi(&a, &b).unwrap(), canonical, 1e-6);
            assert_close(uqi_sewar(&a, &b).unwrap(), sewar, 1e-6);
            assert_close(uqi(&b, &a).unwrap(), canonical, 1e-6);
            assert_close(uqi(&a, &a).unwrap(), 1.0, 1e-12);
        }
    }

    #[test]
    fn of_flat_pictures_compares_their_levels() {
        let flat = |level| vec![level; 9 * 9 * 3];
        let (black, dark, light) = (flat(0), flat(50), flat(100));
        let picture = |data| Picture::new(9, 9, data).unwrap();
        let (black, dark, light) = (picture(&black), picture(&dark), picture(&light));
        // 2·50·100 / (50² + 100²), where the spread is zero.
        assert_close(uqi(&dark, &light).unwrap(), 0.8, 1e-12);
        assert_eq!(uqi(&black, &light), Ok(0.0));
        for measure in [uqi, uqi_sewar] {
            assert_eq!(measure(&black, &black), Ok(1.0));
        }
        // With means the spread of flat pictures is not zero.
        assert_close(uqi_sewar(&dark, &light).unwrap(), 0.64, 1e-12);
    }

    #[test]
    fn needs_a_whole_window() {
        let picture = Picture::new(8, 8, &[0; 192]).unwrap();
        assert!(uqi(&picture, &picture).is_ok());
        assert!(matches!(
            uqi_sewar(&picture, &picture),
            Err(MetricsError::TooSmall { window: 9, .. })
        ));
    }
}
