//! The film that times are told of.

use super::rate::{FrameRate, SECOND};
use super::timecode::Timecode;

/// Longest film, seconds: a year.
const MOST_SECONDS: f64 = 366.0 * 86_400.0;

/// What of a film decides what times mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Film {
    /// Frames per second; None where frames come as they like.
    pub rate: Option<FrameRate>,
    /// Timecode of the first frame.
    pub start: Timecode,
    /// How long it is, nanoseconds, where that is known.
    pub length: Option<u64>,
}

impl Film {
    /// The film with a first frame of this timecode. The error is what is wrong with it.
    pub fn starting_at(self, timecode: &str) -> Result<Self, String> {
        let start = Timecode::parse(timecode, self.counted_rate(timecode)?, false)?;
        Ok(Self { start, ..self })
    }

    /// The position, nanoseconds, that is written as seconds (12.5), as a time (1:30.5, 01:02:03) or
    /// as a timecode (01:00:12:08). The error is what is wrong with it.
    pub(super) fn position(&self, text: &str) -> Result<u64, String> {
        match text.matches([':', ';']).count() {
            3 => {
                let rate = self.counted_rate(text)?;
                self.position_of(Timecode::parse(text, rate, false)?, rate)
            }
            _ => clock(text).ok_or_else(|| {
                format!("{text:?} is no time; write for example 12.5, 00:01:30.250 or 00:01:30:06")
            }),
        }
    }

    /// Where the frame of `timecode` begins, nanoseconds.
    pub(super) fn position_of(&self, timecode: Timecode, rate: FrameRate) -> Result<u64, String> {
        let frames = timecode.frames.checked_sub(self.start.frames);
        frames.map(|frames| rate.time_of(frames)).ok_or_else(|| {
            let (here, start) = (timecode.text(rate), self.start.text(rate));
            format!("{here} lies before the film, which begins at {start}")
        })
    }

    /// The timecode of the frame that begins nearest to `position`, nanoseconds.
    pub(super) fn timecode_at(&self, position: u64, rate: FrameRate) -> Timecode {
        Timecode {
            frames: self.start.frames + rate.frame_at(position),
            drops: self.start.drops,
        }
    }

    fn counted_rate(&self, timecode: &str) -> Result<FrameRate, String> {
        self.rate.ok_or_else(|| {
            format!("{timecode:?} counts frames, and the film has no constant frame rate; write seconds, for example 12.5")
        })
    }
}

/// Seconds, minutes and seconds, or hours, minutes and seconds, as nanoseconds.
fn clock(text: &str) -> Option<u64> {
    let mut parts = text.rsplit(':');
    let seconds = decimal(parts.next()?)?;
    let mut all = seconds;
    for (unit, part) in [60.0, 3600.0].into_iter().zip(parts.by_ref()) {
        let is_whole = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_whole || seconds >= 60.0 {
            return None;
        }
        all += part.parse::<f64>().ok()? * unit;
    }
    let fits = parts.next().is_none() && all <= MOST_SECONDS;
    fits.then(|| (all * SECOND as f64).round() as u64)
}

/// A number of digits, and a point at most.
fn decimal(text: &str) -> Option<f64> {
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_three_ways() {
        let rate = FrameRate::new(25, 1);
        let film = Film {
            rate,
            ..Film::default()
        };
        let film = film.starting_at("01:00:00:00").unwrap();
        let ms = 1_000_000;
        for (text, time) in [
            ("12.5", 12_500 * ms),
            ("0", 0),
            ("90", 90_000 * ms),
            ("1:30.25", 90_250 * ms),
            ("01:02:03.004", 3_723_004 * ms),
            ("01:00:02:05", 2_200 * ms),
        ] {
            assert_eq!(film.position(text), Ok(time), "{text}");
        }
        for wrong in [
            "",
            "-1",
            "abc",
            "1e3",
            "inf",
            ":",
            "1:",
            ":5",
            "1:75",
            "1:2:3.5:4",
            "1.2.3",
        ] {
            assert!(film.position(wrong).is_err(), "{wrong}");
        }
        let early = film.position("00:59:59:24").unwrap_err();
        assert!(
            early.contains("before the film, which begins at 01:00:00:00"),
            "{early}"
        );
        let uncounted = Film::default().position("00:00:01:00").unwrap_err();
        assert!(uncounted.contains("no constant frame rate"), "{uncounted}");
    }
}
