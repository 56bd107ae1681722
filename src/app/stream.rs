//! A stream of a file, as its packets tell.

use gst::prelude::*;

use super::timecode::FirstTimecode;
use crate::cues::FrameRate;

/// Times that are taken for times, nanoseconds: a year.
const LATEST: i64 = 365 * 86_400 * 1_000_000_000;

/// A stream of a file.
#[derive(Debug)]
pub struct Stream {
    /// Its name within the file; the same whenever that is read.
    pub id: String,
    /// What kind of data it has.
    pub kind: Kind,
    /// Its first caps, and those with another size of the picture.
    pub caps: Vec<gst::Caps>,
    /// Tags of this stream.
    pub tags: gst::TagList,
    /// Whether its container says that it is to be played.
    pub is_default: bool,
    /// Packets that are to be shown or heard.
    pub packets: u64,
    /// All packets, those too that an edit list cuts off.
    pub all_packets: u64,
    /// The end that its container tells, running time.
    pub declared: Option<gst::ClockTime>,
    /// Frames that came out of a decoder, where it was asked to work.
    pub decoded: u64,
    /// Running time of its first packet, and of the end of its last one.
    pub span: Option<(gst::ClockTime, gst::ClockTime)>,
    /// The timecode of its first frame.
    pub(super) timecode: Option<FirstTimecode>,
    /// Whether its pictures are spheres, seen from within.
    pub(super) is_sphere: bool,
    /// Whether all its packets tell how long they are.
    pub(super) is_timed: bool,
    /// All its packets.
    pub(super) index: Vec<Packet>,
    /// How often it was told what its times mean.
    pub(super) segments: usize,
    /// What its times mean.
    pub(super) segment: Option<gst::FormattedSegment<gst::ClockTime>>,
}

/// A packet of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    /// When it is shown: running time in nanoseconds, below 0 where an edit list cuts it off.
    pub(super) time: Option<i64>,
    /// Whether it can be decoded without others.
    pub(super) is_key: bool,
}

/// Kinds of streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Moving pictures, or a single one.
    Video,
    /// Sound.
    Audio,
    /// Subtitles, as text or as pictures.
    Subtitles,
    /// Anything else.
    Other,
}

/// Kinds of subtitles that are not named so.
const WORDS: [&str; 3] = [
    "application/x-ssa",
    "application/x-ass",
    "application/x-subtitle-unknown",
];

impl Kind {
    fn of(caps: &gst::CapsRef) -> Self {
        let name = caps.structure(0).map_or("", |caps| caps.name());
        match name.split('/').next().unwrap_or_default() {
            "video" | "image" => Self::Video,
            "audio" => Self::Audio,
            "text" | "subpicture" | "closedcaption" => Self::Subtitles,
            _ if WORDS.contains(&name) => Self::Subtitles,
            _ => Self::Other,
        }
    }
}

impl Kind {
    /// That of what comes out of `pad`.
    pub(super) fn of_pad(pad: &gst::Pad) -> Self {
        Self::of(&pad.current_caps().unwrap_or(pad.query_caps(None)))
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Subtitles => "subtitles",
            Self::Other => "data",
        })
    }
}

impl Stream {
    /// Its first caps.
    pub fn first_caps(&self) -> Option<&gst::Caps> {
        self.caps.first()
    }

    /// Width and height of the picture by its first caps.
    pub fn size(&self) -> Option<(i32, i32)> {
        self.first_caps().and_then(|caps| size(caps))
    }

    /// Whether it is a single picture beside a film, such as a cover.
    pub fn is_still(&self) -> bool {
        self.kind == Kind::Video && self.packets <= 1
    }

    /// How long it is.
    pub fn duration(&self) -> gst::ClockTime {
        let (start, end) = self.span.unwrap_or_default();
        end.saturating_sub(start)
    }

    /// The format of its data, in GStreamer's words or its container's.
    pub(super) fn format(&self) -> String {
        let caps = self.first_caps().and_then(|caps| caps.structure(0));
        let name = caps.map_or("unknown", |caps| caps.name().as_str());
        let name = name.rsplit('/').next().unwrap_or_default();
        let name = name
            .trim_start_matches("x-")
            .trim_start_matches("gst-fourcc-");
        name.to_owned()
    }

    /// How two pictures for the eyes are packed into one; None where there is one.
    pub(super) fn views(&self) -> Option<String> {
        let caps = self.first_caps().and_then(|caps| caps.structure(0));
        let mode = caps.and_then(|caps| caps.get::<String>("multiview-mode").ok());
        mode.filter(|mode| mode != "mono")
    }

    /// Whether nothing is known of the format of its data.
    pub(super) fn is_unknown(&self) -> bool {
        let caps = self.first_caps().and_then(|caps| caps.structure(0));
        let is_unknown = |name: &str| name.ends_with("-unknown") || name.contains("gst-fourcc");
        caps.is_none_or(|caps| is_unknown(caps.name()))
    }

    /// Frames per second, as its container or else its packets tell; None where that is no usual
    /// rate.
    pub(super) fn rate(&self) -> Option<FrameRate> {
        let caps = self.first_caps().and_then(|caps| caps.structure(0));
        let told = caps.and_then(|caps| caps.get::<gst::Fraction>("framerate").ok());
        let told = told.filter(|rate| rate.numer() > 0 && rate.denom() > 0);
        FrameRate::near(match told {
            Some(rate) => f64::from(rate.numer()) / f64::from(rate.denom()),
            None => self.packets as f64 / self.duration().nseconds() as f64 * 1e9,
        })
    }

    pub(super) fn new(id: String) -> Self {
        Self {
            id,
            kind: Kind::Other,
            caps: Vec::new(),
            tags: gst::TagList::new(),
            is_default: false,
            packets: 0,
            all_packets: 0,
            declared: None,
            decoded: 0,
            span: None,
            timecode: None,
            is_sphere: false,
            is_timed: true,
            index: Vec::new(),
            segments: 0,
            segment: None,
        }
    }

    fn meet_caps(&mut self, caps: &gst::CapsRef) {
        if self.caps.is_empty() {
            self.kind = Kind::of(caps);
        }
        let known = |known: &gst::Caps| size(known) == size(caps);
        if !self.caps.iter().any(known) {
            self.caps.push(caps.to_owned());
        }
    }

    /// What an event tells of it.
    pub(super) fn meet(&mut self, event: &gst::EventRef) {
        match event.view() {
            gst::EventView::Caps(caps) => self.meet_caps(caps.caps()),
            gst::EventView::StreamStart(start) => {
                self.is_default |= start.stream_flags().contains(gst::StreamFlags::SELECT);
            }
            gst::EventView::Segment(segment) => {
                let times = segment.segment().downcast_ref::<gst::ClockTime>();
                let end = times.and_then(|times| times.to_running_time(times.stop()));
                self.declared = end.or(self.declared);
                if self.segment.as_ref() != times {
                    self.segments += 1;
                }
                self.segment = times.cloned();
            }
            gst::EventView::Tag(tags) => {
                let all = self.tags.make_mut();
                all.insert(tags.tag(), gst::TagMergeMode::Replace);
            }
            _ => {}
        }
    }

    /// One of its packets.
    pub(super) fn meet_packet(&mut self, buffer: &gst::BufferRef) {
        if is_header(buffer) {
            return;
        }
        self.all_packets += 1;
        self.index.push(Packet {
            time: self
                .segment
                .as_ref()
                .and_then(|times| running_time(times, buffer)),
            is_key: !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
        });
        self.is_timed &= buffer.duration().is_some();
        let start = buffer.pts().or(buffer.dts());
        let (Some(times), Some(start)) = (self.segment.as_ref(), start) else {
            self.packets += 1;
            return;
        };
        let end = start.saturating_add(buffer.duration().unwrap_or_default());
        let Some((first, last)) = times.clip(start, end) else {
            return;
        };
        self.packets += 1;
        let running = |time: Option<gst::ClockTime>| times.to_running_time(time);
        let (Some(first), Some(last)) = (running(first), running(last)) else {
            return;
        };
        let (start, end) = self.span.unwrap_or((first, last));
        self.span = Some((start.min(first), end.max(last)));
    }
}

/// Whether it is no picture and no sound, but what decoders have to know.
pub(super) fn is_header(packet: &gst::BufferRef) -> bool {
    packet.flags().contains(gst::BufferFlags::HEADER) && packet.pts().is_none()
}

/// When a packet or frame is shown, nanoseconds of running time; below 0 before the start.
pub(super) fn running_time(
    times: &gst::FormattedSegment<gst::ClockTime>,
    buffer: &gst::BufferRef,
) -> Option<i64> {
    running(times, buffer.pts())
}

/// A time of a segment as nanoseconds of running time; below 0 before the start.
pub(super) fn running(
    times: &gst::FormattedSegment<gst::ClockTime>,
    time: Option<gst::ClockTime>,
) -> Option<i64> {
    let time = match times.to_running_time_full(time)? {
        gst::Signed::Positive(time) => i64::try_from(time.nseconds()).ok(),
        gst::Signed::Negative(time) => i64::try_from(time.nseconds()).ok().map(|time| -time),
    };
    time.filter(|time| time.abs() < LATEST)
}

/// Width and height in caps of pictures.
fn size(caps: &gst::CapsRef) -> Option<(i32, i32)> {
    let caps = caps.structure(0)?;
    Some((caps.get("width").ok()?, caps.get("height").ok()?))
}

/// The name of a parser's stream within its file: what comes before it tells the file, and that is
/// made up anew where it is not read from its path.
pub(super) fn stream_id(stream: &gst::Pad) -> String {
    let id = stream.stream_id();
    let own = id.as_deref().and_then(|id| id.rsplit('/').next());
    own.map_or_else(|| stream.name().to_string(), str::to_owned)
}
