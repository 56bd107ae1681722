//! What is in a file: each stream counted packet by packet, nothing decoded.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gst::prelude::*;

use super::AppError;
use super::attachments::{self, Attachment};
use super::branches::decoder;
use super::elements::{chain, make, pad};
use super::marks::is_sphere;
use super::mp4_chapters;
use super::run::{Event, Watch, fail, run_watched};
use super::source::{INPUT, Source};
use super::stream::{Kind, Stream, is_header, stream_id};
use super::timecode::{self, FirstTimecode};
use super::unseen::unseen;

/// Time by which a container may promise more than its last packet tells, in parts of the whole and
/// at least.
const SHORT_PART: f64 = 0.03;
/// See [`SHORT_PART`].
const SHORT_LEAST: gst::ClockTime = gst::ClockTime::from_mseconds(250);

/// Which packets of video are decoded.
#[derive(Clone, Debug)]
pub(super) enum Decode {
    /// None.
    Nothing,
    /// Of each track those with these numbers.
    Packets(Vec<Range<usize>>),
}

/// All of a file.
#[derive(Debug, Default)]
pub struct Survey {
    /// Its streams, in the order of their ids.
    pub streams: Vec<Stream>,
    /// Tags of the whole file.
    pub tags: gst::TagList,
    /// Chapters.
    pub chapters: Option<gst::Toc>,
    /// Files that are attached to it, its cover among them.
    pub attachments: Vec<Attachment>,
    /// What is said of tracks that cannot be read.
    pub(super) unseen: Vec<String>,
    /// How long it says that it is.
    pub declared: Option<gst::ClockTime>,
    /// Why it may be damaged: what GStreamer said while reading.
    pub complaints: Vec<String>,
}

impl Survey {
    /// Read all of the file at `path`; an error where nothing comes for the time `patience`.
    pub fn of(path: &Path, patience: Duration, cancel: &AtomicBool) -> Result<Self, AppError> {
        Ok(Self::best(path, patience, cancel)?.1)
    }

    /// The same, and how it is to be read so that nothing is lost.
    pub(super) fn best(
        path: &Path,
        patience: Duration,
        cancel: &AtomicBool,
    ) -> Result<(Source, Self), AppError> {
        let source = Source::new(path);
        let survey = Self::read(&source, &Decode::Nothing, patience, cancel)?;
        let edited = survey.damage().and_then(|_| source.edited());
        if let Some(edited) = edited {
            let mut again = Self::read(&edited, &Decode::Nothing, patience, cancel)?;
            // That of its media, edits or not.
            again.declared = None;
            if again.damage().is_none() {
                return Ok((edited, again));
            }
        }
        Ok((source, survey))
    }

    /// Read all of a file; frames of what is decoded are counted.
    pub(super) fn read(
        source: &Source,
        decode: &Decode,
        patience: Duration,
        cancel: &AtomicBool,
    ) -> Result<Self, AppError> {
        let pipeline = gst::Pipeline::with_name("survey");
        let seen = Arc::new(Mutex::new(Self::default()));
        let (for_pads, weak) = (Arc::clone(&seen), pipeline.downgrade());
        let decode = decode.clone();
        let opened = source.open(&pipeline, move |parser, pad| {
            let added = weak
                .upgrade()
                .map(|pipeline| watch(&pipeline, pad, &decode, &for_pads));
            if let Some(Err(error)) = added {
                super::run::fail(parser, &error);
            }
        })?;
        let count = || {
            lock(&seen)
                .streams
                .iter()
                .map(|stream| stream.packets)
                .sum()
        };
        let watch = Watch {
            start: &|| opened.start(),
            done: &count,
            stuck: &|| INPUT.to_owned(),
            patience,
        };
        let mut declared = None;
        let result = run_watched(&pipeline, cancel, Some(&watch), &mut |event| match event {
            Event::Warning(text) => lock(&seen).complaints.push(text),
            Event::Tick => declared = opened.parser.query_duration().or(declared),
        });
        let mut survey = std::mem::take(&mut *lock(&seen));
        survey.declared = declared;
        let is_readable = survey.streams.iter().any(|stream| stream.packets > 0);
        match result {
            Err(AppError::Element { reason, .. }) if is_readable => survey.complaints.push(reason),
            Err(AppError::Element { reason, .. }) => {
                return Err(AppError::Input {
                    path: source.path().to_owned(),
                    reason,
                });
            }
            other => other?,
        }
        survey.streams.sort_by(|a, b| a.id.cmp(&b.id));
        if survey.chapters.is_none() {
            survey.chapters = mp4_chapters::read(source.path(), survey.end());
        }
        survey.look_beside(source.path());
        Ok(survey)
    }

    /// Note what the file at `path` has that GStreamer does not tell.
    fn look_beside(&mut self, path: &Path) {
        let of_tracks = timecode::of_tracks(path);
        let streams = self.streams.iter_mut();
        for stream in streams.filter(|stream| stream.kind == Kind::Video) {
            stream.is_sphere = is_sphere(path, &stream.id);
            let number: Option<u32> = stream.id.parse().ok();
            let own = of_tracks.iter().find(|(track, _)| *track == number);
            let any = || of_tracks.iter().find(|(track, _)| track.is_none());
            let tagged = || FirstTimecode::tagged(&stream.tags, stream.rate()?);
            stream.timecode = own.or_else(any).map(|(_, found)| *found).or_else(tagged);
        }
        self.attachments = attachments::of(path, &self.tags);
        let ids: Vec<&str> = self
            .streams
            .iter()
            .map(|stream| stream.id.as_str())
            .collect();
        let has_timecode = self.streams.iter().any(|stream| stream.timecode.is_some());
        self.unseen = unseen(path, &ids, self.chapters.is_some(), has_timecode);
    }

    /// The end of its longest stream.
    pub fn end(&self) -> gst::ClockTime {
        let ends = self.streams.iter().filter_map(|stream| stream.span);
        ends.map(|(_, end)| end).max().unwrap_or_default()
    }

    /// Why it is taken for damaged: None where all of it is as long as it says, and nothing
    /// complained.
    pub fn damage(&self) -> Option<String> {
        let streams = self.streams.iter().filter(|stream| stream.packets > 0);
        let mut short = streams.filter_map(|stream| {
            let (_, end) = stream.span?;
            let declared = stream
                .declared
                .filter(|declared| is_short(end, *declared))?;
            let kind = stream.kind;
            let sounding = stream.is_timed && matches!(kind, Kind::Video | Kind::Audio);
            sounding
                .then(|| format!("its {kind} is to last until {declared:.1}, but ends at {end:.1}"))
        });
        let end = self.end();
        let all = self.declared.filter(|declared| is_short(end, *declared));
        let all = all.map(|declared| format!("it is to last {declared:.1}, but ends at {end:.1}"));
        short.next().or(all).or(self.complaints.first().cloned())
    }
}

/// Whether `end` is much earlier than what was told.
fn is_short(end: gst::ClockTime, declared: gst::ClockTime) -> bool {
    let part = (declared.nseconds() as f64 * SHORT_PART) as u64;
    end < declared.saturating_sub(SHORT_LEAST.max(gst::ClockTime::from_nseconds(part)))
}

/// Count what comes out of the parser's pad `stream`.
fn watch(
    pipeline: &gst::Pipeline,
    stream: &gst::Pad,
    decode: &Decode,
    seen: &Arc<Mutex<Survey>>,
) -> Result<(), AppError> {
    let id = stream_id(stream);
    let index = {
        let mut seen = lock(seen);
        let known = seen.streams.iter().position(|stream| stream.id == id);
        known.unwrap_or_else(|| {
            seen.streams.push(Stream::new(id));
            seen.streams.len() - 1
        })
    };
    // What was sent before this probe was there.
    stream.sticky_events_foreach(|event| {
        lock(seen).meet(index, event);
        std::ops::ControlFlow::Continue(gst::EventForeachAction::Keep)
    });
    let kinds = gst::PadProbeType::BUFFER
        | gst::PadProbeType::BUFFER_LIST
        | gst::PadProbeType::EVENT_DOWNSTREAM;
    let (seen, counted) = (Arc::clone(seen), Arc::clone(seen));
    stream.add_probe(kinds, move |_, info| {
        let mut seen = lock(&seen);
        match &info.data {
            Some(gst::PadProbeData::Event(event)) => seen.meet(index, event),
            Some(gst::PadProbeData::Buffer(buffer)) => seen.streams[index].meet_packet(buffer),
            Some(gst::PadProbeData::BufferList(list)) => {
                for buffer in list.iter() {
                    seen.streams[index].meet_packet(buffer);
                }
            }
            _ => {}
        }
        gst::PadProbeReturn::Ok
    });
    let frames = sink(pipeline)?;
    let target = if let Decode::Packets(wanted) = decode
        && Kind::of_pad(stream) == Kind::Video
    {
        frames.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            lock(&counted).streams[index].decoded += 1;
            gst::PadProbeReturn::Ok
        });
        let packets = decoder(pipeline, &format!("{INPUT}-{index}"), frames, |_| Ok(None))?;
        only(&packets, wanted.clone());
        packets
    } else {
        frames
    };
    (stream.link(&target))
        .map(|_| ())
        .map_err(|error| AppError::element(INPUT, error))
}

/// Let only packets with these numbers pass.
fn only(pad: &gst::Pad, wanted: Vec<Range<usize>>) {
    let count = AtomicUsize::new(0);
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if info.buffer().is_none_or(|buffer| is_header(buffer)) {
            return gst::PadProbeReturn::Ok;
        }
        let number = count.fetch_add(1, Ordering::Relaxed);
        let is_wanted = wanted.iter().any(|wanted| wanted.contains(&number));
        match is_wanted {
            true => gst::PadProbeReturn::Ok,
            // `Drop` would have GStreamer free it a second time.
            false => gst::PadProbeReturn::Handled,
        }
    });
}

/// The pad of something that throws away what it gets.
pub(super) fn sink(pipeline: &gst::Pipeline) -> Result<gst::Pad, AppError> {
    let sink = make("fakesink")?;
    sink.set_properties(&[("async", &false), ("sync", &false)]);
    chain(pipeline, &[&sink])?;
    // Not the state of the pipeline: while a decoder that was just added waits for its first data,
    // that is paused, and a sink that is paused would keep the data back.
    (sink.set_state(gst::State::Playing))
        .map_err(|error| AppError::element(&sink.name(), error))?;
    pad(&sink, "sink")
}

/// Send a stream of the parser to the target of its id; without one, it is thrown away.
pub(super) fn connect(
    pipeline: &gst::Pipeline,
    stream: &gst::Pad,
    targets: &HashMap<String, gst::Pad>,
) -> Result<(), AppError> {
    let target = targets
        .get(&stream_id(stream))
        .filter(|target| !target.is_linked());
    let target = match target {
        Some(target) => target.clone(),
        None => sink(pipeline)?,
    };
    (stream.link(&target))
        .map(|_| ())
        .map_err(|error| AppError::element(INPUT, error))
}

/// What sends the stream `id` to `target`, and throws all others away.
pub(super) fn to_one(
    pipeline: &gst::Pipeline,
    id: String,
    target: gst::Pad,
) -> impl Fn(&gst::Element, &gst::Pad) + Send + Sync + 'static {
    let (pipeline, targets) = (pipeline.downgrade(), HashMap::from([(id, target)]));
    move |parser, stream| {
        let connected = pipeline
            .upgrade()
            .map(|pipeline| connect(&pipeline, stream, &targets));
        if let Some(Err(error)) = connected {
            fail(parser, &error);
        }
    }
}

impl Survey {
    fn meet(&mut self, index: usize, event: &gst::EventRef) {
        match event.view() {
            gst::EventView::Toc(toc) => self.chapters = Some(toc.toc().0.to_owned()),
            gst::EventView::Tag(tags) if tags.tag().scope() == gst::TagScope::Global => {
                let all = self.tags.make_mut();
                all.insert(tags.tag(), gst::TagMergeMode::Replace);
            }
            _ => self.streams[index].meet(event),
        }
    }
}

fn lock(survey: &Mutex<Survey>) -> MutexGuard<'_, Survey> {
    survey.lock().unwrap_or_else(PoisonError::into_inner)
}
