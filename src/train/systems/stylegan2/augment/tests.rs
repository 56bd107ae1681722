use std::f64::consts::{FRAC_PI_2, FRAC_PI_3, PI};

use rand::SeedableRng;
use tch::{Device, Kind};

use super::colours::{SAME, brighter, contrast, flipped, hue, saturation};
use super::geometry::{Affine, after, shift, stretch, turn};
use super::*;

const SIDE: usize = 32;

/// A smooth picture that looks the same from no two sides, at places of −1 … 1.
fn scene(channel: usize, x: f64, y: f64) -> f64 {
    let phase = channel as f64;
    0.4 * (2.0 * x + 1.3 * y + phase).sin() + 0.4 * (3.1 * y - 0.7 * x - phase).cos()
}

/// What `at` gives at each place, `[1, 3, SIDE, SIDE]`.
fn drawn(at: impl Fn(usize, f64, f64) -> f64) -> Tensor {
    let place = |i: usize| (2 * i + 1) as f64 / SIDE as f64 - 1.0;
    let mut values = Vec::new();
    for channel in 0..3 {
        for y in 0..SIDE {
            for x in 0..SIDE {
                values.push(at(channel, place(x), place(y)) as f32);
            }
        }
    }
    Tensor::from_slice(&values).view([1, 3, SIDE as i64, SIDE as i64])
}

/// The largest difference between `moved` by `inverse` and the scene at `source` of each place,
/// where that lies inside.
fn away(inverse: Affine, source: impl Fn(f64, f64) -> (f64, f64)) -> f64 {
    let moved = geometry::moved(&drawn(scene), &[inverse]);
    let expected = drawn(|channel, x, y| {
        let (x, y) = source(x, y);
        scene(channel, x, y)
    });
    let inside = drawn(|_, x, y| {
        let (x, y) = source(x, y);
        f64::from(x.abs().max(y.abs()) < 0.85)
    });
    assert!(inside.sum(Kind::Float).double_value(&[]) > 500.0);
    ((moved - expected) * inside).abs().max().double_value(&[])
}

#[test]
fn each_move_takes_pixels_from_its_own_places() {
    let close = |inverse, source: fn(f64, f64) -> (f64, f64)| {
        let most = away(inverse, source);
        assert!(most < 0.01, "{inverse:?}: {most}");
    };
    close(shift(0.0, 0.0), |x, y| (x, y));
    close(stretch(-1.0, 1.0), |x, y| (-x, y));
    close(turn(FRAC_PI_2), |x, y| (-y, x));
    close(turn(PI), |x, y| (-x, -y));
    close(shift(0.25, -0.125), |x, y| (x + 0.25, y - 0.125));
    close(stretch(0.7, 0.7), |x, y| (0.7 * x, 0.7 * y));
    close(stretch(1.25, 0.8), |x, y| (1.25 * x, 0.8 * y));
    close(turn(FRAC_PI_3), |x, y| {
        let (sin, cos) = (0.75f64.sqrt(), 0.5);
        (cos * x - sin * y, sin * x + cos * y)
    });
    // The move that comes first in the picture's life is undone last.
    close(after(&shift(0.2, 0.1), &stretch(0.5, 0.6)), |x, y| {
        (0.5 * x + 0.2, 0.6 * y + 0.1)
    });
}

#[test]
fn edges_mirror() {
    let picture = drawn(|channel, x, y| scene(channel, 4.0 * x, 4.0 * y));
    let side = SIDE as i64;
    let moved = geometry::moved(&picture, &[shift(0.5, 0.0)]);
    // Eight pixels to the left; the last eight are those before the edge, backwards.
    let same = moved.narrow(3, 0, side - 8) - picture.narrow(3, 8, side - 8);
    assert!(same.abs().max().double_value(&[]) < 1e-5);
    let mirrored = picture.narrow(3, side - 9, 8).flip([3]);
    let beyond = moved.narrow(3, side - 8, 8) - mirrored;
    assert!(beyond.abs().max().double_value(&[]) < 1e-5);
}

/// What the finest detail, pixels in turn bright and dark, keeps of its strength when it moves by a
/// quarter of a pixel.
#[test]
fn the_wavelet_keeps_detail_that_bilinear_sampling_loses() {
    let waves = drawn(|_, x, _| (0.35 * PI * SIDE as f64 * (x + 1.0)).sin());
    let quarter = 0.5 / SIDE as f64;
    let moved = geometry::moved(&waves, &[shift(quarter, 0.0)]);
    let strength = |x: &Tensor| {
        let middle = x.narrow(3, 8, 16);
        middle.square().mean(Kind::Float).double_value(&[]).sqrt()
    };
    let kept = strength(&moved) / strength(&waves);
    // Bilinear sampling of the picture itself: |3/4 + 1/4·e^{iω}|.
    let omega = 0.7 * PI;
    let bilinear = (0.625 + 0.375 * f64::cos(omega)).sqrt();
    assert!(kept > bilinear + 0.1 && kept < 1.05, "{kept}, {bilinear}");
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

/// Red, green and blue of a pixel of this colour after `change`.
fn coloured(change: impl Fn(&mut colours::Colours), colour: [f32; 3]) -> [f64; 3] {
    let mut all = SAME;
    change(&mut all);
    let pixel = Tensor::from_slice(&colour).view([1, 3, 1, 1]);
    let mixed = colours::mixed(&pixel, &[all]);
    [0, 1, 2].map(|channel| mixed.double_value(&[0, channel, 0, 0]))
}

#[test]
fn each_change_of_colours_is_its_own() {
    let of = [0.6, -0.3, 0.0];
    let close = |change: &dyn Fn(&mut colours::Colours), expected: [f64; 3]| {
        let got = coloured(change, of);
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{got:?}, {expected:?}");
        }
    };
    close(&|c| brighter(c, 0.2), [0.8, -0.1, 0.2]);
    close(&|c| contrast(c, 2.0), [1.2, -0.6, 0.0]);
    // Mean 0.1: each channel is as far from −0.1 as it was from 0.1.
    close(&|c| flipped(c), [0.4, -0.5, -0.2]);
    close(&|c| hue(c, 2.0 * FRAC_PI_3), [0.0, 0.6, -0.3]);
    close(&|c| hue(c, 4.0 * FRAC_PI_3), [-0.3, 0.0, 0.6]);
    close(&|c| saturation(c, 0.0), [0.1, 0.1, 0.1]);
    close(&|c| saturation(c, 2.0), [1.1, -0.7, -0.1]);
    // In their order: what was added before is multiplied, too.
    close(
        &|c| {
            brighter(c, 0.2);
            contrast(c, 2.0);
        },
        [1.6, -0.2, 0.4],
    );
}

/// Mean and standard deviation.
fn spread(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = values.iter().map(|value| (value - mean).powi(2));
    (mean, (square.sum::<f64>() / count).sqrt())
}

#[test]
fn moves_are_drawn_as_published() {
    let draw = |p: f64| -> Vec<Affine> {
        let random = &mut Pcg64Mcg::seed_from_u64(3);
        (0..4000)
            .map(|_| geometry::geometry(p, 64, random))
            .collect()
    };
    let area = |[[a, b, _], [c, d, _]]: &Affine| a * d - b * c;
    let share = |moves: &[Affine], holds: fn(f64) -> bool| {
        let held = moves.iter().filter(|inverse| holds(area(inverse)));
        held.count() as f64 / moves.len() as f64
    };
    let (always, rarely) = (draw(1.0), draw(0.2));
    assert!((share(&always, |area| area < 0.0) - 0.5).abs() < 0.03);
    assert!((share(&rarely, |area| area < 0.0) - 0.1).abs() < 0.02);
    // Only the isotropic scale changes the area: its logarithm has twice 0.2.
    let areas: Vec<f64> = always.iter().map(|one| area(one).abs().log2()).collect();
    let (mean, deviation) = spread(&areas);
    assert!(
        mean.abs() < 0.03 && (deviation - 0.4).abs() < 0.03,
        "{mean} {deviation}"
    );
    let still = |area: f64| (area.abs() - 1.0).abs() < 1e-9;
    assert!((share(&rarely, still) - 0.8).abs() < 0.03);
    // Both shifts in one coordinate: uniform ±0.25 and normal 0.25, a little scaled and turned.
    let shifts: Vec<f64> = always.iter().map(|one| one[0][2]).collect();
    let (_, deviation) = spread(&shifts);
    let expected = f64::hypot(0.25, 0.25 / 3f64.sqrt());
    assert!((deviation - expected).abs() < 0.03, "{deviation}");
    // Stretched apart in x and y with 0.2 each: the matrix's singular values say so.
    let apart = always.iter().map(|[[a, b, _], [c, d, _]]| {
        let squares = a * a + b * b + c * c + d * d;
        let area = (a * d - b * c).abs();
        // Σ² + 1/Σ² of the stretch alone is 2·cosh(2·ln Σ).
        (squares / area / 2.0).max(1.0).acosh().powi(2)
    });
    let deviation =
        (apart.sum::<f64>() / always.len() as f64).sqrt() / 2.0 / std::f64::consts::LN_2;
    assert!((deviation - 0.2).abs() < 0.02, "{deviation}");
}

/// What is shifted last is scaled with the picture, what is shifted first is not.
#[test]
fn moves_come_in_the_published_order() {
    let random = &mut Pcg64Mcg::seed_from_u64(5);
    let moves = (0..20_000).map(|_| geometry::geometry(1.0, 64, random));
    let (mut larger, mut smaller) = (Vec::new(), Vec::new());
    for [[a, b, x], [c, d, y]] in moves {
        let side = match (a * d - b * c).abs() > 1.0 {
            true => &mut larger,
            false => &mut smaller,
        };
        side.extend([x, y]);
    }
    let ratio = (spread(&larger).1 / spread(&smaller).1).powi(2);
    // Variances 0.25² of the last shift and 0.25²/3 of the first; half of the squared scales
    // average 1.25, the others 0.8: 1.4 in this order, 1.1 in the other.
    assert!((1.3..1.5).contains(&ratio), "{ratio}");
}

#[test]
fn colours_are_drawn_as_published() {
    let draw = |p: f64| -> Vec<colours::Colours> {
        let random = &mut Pcg64Mcg::seed_from_u64(4);
        (0..4000).map(|_| colours::colours(p, random)).collect()
    };
    // Of grey 1: contrast alone, turned dark half of the time.
    let grey = |all: &colours::Colours| all.map(|row| row[0] + row[1] + row[2])[0];
    let always = draw(1.0);
    let logs: Vec<f64> = always.iter().map(|all| grey(all).abs().log2()).collect();
    let (mean, deviation) = spread(&logs);
    assert!(
        mean.abs() < 0.03 && (deviation - 0.5).abs() < 0.03,
        "{mean} {deviation}"
    );
    let dark = always.iter().filter(|all| grey(all) < 0.0).count();
    assert!((dark as f64 / 4000.0 - 0.5).abs() < 0.03);
    // Brightness, in units of the contrast that follows.
    let added: Vec<f64> = always.iter().map(|all| all[0][3] / grey(all)).collect();
    assert!((spread(&added).1 - 0.2).abs() < 0.01);
    // How far colours spread, in units of the contrast: saturation.
    let chroma = |all: &colours::Colours| {
        let [red, green, blue] = all.map(|row| row[0] - grey(all) / 3.0);
        let length = (red * red + green * green + blue * blue).sqrt();
        (length / (2f64 / 3.0).sqrt() / grey(all).abs()).log2()
    };
    let chromas: Vec<f64> = always.iter().map(chroma).collect();
    let (mean, deviation) = spread(&chromas);
    assert!(
        mean.abs() < 0.06 && (deviation - 1.0).abs() < 0.05,
        "{mean} {deviation}"
    );
    // Every hue, as often.
    let turned = always.iter().filter(|all| all[0][0] < grey(all) / 3.0);
    assert!((turned.count() as f64 / 4000.0 - 0.5).abs() < 0.03);
    let rarely = draw(0.2);
    let brightened = rarely.iter().filter(|all| all[0][3] != 0.0).count();
    assert!((brightened as f64 / 4000.0 - 0.2).abs() < 0.03);
}

#[test]
fn gradients_pass() {
    let x = pictures().set_requires_grad(true);
    let mut random = Pcg64Mcg::seed_from_u64(2);
    augment(&x, 0.8, &mut random).sum(Kind::Float).backward();
    assert!(x.grad().abs().max().double_value(&[]) > 0.0);
}
