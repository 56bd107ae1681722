//! What becomes of the colours of augmented pictures.

use std::f64::consts::PI;

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64Mcg;
use tch::Tensor;

use super::numbers::floats;

/// A linear map of colours of −1 … 1, and what is added.
pub(super) type Colours = [[f64; 4]; 3];

pub(super) const SAME: Colours = [
    [1.0, 0.0, 0.0, 0.0],
    [0.0, 1.0, 0.0, 0.0],
    [0.0, 0.0, 1.0, 0.0],
];

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

pub(super) fn brighter(colours: &mut Colours, more: f64) {
    colours.iter_mut().for_each(|row| row[3] += more);
}

pub(super) fn contrast(colours: &mut Colours, factor: f64) {
    recolour(colours, |c| c.map(|value| factor * value));
}

/// Light becomes dark, hues stay.
pub(super) fn flipped(colours: &mut Colours) {
    recolour(colours, |c| c.map(|value| value - 2.0 * grey(c)));
}

/// Hues turn about the grey axis (Rodrigues' rotation): red to green by 120°.
pub(super) fn hue(colours: &mut Colours, angle: f64) {
    let (sin, cos) = angle.sin_cos();
    let across = sin / 3f64.sqrt();
    recolour(colours, |[r, g, b]| {
        let along = (1.0 - cos) * grey([r, g, b]);
        [
            cos * r + across * (b - g) + along,
            cos * g + across * (r - b) + along,
            cos * b + across * (g - r) + along,
        ]
    });
}

pub(super) fn saturation(colours: &mut Colours, factor: f64) {
    recolour(colours, |c| {
        c.map(|value| grey(c) + factor * (value - grey(c)))
    });
}

fn normal(random: &mut Pcg64Mcg) -> f64 {
    StandardNormal.sample(random)
}

/// What becomes of colours, each change with probability `p`.
pub(super) fn colours(p: f64, random: &mut Pcg64Mcg) -> Colours {
    let mut all = SAME;
    if random.random_bool(p) {
        brighter(&mut all, 0.2 * normal(random));
    }
    if random.random_bool(p) {
        contrast(&mut all, (0.5 * normal(random)).exp2());
    }
    if random.random_bool(p) && random.random_bool(0.5) {
        flipped(&mut all);
    }
    if random.random_bool(p) {
        hue(&mut all, random.random_range(-PI..=PI));
    }
    if random.random_bool(p) {
        saturation(&mut all, normal(random).exp2());
    }
    all
}

/// Pictures `[N, 3, H, W]`, the colours of each changed.
pub(super) fn mixed(x: &Tensor, changes: &[Colours]) -> Tensor {
    let size = x.size();
    let rows = floats(changes.iter().flatten().copied(), x).view([size[0], 3, 4]);
    let mixed = rows.narrow(2, 0, 3).bmm(&x.reshape([size[0], 3, -1]));
    (mixed + rows.narrow(2, 3, 1)).view(size.as_slice())
}
