//! One order of Real-ESRGAN's degradation: blur, resizing, noise, JPEG (Wang et al., 2021).

use std::f64::consts::PI;

use anyhow::ensure;
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::train::data::degradation::kernels::{Bell, Kernel};
use crate::train::data::degradation::{blur, check_range, draw, gaussian_noise, poisson_noise};

/// Sides of kernels, odd, pixels.
const SIDES: [usize; 2] = [7, 21];

/// One order of blur, resizing, noise, JPEG.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Share of pictures that are blurred.
    pub blur: f64,
    /// Share of sinc filters among the kernels.
    pub sinc: f64,
    /// Shares of the others: Gaussian, generalised and plateau bells, the round ones (`iso`) and
    /// the long ones (`aniso`); they add up to 1.
    pub kernels: Kinds,
    /// Standard deviations, pixels.
    pub sigma: [f64; 2],
    /// β of generalised bells; with ½ each it is drawn below and above 1.
    pub generalised: [f64; 2],
    /// β of plateaus, likewise.
    pub plateau: [f64; 2],
    /// Shares of pictures that are enlarged, made smaller, and left; they add up to 1.
    pub resize: [f64; 3],
    /// Smallest and largest factor of that.
    pub factor: [f64; 2],
    /// Share of Gaussian noise; the other noise is Poisson's.
    pub gaussian: f64,
    /// Standard deviations of Gaussian noise, 0–255.
    pub noise: [f64; 2],
    /// Factors of Poisson noise.
    pub poisson: [f64; 2],
    /// Share of noise that is the same for all channels.
    pub grey: f64,
    /// JPEG qualities, 1–100.
    pub quality: [f64; 2],
}

/// Shares of kernels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "named as in the paper, see `Order::kernels`")]
pub struct Kinds {
    pub iso: f64,
    pub aniso: f64,
    pub generalised_iso: f64,
    pub generalised_aniso: f64,
    pub plateau_iso: f64,
    pub plateau_aniso: f64,
}

impl Order {
    /// An error for constants that make no sense.
    pub fn check(&self) -> anyhow::Result<()> {
        for (name, share) in [
            ("blur", self.blur),
            ("sinc", self.sinc),
            ("gaussian", self.gaussian),
            ("grey", self.grey),
        ] {
            ensure!(
                (0.0..=1.0).contains(&share),
                "{name} is {share}; it must lie in 0 … 1"
            );
        }
        for (name, shares) in [
            ("kernels", self.kernels.shares().as_slice()),
            ("resize", self.resize.as_slice()),
        ] {
            let sum: f64 = shares.iter().sum();
            ensure!(
                shares.iter().all(|share| *share >= 0.0) && (sum - 1.0).abs() < 1e-6,
                "the shares in {name} add up to {sum}, not to 1"
            );
        }
        check_range("sigma", self.sigma, [0.01, 64.0])?;
        for (name, beta) in [("generalised", self.generalised), ("plateau", self.plateau)] {
            check_range(name, beta, [0.1, 16.0])?;
            ensure!(beta[1] >= 1.0, "{name} must reach 1");
        }
        check_range("factor", self.factor, [0.05, 4.0])?;
        ensure!(
            self.factor[0] <= 1.0 && self.factor[1] >= 1.0,
            "factor must go from 1 or less to 1 or more"
        );
        check_range("noise", self.noise, [0.0, 255.0])?;
        check_range("poisson", self.poisson, [0.0, 10.0])?;
        check_range("quality", self.quality, [1.0, 100.0])
    }

    /// Blurred, or not, at random.
    pub fn blurred(&self, x: Tensor, random: &mut Pcg64Mcg) -> Tensor {
        if !random.random_bool(self.blur) {
            return x;
        }
        blur(&x, self.kernel(random))
    }

    fn kernel(&self, random: &mut Pcg64Mcg) -> Kernel {
        let side = kernel_side(random);
        if random.random_bool(self.sinc) {
            let lowest = if side < 13 { PI / 3.0 } else { PI / 5.0 };
            return sinc([lowest, PI], side, random);
        }
        let (kind, long) = self.kernels.draw(random);
        let mut sigma = [draw(self.sigma, random); 2];
        let mut angle = 0.0;
        if long {
            sigma[1] = draw(self.sigma, random);
            angle = random.random_range(-PI..=PI);
        }
        let bell = match kind {
            0 => Bell::Gaussian,
            1 => Bell::Generalised(around_one(self.generalised, random)),
            _ => Bell::Plateau(around_one(self.plateau, random)),
        };
        Kernel::bell(side, sigma, angle, bell)
    }

    /// By how much a picture changes its size.
    pub fn factor(&self, random: &mut Pcg64Mcg) -> f64 {
        let ([up, down, _], [low, high]) = (self.resize, self.factor);
        let kind = random.random_range(0.0..1.0);
        if kind < up {
            draw([1.0, high], random)
        } else if kind < up + down {
            draw([low, 1.0], random)
        } else {
            1.0
        }
    }

    /// With noise of one kind or the other.
    pub fn noisy(&self, x: &Tensor, random: &mut Pcg64Mcg) -> Tensor {
        let gaussian = random.random_bool(self.gaussian);
        let grey = random.random_bool(self.grey);
        match gaussian {
            true => gaussian_noise(x, draw(self.noise, random), grey, random),
            false => poisson_noise(x, draw(self.poisson, random), grey, random),
        }
    }
}

impl Kinds {
    fn shares(&self) -> [f64; 6] {
        [
            self.iso,
            self.aniso,
            self.generalised_iso,
            self.generalised_aniso,
            self.plateau_iso,
            self.plateau_aniso,
        ]
    }

    /// Which bell (0 Gaussian, 1 generalised, 2 plateau), and whether it is a long one.
    fn draw(&self, random: &mut Pcg64Mcg) -> (usize, bool) {
        let mut left = random.random_range(0.0..1.0);
        let shares = self.shares();
        let fits = |share: &f64| {
            left -= share;
            left < 0.0
        };
        let index = shares.iter().position(fits).unwrap_or(0);
        (index / 2, index % 2 == 1)
    }
}

/// Side of a kernel, odd, pixels.
pub fn kernel_side(random: &mut Pcg64Mcg) -> usize {
    let [least, most] = SIDES;
    least + 2 * random.random_range(0..=(most - least) / 2)
}

/// A sinc filter with a cut-off of this range, radians per pixel.
pub fn sinc(cutoff: [f64; 2], side: usize, random: &mut Pcg64Mcg) -> Kernel {
    Kernel::sinc(side, draw(cutoff, random))
}

/// With ½ each below and above 1.
fn around_one([low, high]: [f64; 2], random: &mut Pcg64Mcg) -> f64 {
    match random.random_bool(0.5) {
        true => draw([low.min(1.0), 1.0], random),
        false => draw([1.0, high], random),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::super::degrade::tests::published;
    use super::*;

    #[test]
    fn kernels_come_as_often_as_published() {
        let order = published().first;
        let mut random = Pcg64Mcg::seed_from_u64(3);
        let mut counts = [[0; 2]; 3];
        for _ in 0..10_000 {
            let (kind, long) = order.kernels.draw(&mut random);
            counts[kind][usize::from(long)] += 1;
        }
        let expected = [[4500, 2500], [1200, 300], [1200, 300]];
        for (found, expected) in counts.iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected as &i32).abs() < 250, "{counts:?}");
        }
        let factors: Vec<f64> = (0..4000).map(|_| order.factor(&mut random)).collect();
        let share = |wanted: fn(f64) -> bool| {
            factors.iter().filter(|&&f| wanted(f)).count() as f64 / 4000.0
        };
        assert!((share(|f| f > 1.0) - 0.2).abs() < 0.03);
        assert!((share(|f| f < 1.0) - 0.7).abs() < 0.03);
    }
}
