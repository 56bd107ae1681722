//! Sliced Wasserstein distance between two sets of pictures.
//!
//! Karras, Aila, Laine, Lehtinen: Progressive Growing of GANs for Improved Quality, Stability, and
//! Variation, ICLR 2018, section 5. Each level of the pictures' Laplacian pyramids gives patches at
//! random places. They are normalised per channel, for each set on its own: a set that is brighter
//! or has more contrast as a whole is not further away. Then both sets are projected on random
//! directions, and the sorted projections compared.
//!
//! The random numbers are fixed. Pictures at the same place of both lists are cut at the same places, so a
//! set has no distance from itself.

use super::picture::{MetricsError, Picture, check_sets};
use super::pyramid::Plane;
use super::statistics::mean;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::f64::consts::TAU;

/// Shorter side in pixels below which no level goes.
const LEAST_SIDE: usize = 16;
/// Patches of each picture and level.
const PATCHES: usize = 128;
/// Side of a patch in pixels.
const PATCH_SIDE: usize = 7;
/// Samples of one channel of a patch.
const PATCH_AREA: usize = PATCH_SIDE * PATCH_SIDE;
/// Samples of a patch, channel after channel.
const PATCH: usize = 3 * PATCH_AREA;
/// Random directions.
const DIRECTIONS: usize = 512;
/// Directions that are projected on together: their sums fit the registers, and patches are read
/// once for all.
const BUNDLE: usize = 16;

/// Some directions: entry k holds component k of each.
type Bundle = [[f64; BUNDLE]; PATCH];

/// Distances between two sets, as fractions of a standard deviation (the paper prints them times
/// 1000).
#[derive(Clone, Debug, PartialEq)]
pub struct SlicedWasserstein {
    /// Distance at each level of the pyramid, finest first; the last is what remains of the picture
    /// at 16–31 pixels.
    pub levels: Vec<f64>,
    /// Mean of the levels.
    pub mean: f64,
}

/// Distance between two sets of equally many pictures of one size, at least 16 pixels. Which
/// picture is paired with which hardly matters. Symmetric.
///
/// It falls as the sets grow: compare values for equal numbers of pictures only. Memory for one
/// level is taken at a time: 150 kB a picture.
pub fn sliced_wasserstein(
    a: &[Picture<'_>],
    b: &[Picture<'_>],
) -> Result<SlicedWasserstein, MetricsError> {
    check_sets(a, b, 1, LEAST_SIDE)?;
    let directions = directions();
    let side = a[0].width().min(a[0].height());
    let levels: Vec<f64> = (0..level_count(side))
        .map(|level| {
            let last = level + 1 == level_count(side);
            let patches = |set| normalized(patches(set, level, last));
            distance(&patches(a), &patches(b), &directions)
        })
        .collect();
    Ok(SlicedWasserstein {
        mean: mean(levels.iter().copied()),
        levels,
    })
}

/// Levels of a picture with this shorter side.
fn level_count(side: usize) -> usize {
    let sides = std::iter::successors(Some(side), |side| Some(side.div_ceil(2)));
    sides.take_while(|side| *side >= LEAST_SIDE).count()
}

/// Patches of all pictures at one level, picture after picture.
fn patches(set: &[Picture<'_>], level: usize, last: bool) -> Vec<f64> {
    let pictures = set.par_iter().enumerate();
    let patches = pictures.flat_map_iter(|(index, picture)| {
        let planes = [0, 1, 2].map(|i| level_of(picture, i, level, last));
        // A picture has far fewer than 256 levels.
        let mut random = Xoshiro256PlusPlus::seed_from_u64((index << 8 | level) as u64);
        let (width, height) = (planes[0].width, planes[0].height);
        let mut samples = Vec::with_capacity(PATCHES * PATCH);
        for _ in 0..PATCHES {
            let x = random.random_range(0..=width - PATCH_SIDE);
            let y = random.random_range(0..=height - PATCH_SIDE);
            for plane in &planes {
                for row in y..y + PATCH_SIDE {
                    samples.extend_from_slice(&plane.data[row * width + x..][..PATCH_SIDE]);
                }
            }
        }
        samples
    });
    patches.collect()
}

/// Level of one channel's pyramid; the last keeps what all others leave.
fn level_of(picture: &Picture<'_>, channel: usize, level: usize, last: bool) -> Plane {
    let mut plane = Plane {
        width: picture.width(),
        height: picture.height(),
        data: picture.channel(channel),
    };
    for _ in 0..level {
        plane = plane.reduced();
    }
    if last { plane } else { plane.detail() }
}

/// Each channel with mean 0 and standard deviation 1 over all patches; a flat channel with mean 0.
fn normalized(mut patches: Vec<f64>) -> Vec<f64> {
    for channel in 0..3 {
        let runs = || patches.chunks_exact(PATCH_AREA).skip(channel).step_by(3);
        let centre = mean(runs().flatten().copied());
        let variance = mean(runs().flatten().map(|v| (v - centre).powi(2)));
        let scale = if variance > 0.0 { variance.sqrt() } else { 1.0 };
        let runs = patches
            .chunks_exact_mut(PATCH_AREA)
            .skip(channel)
            .step_by(3);
        for value in runs.flatten() {
            *value = (*value - centre) / scale;
        }
    }
    patches
}

/// Directions that are spread evenly over the sphere.
fn directions() -> Vec<Bundle> {
    const SEED: u64 = 2018;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(SEED);
    // Box and Muller's normal deviate; the logarithm's argument lies in 0 < u ≤ 1.
    let mut normal = || {
        let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
        radius * (TAU * random.random::<f64>()).cos()
    };
    let mut bundle = || {
        let mut bundle = [[0.0; BUNDLE]; PATCH];
        bundle.iter_mut().flatten().for_each(|v| *v = normal());
        for i in 0..BUNDLE {
            let length = bundle.iter().map(|v| v[i] * v[i]).sum::<f64>().sqrt();
            bundle.iter_mut().for_each(|v| v[i] /= length);
        }
        bundle
    };
    (0..DIRECTIONS / BUNDLE).map(|_| bundle()).collect()
}

/// Mean |difference| of the sorted projections of two equally long lists of patches, over all
/// directions.
fn distance(a: &[f64], b: &[f64], directions: &[Bundle]) -> f64 {
    let of_bundle = |bundle: &Bundle| {
        let lines = projected(a, bundle).into_iter().zip(projected(b, bundle));
        mean(lines.map(|(mut a, mut b)| {
            sort(&mut a);
            sort(&mut b);
            mean(a.iter().zip(&b).map(|(a, b)| (a - b).abs()))
        }))
    };
    // Collected in order: the sum is the same whatever the number of threads.
    let distances: Vec<f64> = directions.par_iter().map(of_bundle).collect();
    mean(distances)
}

/// Ascending; the values are finite, and this order takes half the time of the total one.
fn sort(values: &mut [f64]) {
    values.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
}

/// Position of every patch along each direction of the bundle.
fn projected(patches: &[f64], bundle: &Bundle) -> [Vec<f64>; BUNDLE] {
    let count = patches.len() / PATCH;
    let mut lines = std::array::from_fn(|_| Vec::with_capacity(count));
    for patch in patches.chunks_exact(PATCH) {
        let mut sums = [0.0; BUNDLE];
        for (value, components) in patch.iter().zip(bundle) {
            for (sum, component) in sums.iter_mut().zip(components) {
                *sum += value * component;
            }
        }
        (lines.iter_mut().zip(sums)).for_each(|(line, sum)| line.push(sum));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{assert_close, noise, painted};
    use super::*;

    const SIDE: usize = 32;

    /// Coloured noise in square cells of some pixels, values 0–127.
    fn set(first: u64, cell: usize) -> Vec<Vec<u8>> {
        let picture = |seed| {
            let grain = noise(SIDE * SIDE * 3, seed);
            painted(SIDE, SIDE, |x, y| {
                let at = y / cell * SIDE + x / cell;
                [0, 1, 2].map(|i| grain[3 * at + i] / 2)
            })
        };
        (first..first + 12).map(picture).collect()
    }

    fn measured(a: &[Vec<u8>], b: &[Vec<u8>]) -> SlicedWasserstein {
        sliced_wasserstein(&pictures(a), &pictures(b)).unwrap()
    }

    fn pictures(set: &[Vec<u8>]) -> Vec<Picture<'_>> {
        let pictures = set.iter().map(|data| Picture::new(SIDE, SIDE, data));
        pictures.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn a_set_has_no_distance_from_itself() {
        let fine = set(0, 1);
        let found = measured(&fine, &fine);
        assert_eq!((found.levels, found.mean), (vec![0.0, 0.0], 0.0));
    }

    #[test]
    fn another_texture_is_further_than_other_pictures() {
        let (fine, fine_too, coarse) = (set(0, 1), set(100, 1), set(200, 8));
        let same = measured(&fine, &fine_too);
        let other = measured(&fine, &coarse);
        assert!(same.mean > 0.0);
        assert!(other.mean > 1.5 * same.mean, "{same:?} {other:?}");
        assert_eq!(other.mean, (other.levels[0] + other.levels[1]) / 2.0);
        assert_eq!(measured(&coarse, &fine), other);
    }

    #[test]
    fn brightness_and_contrast_do_not_count() {
        let fine = set(0, 1);
        let stronger: Vec<Vec<u8>> = (fine.iter())
            .map(|data| data.iter().map(|v| 2 * v + 1).collect())
            .collect();
        assert_close(measured(&fine, &stronger).mean, 0.0, 1e-12);
    }

    #[test]
    fn the_number_of_threads_does_not_count() {
        let (fine, coarse) = (set(0, 1), set(200, 8));
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let alone = one.unwrap().install(|| measured(&fine, &coarse));
        assert_eq!(alone, measured(&fine, &coarse));
    }

    #[test]
    fn a_shift_is_seen_from_every_side() {
        let a: Vec<f64> = noise(40 * PATCH, 9).into_iter().map(f64::from).collect();
        let shifted = a.chunks_exact(PATCH).flat_map(|patch| {
            let ends = patch[PATCH - 1] + 3.0;
            patch[..PATCH - 1].iter().copied().chain([ends])
        });
        let b: Vec<f64> = shifted.collect();
        // Mean length of a unit vector's projection in so many dimensions.
        let expected = 3.0 * (2.0 / (std::f64::consts::PI * PATCH as f64)).sqrt();
        let found = distance(&a, &b, &directions());
        assert_close(found, expected, 0.15 * expected);
    }

    #[test]
    fn levels_end_at_sixteen_pixels() {
        let levels = [15, 16, 31, 32, 128, 256].map(level_count);
        assert_eq!(levels, [0, 1, 2, 2, 4, 5]);
    }

    #[test]
    fn sets_that_do_not_compare_are_refused() {
        let data = noise(16 * 16 * 3, 1);
        let picture = Picture::new(16, 16, &data).unwrap();
        let small = Picture::new(15, 16, &data[..15 * 16 * 3]).unwrap();
        assert!(sliced_wasserstein(&[picture], &[picture]).is_ok());
        for (a, b) in [
            (vec![], vec![]),
            (vec![picture], vec![picture; 2]),
            (vec![picture], vec![small]),
            (vec![small], vec![small]),
        ] {
            assert!(sliced_wasserstein(&a, &b).is_err());
        }
    }
}
