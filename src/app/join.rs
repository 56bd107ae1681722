//! Parts joined to one film, with all that comes along.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gst::prelude::*;

use super::branches::{decoder, name_speakers};
use super::feed::{entry, push, run_fed};
use super::folder::Finished;
use super::part::Made;
use super::plan::{Plan, Use};
use super::range::Window;
use super::reader::Reader;
use super::run::{Event, Watch, fail};
use super::source::{INPUT, Opened, Source};
use super::stream::{Kind, Stream, running, running_time, stream_id};
use super::survey::connect;
use super::writer::OF_THE_CODING;
use super::{AppError, Writer};

/// When the film begins in the pipeline, nanoseconds: packets that are decoded early have times
/// before that. The one of GStreamer's own encoders.
const START: i64 = 1000 * 3600 * 1_000_000_000;

/// How many packets of each stream passed, by its id.
type Limited = Arc<Mutex<HashMap<String, Arc<AtomicU64>>>>;

/// What is joined.
pub(super) struct Join<'a> {
    pub(super) pipeline: &'a gst::Pipeline,
    pub(super) source: &'a Source,
    pub(super) plan: &'a Plan<'a>,
    pub(super) parts: &'a [Finished<Made>],
    /// Whether some of them were copied, and others encoded.
    pub(super) several: bool,
    /// What of the film is written.
    pub(super) window: &'a Window,
    pub(super) patience: Duration,
}

impl Join<'_> {
    /// Write the film; returns how many packets of each stream came along, by its id, where that is
    /// not all of them.
    pub(super) fn run(
        &self,
        writer: &Writer,
        cancel: &AtomicBool,
        on_warning: &mut dyn FnMut(String),
    ) -> Result<HashMap<String, u64>, AppError> {
        let caps = self.caps(cancel)?;
        let entry = entry(self.pipeline, "joined", Some(&caps))?;
        let restored = self.plan.restored();
        entry.send_event(gst::event::Tag::new(tags(restored)));
        writer.packets(&entry, &caps, self.several)?;
        let passed = Arc::new(AtomicU64::new(0));
        let limited = Limited::default();
        let opened = self.open(writer, &passed, &limited)?;
        let watch = Watch {
            start: &|| opened.start(),
            done: &|| passed.load(Ordering::Relaxed),
            stuck: &|| INPUT.to_owned(),
            patience: self.patience,
        };
        let feed = |stop: &AtomicBool| self.feed(&entry, &passed, stop);
        run_fed(self.pipeline, &entry, cancel, &watch, feed, &mut |event| {
            if let Event::Warning(text) = event {
                on_warning(text);
            }
        })?;
        let limited = limited.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = limited
            .iter()
            .map(|(id, count)| (id.clone(), count.load(Ordering::Relaxed)));
        Ok(counts.collect())
    }

    /// What the packets are.
    fn caps(&self, cancel: &AtomicBool) -> Result<gst::Caps, AppError> {
        let first = &self.parts[0].packets;
        let mut packets = Reader::of_file(first, self.patience, cancel)?;
        let caps = packets.next()?.and_then(|first| first.caps_owned());
        caps.ok_or_else(|| AppError::element("encoder", "no frame was encoded"))
    }

    /// Push the packets of all parts.
    fn feed(
        &self,
        entry: &gst_app::AppSrc,
        passed: &AtomicU64,
        stop: &AtomicBool,
    ) -> Result<(), AppError> {
        let times: Vec<_> = self
            .parts
            .iter()
            .flat_map(|part| part.made.times.iter().copied())
            .collect();
        let decoding = decoding_times(&times);
        let mut number = 0;
        for Finished {
            packets: path,
            made,
        } in self.parts
        {
            let mut packets = Reader::of_file(path, self.patience, stop)?;
            let before = number;
            while let Some(sample) = packets.next()? {
                let decoding = decoding
                    .as_ref()
                    .and_then(|times| times.get(number))
                    .copied();
                if !push(entry, &timed(&sample, decoding, self.window.start())) {
                    return Ok(());
                }
                number += 1;
                passed.fetch_add(1, Ordering::Relaxed);
            }
            let expected = made.times.len();
            if number - before != expected {
                return Err(AppError::element(
                    &path.display().to_string(),
                    format!(
                        "{expected} packets were written, {} are there",
                        number - before
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Open the film for all that comes along.
    fn open(
        &self,
        writer: &Writer,
        passed: &Arc<AtomicU64>,
        limited: &Limited,
    ) -> Result<Opened, AppError> {
        let targets = self.targets(writer)?;
        let (weak, passed) = (self.pipeline.downgrade(), Arc::clone(passed));
        let (window, limited) = (self.window.clone(), Arc::clone(limited));
        // A cover has no time.
        let stills = self
            .plan
            .uses
            .iter()
            .filter(|(stream, _)| stream.is_still());
        let stills: HashSet<String> = stills.map(|(stream, _)| stream.id.clone()).collect();
        self.source.open(self.pipeline, move |parser, pad| {
            let Some(pipeline) = weak.upgrade() else {
                return;
            };
            let passed = Arc::clone(&passed);
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
                passed.fetch_add(1, Ordering::Relaxed);
                gst::PadProbeReturn::Ok
            });
            if !window.is_all() && !stills.contains(&stream_id(pad)) {
                let count = window.limit(pad);
                let mut limited = limited.lock().unwrap_or_else(PoisonError::into_inner);
                limited.insert(stream_id(pad), count);
            }
            if let Err(error) = connect(&pipeline, pad, &targets) {
                fail(parser, &error);
            }
        })
    }

    /// The pads that take the packets of each stream that comes along, by its id.
    fn targets(&self, writer: &Writer) -> Result<HashMap<String, gst::Pad>, AppError> {
        let mut targets = HashMap::new();
        for (number, (stream, becomes)) in self.plan.uses.iter().enumerate() {
            let Use::Along(way) = becomes else {
                continue;
            };
            let target = match stream.kind == Kind::Audio && way.is_encoded() {
                true => {
                    let name = format!("{INPUT}-audio-{number}");
                    decoder(self.pipeline, &name, writer.encoded_audio()?, name_speakers)?
                }
                false => writer.copied(stream.kind, way)?,
            };
            targets.insert(stream.id.clone(), target);
        }
        Ok(targets)
    }
}

/// Tags of the restored stream, but for what is no longer so.
fn tags(stream: &Stream) -> gst::TagList {
    let mut tags = stream.tags.clone();
    for gone in OF_THE_CODING.into_iter().chain(["image-orientation"]) {
        tags.make_mut().remove_generic(gone);
    }
    tags
}

/// The packet of `sample` at its time in what is written of the film, which begins at `origin`, to
/// be decoded at the time `decoding`.
fn timed(sample: &gst::Sample, decoding: Option<i64>, origin: i64) -> gst::Sample {
    let times = sample
        .segment()
        .and_then(|segment| segment.downcast_ref::<gst::ClockTime>());
    let mut buffer = sample.buffer_owned().unwrap_or_default();
    let shown = times.and_then(|times| running_time(times, &buffer));
    let decoding = decoding.or_else(|| running(times?, buffer.dts()));
    let place = |time: i64| {
        let time = START
            .checked_add(time)
            .and_then(|time| u64::try_from(time).ok());
        time.map(gst::ClockTime::from_nseconds)
    };
    let packet = buffer.make_mut();
    packet.set_pts(shown.and_then(place));
    packet.set_dts(decoding.and_then(place));
    let mut segment = gst::FormattedSegment::<gst::ClockTime>::new();
    segment.set_start(place(origin));
    let joined = gst::Sample::builder().buffer(&buffer).segment(&segment);
    joined.caps_if_some(sample.caps_owned().as_ref()).build()
}

/// When packets that are shown at `times` are decoded: in their order, none later than it is shown.
/// None where times are missing or the same, and nothing is known.
fn decoding_times(times: &[Option<i64>]) -> Option<Vec<i64>> {
    let times = times.iter().copied().collect::<Option<Vec<_>>>()?;
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_unstable_by_key(|&packet| times[packet]);
    if order.windows(2).any(|two| times[two[0]] == times[two[1]]) {
        return None;
    }
    let delays = order
        .iter()
        .enumerate()
        .map(|(place, &packet)| packet.saturating_sub(place));
    let delay = delays.max().unwrap_or(0);
    let step = match order.as_slice() {
        [first, second, ..] => times[*second] - times[*first],
        _ => 0,
    };
    let at = |packet: usize| match packet.checked_sub(delay) {
        Some(place) => times[order[place]],
        None => times[order[0]] - (delay - packet) as i64 * step,
    };
    Some((0..times.len()).map(at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_decoded_before_they_are_shown() {
        let times =
            |shown: &[i64]| decoding_times(&shown.iter().copied().map(Some).collect::<Vec<_>>());
        assert_eq!(times(&[0, 40, 80]), Some(vec![0, 40, 80]));
        // I P B B, and a part that begins with another I.
        let shown = [0, 120, 40, 80, 160, 280, 200, 240];
        assert_eq!(
            times(&shown),
            Some(vec![-40, 0, 40, 80, 120, 160, 200, 240])
        );
        assert_eq!(times(&[5]), Some(vec![5]));
        assert_eq!(times(&[0, 40, 40]), None);
        assert_eq!(decoding_times(&[Some(0), None]), None);
        assert_eq!(times(&[]), Some(vec![]));
    }
}
