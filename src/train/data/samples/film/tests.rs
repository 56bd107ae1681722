//! Films whose motion is known.

use image::{Rgb, RgbImage};
use rand::SeedableRng;

use super::*;
use crate::blocks::{NEIGHBOUR_PLANES, PLANES};
use crate::cascade::Window;
use crate::train::data::samples::{Degradation, Sample, Sampler};

const SIZE: usize = 64;
const AREA: usize = SIZE * SIZE;
const WINDOW: Window = Window {
    behind: 2,
    ahead: 1,
    step: 2,
};

/// Mosaics without any wear, all of one kind: seen from edge to edge or not.
fn degradation(whole: f64) -> Degradation {
    let recipe = include_str!("../../../../../recipes/default.toml");
    let mut recipe: toml::Table = recipe.parse().unwrap();
    let mut table = recipe.remove("degradation").unwrap();
    let numbers = table.as_table_mut().unwrap();
    for name in [
        "turned",
        "unknown",
        "tile_blur",
        "noise",
        "recompress",
        "outside",
        "ellipse",
        "scaled",
        "blur",
        "video",
        "mirrored",
    ] {
        numbers[name] = 0.0.into();
    }
    numbers["whole"] = whole.into();
    numbers["blocks"] = vec![4.0, 6.0].into();
    numbers["scale"] = vec![2.0, 2.0].into();
    for name in ["gain", "gamma"] {
        numbers[name] = vec![1.0, 1.0].into();
    }
    table.try_into().unwrap()
}

/// Films in which nothing moves or changes.
fn still() -> Film {
    Film {
        still: 1.0,
        speed: [0.015, 0.015],
        turn: 0.0,
        zoom: 0.0,
        expression: 0.0,
        parallax: 1.0,
        shake: 0.0,
        shaken: 0.0,
        light: 0.0,
        follows: 0.0,
        jumps: 0.0,
        alone: 0.0,
        past: 0.0,
        lost: 0.0,
    }
}

fn film(film: &Film, whole: f64, seed: u64) -> Vec<Sample> {
    let wave = |at: u32, length: f32| (at as f32 / length).sin();
    let picture = RgbImage::from_fn(220, 220, |x, y| {
        let level = 120.0 + 60.0 * wave(x, 13.0) * wave(y + 9, 17.0) + 30.0 * wave(x + y, 29.0);
        Rgb([level as u8, 255 - level as u8, 90])
    });
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut sampler = Sampler::of(SIZE, 1.3, &degradation(whole));
    let samples = sampler.film(&picture, film, WINDOW, &mut random).unwrap();
    assert_eq!(samples.len(), MOMENTS);
    for sample in &samples {
        assert_eq!(sample.told(), PLANES + WINDOW.planes());
        assert!(
            sample
                .conditioning
                .iter()
                .all(|it| (-2.0..=2.0).contains(it))
        );
    }
    samples
}

/// Planes of neighbour `place`.
fn neighbour(sample: &Sample, place: usize) -> &[f32] {
    let planes = &sample.conditioning[PLANES * AREA..];
    &planes[place * NEIGHBOUR_PLANES * AREA..][..NEIGHBOUR_PLANES * AREA]
}

/// Root of the mean square of a difference over the middle of the crop.
fn apart(a: &[f32], b: impl Fn(usize) -> f32) -> f32 {
    let rows = SIZE * 3 / 8..SIZE * 5 / 8;
    let places = rows
        .clone()
        .flat_map(|y| rows.clone().map(move |x| y * SIZE + x));
    let sum: f32 = places.map(|i| (a[i] - b(i)).powi(2)).sum();
    (sum / (rows.len() * rows.len()) as f32).sqrt()
}

#[test]
fn neighbours_of_a_still_head_are_what_it_is() {
    for (whole, seed) in [(0.0, 1), (1.0, 2), (0.0, 3)] {
        let samples = film(&still(), whole, seed);
        assert_eq!(samples[0].input, samples[1].input);
        let sample = &samples[0];
        for place in 0..WINDOW.neighbours() {
            let planes = neighbour(sample, place);
            let told = &planes[6 * AREA..];
            assert!(
                told[AREA / 2 + SIZE / 2] == 1.0 && told.iter().all(|it| *it == 0.0 || *it == 1.0)
            );
            for (i, told) in told.iter().enumerate() {
                for plane in 0..3 {
                    let (own, at) = (&sample.conditioning, plane * AREA + i);
                    let surface = sample.input[at] + own[at];
                    let expected = if *told > 0.0 { surface } else { 0.0 };
                    assert!((planes[at] - expected).abs() < 1e-5);
                    assert_eq!(planes[3 * AREA + at], own[3 * AREA + at]);
                }
            }
        }
    }
}

#[test]
fn heads_move_and_are_shown_where_they_are() {
    for (follows, jumps) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)] {
        let moving = Film {
            still: 0.0,
            follows,
            jumps,
            ..still()
        };
        let (mut moves, mut shown) = (0.0, 0.0);
        for seed in 0..8 {
            let samples = film(&moving, 0.0, seed);
            let [first, second] = [0, 1].map(|it: usize| &samples[it].target);
            moves += apart(first, |i| second[i]);
            let sample = &samples[0];
            let own = |i: usize| sample.input[i] + sample.conditioning[i];
            for (place, offset) in WINDOW.offsets().enumerate() {
                let times = offset.unsigned_abs() as f32 * WINDOW.neighbours() as f32;
                shown += apart(neighbour(sample, place), own) / times;
            }
        }
        // Of blocks of an eighth of the head something is left.
        assert!(
            moves > 0.15 && shown < 0.6 * moves,
            "{follows} {jumps}: {moves} {shown}"
        );
    }
}

#[test]
fn lattices_stand_follow_or_jump() {
    // How many of the places in blocks are others from frame to frame.
    let changed = |film_: &Film| {
        (0..8).any(|seed| {
            let samples = film(film_, 1.0, seed);
            let places = |sample: &Sample| sample.conditioning[3 * AREA..5 * AREA].to_vec();
            places(&samples[0]) != places(&samples[1])
        })
    };
    let moving = Film {
        still: 0.0,
        ..still()
    };
    assert!(!changed(&moving));
    assert!(changed(&Film {
        follows: 1.0,
        ..moving.clone()
    }));
    // Boxes jump before heads that stand still, too.
    assert!(changed(&Film {
        jumps: 1.0,
        ..still()
    }));
}

#[test]
fn neighbours_get_lost() {
    let told = |film_: &Film| {
        let sample = &film(film_, 0.0, 5)[0];
        let told = |place| neighbour(sample, place).iter().any(|it| *it != 0.0);
        (0..WINDOW.neighbours()).map(told).collect::<Vec<_>>()
    };
    assert_eq!(told(&still()), [true; 3]);
    let past = Film {
        past: 1.0,
        ..still()
    };
    assert_eq!(told(&past), [true, true, false]);
    let alone = Film {
        alone: 1.0,
        ..still()
    };
    assert_eq!(told(&alone), [false; 3]);
    let lost = Film {
        lost: 1.0,
        ..still()
    };
    assert_eq!(told(&lost), [false; 3]);
}

#[test]
fn wrong_numbers_are_named() {
    still().check().unwrap();
    let wrong = [
        (
            Film {
                follows: 0.6,
                jumps: 0.6,
                ..still()
            },
            "film.jumps",
        ),
        (
            Film {
                speed: [0.0, 0.1],
                ..still()
            },
            "film.speed",
        ),
        (
            Film {
                turn: f64::NAN,
                ..still()
            },
            "film.turn",
        ),
    ];
    for (film, name) in wrong {
        let error = film.check().unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}
