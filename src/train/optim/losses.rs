//! Losses of discriminators and of the generators that deceive them, over raw scores.

use serde::{Deserialize, Serialize};
use tch::{Kind, Reduction, Tensor};

/// Loss terms of one step by name, and what its user should know.
#[derive(Default)]
pub struct Losses {
    terms: Vec<(&'static str, Tensor)>,
    /// Warnings, a sentence each.
    pub warnings: Vec<String>,
}

impl Losses {
    /// A single weighted term, a scalar.
    pub fn of(name: &'static str, value: Tensor) -> Self {
        let mut losses = Self::default();
        losses.add(name, value);
        losses
    }

    /// Add a weighted term, a scalar.
    pub fn add(&mut self, name: &'static str, value: Tensor) {
        self.terms.push((name, value));
    }

    /// Add `share` times the terms of `part` to those of the same names, without their gradients.
    pub(super) fn add_share(&mut self, part: &Self, share: f64) {
        for (name, value) in &part.terms {
            let value = value.detach() * share;
            match self.terms.iter_mut().find(|(known, _)| known == name) {
                Some((_, sum)) => *sum += value,
                None => self.terms.push((name, value)),
            }
        }
        self.warnings.extend(part.warnings.iter().cloned());
    }

    /// The term `name`; 0 where there is none.
    pub(crate) fn term(&self, name: &str) -> Tensor {
        let mut terms = self.terms.iter();
        let found = terms.find(|(known, _)| *known == name);
        found.map_or_else(|| Tensor::from(0.0), |(_, value)| value.shallow_clone())
    }

    /// Take the terms of `other` in.
    pub fn append(&mut self, other: Self) {
        self.terms.extend(other.terms);
        self.warnings.extend(other.warnings);
    }

    /// Sum of the terms.
    pub fn total(&self) -> Tensor {
        self.terms.iter().map(|(_, value)| value).sum()
    }

    /// Values by name; waits for the device.
    pub fn values(&self) -> Vec<(&'static str, f64)> {
        let value = |(name, tensor): &(&'static str, Tensor)| (*name, tensor.double_value(&[]));
        self.terms.iter().map(value).collect()
    }
}

/// Mean binary cross-entropy of raw scores that should say `target` (0 or 1, or between).
pub(crate) fn cross_entropy(scores: &Tensor, target: f64) -> Tensor {
    (scores.softplus() - scores * target).mean(Kind::Float)
}

/// Mean squared distance of scores to `target` (Mao et al., 2017).
pub(crate) fn least_squares(scores: &Tensor, target: f64) -> Tensor {
    (scores - target).square().mean(Kind::Float)
}

/// A discriminator's hinge loss (Lim and Ye, 2017): scores of real pictures above 1, of fake ones
/// below −1.
pub(crate) fn hinge(real: &Tensor, fake: &Tensor) -> Tensor {
    (-real + 1.0).relu().mean(Kind::Float) + (fake + 1.0).relu().mean(Kind::Float)
}

/// Relativistic average cross-entropy (Jolicoeur-Martineau, 2019): `higher` should score above the
/// mean of `lower`, and the reverse. A discriminator wants real pictures higher, a generator its
/// own.
pub(crate) fn relativistic(higher: &Tensor, lower: &Tensor) -> Tensor {
    let above = higher - lower.mean(Kind::Float);
    let below = lower - higher.mean(Kind::Float);
    (cross_entropy(&above, 1.0) + cross_entropy(&below, 0.0)) * 0.5
}

/// Losses of a discriminator and of the generator against it, over raw scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GanLoss {
    /// Squared distance of the score to 1 (real) or 0 (fake), see [`least_squares`].
    LeastSquares,
    /// See [`hinge`].
    Hinge,
    /// Binary cross-entropy.
    #[serde(alias = "plain")]
    CrossEntropy,
    /// See [`relativistic`].
    Relativistic,
}

impl GanLoss {
    /// The generator's; only relativistic ones look at scores of `real` pictures.
    pub fn of_generator(self, real: Option<&Tensor>, fake: &Tensor) -> Tensor {
        match (self, real) {
            (Self::LeastSquares, _) => least_squares(fake, 1.0),
            (Self::Hinge, _) => -fake.mean(Kind::Float),
            (Self::Relativistic, Some(real)) => relativistic(fake, real),
            (Self::CrossEntropy | Self::Relativistic, _) => cross_entropy(fake, 1.0),
        }
    }

    /// The discriminator's.
    pub fn of_discriminator(self, real: &Tensor, fake: &Tensor) -> Tensor {
        match self {
            Self::LeastSquares => least_squares(real, 1.0) + least_squares(fake, 0.0),
            Self::Hinge => hinge(real, fake),
            Self::CrossEntropy => cross_entropy(real, 1.0) + cross_entropy(fake, 0.0),
            Self::Relativistic => relativistic(real, fake),
        }
    }
}

/// Mean absolute difference.
pub(crate) fn l1(a: &Tensor, b: &Tensor) -> Tensor {
    a.l1_loss(b, Reduction::Mean)
}

/// How sure a discriminator is that pictures with these scores are real: mean probability, 0–1.
pub(crate) fn fake_score(scores: &Tensor) -> Tensor {
    scores.detach().sigmoid().mean(Kind::Float)
}

/// How much the error of pictures `[N, …]` changes from one frame to the next, squared; they are
/// `moments` frames of one film after the other.
pub(crate) fn unsteadiness(made: &Tensor, truth: &Tensor, moments: usize) -> Tensor {
    let error = made - truth;
    let mut shape = error.size();
    shape[0] /= moments as i64;
    shape.insert(1, moments as i64);
    let films = error.view(&shape[..]);
    let last = moments as i64 - 1;
    let change = films.narrow(1, 1, last) - films.narrow(1, 0, last);
    change.square().mean(Kind::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(values: &[f32]) -> Tensor {
        Tensor::from_slice(values)
    }

    fn close(found: &Tensor, expected: f64) {
        let found = found.double_value(&[]);
        assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
    }

    #[test]
    fn known_scores() {
        // −ln σ(0) = ln 2, −ln σ(2) = ln(1 + e⁻²).
        let surprise = |x: f64| (1.0 + (-x).exp()).ln();
        let two = scores(&[0.0, 2.0]);
        close(
            &cross_entropy(&two, 1.0),
            (surprise(0.0) + surprise(2.0)) / 2.0,
        );
        close(&least_squares(&two, 1.0), 1.0);
        close(&hinge(&two, &scores(&[-3.0, 0.0])), 0.5 + 0.5);
        // Differences to the other mean: 3 − 1 and 1 − 3.
        close(
            &relativistic(&scores(&[3.0]), &scores(&[1.0])),
            surprise(2.0),
        );
        close(&fake_score(&scores(&[0.0])), 0.5);
    }

    #[test]
    fn relativistic_scores_are_paired_with_the_mean_of_the_others() {
        let (real, fake) = (scores(&[3.0, 5.0]), scores(&[0.0, 2.0]));
        let softplus = |x: f64| x.exp().ln_1p();
        let mean = |values: [f64; 2]| (softplus(values[0]) + softplus(values[1])) / 2.0;
        // Real pictures are to lie above the fake ones' mean of 1, fake ones below the real ones' of
        // 4: each pair of differences is real − 1 and fake − 4.
        let expected = (mean([-2.0, -4.0]) + mean([-4.0, -2.0])) / 2.0;
        let loss = GanLoss::Relativistic;
        close(&loss.of_discriminator(&real, &fake), expected);
        // The generator wants the reverse of the same differences.
        let expected = (mean([4.0, 2.0]) + mean([2.0, 4.0])) / 2.0;
        close(&loss.of_generator(Some(&real), &fake), expected);
        // Pictures are not compared one by one.
        close(
            &loss.of_discriminator(&real, &scores(&[2.0, 0.0])),
            (mean([-2.0, -4.0]) + mean([-4.0, -2.0])) / 2.0,
        );
    }
}
