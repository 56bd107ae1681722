//! The spacing of lines in the profile of a window, by its Fourier spectrum at a few frequencies.

use std::f64::consts::TAU;
use std::sync::LazyLock;

use super::comb::{Comb, WIDER_WINS, vertex};

/// Entries of the profile of a window.
pub(super) const SAMPLES: usize = 48;
/// Steps of frequency for one turn over a window: four make one line more in it.
const TURN: usize = 4 * SAMPLES;
/// Frequencies looked at, in parts of [`TURN`] per entry: spacings of 17.5 to 3.84 entries.
const LOWEST: usize = 11;
const COUNT: usize = 40;

struct Table {
    cos: [[f32; COUNT]; SAMPLES],
    sin: [[f32; COUNT]; SAMPLES],
}

static TABLE: LazyLock<Box<Table>> = LazyLock::new(|| {
    let mut table = Box::new(Table {
        cos: [[0.0; COUNT]; SAMPLES],
        sin: [[0.0; COUNT]; SAMPLES],
    });
    for at in 0..SAMPLES {
        for frequency in 0..COUNT {
            let turns = (at * (LOWEST + frequency) % TURN) as f64 / TURN as f64;
            table.cos[at][frequency] = (TAU * turns).cos() as f32;
            table.sin[at][frequency] = (TAU * turns).sin() as f32;
        }
    }
    table
});

/// The Fourier spectrum of the profile of a window.
pub(super) struct Spectrum {
    re: [f32; COUNT],
    im: [f32; COUNT],
    /// Part of the profile that is in step, 0–1.
    powers: [f32; COUNT],
}

impl Spectrum {
    /// That of `profile`; None where that is empty.
    pub(super) fn of(profile: &[f32; SAMPLES]) -> Option<Self> {
        let total: f32 = profile.iter().sum();
        if total <= 0.0 {
            return None;
        }
        let table = &**TABLE;
        let (mut re, mut im) = ([0f32; COUNT], [0f32; COUNT]);
        for ((&value, cos), sin) in profile.iter().zip(&table.cos).zip(&table.sin) {
            for frequency in 0..COUNT {
                re[frequency] += value * cos[frequency];
                im[frequency] += value * sin[frequency];
            }
        }
        let powers = std::array::from_fn(|i| re[i].hypot(im[i]) / total);
        Some(Self { re, im, powers })
    }

    /// Spacings in pixels, of which there are `unit` to an entry, and their powers; the widest
    /// first.
    pub(super) fn spacings(&self, unit: usize) -> impl Iterator<Item = (f32, f32)> {
        let spacing = move |i: usize| (unit * TURN) as f32 / (LOWEST + i) as f32;
        (0..COUNT).map(spacing).zip(self.powers)
    }
}

/// The best spacing in the profile of a window that starts at `origin` and has `unit` pixels to an
/// entry.
pub(super) fn window_comb(profile: &[f32; SAMPLES], origin: usize, unit: usize) -> Option<Comb> {
    let Spectrum { re, im, powers } = Spectrum::of(profile)?;
    let top = powers.iter().fold(0.0, |top: f32, &power| top.max(power));
    let widest = (0..COUNT).find(|&i| {
        let next = powers.get(i + 1).copied().unwrap_or(0.0);
        powers[i] >= WIDER_WINS * top && powers[i] >= next
    })?;
    let (before, after) = (
        powers[widest.saturating_sub(1)],
        powers[(widest + 1).min(COUNT - 1)],
    );
    let shift = vertex(before, powers[widest], after);
    let frequency = ((LOWEST + widest) as f32 + shift) / TURN as f32;
    let period = unit as f32 / frequency;
    // The angle belongs to the listed frequency: exact in the middle of the window.
    let listed = (LOWEST + widest) as f32 / TURN as f32;
    let turns = (im[widest].atan2(re[widest])) / TAU as f32;
    let middle = SAMPLES as f32 / 2.0;
    let line = middle + ((turns - listed * middle).rem_euclid(1.0)) / frequency;
    let line = origin as f32 + line * unit as f32 + (unit - 1) as f32 / 2.0;
    Some(Comb {
        period,
        phase: line.rem_euclid(period),
        quality: powers[widest],
    })
}
