//! The spacing of lines in a profile of steps.

/// Least and greatest side of a block in pixels.
pub(super) const MIN_BLOCK: usize = 4;
/// See [`MIN_BLOCK`].
pub(super) const MAX_BLOCK: usize = 48;

/// Lines at `phase` + k · `period`, in frame coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Comb {
    pub(super) period: usize,
    pub(super) phase: usize,
    /// How much more of the profile lies on the lines than chance would put there, 0–1.
    pub(super) quality: f32,
}

/// A wider spacing wins over a narrower one whose quality is not better by more than this factor: every
/// divisor of the true spacing has all lines too.
const WIDER_WINS: f32 = 0.85;
/// Least number of lines that carry steps.
const MIN_LINES: usize = 3;

/// The spacing between `least` and `greatest` that explains `profile` best; its first entry stands at `origin`.
pub(super) fn best_comb(
    profile: &[u32],
    origin: usize,
    least: usize,
    greatest: usize,
) -> Option<Comb> {
    let total: u32 = profile.iter().sum();
    if total == 0 {
        return None;
    }
    let mut combs = [None; MAX_BLOCK + 1];
    let periods = least.max(MIN_BLOCK)..=greatest.min(MAX_BLOCK);
    let mut top = 0.0f32;
    for (comb, period) in combs.iter_mut().zip(periods) {
        *comb = fold(profile, origin, period, total);
        top = top.max(comb.map_or(0.0, |comb| comb.quality));
    }
    let good = |comb: &Comb| comb.quality > 0.0 && comb.quality >= WIDER_WINS * top;
    combs.into_iter().rev().flatten().find(good)
}

/// The best phase of one period.
fn fold(profile: &[u32], origin: usize, period: usize, total: u32) -> Option<Comb> {
    let mut bins = [0u32; MAX_BLOCK];
    for chunk in profile.chunks(period) {
        for (bin, &value) in bins.iter_mut().zip(chunk) {
            *bin += value;
        }
    }
    let (offset, &on) = bins[..period]
        .iter()
        .enumerate()
        .max_by_key(|(_, value)| **value)?;
    let lines = profile[offset..].iter().step_by(period);
    let enough = (on / (4 * lines.len() as u32)).max(1);
    let carried = lines.clone().filter(|&&value| value >= enough).count();
    if carried < MIN_LINES || carried * 5 < lines.len() * 3 {
        return None;
    }
    let chance = 1.0 / period as f32;
    let share = on as f32 / total as f32;
    Some(Comb {
        period,
        phase: (origin + offset) % period,
        quality: ((share - chance) / (1.0 - chance)).max(0.0),
    })
}
