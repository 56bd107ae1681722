//! Timecode as SMPTE ST 12-1 has it: hours, minutes, seconds and frames, in which each frame of a
//! film has its own. Drop-frame timecode leaves out numbers, no frames, to keep up with the clock.

use super::rate::FrameRate;

/// How many digits each part may have.
const DIGITS: [usize; 4] = [3, 2, 2, 3];

/// A timecode at some frame rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timecode {
    /// Frames since 00:00:00:00.
    pub frames: u64,
    /// Whether it is drop-frame timecode.
    pub drops: bool,
}

impl Timecode {
    /// Read `HH:MM:SS:FF`. It is drop-frame timecode where a `;` stands before the frames, or where
    /// `drops` says that all are. The error is what is wrong with it.
    pub fn parse(text: &str, rate: FrameRate, drops: bool) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no timecode; write for example 00:01:30:12");
        let parts: Vec<&str> = text.split([':', ';']).collect();
        let [hours, minutes, seconds, frames] = numbers(&parts).ok_or_else(wrong)?;
        let drops = drops || text.rfind(';') > text.rfind(':');
        let counted = rate.counted();
        if minutes > 59 || seconds > 59 {
            return Err(wrong());
        }
        if frames >= counted {
            let last = counted - 1;
            return Err(format!(
                "{text:?} has frame {frames}, the last one of a second is {last}"
            ));
        }
        let minutes = hours * 60 + minutes;
        let all = (minutes * 60 + seconds) * counted + frames;
        if !drops {
            return Ok(Self { frames: all, drops });
        }
        let dropped = rate.dropped().ok_or_else(|| {
            format!("{text:?} is drop-frame timecode, which there is none of at {rate}; write : instead of ;")
        })?;
        if seconds == 0 && !minutes.is_multiple_of(10) && frames < dropped {
            return Err(format!("{text:?} is left out in drop-frame timecode"));
        }
        Ok(Self {
            frames: all - dropped * (minutes - minutes / 10),
            drops,
        })
    }

    /// As text, with a `;` before the frames where it is drop-frame timecode.
    pub fn text(&self, rate: FrameRate) -> String {
        let counted = rate.counted();
        let dropped = rate.dropped().filter(|_| self.drops);
        let number =
            self.frames + dropped.map_or(0, |dropped| left_out(self.frames, counted, dropped));
        let (seconds, frames) = (number / counted, number % counted);
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        let (hours, minutes) = (minutes / 60, minutes % 60);
        let mark = if dropped.is_some() { ';' } else { ':' };
        let width = if counted > 100 { 3 } else { 2 };
        format!("{hours:02}:{minutes:02}:{seconds:02}{mark}{frames:0width$}")
    }
}

/// The four numbers between the colons.
fn numbers(parts: &[&str]) -> Option<[u64; 4]> {
    let parts: [&str; 4] = parts.try_into().ok()?;
    let fit = |(part, most): (&str, usize)| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let all = parts.into_iter().zip(DIGITS).all(fit);
    all.then(|| parts.map(|part| part.parse().unwrap_or(0)))
}

/// How many numbers drop-frame timecode left out up to a frame: `dropped` at the begin of every
/// minute but each tenth one.
fn left_out(frames: u64, counted: u64, dropped: u64) -> u64 {
    let in_minute = 60 * counted - dropped;
    let in_ten = 10 * in_minute + dropped;
    let (tens, rest) = (frames / in_ten, frames % in_ten);
    // The first minute of ten is longer, as nothing is left out in it.
    dropped * (9 * tens + rest.saturating_sub(dropped) / in_minute)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gst_video::{ValidVideoTimeCode, VideoTimeCode, VideoTimeCodeFlags};

    #[test]
    fn frames_are_numbered_as_gstreamer_numbers_them() {
        gst::init().unwrap();
        for (numerator, denominator, drops) in [
            (24_000, 1001, false),
            (25, 1, false),
            (30_000, 1001, false),
            (30_000, 1001, true),
            (60_000, 1001, true),
        ] {
            let rate = FrameRate::new(numerator, denominator).unwrap();
            let fraction = gst::Fraction::new(numerator as i32, denominator as i32);
            let flags = match drops {
                true => VideoTimeCodeFlags::DROP_FRAME,
                false => VideoTimeCodeFlags::empty(),
            };
            let zero = VideoTimeCode::new(fraction, None, flags, 0, 0, 0, 0, 0);
            let zero: ValidVideoTimeCode = zero.try_into().unwrap();
            for frames in (0..10_000).chain((10_000..2_000_000).step_by(997)) {
                let mut theirs = zero.clone();
                theirs.add_frames(frames);
                let ours = Timecode {
                    frames: frames as u64,
                    drops,
                };
                let text = ours.text(rate);
                assert_eq!(text, theirs.to_string(), "{frames} at {rate}");
                assert_eq!(Timecode::parse(&text, rate, false), Ok(ours));
            }
        }
    }

    #[test]
    fn what_is_no_timecode_is_told() {
        let ntsc = FrameRate::new(30_000, 1001).unwrap();
        let told = |text| Timecode::parse(text, ntsc, false).unwrap_err();
        for wrong in [
            "",
            "1:2:3",
            "00:60:00:00",
            "00:00:00:-1",
            "a:b:c:d",
            "0:0:0:0:0",
            "9999:0:0:0",
        ] {
            assert!(told(wrong).contains("is no timecode"), "{wrong}");
        }
        assert!(told("00:00:00:30").contains("the last one of a second is 29"));
        assert!(told("00:01:00;01").contains("left out"));
        assert!(Timecode::parse("00;10;00;01", ntsc, false).is_ok_and(|code| code.drops));
        let pal = FrameRate::new(25, 1).unwrap();
        let error = Timecode::parse("00:00:00;01", pal, false).unwrap_err();
        assert!(error.contains("none of at 25 frames/s"), "{error}");
    }
}
