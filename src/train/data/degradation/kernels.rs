//! Blur kernels of blind restoration: bells of three shapes, and the sinc filter (Wang et al.,
//! 2021).

use std::f64::consts::PI;

use tch::Tensor;

/// Profile of a bell over Q = uᵀ Σ⁻¹ u, the squared distance in standard deviations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bell {
    /// exp(−Q/2).
    Gaussian,
    /// exp(−Q^β/2).
    Generalised(f64),
    /// 1/(1 + Q^β).
    Plateau(f64),
}

impl Bell {
    fn at(self, q: f64) -> f64 {
        match self {
            Self::Gaussian => (-0.5 * q).exp(),
            Self::Generalised(beta) => (-0.5 * q.powf(beta)).exp(),
            Self::Plateau(beta) => 1.0 / (1.0 + q.powf(beta)),
        }
    }
}

/// A square kernel whose weights add up to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// Odd.
    pub side: usize,
    /// Row by row.
    pub weights: Vec<f64>,
}

impl Kernel {
    fn of(side: usize, weight: impl Fn(f64, f64) -> f64) -> Self {
        let middle = (side / 2) as f64;
        let place = |i: usize| ((i % side) as f64 - middle, (i / side) as f64 - middle);
        let weights = (0..side * side).map(|i| {
            let (x, y) = place(i);
            weight(x, y)
        });
        Self {
            side,
            weights: weights.collect(),
        }
        .normalized()
    }

    fn normalized(mut self) -> Self {
        let sum: f64 = self.weights.iter().sum();
        for weight in &mut self.weights {
            *weight /= sum;
        }
        self
    }

    /// A bell with standard deviations `sigma`, pixels, along axes turned by `angle`, radians.
    pub fn bell(side: usize, sigma: [f64; 2], angle: f64, bell: Bell) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self::of(side, |x, y| {
            let along = (x * cos + y * sin) / sigma[0];
            let across = (y * cos - x * sin) / sigma[1];
            bell.at(along * along + across * across)
        })
    }

    /// The circular low-pass with cut-off ω, 0 … π radians per pixel; it rings.
    pub fn sinc(side: usize, cutoff: f64) -> Self {
        Self::of(side, |x, y| {
            let radius = x.hypot(y);
            if radius == 0.0 {
                cutoff * cutoff / (4.0 * PI)
            } else {
                cutoff * bessel1(cutoff * radius) / (2.0 * PI * radius)
            }
        })
    }

    /// The middle of the kernel, at most `most` on a side.
    pub fn cut(self, most: usize) -> Self {
        let side = self.side.min(most.max(1) - (most.max(1) + 1) % 2);
        let margin = (self.side - side) / 2;
        let row = |y: usize| {
            let start = (y + margin) * self.side + margin;
            &self.weights[start..start + side]
        };
        let weights = (0..side).flat_map(row).copied().collect();
        Self { side, weights }.normalized()
    }

    /// `[side, side]`.
    pub fn tensor(&self) -> Tensor {
        let weights: Vec<f32> = self.weights.iter().map(|&w| w as f32).collect();
        Tensor::from_slice(&weights).view([self.side as i64, self.side as i64])
    }
}

/// Bessel function of the first kind and order 1, for |x| below 100: the trapezoidal rule over
/// Bessel's integral (1/π)∫₀^π cos(τ − x sin τ) dτ, whose error vanishes as soon as the points are
/// more than |x|.
fn bessel1(x: f64) -> f64 {
    const POINTS: u32 = 160;
    let value = |i: u32| {
        let angle = PI * f64::from(i) / f64::from(POINTS);
        let end = if i == 0 || i == POINTS { 0.5 } else { 1.0 };
        end * (angle - x * angle.sin()).cos()
    };
    (0..=POINTS).map(value).sum::<f64>() / f64::from(POINTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bessel_function_of_known_places() {
        // Abramowitz and Stegun, table 9.1.
        for (x, expected) in [
            (0.0, 0.0),
            (1.0, 0.440_050_585_7),
            (3.831_705_970_2, 0.0),
            (10.0, 0.043_472_746_2),
            (30.0, -0.118_751_062_6),
        ] {
            let found = bessel1(x);
            assert!((found - expected).abs() < 1e-9, "J1({x}) = {found}");
        }
    }

    #[test]
    fn bells_have_their_deviations() {
        let kernel = Kernel::bell(41, [3.0, 1.5], 0.0, Bell::Gaussian);
        let moment = |axis: fn(f64, f64) -> f64| -> f64 {
            let place = |i: usize| ((i % 41) as f64 - 20.0, (i / 41) as f64 - 20.0);
            let weights = kernel.weights.iter().enumerate();
            weights.map(|(i, w)| w * axis(place(i).0, place(i).1)).sum()
        };
        assert!((moment(|_, _| 1.0) - 1.0).abs() < 1e-12);
        assert!((moment(|x, _| x * x) - 9.0).abs() < 1e-3);
        assert!((moment(|_, y| y * y) - 2.25).abs() < 1e-3);
        // A quarter turn exchanges the axes.
        let turned = Kernel::bell(41, [1.5, 3.0], PI / 2.0, Bell::Gaussian);
        let far = kernel.weights.iter().zip(&turned.weights);
        assert!(far.into_iter().all(|(a, b)| (a - b).abs() < 1e-12));
        // β = 1 is the Gaussian; a larger one is flatter on top.
        let one = Kernel::bell(41, [3.0, 1.5], 0.0, Bell::Generalised(1.0));
        assert_eq!(one, kernel);
        let flat = Kernel::bell(41, [3.0, 3.0], 0.0, Bell::Plateau(2.0));
        let middle = 20 * 41 + 20;
        assert!(flat.weights[middle + 1] > 0.95 * flat.weights[middle]);
    }

    #[test]
    fn a_sinc_keeps_slow_waves_and_stops_fast_ones() {
        let kernel = Kernel::sinc(21, PI / 2.0);
        let response = |frequency: f64| -> f64 {
            let weights = kernel.weights.iter().enumerate();
            weights
                .map(|(i, w)| w * (frequency * ((i % 21) as f64 - 10.0)).cos())
                .sum()
        };
        assert!(
            (response(PI / 8.0) - 1.0).abs() < 0.1,
            "{}",
            response(PI / 8.0)
        );
        assert!(response(0.9 * PI).abs() < 0.1, "{}", response(0.9 * PI));
    }

    #[test]
    fn a_cut_kernel_is_odd_and_whole() {
        let kernel = Kernel::bell(21, [1.0, 1.0], 0.0, Bell::Gaussian);
        for (most, side) in [(30, 21), (21, 21), (20, 19), (1, 1), (0, 1)] {
            let cut = kernel.clone().cut(most);
            assert_eq!((cut.side, cut.weights.len()), (side, side * side));
            assert!((cut.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
}
