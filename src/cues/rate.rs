//! Frames per second, and which frame a time belongs to.

use std::fmt;

/// Nanoseconds of a second.
pub(super) const SECOND: u64 = 1_000_000_000;
/// Highest rate that is taken, frames per second; the lowest one is 1.
const MOST: u32 = 1000;
/// How far a rate that was written as a decimal number may lie from the one that is meant, relative
/// to it: 23.98 is taken for 24000/1001, 24 is not.
const ROUNDED: f64 = 2.5e-4;

/// Frames per second, as a fraction: 25/1, 24000/1001, …
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRate {
    numerator: u32,
    denominator: u32,
}

impl FrameRate {
    /// `numerator` ÷ `denominator` frames per second; None unless these are 1–1000.
    pub fn new(numerator: u32, denominator: u32) -> Option<Self> {
        let most = u64::from(denominator) * u64::from(MOST);
        let is_usual =
            denominator > 0 && (u64::from(denominator)..=most).contains(&u64::from(numerator));
        is_usual.then_some(Self {
            numerator,
            denominator,
        })
    }

    /// The rate that is meant by a decimal number: a whole one, a whole one × 1000 ÷ 1001, or else
    /// the number itself to thousandths.
    pub fn near(rate: f64) -> Option<Self> {
        if !(1.0 - ROUNDED..=f64::from(MOST)).contains(&rate) {
            return None;
        }
        let whole = rate.round().max(1.0);
        let is_near = |meant: f64| (rate / meant - 1.0).abs() < ROUNDED;
        // 29.97 rounds to 30, and so do all of its kind.
        match whole as u32 {
            whole if is_near(f64::from(whole)) => Self::new(whole, 1),
            whole if is_near(f64::from(whole) * 1000.0 / 1001.0) => Self::new(whole * 1000, 1001),
            _ => Self::new((rate * 1000.0).round() as u32, 1000),
        }
    }

    /// Numerator and denominator.
    pub fn fraction(&self) -> (u32, u32) {
        (self.numerator, self.denominator)
    }

    /// The frame that begins nearest to `time`, nanoseconds, counted from 0.
    pub fn frame_at(&self, time: u64) -> u64 {
        let frames = u128::from(time) * u128::from(self.numerator);
        rounded(frames, u128::from(self.denominator) * u128::from(SECOND))
    }

    /// When frame number `frame` begins, nanoseconds.
    pub fn time_of(&self, frame: u64) -> u64 {
        let time = u128::from(frame) * u128::from(self.denominator) * u128::from(SECOND);
        rounded(time, self.numerator.into())
    }

    /// Half of what a frame lasts, nanoseconds.
    pub fn half_frame(&self) -> u64 {
        self.time_of(1) / 2
    }

    /// What timecodes count to in a second, instead of the rate: 30 where that is 29.97.
    pub(super) fn counted(&self) -> u64 {
        rounded(self.numerator.into(), self.denominator.into())
    }

    /// How many numbers drop-frame timecode leaves out in most minutes; None where there is none.
    pub(super) fn dropped(&self) -> Option<u64> {
        let is_ntsc = self.denominator == 1001 && self.numerator.is_multiple_of(30_000);
        is_ntsc.then(|| self.counted() / 15)
    }

    /// As a decimal number.
    pub(super) fn decimal(&self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = if self.numerator.is_multiple_of(self.denominator) {
            0
        } else {
            3
        };
        write!(f, "{:.decimals$} frames/s", self.decimal())
    }
}

fn rounded(numerator: u128, denominator: u128) -> u64 {
    let quotient = (numerator + denominator / 2) / denominator;
    u64::try_from(quotient).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_number_means_a_rate() {
        let rate = |numerator, denominator| FrameRate::new(numerator, denominator);
        for (number, meant) in [
            (23.976, rate(24_000, 1001)),
            (23.98, rate(24_000, 1001)),
            (23.976_023_976_023_978, rate(24_000, 1001)),
            (24.0, rate(24, 1)),
            (25.0, rate(25, 1)),
            (29.97, rate(30_000, 1001)),
            (59.94, rate(60_000, 1001)),
            (12.5, rate(12_500, 1000)),
            (0.5, None),
            (f64::NAN, None),
            (48_000.0, None),
        ] {
            assert_eq!(FrameRate::near(number), meant, "{number}");
        }
    }

    #[test]
    fn time_stamps_in_milliseconds_tell_frames_apart() {
        for (numerator, denominator) in [(24_000, 1001), (25, 1), (30_000, 1001), (60_000, 1001)] {
            let rate = FrameRate::new(numerator, denominator).unwrap();
            for frame in (0..100_000).step_by(7) {
                let time = rate.time_of(frame);
                for stamp in [time, time / 1_000_000 * 1_000_000] {
                    assert_eq!(rate.frame_at(stamp), frame, "{rate}, {stamp}");
                }
            }
        }
        assert!(FrameRate::new(25, 0).is_none() && FrameRate::new(0, 1).is_none());
        assert!(FrameRate::new(u32::MAX, 1).is_none());
    }
}
