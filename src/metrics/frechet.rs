//! Fréchet distance between two sets of vectors.

use nalgebra::{DMatrix, RowDVector};

use super::picture::{MetricsError, check_counts};

/// Distance between the normal distributions that have the means and covariances of two sets of
/// vectors: 0 for equal ones, in squared units of the vectors. Symmetric. The sets may have
/// different sizes, of two vectors at least.
///
/// |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½), the covariances of samples (divided by n − 1). Sources: Dowson, Landau: The
/// Fréchet distance between multivariate normal distributions, Journal of Multivariate Analysis 12
/// (3), 1982; of a network's features: Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter: GANs
/// Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium, NIPS 2017.
///
/// It is biased: it falls as the sets grow. Compare values of equal numbers of vectors only.
pub fn frechet_distance(a: &[Vec<f64>], b: &[Vec<f64>]) -> Result<f64, MetricsError> {
    let (a, b) = (Normal::of(a)?, Normal::of(b)?);
    check_counts(a.mean.as_slice(), b.mean.as_slice())?;
    // With Σ = RᵀR, (Σ₁Σ₂)^½ has the eigenvalues that R₁R₂ᵀ has as singular values. No covariance
    // is inverted or rooted: it need not have full rank, as with fewer vectors than dimensions it
    // has not.
    let common = (&a.root * b.root.transpose()).singular_values().sum();
    let spread = a.root.norm_squared() + b.root.norm_squared();
    let distance = (a.mean - b.mean).norm_squared() + spread - 2.0 * common;
    // Rounding must not make it negative.
    Ok(distance.max(0.0))
}

/// A normal distribution.
struct Normal {
    mean: RowDVector<f64>,
    /// The covariance is rootᵀ · root.
    root: DMatrix<f64>,
}

impl Normal {
    /// Of the vectors' mean and covariance.
    fn of(vectors: &[Vec<f64>]) -> Result<Self, MetricsError> {
        let (count, dimensions) = (vectors.len(), vectors.first().map_or(0, Vec::len));
        for (actual, needed) in [(count, 2), (dimensions, 1)] {
            if actual < needed {
                return Err(MetricsError::TooFew { actual, needed });
            }
        }
        vectors
            .iter()
            .try_for_each(|v| check_counts(&vectors[0], v))?;
        if !vectors.iter().flatten().all(|value| value.is_finite()) {
            return Err(MetricsError::NotFinite);
        }
        let rows = vectors.iter().flatten().copied();
        let mut centered = DMatrix::from_row_iterator(count, dimensions, rows);
        let mean = centered.row_mean();
        for mut row in centered.row_iter_mut() {
            row -= &mean;
        }
        centered /= ((count - 1) as f64).sqrt();
        // The triangle has the same covariance in no more rows than there are dimensions.
        let root = centered.qr().unpack_r();
        Ok(Self { mean, root })
    }
}

#[cfg(test)]
mod tests {
    use super::super::vectors::assert_close;
    use super::*;

    /// `count` vectors; number j of vector i is (1 + j) · sin(0.7 (i + 1)(j + 2) + phase) + phase /
    /// 10.
    fn waves(count: usize, dimensions: usize, phase: f64) -> Vec<Vec<f64>> {
        let number = |i: usize, j: usize| {
            let angle = 0.7 * ((i + 1) * (j + 2)) as f64 + phase;
            (1 + j) as f64 * angle.sin() + phase / 10.0
        };
        let vector = |i| (0..dimensions).map(|j| number(i, j)).collect();
        (0..count).map(vector).collect()
    }

    #[test]
    fn of_the_reference_vectors() {
        // With mpmath at 60 digits, from the definition: the square roots of the eigenvalues of
        // Σ₁Σ₂ summed up; the first with numpy as well, by tr (Σ₁^½ Σ₂ Σ₁^½)^½. The second sets are
        // smaller than their dimensions.
        for ([n, m, dimensions], expected) in [
            ([12, 9, 3], 0.065_683_943_951_725_1),
            ([4, 5, 6], 20.896_774_136_618_9),
        ] {
            let (a, b) = (waves(n, dimensions, 0.0), waves(m, dimensions, 1.0));
            assert_close(frechet_distance(&a, &b).unwrap(), expected, 1e-10);
            assert_close(frechet_distance(&b, &a).unwrap(), expected, 1e-10);
        }
    }

    #[test]
    fn in_one_dimension_by_hand() {
        // (μ₁ − μ₂)² + (σ₁ − σ₂)²: means 0 and 5, standard deviations 1 and 3.
        let set = |mean: f64, sd: f64| vec![vec![mean - sd], vec![mean], vec![mean + sd]];
        let found = frechet_distance(&set(0.0, 1.0), &set(5.0, 3.0)).unwrap();
        assert_close(found, 29.0, 1e-12);
    }

    #[test]
    fn a_shift_alone_counts_squared() {
        for count in [3, 30] {
            let a = waves(count, 8, 0.0);
            let shifted: Vec<Vec<f64>> = (a.iter())
                .map(|v| v.iter().map(|x| x + 0.5).collect())
                .collect();
            assert_close(frechet_distance(&a, &a).unwrap(), 0.0, 1e-10);
            assert_close(frechet_distance(&a, &shifted).unwrap(), 2.0, 1e-10);
        }
        // Sets that do not vary are their means.
        let (a, b) = (vec![vec![1.0, 2.0]; 4], vec![vec![4.0, 6.0]; 4]);
        assert_close(frechet_distance(&a, &b).unwrap(), 25.0, 1e-12);
    }

    #[test]
    fn sets_that_do_not_compare_are_refused() {
        let set = waves(3, 2, 0.0);
        let other = |vectors: &[&[f64]]| -> Vec<Vec<f64>> {
            vectors.iter().map(|vector| vector.to_vec()).collect()
        };
        for wrong in [
            vec![],
            other(&[&[1.0, 2.0]]),
            other(&[&[], &[]]),
            other(&[&[1.0], &[2.0]]),
            other(&[&[1.0, 2.0], &[1.0]]),
            other(&[&[1.0, f64::NAN], &[1.0, 2.0]]),
        ] {
            assert!(frechet_distance(&set, &wrong).is_err(), "{wrong:?}");
            assert!(frechet_distance(&wrong, &set).is_err(), "{wrong:?}");
        }
    }
}
