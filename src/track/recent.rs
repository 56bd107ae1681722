//! The mean of what the last frames said.

use std::collections::VecDeque;

/// The last values of some numbers. What fades from a mean never leaves it: a film that is begun in its
/// middle would come to other numbers. What is older than these frames is forgotten.
#[derive(Clone, Debug)]
pub(super) struct Recent<const N: usize> {
    most: usize,
    kept: VecDeque<[f64; N]>,
}

impl<const N: usize> Recent<N> {
    /// Of `most` frames at most, the first of which says this.
    pub(super) fn new(most: usize, first: [f64; N]) -> Self {
        let mut kept = VecDeque::with_capacity(most);
        kept.push_back(first);
        Self { most, kept }
    }

    /// Another frame says this.
    pub(super) fn add(&mut self, numbers: [f64; N]) {
        if self.kept.len() == self.most {
            self.kept.pop_front();
        }
        self.kept.push_back(numbers);
    }

    /// What the frames said, the last one first.
    pub(super) fn latest(&self) -> impl Iterator<Item = &[f64; N]> {
        self.kept.iter().rev()
    }

    /// What they said, the first one first.
    pub(super) fn earliest(&self) -> impl Iterator<Item = &[f64; N]> {
        self.kept.iter()
    }

    /// The median of each number in the last frames, `M` at most.
    pub(super) fn median_of_last<const M: usize>(&self) -> [f64; N] {
        std::array::from_fn(|i| {
            let (mut sorted, mut count) = ([f64::INFINITY; M], 0);
            for (place, numbers) in sorted.iter_mut().zip(self.latest()) {
                *place = numbers[i];
                count += 1;
            }
            sorted.sort_unstable_by(f64::total_cmp);
            (sorted[(count - 1) / 2] + sorted[count / 2]) / 2.0
        })
    }

    /// The mean.
    pub(super) fn mean(&self) -> [f64; N] {
        let count = self.kept.len() as f64;
        std::array::from_fn(|i| self.kept.iter().map(|numbers| numbers[i]).sum::<f64>() / count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let series = |first: u32| {
            let mut recent = Recent::new(3, [f64::from(first), 1.0]);
            for number in first + 1..10 {
                recent.add([f64::from(number) * 0.1, 1.0]);
            }
            recent
        };
        assert_eq!(series(0).mean(), series(6).mean());
        let mut recent = series(0);
        assert!((recent.mean()[0] - 0.8).abs() < 1e-12);
        for outlier in [90.0, -90.0] {
            recent.add([outlier, 2.0]);
        }
        assert_eq!(recent.median_of_last::<3>(), [0.9, 2.0]);
        assert_eq!(recent.median_of_last::<2>(), [0.0, 2.0]);
    }
}
