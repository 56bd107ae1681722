//! Lattices that a window may belong to.

use super::comb::{Comb, sharpened, spaced_comb};
use super::gate::Window;
use super::peaks::peak_comb;
use super::spectrum::{SAMPLES, window_comb};

/// Least quality of the lines in a window that are followed up.
const COMB_QUALITY: f32 = 0.45;

/// Lattices that a window with these profiles may belong to, most likely first.
pub(super) fn hypotheses(profiles: &[Vec<u32>; 2], window: &Window) -> [Option<[Comb; 2]>; 4] {
    let origin = |axis: usize| window.area.axis(axis).start;
    let both = |combs: [Option<Comb>; 2]| {
        let good = |comb: Option<Comb>| comb.filter(|comb| comb.quality >= COMB_QUALITY);
        Some([good(combs[0])?, good(combs[1])?])
    };
    let spectral =
        both([0, 1].map(|axis| spectral_comb(&profiles[axis], origin(axis), window.level)));
    let peaks = match window.level {
        0 => None,
        _ => both([0, 1].map(|axis| peak_comb(&profiles[axis], origin(axis)))),
    };
    // Most blocks are square, and one of two spacings may be misread where few lines show.
    let squares = spectral.filter(|[x, y]| (x.period / y.period).ln().abs() > 0.02);
    let with = |axis: usize, period: f32| spaced_comb(&profiles[axis], origin(axis), period);
    [
        spectral,
        squares.map(|[x, _]| [x, with(1, x.period)]),
        squares.map(|[_, y]| [with(0, y.period), y]),
        peaks,
    ]
}

/// The best spacing in the profile of a window of `level`.
fn spectral_comb(profile: &[u32], origin: usize, level: usize) -> Option<Comb> {
    let unit = 1 << level;
    let comb = window_comb(&samples(profile, unit), origin, unit)?;
    let coarse = level > 0 && comb.quality >= COMB_QUALITY;
    Some(if coarse {
        sharpened(profile, origin, &comb)
    } else {
        comb
    })
}

/// Sums of `unit` entries of a profile each.
pub(super) fn samples(profile: &[u32], unit: usize) -> [f32; SAMPLES] {
    let mut samples = [0f32; SAMPLES];
    for (sample, sums) in samples.iter_mut().zip(profile.chunks_exact(unit)) {
        *sample = sums.iter().sum::<u32>() as f32;
    }
    samples
}
