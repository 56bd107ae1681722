//! How alike two descriptions of faces are.

use super::picture::{MetricsError, check_counts};

/// Cosine of the angle between two vectors, a · b / (|a| |b|): 1 for the same direction, 0 for a
/// right angle, −1 for opposite ones. Symmetric; lengths do not count.
///
/// Of the embeddings of two faces by a network that tells people apart it is the usual likeness.
/// Where "the same person" begins is the network's own.
pub fn cosine(a: &[f64], b: &[f64]) -> Result<f64, MetricsError> {
    check_counts(a, b)?;
    let dot = |x: &[f64], y: &[f64]| -> f64 { x.iter().zip(y).map(|(x, y)| x * y).sum() };
    let (aa, bb, ab) = (dot(a, a), dot(b, b), dot(a, b));
    if !(aa.is_finite() && bb.is_finite() && ab.is_finite()) {
        return Err(MetricsError::NotFinite);
    }
    if aa == 0.0 || bb == 0.0 {
        return Err(MetricsError::NoDirection);
    }
    Ok((ab / (aa.sqrt() * bb.sqrt())).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::super::vectors::assert_close;
    use super::*;

    #[test]
    fn of_the_reference_vectors() {
        // numpy: a @ b / (norm(a) · norm(b))
        let (a, b) = ([1.0, 2.0, 3.0], [-2.0, 0.5, 4.0]);
        assert_close(cosine(&a, &b).unwrap(), 0.653_305_258_008_148_5, 1e-12);
        assert_eq!(cosine(&a, &b), cosine(&b, &a));
    }

    #[test]
    fn only_the_direction_counts() {
        let a = [3.0, -4.0];
        assert_close(cosine(&a, &[0.3, -0.4]).unwrap(), 1.0, 1e-12);
        assert_close(cosine(&a, &[-30.0, 40.0]).unwrap(), -1.0, 1e-12);
        assert_close(cosine(&a, &[4.0, 3.0]).unwrap(), 0.0, 1e-12);
    }

    #[test]
    fn what_has_no_angle_is_refused() {
        let a = [1.0, 2.0];
        assert_eq!(cosine(&a, &[0.0; 2]), Err(MetricsError::NoDirection));
        assert_eq!(cosine(&[], &[]), Err(MetricsError::NoDirection));
        assert_eq!(cosine(&a, &[f64::NAN, 1.0]), Err(MetricsError::NotFinite));
        assert!(matches!(
            cosine(&a, &[1.0]),
            Err(MetricsError::DifferentCounts { a: 2, b: 1 })
        ));
    }
}
