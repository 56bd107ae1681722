//! Gradient magnitude similarity deviation.

use super::picture::{MetricsError, Picture, check};
use super::statistics::variance;
use super::window::halved;

/// Keeps flat parts from counting as different; grey levels squared.
const STABILITY: f64 = 170.0;

/// GMSD of the luma, 0 for equal pictures and rarely above 0.35. Symmetric.
///
/// 2×2 means halve the pictures; then Prewitt's operators, over 3, at the positions where they lie
/// inside. Source: Xue, Zhang, Mou, Bovik: Gradient Magnitude Similarity Deviation, IEEE
/// Transactions on Image Processing 23 (2), 2014.
pub fn gmsd(a: &Picture<'_>, b: &Picture<'_>) -> Result<f64, MetricsError> {
    check(a, b, 6)?;
    let (a, b) = (gradients(a), gradients(b));
    let similarity: Vec<f64> = (a.iter().zip(&b))
        .map(|(a, b)| (2.0 * a * b + STABILITY) / (a * a + b * b + STABILITY))
        .collect();
    Ok(variance(&similarity).sqrt())
}

/// Gradient magnitude of the halved luma, row by row.
fn gradients(picture: &Picture<'_>) -> Vec<f64> {
    let (width, height) = (picture.width() / 2, picture.height() / 2);
    let luma = halved(&picture.luma(), picture.width());
    let magnitude = |at: usize| {
        // Differences of the sums over the three samples of each side.
        let row = |y: usize| -> f64 { luma[at + y * width..][..3].iter().sum() };
        let column = |x: usize| -> f64 { (0..3).map(|y| luma[at + x + y * width]).sum() };
        (column(2) - column(0)).hypot(row(2) - row(0)) / 3.0
    };
    (0..height - 2)
        .flat_map(|y| (0..width - 2).map(move |x| y * width + x))
        .map(magnitude)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{Pair, assert_close, painted};
    use super::*;

    #[test]
    fn of_the_reference_vectors() {
        // P2 differs by a constant, which has no gradient.
        for (pair, expected) in [(Pair::p1(), 0.002191069017), (Pair::p2(), 0.0)] {
            let (a, b) = pair.pictures();
            assert_close(gmsd(&a, &b).unwrap(), expected, 1e-9);
            assert_close(gmsd(&b, &a).unwrap(), expected, 1e-9);
        }
    }

    #[test]
    fn losing_an_edge_costs_more_than_weakening_it() {
        let edge = |step: u8| painted(31, 21, |x, _| [100 + step * u8::from(x >= 15); 3]);
        let (full, half, none) = (edge(80), edge(40), edge(0));
        let picture = |data| Picture::new(31, 21, data).unwrap();
        let full = picture(&full);
        let weaker = gmsd(&full, &picture(&half)).unwrap();
        let lost = gmsd(&full, &picture(&none)).unwrap();
        assert!(0.05 < weaker && 2.0 * weaker < lost, "{weaker} {lost}");
    }

    #[test]
    fn five_pixels_are_too_few() {
        let picture = |side: usize| Picture::new(side, 6, &[0; 36 * 3][..side * 18]).unwrap();
        assert_eq!(gmsd(&picture(6), &picture(6)), Ok(0.0));
        assert!(gmsd(&picture(5), &picture(5)).is_err());
    }
}
