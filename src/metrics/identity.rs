//! Is a restored face nearer to its own ground truth than to others?
//!
//! Faces are described by uniform local binary patterns, LBP(8,1): Ojala, Pietikäinen, Mäenpää:
//! Multiresolution Gray-Scale and Rotation Invariant Texture Classification with Local Binary
//! Patterns, IEEE Transactions on Pattern Analysis and Machine Intelligence 24 (7), 2002;
//! histograms on a grid: Ahonen, Hadid, Pietikäinen: Face Description with Local Binary Patterns,
//! the same 28 (12), 2006. They work on luma.

use super::picture::{MetricsError, Picture, check_sets};
use super::statistics::mean;
use rayon::prelude::*;
use std::f64::consts::FRAC_1_SQRT_2;

/// Cells of the grid in each direction.
const GRID: usize = 8;
/// One for each pattern with at most two changes between neighbours, and one for all others.
const BINS: usize = 59;

/// How often the right ground truth was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retrieval {
    /// Share (0–1) of the outputs whose own ground truth is the nearest of all. Where n are equally
    /// near, a hit counts 1/n.
    pub rank1: f64,
    /// What guessing would give: 1/N.
    pub chance: f64,
}

/// Find the ground truth of each output among all, by χ² between LBP histograms. `truths[i]`
/// belongs to `outputs[i]`; at least 100 pairs make the figure meaningful. All pictures have the
/// same size, at least 10 pixels.
pub fn rank1(outputs: &[Picture<'_>], truths: &[Picture<'_>]) -> Result<Retrieval, MetricsError> {
    // Patterns need a neighbour on each side, the grid a pattern for each cell.
    check_sets(outputs, truths, 1, GRID + 2)?;
    let bins = bins();
    let describe = |pictures: &[Picture<'_>]| -> Vec<Vec<f64>> {
        pictures.par_iter().map(|p| histograms(p, &bins)).collect()
    };
    let (outputs, truths) = (describe(outputs), describe(truths));
    let hits: Vec<f64> = (outputs.par_iter().enumerate())
        .map(|(own, output)| hit(output, &truths, own))
        .collect();
    Ok(Retrieval {
        chance: 1.0 / hits.len() as f64,
        rank1: mean(hits),
    })
}

/// One over the number of descriptions as near as the own one, or 0 where one is nearer.
fn hit(output: &[f64], truths: &[Vec<f64>], own: usize) -> f64 {
    let distances: Vec<f64> = truths.iter().map(|t| chi_squared(output, t)).collect();
    if distances.iter().any(|d| *d < distances[own]) {
        return 0.0;
    }
    let equal = distances.iter().filter(|d| **d == distances[own]);
    1.0 / equal.count() as f64
}

/// Σ (a − b)² / (a + b); empty bins do not count. Symmetric.
fn chi_squared(a: &[f64], b: &[f64]) -> f64 {
    let terms = a.iter().zip(b).map(|(a, b)| match a + b {
        0.0 => 0.0,
        sum => (a - b).powi(2) / sum,
    });
    terms.sum()
}

/// The histograms of all cells, one after the other; each sums to 1.
fn histograms(picture: &Picture<'_>, bins: &[usize; 256]) -> Vec<f64> {
    let (width, height) = (picture.width() - 2, picture.height() - 2);
    let mut counts = vec![0u32; GRID * GRID * BINS];
    for (i, code) in patterns(picture).into_iter().enumerate() {
        let cell = i / width * GRID / height * GRID + i % width * GRID / width;
        counts[cell * BINS + bins[usize::from(code)]] += 1;
    }
    let shares = counts.chunks_exact(BINS).flat_map(|cell| {
        let total = f64::from(cell.iter().sum::<u32>());
        cell.iter().map(move |count| f64::from(*count) / total)
    });
    shares.collect()
}

/// Pattern of each pixel that has neighbours on all sides, row by row: bit k tells whether the
/// sample in direction k · 45°, one pixel away, is not darker than the pixel.
fn patterns(picture: &Picture<'_>) -> Vec<u8> {
    // Rounding must not decide over what is flat.
    const NOISE: f64 = 1e-9;
    // Diagonal samples lie between four pixels: bilinear weights of the diagonal pixel and of the
    // two beside it.
    const DIAGONAL: f64 = FRAC_1_SQRT_2 * FRAC_1_SQRT_2;
    const BESIDE: f64 = FRAC_1_SQRT_2 * (1.0 - FRAC_1_SQRT_2);
    let (width, height) = (picture.width(), picture.height());
    let luma = picture.luma();
    let pattern = |at: usize| {
        let (up, down) = (at - width, at + width);
        // Counter-clockwise from the right.
        let around = [at + 1, up + 1, up, up - 1, at - 1, down - 1, down, down + 1];
        let rise = around.map(|neighbour| luma[neighbour] - luma[at]);
        let samples = (0..8).map(|k| match k % 2 {
            0 => rise[k],
            _ => DIAGONAL * rise[k] + BESIDE * (rise[k - 1] + rise[(k + 1) % 8]),
        });
        let bits = samples.enumerate().map(|(k, v)| u8::from(v >= -NOISE) << k);
        bits.sum::<u8>()
    };
    (1..height - 1)
        .flat_map(|y| (1..width - 1).map(move |x| y * width + x))
        .map(pattern)
        .collect()
}

/// Bin of each pattern.
fn bins() -> [usize; 256] {
    let mut uniform = 0..BINS - 1;
    std::array::from_fn(|code| {
        let changes = (code as u8 ^ (code as u8).rotate_left(1)).count_ones();
        // There are exactly as many uniform patterns as bins for them.
        let bin = (changes <= 2).then(|| uniform.next());
        bin.flatten().unwrap_or(BINS - 1)
    })
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{Pair, assert_close, noise, painted};
    use super::*;

    #[test]
    fn patterns_of_the_reference_vectors() {
        for (pair, sum, bright, uneven) in [
            (Pair::p1(), 760_562, 125, 295),
            (Pair::p2(), 491_759, 3, 15),
        ] {
            let (_, b) = pair.pictures();
            let (codes, bins) = (patterns(&b), bins());
            assert_eq!(codes.iter().map(|c| u32::from(*c)).sum::<u32>(), sum);
            assert_eq!(codes.iter().filter(|c| **c == 255).count(), bright);
            let other = codes.iter().filter(|c| bins[usize::from(**c)] == BINS - 1);
            assert_eq!(other.count(), uneven);
        }
    }

    #[test]
    fn fifty_eight_patterns_are_uniform() {
        let bins = bins();
        assert!((0..BINS - 1).all(|bin| bins.iter().filter(|b| **b == bin).count() == 1));
        assert_eq!(bins[0b0101_0101], BINS - 1);
        assert_eq!(bins[255], BINS - 2);
    }

    #[test]
    fn each_cell_counts_its_own_pixels() {
        // Dark noise in the top left corner alone: a flat cell has but the pattern of all ones.
        let grain = noise(34 * 34, 5);
        let data = painted(34, 34, |x, y| {
            [if x < 5 && y < 5 {
                grain[y * 34 + x] / 6
            } else {
                50
            }; 3]
        });
        let histograms = histograms(&Picture::new(34, 34, &data).unwrap(), &bins());
        for (cell, histogram) in histograms.chunks_exact(BINS).enumerate() {
            assert_close(histogram.iter().sum(), 1.0, 1e-12);
            // Pixel 5 has neighbours with noise, and belongs to the second cell.
            let touched = cell % GRID < 2 && cell / GRID < 2;
            assert_eq!(histogram[BINS - 2] < 1.0, touched, "cell {cell}");
        }
    }

    /// Pictures of noise blocks, and the same with weak noise on top.
    fn faces(count: u64) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let truth = |seed| {
            let grain = noise(16 * 16, seed);
            painted(64, 64, |x, y| [grain[y / 4 * 16 + x / 4] / 2 + 60; 3])
        };
        let disturbed = |seed| {
            let grain = noise(64 * 64 * 3, seed + 1000);
            let data = truth(seed).into_iter().zip(grain);
            data.map(|(v, n)| v + n % 4).collect()
        };
        (
            (0..count).map(disturbed).collect(),
            (0..count).map(truth).collect(),
        )
    }

    fn pictures(data: &[Vec<u8>]) -> Vec<Picture<'_>> {
        let pictures = data.iter().map(|data| Picture::new(64, 64, data));
        pictures.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn disturbed_pictures_are_found_again() {
        let (outputs, truths) = faces(20);
        let (outputs, truths) = (pictures(&outputs), pictures(&truths));
        let found = rank1(&outputs, &truths).unwrap();
        assert_eq!((found.rank1, found.chance), (1.0, 0.05));
        // Each output now belongs to a stranger.
        let mut strangers = truths.clone();
        strangers.rotate_left(1);
        assert_eq!(rank1(&outputs, &strangers).unwrap().rank1, 0.0);
    }

    #[test]
    fn what_shows_nothing_is_found_by_chance() {
        let flat = vec![vec![90; 64 * 64 * 3]; 5];
        let found = rank1(&pictures(&flat), &pictures(&flat)).unwrap();
        assert_close(found.rank1, found.chance, 1e-12);
        assert!(rank1(&[], &[]).is_err());
    }
}
