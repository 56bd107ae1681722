//! A film that is looked at: its frames as pictures, one after the other or at certain times.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::branches::{decoder, name_colors};
use super::container::Container;
use super::elements::{chain, make, pad, set};
use super::picture::{Frame, frame};
use super::plan::Plan;
use super::range::Window;
use super::samples::Samples;
use super::source::{INPUT, Source};
use super::stream::Stream;
use super::survey::{Survey, to_one};
use super::{AppError, Input, RestoredFace};
use gst::prelude::*;

/// Frames that wait to be looked at.
const WAITING: u32 = 2;

/// The frames of a film's video, upright, in RGB. The whole file is read once when it is opened;
/// decoded frames are not kept.
///
/// Times are those of a file that is made of the film, or of the part of it that [`Self::within`]
/// names: nanoseconds from its start.
pub struct Film<'a> {
    path: &'a Path,
    source: Source,
    stream: Stream,
    /// When its frames are shown, in this order.
    times: Vec<u64>,
    /// When those are shown that can be decoded without others, in this order.
    keys: Vec<u64>,
    /// By how much positions within the file are later than its times.
    shift: i64,
    /// Where it begins in the film, nanoseconds.
    from: i64,
    /// Behind which time there is nothing.
    length: u64,
    can_seek: bool,
    playing: Option<Samples<'a>>,
    /// What [`Self::at`] found last.
    current: Option<Frame>,
    /// Behind which time it found nothing any more.
    over: Option<u64>,
    patience: Duration,
    cancel: &'a AtomicBool,
}

impl<'a> Film<'a> {
    /// By how much the times of one frame differ where containers round them, nanoseconds.
    pub const ROUNDING: u64 = 2_000_000;

    /// Open `input` at video track number `track`, counted from 1, or that which a player
    /// would show; in a file that `depixelate` made, the restored one is the first. An error where
    /// nothing comes for the time `patience`, now or later, or once `cancel` is set.
    pub fn open(
        input: &'a Input,
        track: Option<usize>,
        patience: Duration,
        cancel: &'a AtomicBool,
    ) -> Result<Self, AppError> {
        let path = input.path();
        let survey = Survey::best(input.file(cancel)?, patience, cancel);
        let (source, mut survey) = survey.map_err(|error| named(error, path))?;
        // Any container will do: only which stream is meant is asked.
        let (any, all) = (
            Container::of(Path::new("any.mkv"))?,
            Window::new(None, None)?,
        );
        let plan = Plan::new(&survey, any, &all, track)?;
        let id = plan.map(|plan| plan.restored().id.clone());
        let at = survey
            .streams
            .iter()
            .position(|stream| Some(&stream.id) == id.as_ref());
        let Some(at) = at else {
            let path = path.to_owned();
            return Err(AppError::NoVideo { path });
        };
        let stream = survey.streams.swap_remove(at);
        Ok(Self {
            path,
            times: times_of(&stream, false),
            keys: times_of(&stream, true),
            shift: stream.segment.as_ref().map_or(0, shift),
            from: 0,
            length: u64::MAX,
            can_seek: source.can_seek(),
            source,
            stream,
            playing: None,
            current: None,
            over: None,
            patience,
            cancel,
        })
    }

    /// The part of the film from one time to another; times are counted from its start.
    pub fn within(mut self, from: Duration, to: Option<Duration>) -> Self {
        let nanoseconds = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        let to = to.map_or(i64::MAX, nanoseconds);
        self.from = nanoseconds(from);
        self.length = u64::try_from(to.saturating_sub(self.from)).unwrap_or(0);
        for times in [&mut self.times, &mut self.keys] {
            let moved = times.iter();
            let moved = moved.filter_map(|time| time.checked_add_signed(-self.from));
            *times = moved.filter(|time| *time < self.length).collect();
        }
        self
    }

    /// Where its file is.
    pub fn path(&self) -> &Path {
        self.path
    }

    /// The timecode of its first frame, where it has one.
    pub fn timecode(&self) -> Option<String> {
        self.stream.timecode.map(|timecode| timecode.to_string())
    }

    /// How many frames it has, as far as its packets tell.
    pub fn frames(&self) -> u64 {
        self.times.len() as u64
    }

    /// How long it is.
    pub fn duration(&self) -> Duration {
        let (_, end) = self.stream.span.unwrap_or_default();
        let length = end.nseconds().saturating_add_signed(-self.from);
        Duration::from_nanos(length.min(self.length))
    }

    /// When a frame of `face` is shown, of which this is the film it was found in. Frames are
    /// counted as there.
    pub fn time_of(&self, face: &RestoredFace, frame: u64) -> u64 {
        let [first, last] = face
            .times
            .map(|time| time.saturating_add_signed(-self.shift));
        let behind = frame.saturating_sub(face.frames[0]);
        // A damaged film may have packets that give no frame: so they are counted from the face's
        // first one.
        let start =
            (self.times).partition_point(|time| *time < first.saturating_sub(Self::ROUNDING));
        let packet = start.checked_add(usize::try_from(behind).unwrap_or(usize::MAX));
        let time = packet.and_then(|packet| self.times.get(packet)).copied();
        let frames = face.frames[1].saturating_sub(face.frames[0]).max(1);
        let share = behind as f64 / frames as f64;
        time.unwrap_or(first + (last.saturating_sub(first) as f64 * share.min(1.0)) as u64)
    }

    /// The next frame; the first one after [`Self::rewind`] and when it was just opened. None at the
    /// end.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, AppError> {
        if self.playing.is_some() {
            return self.read();
        }
        self.playing = Some(self.play()?);
        if self.from > 0 && self.can_seek {
            // Only a film of which something was read can be told to go on elsewhere.
            self.pull()?;
            self.can_seek = self.seek(0);
            let first = self.read()?;
            let due = self.times.first().map_or(0, |time| time + Self::ROUNDING);
            if first.as_ref().is_some_and(|first| first.time <= due) {
                return Ok(first);
            }
            // It cannot be trusted to go where it is told: then all is read.
            self.can_seek = false;
            self.playing = Some(self.play()?);
        }
        self.read()
    }

    /// The next frame of those that are decoded.
    fn read(&self) -> Result<Option<Frame>, AppError> {
        while let Some(sample) = self.pull()? {
            // A frame without a time is shown by no player either.
            let frame = frame(&sample, self.shift.saturating_add(self.from));
            if let Some(frame) = frame {
                return Ok(Some(frame).filter(|frame| frame.time < self.length));
            }
        }
        Ok(None)
    }

    /// The next sample; None at the end.
    fn pull(&self) -> Result<Option<gst::Sample>, AppError> {
        let next = self.playing.as_ref().map(Samples::next).transpose();
        Ok((next.map_err(|error| named(error, self.path))?).flatten())
    }

    /// Begin anew.
    pub fn rewind(&mut self) {
        (self.playing, self.current) = (None, None);
    }

    /// The frame that is shown from `time` on; None where none begins then. Times that grow from
    /// call to call are found fastest.
    pub fn at(&mut self, time: u64) -> Result<Option<&Frame>, AppError> {
        let (earliest, latest) = (
            time.saturating_sub(Self::ROUNDING),
            time.saturating_add(Self::ROUNDING),
        );
        if self.over.is_some_and(|end| earliest > end) {
            return Ok(None);
        }
        let is_behind = |film: &Self| film.current.as_ref().is_none_or(|now| now.time > latest);
        if is_behind(self) {
            self.rewind();
            self.current = self.next_frame()?;
        }
        let now = self.current.as_ref().map_or(0, |now| now.time);
        let is_key_between = self.keys.iter().any(|key| now < *key && *key <= latest);
        if self.can_seek && is_key_between && self.current.is_some() {
            self.can_seek = self.seek(time);
            self.current = self.next_frame()?;
            if is_behind(self) {
                // It cannot be trusted to go where it is told: then all is read.
                self.can_seek = false;
                self.rewind();
                self.current = self.next_frame()?;
            }
        }
        while let Some(now) = self.current.as_ref().map(|now| now.time)
            && now < earliest
        {
            self.current = self.next_frame()?;
            self.over = self.over.or(self.current.is_none().then_some(now));
        }
        Ok(self.current.as_ref().filter(|now| now.time <= latest))
    }

    /// Go to the last frame until `time` that needs no others; whether that can be.
    fn seek(&self, time: u64) -> bool {
        let shift = self.shift.saturating_add(self.from);
        let place = gst::ClockTime::from_nseconds(time.saturating_add_signed(shift));
        (self.playing.as_ref()).is_some_and(|playing| playing.seek(place))
    }

    /// Start to decode.
    fn play(&self) -> Result<Samples<'a>, AppError> {
        let samples = Samples::new("film", WAITING, self.patience, self.cancel)?;
        let form = make("capsfilter")?;
        let caps = gst::Caps::builder("video/x-raw").field("format", "RGB");
        form.set_property("caps", caps.build());
        let mut elements = vec![make("videoconvert")?];
        let turned = self.stream.tags.get::<gst::tags::ImageOrientation>();
        if turned.is_some_and(|turned| turned.get() != "rotate-0") {
            let flip = make("videoflip")?;
            set(&flip, "video-direction", "auto")?;
            elements.extend([flip, make("videoconvert")?]);
        }
        elements.push(form);
        let (pipeline, last) = (&samples.pipeline, elements.len() - 1);
        chain(pipeline, &elements.iter().collect::<Vec<_>>())?;
        (elements[last].link(samples.end())).map_err(|error| AppError::element("film", error))?;
        let frames = pad(&elements[0], "sink")?;
        let packets = decoder(pipeline, &format!("{INPUT}-video"), frames, name_colors)?;
        let on_stream = to_one(pipeline, self.stream.id.clone(), packets);
        samples.start(&self.source.open(pipeline, on_stream)?);
        Ok(samples)
    }
}

/// An error of what reads, as one of the file at `path`.
fn named(error: AppError, path: &Path) -> AppError {
    match error {
        AppError::Input { reason, .. } => AppError::Input {
            path: path.to_owned(),
            reason,
        },
        AppError::Element { element, reason } if element.starts_with(INPUT) => AppError::Input {
            path: path.to_owned(),
            reason,
        },
        error => error,
    }
}

/// When frames of a stream are shown, in this order; only those that need no others where `key`.
fn times_of(stream: &Stream, key: bool) -> Vec<u64> {
    let packets = stream.index.iter().filter(|packet| packet.is_key || !key);
    let times = packets.filter_map(|packet| packet.time?.try_into().ok());
    let mut times: Vec<u64> = times.collect();
    times.sort_unstable();
    times
}

/// By how much positions in a stream are later than running times.
fn shift(times: &gst::FormattedSegment<gst::ClockTime>) -> i64 {
    let start = times.start();
    let position = times.to_stream_time(start).map(gst::ClockTime::nseconds);
    let running = times.to_running_time(start).map(gst::ClockTime::nseconds);
    let signed = |time: Option<u64>| time.and_then(|time| i64::try_from(time).ok());
    signed(position)
        .zip(signed(running))
        .map_or(0, |(position, running)| position - running)
}
