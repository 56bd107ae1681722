//! How sure a difference between two systems is.

use super::picture::MetricsError;
use super::statistics::{mean, quantile};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

/// Number of resamples.
pub const BOOTSTRAP_RESAMPLES: usize = 1000;

/// A mean and where it lies with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Mean of the sample.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Mean difference a − b of two systems' figures for the same pictures, with its percentile
/// interval from a paired bootstrap: whole pairs are drawn with replacement. The random numbers are fixed:
/// equal lists give equal intervals.
///
/// Figures that are not finite (the PSNR of equal pictures) are refused. Source: Efron, Tibshirani:
/// An Introduction to the Bootstrap, 1993, chapter 13.
pub fn bootstrap(a: &[f64], b: &[f64]) -> Result<Interval, MetricsError> {
    const SEED: u64 = 1;
    if a.len() != b.len() {
        return Err(MetricsError::DifferentCounts {
            a: a.len(),
            b: b.len(),
        });
    }
    if a.is_empty() {
        return Err(MetricsError::TooFew {
            actual: 0,
            needed: 1,
        });
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    if !differences.iter().all(|v| v.is_finite()) {
        return Err(MetricsError::NotFinite);
    }
    let count = differences.len();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(SEED);
    let mut means: Vec<f64> = (0..BOOTSTRAP_RESAMPLES)
        .map(|_| mean((0..count).map(|_| differences[random.random_range(0..count)])))
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    Ok(Interval {
        mean: mean(differences),
        low: quantile(&means, 0.025),
        high: quantile(&means, 0.975),
    })
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{assert_close, noise};
    use super::*;

    #[test]
    fn a_constant_difference_is_certain() {
        let a = [3.5, 9.5, 1.5];
        let b = [2.0, 8.0, 0.0];
        let expected = Interval {
            mean: 1.5,
            low: 1.5,
            high: 1.5,
        };
        assert_eq!(bootstrap(&a, &b), Ok(expected));
    }

    #[test]
    fn the_interval_is_as_wide_as_theory_says() {
        let figures = |seed| noise(400, seed).into_iter().map(f64::from).collect();
        let (a, b): (Vec<f64>, Vec<f64>) = (figures(1), figures(2));
        let found = bootstrap(&a, &b).unwrap();
        assert!(found.low < found.mean && found.mean < found.high);
        // Two independent uniform bytes: the variance of the difference is 2·(256² − 1) / 12.
        let deviation = (2.0 * (256.0f64.powi(2) - 1.0) / 12.0 / 400.0).sqrt();
        let expected = 2.0 * 1.96 * deviation;
        assert_close(found.high - found.low, expected, 0.15 * expected);
        assert_eq!(bootstrap(&a, &b), Ok(found));
        // Resamples are the same: the other way round mirrors the interval.
        let back = bootstrap(&b, &a).unwrap();
        assert_close(back.low, -found.high, 1e-9);
    }

    #[test]
    fn what_has_no_mean_is_refused() {
        assert_eq!(
            bootstrap(&[], &[]),
            Err(MetricsError::TooFew {
                actual: 0,
                needed: 1
            })
        );
        assert!(matches!(
            bootstrap(&[1.0], &[]),
            Err(MetricsError::DifferentCounts { a: 1, b: 0 })
        ));
        for bad in [f64::INFINITY, f64::NAN] {
            assert_eq!(
                bootstrap(&[1.0, bad], &[1.0, 2.0]),
                Err(MetricsError::NotFinite)
            );
        }
    }
}
