//! How learning rates change over a training.

use std::f64::consts::PI;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

/// A learning rate over the steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The learning rate at the start.
    pub learning_rate: f64,
    /// Steps at which the rate is multiplied by `factor`.
    #[serde(default)]
    pub milestones: Vec<u64>,
    /// See `milestones`.
    #[serde(default = "one")]
    pub factor: f64,
    /// A half cosine down to a floor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosine: Option<Cosine>,
    /// A straight line down to zero, of recipes that say it in keys of their own.
    #[serde(skip)]
    linear: Option<Linear>,
}

/// A straight line down to zero.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Linear {
    /// Steps of the training.
    steps: u64,
    /// Share of the steps before the line falls.
    constant_share: f64,
}

/// A half cosine from the rate down to a floor (Loshchilov and Hutter, 2017).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cosine {
    /// Steps on the way down.
    pub steps: u64,
    /// The lowest rate.
    pub floor: f64,
    /// Then it starts anew at the top; else it goes up the way it came.
    pub restart: bool,
    /// The rate stands still for so many steps at a time.
    pub stand: u64,
}

fn one() -> f64 {
    1.0
}

impl Schedule {
    /// One that stays for the share `constant_share` of the `steps`, and then falls linearly to
    /// zero.
    pub fn falling(learning_rate: f64, steps: u64, constant_share: f64) -> Self {
        Self {
            linear: Some(Linear {
                steps,
                constant_share,
            }),
            ..Self::constant(learning_rate)
        }
    }

    /// One that stays.
    pub fn constant(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            milestones: Vec::new(),
            factor: 1.0,
            cosine: None,
            linear: None,
        }
    }

    /// An error for constants that make no sense; `name` is the schedule's own.
    pub fn check(&self, name: &str) -> anyhow::Result<()> {
        ensure!(
            self.learning_rate > 0.0 && self.learning_rate <= 1.0,
            "{name}.learning_rate is {}; it must lie above 0 and not above 1",
            self.learning_rate
        );
        ensure!(
            self.factor > 0.0 && self.factor <= 1.0,
            "{name}.factor is {}; it must lie above 0 and not above 1",
            self.factor
        );
        if let Some(cosine) = &self.cosine {
            ensure!(
                cosine.steps > 0
                    && cosine.stand > 0
                    && (0.0..=self.learning_rate).contains(&cosine.floor),
                "{name}.cosine must have steps and stand of at least 1 and a floor of 0 … rate"
            );
        }
        Ok(())
    }

    /// The rate at `step` ÷ the rate at the start.
    pub fn factor_at(&self, step: u64) -> f64 {
        if let Some(line) = self.linear {
            let steps = line.steps as f64;
            let falling = (steps - line.constant_share * steps).max(1.0);
            return ((steps - step as f64) / falling).clamp(0.0, 1.0);
        }
        let passed = self.milestones.iter().filter(|&&m| m <= step).count();
        let falling = self.factor.powi(passed as i32);
        let Some(cosine) = &self.cosine else {
            return falling;
        };
        let stood = step / cosine.stand * cosine.stand;
        let along = match cosine.restart {
            true => stood % cosine.steps,
            false => stood,
        };
        let floor = cosine.floor / self.learning_rate;
        let wave = (1.0 + (PI * along as f64 / cosine.steps as f64).cos()) / 2.0;
        falling * (floor + (1.0 - floor) * wave)
    }
}

/// Steps in which adversarial terms join, at most; a tenth of all steps.
const JOINING: f64 = 500.0;

/// How far adversarial terms have joined at `step` of `steps`, 0–1, if they begin at `from`. They
/// join slowly: Adam divides by what gradients were, and larger ones out of the blue make steps
/// that wreck the network.
pub(crate) fn joined(step: u64, from: f64, steps: u64) -> f64 {
    let slowly = (0.1 * steps as f64).clamp(1.0, JOINING);
    ((step as f64 + 1.0 - from) / slowly).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(cosine: Option<Cosine>) -> Schedule {
        Schedule {
            milestones: vec![50, 100],
            factor: 0.5,
            cosine,
            ..Schedule::constant(2e-4)
        }
    }

    #[test]
    fn milestones_halve() {
        let at = |step| schedule(None).factor_at(step);
        assert_eq!([at(0), at(49), at(50), at(120)], [1.0, 1.0, 0.5, 0.25]);
    }

    #[test]
    fn cosines_restart_or_come_back() {
        let at = |restart, stand, step| {
            let cosine = Cosine {
                steps: 100,
                floor: 2e-5,
                restart,
                stand,
            };
            let without = Schedule {
                milestones: Vec::new(),
                ..schedule(Some(cosine))
            };
            without.factor_at(step)
        };
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a}, not {b}");
        close(at(true, 1, 50), 0.55);
        close(at(true, 1, 100), 1.0);
        close(at(false, 1, 100), 0.1);
        close(at(false, 1, 200), 1.0);
        close(at(false, 10, 59), at(false, 1, 50));
    }

    #[test]
    fn nonsense_is_refused() {
        let mut wrong = schedule(None);
        wrong.factor = 0.0;
        let error = wrong.check("gan").unwrap_err().to_string();
        assert!(error.contains("gan.factor"), "{error}");
    }

    #[test]
    fn the_rate_falls_to_zero() {
        let at = |step, share| Schedule::falling(2.0, 100, share).factor_at(step);
        assert_eq!([at(0, 0.5), at(50, 0.5)], [1.0, 1.0]);
        assert_eq!([at(75, 0.5), at(100, 0.5)], [0.5, 0.0]);
        assert_eq!(at(99, 1.0), 1.0);
    }
}
