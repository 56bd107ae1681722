//! Adaptive augmentation of what the discriminator sees (Karras et al., 2020, "Training GANs with
//! limited data").
//!
//! Real and fake pictures are mirrored, moved, turned, stretched and coloured, each with
//! probability p; p rises while the discriminator overfits. All moves of a picture are one matrix,
//! and so are its colours. Pictures are sampled bilinearly and mirrored at their edges; the paper's
//! wavelet filter around the sampling is left out.

use std::f64::consts::{FRAC_PI_2, PI};

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64Mcg;
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

/// An affine map of the plane: `[a b c; d e f]`.
type Affine = [[f64; 3]; 2];
/// A linear map of colours, and what is added.
type Colours = [[f64; 4]; 3];

const STILL: Affine = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];

/// First `b`, then `a`.
fn after(a: &Affine, b: &Affine) -> Affine {
    let mut product = [[0.0; 3]; 2];
    for (row, sums) in a.iter().zip(&mut product) {
        for (column, sum) in sums.iter_mut().enumerate() {
            *sum = row[0] * b[0][column] + row[1] * b[1][column];
        }
        sums[2] += row[2];
    }
    product
}

fn turn(angle: f64) -> Affine {
    let (sin, cos) = angle.sin_cos();
    [[cos, -sin, 0.0], [sin, cos, 0.0]]
}

fn stretch(x: f64, y: f64) -> Affine {
    [[x, 0.0, 0.0], [0.0, y, 0.0]]
}

fn shift(x: f64, y: f64) -> Affine {
    [[1.0, 0.0, x], [0.0, 1.0, y]]
}

fn normal(random: &mut Pcg64Mcg) -> f64 {
    StandardNormal.sample(random)
}

/// From places in the augmented picture to places in the original; both of −1 … 1 over `side`
/// pixels. The inverses of the moves follow each other in their order.
fn geometry(p: f64, side: i64, random: &mut Pcg64Mcg) -> Affine {
    let mut all = STILL;
    let mut then = |inverse: Affine| all = after(&all, &inverse);
    if random.random_bool(p) && random.random_bool(0.5) {
        then(stretch(-1.0, 1.0));
    }
    if random.random_bool(p) {
        then(turn(FRAC_PI_2 * f64::from(random.random_range(0..4))));
    }
    if random.random_bool(p) {
        // Whole pixels, up to an eighth of the side.
        let side = side as f64;
        let mut pixels = || (random.random_range(-0.125..=0.125) * side).round() * 2.0 / side;
        then(shift(pixels(), pixels()));
    }
    if random.random_bool(p) {
        let scale = (-0.2 * normal(random)).exp2();
        then(stretch(scale, scale));
    }
    // Turned before or after the stretch: together with probability p.
    let turned = 1.0 - (1.0 - p).sqrt();
    if random.random_bool(turned) {
        then(turn(random.random_range(-PI..=PI)));
    }
    if random.random_bool(p) {
        let scale = (-0.2 * normal(random)).exp2();
        then(stretch(scale, 1.0 / scale));
    }
    if random.random_bool(turned) {
        then(turn(random.random_range(-PI..=PI)));
    }
    if random.random_bool(p) {
        then(shift(0.25 * normal(random), 0.25 * normal(random)));
    }
    all
}

/// `change` of colours, after `colours`.
fn recolour(colours: &mut Colours, change: impl Fn([f64; 3]) -> [f64; 3]) {
    let [red, green, blue] = colours;
    for ((r, g), b) in red.iter_mut().zip(green).zip(blue) {
        [*r, *g, *b] = change([*r, *g, *b]);
    }
}

/// The part of a colour along the grey axis, per channel.
fn grey([r, g, b]: [f64; 3]) -> f64 {
    (r + g + b) / 3.0
}

/// What becomes of colours of −1 … 1.
fn colours(p: f64, random: &mut Pcg64Mcg) -> Colours {
    let mut all: Colours = [
        [1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0],
    ];
    if random.random_bool(p) {
        let brighter = 0.2 * normal(random);
        all.iter_mut().for_each(|row| row[3] += brighter);
    }
    if random.random_bool(p) {
        let contrast = (0.5 * normal(random)).exp2();
        recolour(&mut all, |c| c.map(|value| contrast * value));
    }
    if random.random_bool(p) && random.random_bool(0.5) {
        recolour(&mut all, |c| c.map(|value| value - 2.0 * grey(c)));
    }
    if random.random_bool(p) {
        let (sin, cos) = random.random_range(-PI..=PI).sin_cos();
        // Rodrigues' rotation about the grey axis.
        let across = sin / 3f64.sqrt();
        recolour(&mut all, |[r, g, b]| {
            let along = (1.0 - cos) * grey([r, g, b]);
            [
                cos * r + across * (b - g) + along,
                cos * g + across * (r - b) + along,
                cos * b + across * (g - r) + along,
            ]
        });
    }
    if random.random_bool(p) {
        let saturation = normal(random).exp2();
        recolour(&mut all, |c| {
            c.map(|value| grey(c) + saturation * (value - grey(c)))
        });
    }
    all
}

/// Pictures `[N, 3, S, S]` of −1 … 1, augmented each by its own randomness with probability `p`.
/// Gradients pass through once.
pub(crate) fn augment(x: &Tensor, p: f64, random: &mut Pcg64Mcg) -> Tensor {
    if p <= 0.0 {
        return x.shallow_clone();
    }
    let size = x.size();
    let (count, side) = (size[0], size[2]);
    let floats = |values: Vec<f64>| {
        let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
        Tensor::from_slice(&values).to_device(x.device())
    };
    let moves = (0..count).flat_map(|_| geometry(p, side, random).concat());
    let moves = floats(moves.collect()).view([count, 2, 3]);
    let places = Tensor::affine_grid_generator(&moves, size.as_slice(), false);
    const BILINEAR: i64 = 0;
    const REFLECTION: i64 = 2;
    let moved = x.contiguous();
    let moved = moved.grid_sampler(&places, BILINEAR, REFLECTION, false);

    let changes = (0..count).flat_map(|_| colours(p, random).concat());
    let changes = floats(changes.collect()).view([count, 3, 4]);
    let mixed = changes.narrow(2, 0, 3).bmm(&moved.reshape([count, 3, -1]));
    (mixed + changes.narrow(2, 3, 1)).view(size.as_slice())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use tch::{Device, Kind};

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

    fn pictures() -> Tensor {
        tch::manual_seed(1);
        let coarse = Tensor::rand([8, 3, 4, 4], (Kind::Float, Device::Cpu)) * 2 - 1;
        coarse.upsample_bilinear2d([16, 16], false, None, None)
    }

    #[test]
    fn without_probability_nothing_changes() {
        let x = pictures();
        let mut random = Pcg64Mcg::seed_from_u64(1);
        // So little that no picture is drawn, but the whole way is gone.
        let same = augment(&x, 1e-12, &mut random);
        assert!((same - &x).abs().max().double_value(&[]) < 1e-5);
        let other = augment(&x, 1.0, &mut random) - x;
        assert!(other.abs().max().double_value(&[]) > 0.1);
    }

    #[test]
    fn colours_turn_about_the_grey_axis() {
        for seed in 0..50 {
            let mut random = Pcg64Mcg::seed_from_u64(seed);
            let all = colours(1.0, &mut random);
            // Grey stays grey.
            let of = |level: f64| all.map(|row| (row[0] + row[1] + row[2]) * level + row[3]);
            for [r, g, b] in [of(0.0), of(0.7)] {
                assert!((r - g).abs() < 1e-9 && (g - b).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn moves_keep_places_within_reason() {
        for seed in 0..50 {
            let mut random = Pcg64Mcg::seed_from_u64(seed);
            let [[a, b, _], [c, d, _]] = geometry(1.0, 64, &mut random);
            let area = (a * d - b * c).abs();
            assert!((0.3..3.0).contains(&area), "{area}");
        }
        // A quarter turn and back.
        let turned = after(&turn(0.3), &turn(-0.3));
        for (row, still) in turned.iter().flatten().zip(STILL.iter().flatten()) {
            assert!((row - still).abs() < 1e-12);
        }
    }

    #[test]
    fn gradients_pass() {
        let x = pictures().set_requires_grad(true);
        let mut random = Pcg64Mcg::seed_from_u64(2);
        augment(&x, 0.8, &mut random).sum(Kind::Float).backward();
        assert!(x.grad().abs().max().double_value(&[]) > 0.0);
    }
}
