//! Where the pixels of augmented pictures come from.
//!
//! Places are numbers of −1 … 1 from edge to edge. Pictures are enlarged twice with the low pass of
//! the wavelet sym6, sampled there, and reduced with the same low pass: its shifts by two are
//! orthonormal, so that a picture that does not move stays as it is, and turned ones stay sharp.

use std::f64::consts::{FRAC_PI_2, PI};

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64Mcg;
use tch::Tensor;

use super::numbers::floats;

/// An affine map of the plane: `[a b c; d e f]`.
pub(super) type Affine = [[f64; 3]; 2];

const STILL: Affine = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];

/// Low pass of the wavelet sym6 (Daubechies, "Ten lectures on wavelets", 1992), its sum √2.
const SYM6: [f64; 12] = [
    0.015404109327027373,
    0.0034907120842174702,
    -0.11799011114819057,
    -0.048311742585633,
    0.4910559419267466,
    0.787641141030194,
    0.3379294217276218,
    -0.07263752278646252,
    -0.021060292512300564,
    0.04472490177066578,
    0.0017677118642428036,
    -0.007800708325034148,
];

/// Half pixels that the low pass sees beyond a picture on each side.
const BEYOND: i64 = SYM6.len() as i64 / 2 - 1;

/// First `b`, then `a`.
pub(super) fn after(a: &Affine, b: &Affine) -> Affine {
    let mut product = [[0.0; 3]; 2];
    for (row, sums) in a.iter().zip(&mut product) {
        for (column, sum) in sums.iter_mut().enumerate() {
            *sum = row[0] * b[0][column] + row[1] * b[1][column];
        }
        sums[2] += row[2];
    }
    product
}

pub(super) fn turn(angle: f64) -> Affine {
    let (sin, cos) = angle.sin_cos();
    [[cos, -sin, 0.0], [sin, cos, 0.0]]
}

pub(super) fn stretch(x: f64, y: f64) -> Affine {
    [[x, 0.0, 0.0], [0.0, y, 0.0]]
}

pub(super) fn shift(x: f64, y: f64) -> Affine {
    [[1.0, 0.0, x], [0.0, 1.0, y]]
}

fn normal(random: &mut Pcg64Mcg) -> f64 {
    StandardNormal.sample(random)
}

/// From places in the augmented picture to places in the original of `side` pixels. The inverses
/// of the moves follow each other in their order.
pub(super) fn geometry(p: f64, side: i64, random: &mut Pcg64Mcg) -> Affine {
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

/// Pictures `[N, C, S, S]`, the pixels of each taken from where its move says. Beyond their edges
/// they are mirrored once, and 0 after that.
pub(super) fn moved(x: &Tensor, moves: &[Affine]) -> Tensor {
    const BILINEAR: i64 = 0;
    const ZEROS: i64 = 0;
    let [count, channels, side, _] = x.size()[..] else {
        unreachable!("pictures have four axes")
    };
    let margin = margin(moves, side);
    let fine = enlarged(&x.reflection_pad2d([margin; 4]));
    // Samples of half a pixel, with what the low pass wants to see beyond the edges.
    let samples = 2 * side + 2 * BEYOND;
    let (own, all) = (side as f64, (side + 2 * margin) as f64);
    let (turned, shifted) = (samples as f64 / 2.0 / all, own / all);
    let early = early() / own;
    let rows = moves.iter().flatten().map(|[a, b, c]| {
        let c = c + (a + b - 1.0) * early;
        [a * turned, b * turned, c * shifted]
    });
    let places = Tensor::affine_grid_generator(
        &floats(rows, x).view([count, 2, 3]),
        [count, channels, samples, samples],
        false,
    );
    reduced(&fine.grid_sampler(&places, BILINEAR, ZEROS, false))
}

/// By how many half pixels what the low pass makes stands before its place: its middle is not that
/// of its taps.
fn early() -> f64 {
    let moment: f64 = (SYM6.iter().enumerate())
        .map(|(place, tap)| place as f64 * tap)
        .sum();
    (SYM6.len() - 1) as f64 / 2.0 - moment / SYM6.iter().sum::<f64>()
}

/// How many pixels beyond their edges all pictures together show, with the low pass; less than all
/// of a picture.
fn margin(moves: &[Affine], side: i64) -> i64 {
    let half = side as f64 / 2.0;
    // Of the samples beyond the edges, too.
    let reach = 1.0 + BEYOND as f64 / side as f64;
    let farthest = moves.iter().flatten();
    let farthest = farthest.map(|[a, b, c]| (a.abs() + b.abs()) * reach + c.abs());
    let beyond = farthest.fold(0.0, f64::max) * half - half;
    // Three pixels for the low pass, one for the bilinear sampling.
    (beyond.ceil() as i64 + 4).clamp(0, side - 1)
}

/// The low pass along the axis `axis` of pictures with so many `channels`, each on its own.
fn low_pass(channels: i64, axis: i64, gain: f64, like: &Tensor) -> Tensor {
    let taps = SYM6.map(|tap| gain * tap);
    let mut shape = [channels, 1, 1, 1];
    shape[axis as usize] = taps.len() as i64;
    let once = floats([taps].into_iter(), like);
    once.repeat([channels]).view(shape)
}

/// Twice as many pixels, each at the middle of a quarter of an old one.
fn enlarged(x: &Tensor) -> Tensor {
    let channels = x.size()[1];
    let along = |x: &Tensor, axis: i64, stride: [i64; 2], padding: [i64; 2]| {
        let taps = low_pass(channels, axis, 2f64.sqrt(), x);
        let none: Option<Tensor> = None;
        x.conv_transpose2d(&taps, none, stride, padding, [0, 0], channels, [1, 1])
    };
    let tall = along(x, 2, [2, 1], [BEYOND, 0]);
    along(&tall, 3, [1, 2], [0, BEYOND])
}

/// Half as many pixels, without those that only the low pass saw.
fn reduced(x: &Tensor) -> Tensor {
    let channels = x.size()[1];
    let along = |x: &Tensor, axis: i64, stride: [i64; 2]| {
        let taps = low_pass(channels, axis, 0.5f64.sqrt(), x);
        let none: Option<Tensor> = None;
        x.conv2d(&taps, none, stride, [0, 0], [1, 1], channels)
    };
    along(&along(x, 2, [2, 1]), 3, [1, 2])
}
