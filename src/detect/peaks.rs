//! Lines through the highest peaks of a profile. Where a window shows three or four lines of large
//! blocks, the border of the mosaic, which keeps no distance to them, pulls the spectrum off; it
//! cannot pull at these.

use super::comb::{Comb, MAX_BLOCK, MIN_BLOCK, through_peaks};

/// Most peaks that are paired.
const MOST: usize = 8;
/// Least weight of a peak in parts of the highest.
const LEAST: f32 = 0.2;
/// How far a line may lie from its peak, pixels.
const REACH: i32 = 3;
/// Fewest lines with a peak.
const LEAST_LINES: u32 = 3;

/// A peak of a profile.
#[derive(Clone, Copy, Debug, Default)]
struct Peak {
    /// Entry of the profile.
    at: i32,
    /// Sum of three entries around it.
    weight: u32,
}

/// The lines that explain most of the peaks in `profile`, whose first entry stands at `origin`, and
/// miss fewest.
pub(super) fn peak_comb(profile: &[u32], origin: usize) -> Option<Comb> {
    let (peaks, count) = peaks(profile);
    let peaks = &peaks[..count];
    let total: u32 = peaks.iter().map(|peak| peak.weight).sum();
    let mut best: Option<Comb> = None;
    for (index, first) in peaks.iter().enumerate() {
        for second in &peaks[index + 1..] {
            let period = (first.at - second.at).abs() as f32;
            if !(MIN_BLOCK..=MAX_BLOCK).contains(&period) {
                continue;
            }
            let line = (origin as i32 + first.at) as f32;
            let comb = Comb {
                period,
                phase: line.rem_euclid(period),
                quality: 0.0,
            };
            let quality = explained(peaks, profile.len(), origin, &comb, total);
            if quality > best.map_or(0.0, |best| best.quality) {
                best = Some(Comb { quality, ..comb });
            }
        }
    }
    best.map(|best| through_peaks(profile, origin, best))
}

/// The highest peaks and their number, highest first.
fn peaks(profile: &[u32]) -> ([Peak; MOST], usize) {
    let mut peaks = [Peak::default(); MOST];
    let mut count = 0;
    for (index, around) in profile.windows(3).enumerate() {
        if around[1] == 0 || around[1] < around[0] || around[1] <= around[2] {
            continue;
        }
        let peak = Peak {
            at: index as i32 + 1,
            weight: around.iter().sum(),
        };
        let place = peaks[..count].partition_point(|other| other.weight >= peak.weight);
        if place < MOST {
            count = (count + 1).min(MOST);
            peaks[place..count].rotate_right(1);
            peaks[place] = peak;
        }
    }
    let least = LEAST * peaks[0].weight as f32;
    let count = peaks[..count].partition_point(|peak| peak.weight as f32 >= least);
    (peaks, count)
}

/// Share of the peaks' weight on the lines of `comb` times share of its lines with a peak.
fn explained(peaks: &[Peak], length: usize, origin: usize, comb: &Comb, total: u32) -> f32 {
    let first = comb.before(origin as f32 + 1.0) + 1;
    let last = comb.before((origin + length) as f32 - 2.0);
    let (mut weight, mut hits) = (0, 0);
    for line in first..=last {
        let at = comb.pixel(line) - origin as i32;
        let near = peaks.iter().filter(|peak| (peak.at - at).abs() <= REACH);
        let on_line: u32 = near.map(|peak| peak.weight).sum();
        weight += on_line;
        hits += u32::from(on_line > 0);
    }
    if hits < LEAST_LINES {
        return 0.0;
    }
    weight.min(total) as f32 / total.max(1) as f32 * hits as f32 / (last - first + 1) as f32
}
