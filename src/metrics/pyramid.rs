//! Laplacian pyramids.
//!
//! Burt, Adelson: The Laplacian Pyramid as a Compact Image Code, IEEE Transactions on
//! Communications 31 (4), 1983, with the binomial kernel; borders are mirrored without repeating
//! the edge sample.

/// One axis of the kernel.
const KERNEL: [f64; 5] = [1.0 / 16.0, 4.0 / 16.0, 6.0 / 16.0, 4.0 / 16.0, 1.0 / 16.0];

/// One channel of a picture; sides of at least 3 samples.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plane {
    pub width: usize,
    pub height: usize,
    pub data: Vec<f64>,
}

impl Plane {
    /// The picture blurred, every second sample of every second row.
    pub(super) fn reduced(&self) -> Self {
        let sample = |row: &[f64], x: usize| {
            let taps = KERNEL.iter().enumerate();
            taps.map(|(k, w)| w * row[mirrored(2 * x + k, row.len())])
                .sum()
        };
        let half = self.resampled(self.width.div_ceil(2), sample);
        half.resampled(self.height.div_ceil(2), sample)
    }

    /// The way back from [`Self::reduced`] to a plane of the given size, which is that of before.
    pub(super) fn expanded(&self, width: usize, height: usize) -> Self {
        // Samples stand at even places; between them are zeros, which double the kernel's weights
        // make up for.
        let sample = |length: usize| {
            move |row: &[f64], x: usize| {
                let taps = KERNEL.iter().enumerate().skip(x % 2).step_by(2);
                taps.map(|(k, w)| 2.0 * w * row[mirrored(x + k, length) / 2])
                    .sum()
            }
        };
        let wide = self.resampled(width, sample(width));
        wide.resampled(height, sample(height))
    }

    /// What this plane has more than its reduced one: the level of the Laplacian pyramid.
    pub(super) fn detail(&self) -> Self {
        let blurred = self.reduced().expanded(self.width, self.height);
        let samples = self.data.iter().zip(blurred.data);
        Self {
            data: samples.map(|(sharp, soft)| sharp - soft).collect(),
            ..*self
        }
    }

    /// Each row becomes `length` samples, then rows and columns are swapped: done twice, both axes
    /// are resampled.
    fn resampled(&self, length: usize, sample: impl Fn(&[f64], usize) -> f64) -> Self {
        let mut data = vec![0.0; length * self.height];
        for (y, row) in self.data.chunks_exact(self.width).enumerate() {
            for x in 0..length {
                data[x * self.height + y] = sample(row, x);
            }
        }
        Self {
            width: self.height,
            height: length,
            data,
        }
    }
}

/// Index of the sample `tap` − 2 places from the start, mirrored at both ends of `length` ≥ 3
/// samples. Even indices stay even.
fn mirrored(tap: usize, length: usize) -> usize {
    let index = tap.abs_diff(2);
    index.min(2 * (length - 1) - index)
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{assert_close, noise};
    use super::*;

    fn grain(width: usize, height: usize) -> Plane {
        let data = noise(width * height, 3)
            .into_iter()
            .map(f64::from)
            .collect();
        Plane {
            width,
            height,
            data,
        }
    }

    #[test]
    fn indices_are_mirrored() {
        assert_eq!(
            [0, 1, 2, 6, 7, 8].map(|tap| mirrored(tap, 5)),
            [2, 1, 0, 4, 3, 2]
        );
    }

    #[test]
    fn known_samples() {
        let row = |data: &[f64]| Plane {
            width: data.len(),
            height: 3,
            data: data.repeat(3),
        };
        let impulse = row(&[0.0, 0.0, 16.0, 0.0, 0.0, 0.0]);
        assert_eq!(impulse.reduced().data, [2.0, 6.0, 1.0].repeat(2));
        let small = row(&[8.0, 0.0, 0.0]);
        let expanded = small.expanded(6, 5).data;
        assert_eq!(expanded[..6], [6.0, 4.0, 1.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn what_is_flat_has_no_detail() {
        for (width, height) in [(16, 16), (17, 24), (3, 9)] {
            let flat = Plane {
                width,
                height,
                data: vec![7.0; width * height],
            };
            assert_eq!(
                flat.reduced().data,
                vec![7.0; width.div_ceil(2) * height.div_ceil(2)]
            );
            assert_eq!(flat.detail().data, vec![0.0; width * height]);
        }
    }

    #[test]
    fn rows_and_columns_are_treated_alike() {
        let plane = grain(18, 23);
        let swapped = plane.resampled(18, |row, x| row[x]);
        let both = plane.detail().resampled(18, |row, x| row[x]);
        assert_eq!((both.width, both.height), (23, 18));
        for (a, b) in both.data.iter().zip(&swapped.detail().data) {
            assert_close(*a, *b, 1e-9);
        }
    }
}
