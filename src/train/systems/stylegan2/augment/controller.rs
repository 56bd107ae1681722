//! The probability of augmentation, and what steers it.

use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::train::recipe::check_ranges;

/// Steps between changes of p.
const INTERVAL: u64 = 4;

/// Constants of the controller.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Which mean sign of the discriminator's scores of real pictures p is steered to (published:
    /// 0.6); 0 is no augmentation.
    pub target: f64,
    /// Pictures in which p can rise from 0 to 1 (published: 500,000; 100,000 for transfer).
    pub speed: f64,
}

impl Settings {
    /// An error for constants that make no sense.
    pub fn check(&self) -> anyhow::Result<()> {
        check_ranges(&[
            ("augment.target", self.target, [0.0, 1.0]),
            ("augment.speed", self.speed, [1.0, 1e12]),
        ])
    }
}

/// The probability p, and what steers it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Controller {
    /// Probability of each augmentation, 0–1.
    pub p: f64,
    /// Sum of the mean signs since p changed last.
    signs: f64,
    /// Steps since then.
    steps: u64,
}

impl Controller {
    /// Take a step of `batch` pictures in, whose scores had this mean sign (−1 … 1).
    pub(crate) fn see(&mut self, sign: f64, batch: usize, settings: &Settings) {
        self.signs += sign;
        self.steps += 1;
        if settings.target <= 0.0 || self.steps < INTERVAL {
            return;
        }
        let away = self.signs / self.steps as f64 - settings.target;
        let most = (self.steps * batch as u64) as f64 / settings.speed;
        self.p = (self.p + if away > 0.0 { most } else { -most }).clamp(0.0, 1.0);
        (self.signs, self.steps) = (0.0, 0);
    }

    /// Three numbers for a checkpoint.
    pub(crate) fn state(&self) -> Tensor {
        Tensor::from_slice(&[self.p, self.signs, self.steps as f64])
    }

    /// Take back what [`Self::state`] gave.
    pub(crate) fn load(&mut self, state: &Tensor) {
        let number = |i| state.double_value(&[i]);
        (self.p, self.signs, self.steps) = (number(0), number(1), number(2) as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: Settings = Settings {
        target: 0.6,
        speed: 500_000.0,
    };

    #[test]
    fn p_follows_the_judges_overfitting() {
        let after = |sign: f64, start: f64| {
            let mut controller = Controller {
                p: start,
                ..Controller::default()
            };
            for _ in 0..INTERVAL {
                controller.see(sign, 64, &PUBLISHED);
            }
            controller.p - start
        };
        let most = 4.0 * 64.0 / 500_000.0;
        assert!((after(0.9, 0.5) - most).abs() < 1e-12);
        assert!((after(0.1, 0.5) + most).abs() < 1e-12);
        assert_eq!(after(0.1, 0.0), 0.0);
        let off = Settings {
            target: 0.0,
            ..PUBLISHED
        };
        let mut controller = Controller::default();
        (0..9).for_each(|_| controller.see(1.0, 64, &off));
        assert_eq!(controller.p, 0.0);
    }

    #[test]
    fn a_saved_controller_goes_on() {
        let mut controller = Controller::default();
        (0..6).for_each(|_| controller.see(0.8, 64, &PUBLISHED));
        let mut other = Controller::default();
        other.load(&controller.state());
        assert_eq!(other, controller);
    }
}
