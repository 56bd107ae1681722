//! Lines at equal distances, and those that fit a profile of ridges, by its Fourier spectrum.
//!
//! Lines at φ + k · P have all their weight in step at the frequency 1 / P: the spectrum there is
//! as large as the sum of the profile, and its angle tells φ to a part of a pixel. Fractional
//! spacings cost nothing extra.

use std::f64::consts::TAU;

use multiversion::multiversion;

/// Least and greatest side of a block in pixels.
pub(super) const MIN_BLOCK: f32 = 3.85;
/// See [`MIN_BLOCK`].
pub(super) const MAX_BLOCK: f32 = 132.0;

/// Frequencies whose sums are made side by side.
const LANES: usize = 8;

/// A wider spacing wins over a narrower one whose quality is not better by more than this factor:
/// every divisor of the true spacing has all lines too.
pub(super) const WIDER_WINS: f32 = 0.85;
/// Least lines in a profile.
const MIN_LINES: f32 = 2.6;

/// Lines at `phase` + k · `period`, in coordinates of pixel edges.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Comb {
    /// Distance of two lines in pixels.
    pub(super) period: f32,
    /// Position of one line, 0 … `period`.
    pub(super) phase: f32,
    /// Part of the profile that is in step with the lines, 0–1.
    pub(super) quality: f32,
}

impl Comb {
    /// Position of line `index`.
    pub(super) fn line(&self, index: i32) -> f32 {
        self.phase + index as f32 * self.period
    }

    /// The first pixel behind line `index`.
    pub(super) fn pixel(&self, index: i32) -> i32 {
        self.line(index).round() as i32
    }

    /// Number of the last line at or before `position`.
    pub(super) fn before(&self, position: f32) -> i32 {
        ((position - self.phase) / self.period).floor() as i32
    }

    /// The same lines with a phase below the period.
    pub(super) fn normal(self) -> Self {
        Self {
            phase: self.phase.rem_euclid(self.period),
            ..self
        }
    }

    /// Whether lines lie on whole pixels.
    pub(super) fn is_whole(&self) -> bool {
        self.period.fract() == 0.0 && self.phase.fract() == 0.0
    }

    /// Whether both have the same lines within `length` pixels around `centre`, up to `tolerance`
    /// pixels.
    pub(super) fn agrees(&self, other: &Self, centre: f32, length: f32, tolerance: f32) -> bool {
        let drift = (self.period - other.period).abs() / self.period * length / 2.0;
        let nearest = self.line(self.before(centre));
        let offset = (nearest - other.phase).rem_euclid(other.period);
        offset.min(other.period - offset) + drift <= tolerance
    }
}

/// Where a parabola through three equidistant values has its vertex, −0.5 … 0.5 steps from the
/// middle one.
pub(super) fn vertex(before: f32, here: f32, after: f32) -> f32 {
    let bend = before - 2.0 * here + after;
    if bend >= 0.0 {
        return 0.0;
    }
    ((before - after) / (2.0 * bend)).clamp(-0.5, 0.5)
}

/// Lines close to those of `comb`, or of up to `most` times its spacing, as they fit the whole of
/// `profile`, whose first entry stands at `origin`.
pub(super) fn refined(profile: &[u32], origin: usize, comb: &Comb, most: f32) -> Option<Comb> {
    let near = |times: f32| {
        let period = comb.period * times;
        let fits =
            times <= most && period <= MAX_BLOCK && profile.len() as f32 >= MIN_LINES * period;
        fits.then(|| fitted(profile, origin, period))
    };
    let combs = [near(3.0), near(2.0), near(1.0)];
    let top = combs.iter().flatten().map(|comb| comb.quality);
    let top = top.fold(0.0, f32::max);
    let mut good = combs.into_iter().flatten();
    let comb = good.find(|comb| comb.quality > 0.0 && comb.quality >= WIDER_WINS * top)?;
    Some(exact(profile, origin, comb))
}

/// `comb` through the peaks, or on whole pixels where peaks are one pixel wide and stand there:
/// most clips were not scaled.
pub(super) fn exact(profile: &[u32], origin: usize, comb: Comb) -> Comb {
    /// Least part of smeared peaks and of narrow ones that whole pixels hold.
    const NEARLY: f32 = 0.9;
    /// Part of three pixels' ridges that the middle one holds in a clip that was not scaled.
    const NARROW: f32 = 0.7;
    let best = through_peaks(profile, origin, comb);
    let held = |at: i32| {
        let at = usize::try_from(at).ok();
        at.and_then(|at| profile.get(at)).copied().unwrap_or(0)
    };
    let first = best.before(origin as f32 - 0.5) + 1;
    let last = best.before((origin + profile.len()) as f32 - 0.5);
    let on_whole = |period: i32, line: i32| {
        let lines = (first..=last).map(|index| line + (index - first) * period - origin as i32);
        lines.map(held).sum::<u32>()
    };
    let (mut top, mut wide) = (0, 0);
    for at in (first..=last).map(|index| best.pixel(index) - origin as i32) {
        let around = [held(at - 1), held(at), held(at + 1)];
        top += around.into_iter().max().unwrap_or(0);
        wide += around.into_iter().sum::<u32>();
    }
    let (floor, start) = (best.period.floor() as i32, best.pixel(first));
    let candidates = (floor..=floor + 1).flat_map(|period| {
        (start - 2..=start + 2).map(move |line| (on_whole(period, line), period, line))
    });
    let Some((sum, period, line)) = candidates.max().filter(|_| first < last) else {
        return best;
    };
    let whole = Comb {
        period: period as f32,
        phase: line.rem_euclid(period) as f32,
        ..best
    };
    let length = profile.len() as f32;
    let close = best.agrees(&whole, origin as f32 + length / 2.0, length, 0.34);
    let narrow = sum as f32 >= NEARLY * top as f32 && top as f32 >= NARROW * wide as f32;
    if close || narrow { whole } else { best }
}

/// `comb`, moved so that it goes through the peaks of the profile beside its lines: what lies
/// between the lines pulls at the spectrum, but not at these.
pub(super) fn through_peaks(profile: &[u32], origin: usize, comb: Comb) -> Comb {
    let mut comb = comb;
    // Only lines whose peak is near vote in the later rounds.
    for tolerance in [0.22 * comb.period, 0.15 * comb.period, 0.1 * comb.period] {
        let reach = tolerance.clamp(1.0, 3.0);
        let first = comb.before(origin as f32 + 0.5) + 1;
        let last = comb.before((origin + profile.len()) as f32 - 1.5);
        let mut sums = Sums::default();
        for index in first..=last {
            let expected = comb.line(index) - origin as f32;
            if let Some((at, weight)) = peak(profile, expected, reach) {
                sums.add(f64::from(index - first), f64::from(at - expected), weight);
            }
        }
        let Some((offset, slope)) = sums.line() else {
            return comb;
        };
        let period = comb.period + slope as f32;
        let line = comb.line(first) + offset as f32;
        comb = Comb {
            period,
            phase: line.rem_euclid(period),
            ..comb
        };
    }
    comb
}

/// Centre and weight of the highest peak within `reach` of `expected`, positions from the profile's
/// start.
fn peak(profile: &[u32], expected: f32, reach: f32) -> Option<(f32, f64)> {
    let first = (expected - reach).ceil().max(0.0) as usize;
    let last = ((expected + reach).floor() as usize).min(profile.len().checked_sub(1)?);
    let top = (first..=last).max_by_key(|&at| profile[at])?;
    let around = top.saturating_sub(1)..(top + 2).min(profile.len());
    let sum: u32 = profile[around.clone()].iter().sum();
    let moment: f32 = around.map(|at| at as f32 * profile[at] as f32).sum();
    (profile[top] > 0).then(|| (moment / sum as f32, f64::from(sum)))
}

/// Sums for a weighted straight line.
#[derive(Default)]
struct Sums {
    lines: usize,
    w: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
}

impl Sums {
    fn add(&mut self, x: f64, y: f64, w: f64) {
        self.lines += 1;
        self.w += w;
        self.x += w * x;
        self.y += w * y;
        self.xx += w * x * x;
        self.xy += w * x * y;
    }

    /// Value at 0 and slope; None for fewer than three points.
    fn line(&self) -> Option<(f64, f64)> {
        let scale = self.w * self.xx - self.x * self.x;
        if self.lines < 3 || scale <= 0.0 {
            return None;
        }
        let slope = (self.w * self.xy - self.x * self.y) / scale;
        Some(((self.y - slope * self.x) / self.w, slope))
    }
}

/// The best spacing in the middle of `profile`, whose first entry stands at `origin`.
pub(super) fn any_comb(profile: &[u32], origin: usize) -> Option<Comb> {
    /// Enough for every spacing, and a bound on the time.
    const MOST: usize = 384;
    /// Steps of frequency to a turn over the profile.
    const TURN: usize = 4;
    /// Frequencies at most, and the last one's neighbour.
    const POWERS: usize = ((TURN * MOST) as f32 / MIN_BLOCK) as usize + 2;
    let skip = profile.len().saturating_sub(MOST) / 2;
    let part = &profile[skip..profile.len() - skip];
    let length = part.len() as f64;
    let total: u32 = part.iter().sum();
    if total == 0 || length < f64::from(MIN_LINES * MIN_BLOCK) {
        return None;
    }
    let widest = (length / f64::from(MIN_LINES)).min(f64::from(MAX_BLOCK));
    let step = 1.0 / (TURN as f64 * length);
    let count = ((1.0 / f64::from(MIN_BLOCK) - 1.0 / widest) / step) as usize;
    let at = |i: usize| 1.0 / widest + i as f64 * step;
    let mut powers = [0f64; POWERS.next_multiple_of(LANES)];
    for (chunk, powers) in (0..=count + 1)
        .step_by(LANES)
        .zip(powers.chunks_exact_mut(LANES))
    {
        let sums: [_; LANES] = spectra(part, std::array::from_fn(|i| at(chunk + i)));
        for (power, (re, im)) in powers.iter_mut().zip(sums) {
            *power = re.hypot(im);
        }
    }
    let top = powers[..=count].iter().copied().fold(0.0, f64::max);
    let good = |&i: &usize| powers[i] >= f64::from(WIDER_WINS) * top && powers[i] >= powers[i + 1];
    let first = (0..=count).find(good)?;
    let comb = fitted(part, origin + skip, (1.0 / at(first)) as f32);
    Some(exact(part, origin + skip, comb))
}

/// The best lines with the spacing `period` in `profile`, whose first entry stands at `origin`.
pub(super) fn spaced_comb(profile: &[u32], origin: usize, period: f32) -> Comb {
    let total: u32 = profile.iter().sum();
    let (re, im) = spectrum(profile, 1.0 / f64::from(period));
    let line = origin as f64 + im.atan2(re) / TAU * f64::from(period);
    Comb {
        period,
        phase: line.rem_euclid(f64::from(period)) as f32,
        quality: (re.hypot(im) / f64::from(total.max(1))) as f32,
    }
}

/// The lines of `comb`, which were found in coarser steps, to a part of a pixel.
pub(super) fn sharpened(profile: &[u32], origin: usize, comb: &Comb) -> Comb {
    exact(profile, origin, fitted(profile, origin, comb.period))
}

/// The best lines with a spacing near `period`, to a part of a pixel over the whole profile.
fn fitted(profile: &[u32], origin: usize, period: f32) -> Comb {
    const STEPS: i32 = 8;
    let length = profile.len() as f64;
    let total: f64 = profile.iter().map(|&v| f64::from(v)).sum();
    // Three quarters of a line more or less in the profile.
    let step = 0.75 / length / f64::from(STEPS);
    let at = |i: f64| (1.0 / f64::from(period) + i * step).max(1e-3);
    // Steps to either side, and one more for the neighbours of the outermost.
    let mut sizes = [0f64; 3 * LANES];
    for (chunk, sizes) in sizes.chunks_exact_mut(LANES).enumerate() {
        let step = |i: usize| (chunk * LANES + i) as f64 - f64::from(STEPS + 1);
        let sums: [_; LANES] = spectra(profile, std::array::from_fn(|i| at(step(i))));
        for (size, (re, im)) in sizes.iter_mut().zip(sums) {
            *size = re.hypot(im);
        }
    }
    let mut best = 1 + STEPS as usize;
    let mut top = 0.0;
    for (i, &size) in sizes
        .iter()
        .enumerate()
        .skip(1)
        .take(2 * STEPS as usize + 1)
    {
        if size > top {
            (best, top) = (i, size);
        }
    }
    let around = [best - 1, best, best + 1].map(|i| (sizes[i] / total.max(1.0)) as f32);
    let shift = vertex(around[0], around[1], around[2]);
    let best = best as f64 - f64::from(STEPS + 1);
    let frequency = at(best + f64::from(shift));
    let (re, im) = spectrum(profile, frequency);
    let period = 1.0 / frequency;
    let line = origin as f64 + im.atan2(re) / TAU * period;
    Comb {
        period: period as f32,
        phase: line.rem_euclid(period) as f32,
        quality: (re.hypot(im) / total.max(1.0)) as f32,
    }
}

/// Sums of the profile times cosine and sine of `frequency`, turns per entry.
fn spectrum(profile: &[u32], frequency: f64) -> (f64, f64) {
    spectra(profile, [frequency])[0]
}

/// The same for frequencies that do not wait for each other.
#[multiversion(targets("x86_64+avx2"))]
fn spectra<const N: usize>(profile: &[u32], frequencies: [f64; N]) -> [(f64, f64); N] {
    let turns = frequencies.map(|frequency| (TAU * frequency).sin_cos());
    let (mut cos, mut sin) = ([1f64; N], [0f64; N]);
    let (mut re, mut im) = ([0f64; N], [0f64; N]);
    for &value in profile {
        let value = f64::from(value);
        for i in 0..N {
            let (turn_sin, turn_cos) = turns[i];
            re[i] += value * cos[i];
            im[i] += value * sin[i];
            (cos[i], sin[i]) = (
                cos[i] * turn_cos - sin[i] * turn_sin,
                sin[i] * turn_cos + cos[i] * turn_sin,
            );
        }
    }
    std::array::from_fn(|i| (re[i], im[i]))
}
