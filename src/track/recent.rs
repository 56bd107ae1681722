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

    /// Forget all but this.
    pub(super) fn begin_anew(&mut self, numbers: [f64; N]) {
        self.kept.clear();
        self.kept.push_back(numbers);
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
        recent.begin_anew([5.0, 2.0]);
        assert_eq!(recent.mean(), [5.0, 2.0]);
    }
}
