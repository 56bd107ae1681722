//! The timecode of a film's first frame: QuickTime and MP4 have it in a track of its own, which
//! GStreamer writes and does not read, Matroska in a tag.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use gst_video::{ValidVideoTimeCode, VideoTimeCode, VideoTimeCodeFlags};

use super::boxes::{Track, boxes, double, find, index, tracks, word};
use crate::cues::{FrameRate, Timecode};

/// The name of the tag, as FFmpeg reads and writes it.
pub(super) const TAG: &str = "TIMECODE";
/// The flag of a track that has drop-frame timecode.
const DROPS: u32 = 1;

/// Behind the last one of a day.
const DAY: &str = "24:00:00:00";

/// The timecode of a film's first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FirstTimecode {
    timecode: Timecode,
    rate: FrameRate,
}

impl std::fmt::Display for FirstTimecode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.timecode.text(self.rate))
    }
}

impl FirstTimecode {
    /// One that can be written, of the first day.
    fn new(timecode: Timecode, rate: FrameRate) -> Option<Self> {
        let first = Self { timecode, rate };
        (timecode.frames < first.day()? && first.for_packets().is_some()).then_some(first)
    }

    /// That of the frame which begins so many nanoseconds later.
    pub(super) fn later(mut self, time: u64) -> Self {
        self.timecode.frames += self.rate.frame_at(time);
        self.timecode.frames %= self.day().unwrap_or(u64::MAX);
        self
    }

    /// How many frames a day has, after which it begins anew.
    fn day(&self) -> Option<u64> {
        let end = Timecode::parse(DAY, self.rate, self.timecode.drops).ok()?;
        Some(end.frames)
    }

    /// As GStreamer has it; None where it knows no such timecode.
    pub(super) fn for_packets(&self) -> Option<ValidVideoTimeCode> {
        let (numerator, denominator) = self.rate.fraction();
        let rate = gst::Fraction::new(numerator.try_into().ok()?, denominator.try_into().ok()?);
        let flags = match self.timecode.drops {
            true => VideoTimeCodeFlags::DROP_FRAME,
            false => VideoTimeCodeFlags::empty(),
        };
        let zero = VideoTimeCode::new(rate, None, flags, 0, 0, 0, 0, 0);
        let mut timecode = ValidVideoTimeCode::try_from(zero).ok()?;
        timecode.add_frames(self.timecode.frames.try_into().ok()?);
        Some(timecode)
    }

    /// That which the tags of a video tell.
    pub(super) fn tagged(tags: &gst::TagListRef, rate: FrameRate) -> Option<Self> {
        let comments = tags.iter_tag::<gst::tags::ExtendedComment>();
        let told = comments.filter_map(|comment| {
            let (name, text) = comment.get().split_once('=')?;
            (name.eq_ignore_ascii_case(TAG)).then(|| Timecode::parse(text, rate, false).ok())?
        });
        let timecode = { told }.next()?;
        Self::new(timecode, rate)
    }
}

/// The timecodes in the file at `path` with the numbers of the tracks that they are for; None: for
/// any. Only files of boxes have such.
pub(super) fn of_tracks(path: &Path) -> Vec<(Option<u32>, FirstTimecode)> {
    let opened = File::open(path).and_then(|mut file| Ok((index(&mut file)?, file)));
    let Ok((Some(index), mut file)) = opened else {
        return Vec::new();
    };
    let all: Vec<Track> = tracks(&index.data).collect();
    let timecodes = all.iter().filter(|track| &track.handler == b"tmcd");
    let mut found = Vec::new();
    for timecode in timecodes {
        let Some(first) = of_track(&mut file, &index.data, timecode) else {
            continue;
        };
        let users = all.iter().filter(|track| {
            let reference = find(&index.data, &track.body, &[b"tref", b"tmcd"]);
            let numbers = reference.map_or(&[][..], |body| &index.data[body]);
            let mut numbers = numbers.chunks_exact(4).filter_map(|number| word(number, 0));
            numbers.any(|number| number == timecode.number)
        });
        let users: Vec<_> = users.map(|track| Some(track.number)).collect();
        let users = if users.is_empty() { vec![None] } else { users };
        found.extend(users.into_iter().map(|user| (user, first)));
    }
    found
}

/// The first sample of a track of timecode: a number of frames. (QuickTime File Format, Timecode
/// Media.)
fn of_track(file: &mut File, index: &[u8], track: &Track) -> Option<FirstTimecode> {
    let table = find(index, &track.body, &[b"mdia", b"minf", b"stbl"])?;
    let descriptions = find(index, &table, &[b"stsd"])?;
    let descriptions = index.get(descriptions.start + 8..descriptions.end)?;
    let (_, description) = boxes(descriptions)
        .next()
        .filter(|(kind, _)| kind == b"tmcd")?;
    let description = &descriptions[description];
    let (flags, scale, ticks) = (
        word(description, 12)?,
        word(description, 16)?,
        word(description, 20)?,
    );
    let place = match find(index, &table, &[b"stco"]) {
        Some(offsets) => word(&index[offsets], 8)?.into(),
        None => double(&index[find(index, &table, &[b"co64"])?], 8)?,
    };
    let mut frames = [0; 4];
    file.seek(SeekFrom::Start(place)).ok()?;
    file.read_exact(&mut frames).ok()?;
    let frames = i32::from_be_bytes(frames).try_into().ok()?;
    let timecode = Timecode {
        frames,
        drops: flags & DROPS != 0,
    };
    let rate = FrameRate::near(f64::from(scale) / f64::from(ticks))?;
    FirstTimecode::new(timecode, rate)
}
