//! How alike two pictures are to a network that knows pictures.

use super::picture::{MetricsError, check_counts};
use super::statistics::mean;

/// What a network says of a picture at one of its levels: one vector for each position.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureMap {
    channels: usize,
    data: Vec<f32>,
}

impl FeatureMap {
    /// A map `[channels, height, width]`, row by row.
    pub fn new(channels: usize, data: Vec<f32>) -> Result<Self, MetricsError> {
        let actual = data.len();
        if actual == 0 || !actual.is_multiple_of(channels) {
            return Err(MetricsError::MapLength { channels, actual });
        }
        Ok(Self { channels, data })
    }

    /// Number of positions.
    fn positions(&self) -> usize {
        self.data.len() / self.channels
    }

    /// The vector at a position, divided by its length.
    fn unit(&self, position: usize) -> impl Iterator<Item = f64> {
        /// Keeps vectors of zeros as they are, added to the length; as in LPIPS.
        const EPSILON: f64 = 1e-10;
        let step = self.positions();
        let values = self.data.iter().skip(position).step_by(step);
        let values = values.map(|&value| f64::from(value));
        let length = values.clone().map(|v| v * v).sum::<f64>().sqrt();
        values.map(move |value| value / (length + EPSILON))
    }
}

/// Distance between the features of two pictures of one size, 0 for equal ones. Symmetric.
///
/// At each position of each level the two vectors are brought to length 1; the squared length of
/// their difference is averaged over the positions, then over the levels. With features that are
/// rectified, and so have no negative numbers, it is at most 2.
///
/// This is LPIPS with all of its learned weights at 1, but a mean over the levels where that has
/// their sum: Zhang, Isola, Efros, Shechtman, Wang: The Unreasonable Effectiveness of Deep Features
/// as a Perceptual Metric, CVPR 2018, equation 1.
pub fn feature_distance(a: &[FeatureMap], b: &[FeatureMap]) -> Result<f64, MetricsError> {
    check_counts(a, b)?;
    if a.is_empty() {
        return Err(MetricsError::TooFew {
            actual: 0,
            needed: 1,
        });
    }
    let levels = a.iter().zip(b).map(|(a, b)| level_distance(a, b));
    Ok(mean(levels.collect::<Result<Vec<f64>, _>>()?))
}

fn level_distance(a: &FeatureMap, b: &FeatureMap) -> Result<f64, MetricsError> {
    check_counts(&a.data, &b.data)?;
    if a.channels != b.channels {
        return Err(MetricsError::DifferentCounts {
            a: a.channels,
            b: b.channels,
        });
    }
    let distance = |position| -> f64 {
        let pairs = a.unit(position).zip(b.unit(position));
        pairs.map(|(a, b)| (a - b).powi(2)).sum()
    };
    let distance = mean((0..a.positions()).map(distance));
    match distance.is_finite() {
        true => Ok(distance),
        false => Err(MetricsError::NotFinite),
    }
}

#[cfg(test)]
mod tests {
    use super::super::vectors::assert_close;
    use super::*;

    /// A map whose number in channel c, row y, column x is sin(1.3 c + 0.5 y − 0.2 x + phase).
    fn waves([channels, height, width]: [usize; 3], phase: f64) -> FeatureMap {
        let place = |i: usize| (i / width / height, i / width % height, i % width);
        let numbers = (0..channels * height * width).map(place).map(|(c, y, x)| {
            let (c, y, x) = (c as f64, y as f64, x as f64);
            (1.3 * c + 0.5 * y - 0.2 * x + phase).sin() as f32
        });
        FeatureMap::new(channels, numbers.collect()).unwrap()
    }

    fn map(channels: usize, data: &[f32]) -> FeatureMap {
        FeatureMap::new(channels, data.to_vec()).unwrap()
    }

    #[test]
    fn of_the_reference_vectors() {
        // numpy, from the definition: n(m) = m / (sqrt((m²).sum(0)) + 1e-10), ((n(a) −
        // n(b))²).sum(0).mean()
        let (fine, coarse) = ([3, 4, 5], [4, 2, 3]);
        let a = [waves(fine, 0.0), waves(coarse, 0.3)];
        let b = [waves(fine, 0.9), waves(coarse, 2.0)];
        let levels = [0.828_041_249_704_538_6, 1.872_660_615_860_62];
        for (i, expected) in levels.into_iter().enumerate() {
            let found = feature_distance(&a[i..=i], &b[i..=i]).unwrap();
            assert_close(found, expected, 1e-6);
        }
        let found = feature_distance(&a, &b).unwrap();
        assert_close(found, 1.350_350_920_160_199_3, 1e-6);
        assert_close(feature_distance(&b, &a).unwrap(), found, 1e-12);
        assert_eq!(feature_distance(&a, &a), Ok(0.0));
    }

    #[test]
    fn by_hand() {
        // Two positions of two channels: a right angle (2), and the same direction at another
        // length (0).
        let a = map(2, &[1.0, 3.0, 0.0, 4.0]);
        let b = map(2, &[0.0, 6.0, 5.0, 8.0]);
        let found = feature_distance(&[a], &[b]).unwrap();
        assert_close(found, 1.0, 1e-9);
        // A vector of zeros stays one.
        let found = feature_distance(&[map(2, &[0.0; 2])], &[map(2, &[3.0, 4.0])]).unwrap();
        assert_close(found, 1.0, 1e-9);
    }

    #[test]
    fn maps_that_do_not_compare_are_refused() {
        for (channels, length) in [(0, 4), (3, 4), (2, 0)] {
            assert!(FeatureMap::new(channels, vec![0.0; length]).is_err());
        }
        let a = map(2, &[1.0; 8]);
        assert!(feature_distance(&[], &[]).is_err());
        for b in [
            vec![],
            vec![map(2, &[1.0; 6])],
            vec![map(4, &[1.0; 8])],
            vec![map(2, &[f32::NAN; 8])],
        ] {
            assert!(feature_distance(std::slice::from_ref(&a), &b).is_err());
        }
    }
}
