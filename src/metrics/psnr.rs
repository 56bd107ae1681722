//! Mean squared error and peak signal-to-noise ratio.

use super::picture::{MetricsError, Picture, check};

/// Mean of (x − y)² over all pixels and the three channels.
pub fn mse(a: &Picture<'_>, b: &Picture<'_>) -> Result<f64, MetricsError> {
    check(a, b, 1)?;
    // Exact: no picture in memory has 2⁶⁴ / 255² bytes.
    let sum: u64 = (a.data().iter().zip(b.data()))
        .map(|(&x, &y)| u64::from(x.abs_diff(y)).pow(2))
        .sum();
    Ok(sum as f64 / a.data().len() as f64)
}

/// 10·log₁₀(255² / MSE) in dB, one MSE for the three channels; infinite where the pictures are
/// equal.
pub fn psnr(a: &Picture<'_>, b: &Picture<'_>) -> Result<f64, MetricsError> {
    Ok(10.0 * (255.0f64.powi(2) / mse(a, b)?).log10())
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{Pair, assert_close};
    use super::*;

    #[test]
    fn of_the_reference_vectors() {
        for (pair, expected_mse, expected_psnr) in [
            (Pair::p1(), 24.140543619792, 34.303333151390),
            (Pair::p2(), 241.666666666667, 24.298636090166),
        ] {
            let (a, b) = pair.pictures();
            assert_close(mse(&a, &b).unwrap(), expected_mse, 1e-6);
            assert_close(psnr(&a, &b).unwrap(), expected_psnr, 1e-6);
        }
    }

    #[test]
    fn of_equal_pictures_is_infinite() {
        let pair = Pair::p1();
        let (a, _) = pair.pictures();
        assert_eq!(psnr(&a, &a), Ok(f64::INFINITY));
    }
}
