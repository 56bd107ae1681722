//! A part of a film: decoded, sent through a filter, encoded into a file of packets.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gst::prelude::*;
use serde::{Deserialize, Serialize};

use super::branches::{decoder, name_colors, packet_queue, put_in_order};
use super::container::{Container, parser_of};
use super::counters::Counters;
use super::cut::Part;
use super::elements::{chain, make, pad, set};
use super::feed::{entry, push, run_fed};
use super::filters::look_only;
use super::reader::Reader;
use super::record::{RESTORED_FACE, Record};
use super::references::skip_others;
use super::restorer::Tally;
use super::run::{Event, Watch};
use super::source::{INPUT, Source};
use super::stream::{Stream, is_header, running_time};
use super::{AppError, Encoding, Filters, RestoredFace};

/// How parts are made.
pub(super) struct Maker<'a> {
    pub(super) source: &'a Source,
    pub(super) stream: &'a Stream,
    pub(super) filters: &'a Filters<'a>,
    pub(super) encoding: &'a Encoding,
    /// What the packets are for.
    pub(super) container: &'a Container,
    pub(super) deinterlace: bool,
    pub(super) patience: Duration,
    /// Whether nothing was wrong with the film when its packets were counted.
    pub(super) is_sound: bool,
    pub(super) cancel: &'a AtomicBool,
}

/// Times that a streaming thread notes.
#[derive(Clone, Default)]
struct Times(Arc<Mutex<Vec<Option<i64>>>>);

impl Times {
    fn push(&self, time: Option<i64>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(time);
    }

    fn take(&self) -> Vec<Option<i64>> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What was made of a part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Made {
    /// Frames that were to be encoded.
    pub(super) frames: u64,
    /// Times of the packets in the file, in its order; nanoseconds of running time.
    pub(super) times: Vec<Option<i64>>,
    /// The faces, frames counted from the part's first one.
    pub(super) faces: Vec<RestoredFace>,
    /// What the filter counted.
    pub(super) tally: Tally,
}

/// What was found in a part.
pub(super) struct Found {
    /// Frames that were looked at.
    pub(super) frames: u64,
    /// Between which times there are faces: those of the frames before and behind one with a face.
    pub(super) between: Vec<(i64, i64)>,
    /// The faces.
    pub(super) faces: Vec<RestoredFace>,
}

impl Maker<'_> {
    /// Make or copy a part, as a file of packets at `path`.
    pub(super) fn make(
        &self,
        part: &Part,
        path: &Path,
        counters: &Arc<Counters>,
        on_warning: &mut dyn FnMut(String),
    ) -> Result<Made, AppError> {
        if part.copied {
            return self.copy(part, path, counters);
        }
        let filter = self.filters.take()?;
        let made = self.make_through(&filter, part, path, counters, on_warning);
        // One that failed is not used again.
        if made.is_ok() {
            self.filters.give_back(filter);
        }
        made
    }

    fn make_through(
        &self,
        filter: &gst::Element,
        part: &Part,
        path: &Path,
        counters: &Arc<Counters>,
        on_warning: &mut dyn FnMut(String),
    ) -> Result<Made, AppError> {
        let pipeline = gst::Pipeline::with_name("depixelate");
        let encoder = self.encoding.make(self.container.video_encoder)?;
        let (frames, encoded) = encoder.branch(&pipeline)?;
        let times = write(&pipeline, &encoded, self.container.video()?, path, counters)?;
        let (entry, due) = self.filtered(&pipeline, filter, &frames, part, counters)?;
        let record = Record::of(&frames, RESTORED_FACE, Arc::clone(counters));
        self.run(&pipeline, &entry, part, counters, &mut |told| {
            told.into_iter().for_each(&mut *on_warning);
        })?;
        Ok(Made {
            frames: due.load(Ordering::Relaxed),
            times: times.take(),
            faces: Record::faces(&record),
            tally: Tally::of(filter, Record::counts(&record)),
        })
    }

    /// Take the packets of a part as they are.
    fn copy(&self, part: &Part, path: &Path, counters: &Arc<Counters>) -> Result<Made, AppError> {
        let pipeline = gst::Pipeline::with_name("depixelate");
        let entry = entry(&pipeline, "packets", self.stream.first_caps())?;
        let mut last = entry.clone().upcast::<gst::Element>();
        if let Some(parser) = self.stream.first_caps().and_then(parser_of) {
            let parser = make(parser)?;
            chain(&pipeline, &[&parser])?;
            (last.link(&parser)).map_err(|error| AppError::element("packets", error))?;
            last = parser;
        }
        let times = write(&pipeline, &last, self.container.video()?, path, counters)?;
        self.run(&pipeline, &entry, part, counters, &mut |_| {})?;
        let times = times.take();
        Ok(Made {
            frames: times.len() as u64,
            times,
            faces: Vec::new(),
            tally: Tally::default(),
        })
    }

    /// Find the faces to restore. Where `quickly`, only frames are looked at that others need to be
    /// decoded. `on_event` gets warnings, and nothing from time to time.
    pub(super) fn look(
        &self,
        part: &Part,
        quickly: bool,
        counters: &Arc<Counters>,
        on_event: &mut dyn FnMut(Option<String>),
    ) -> Result<Found, AppError> {
        let pipeline = gst::Pipeline::with_name("depixelate");
        let filter = self.filters.take()?;
        let (frames, end) = (make("queue")?, make("fakesink")?);
        end.set_properties(&[("async", &false), ("sync", &false)]);
        chain(&pipeline, &[&frames, &end])?;
        let frames = pad(&frames, "sink")?;
        let (entry, _) = self.filtered(&pipeline, &filter, &frames, part, counters)?;
        if quickly {
            skip_others(&pad(entry.upcast_ref(), "src")?, &self.stream.caps);
        }
        look_only(&filter, true);
        let record = Record::of(&frames, RESTORED_FACE, Arc::clone(counters));
        let (all, faces) = (Times::default(), Times::default());
        let noted = (all.clone(), faces.clone());
        frames.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            if let Some(buffer) = info.buffer() {
                let time = time_of(pad, buffer);
                noted.0.push(time);
                noted
                    .1
                    .push(time.filter(|_| Record::is_in(buffer, RESTORED_FACE)));
            }
            gst::PadProbeReturn::Ok
        });
        counters.count(&frames, |counters| &counters.encoded);
        self.run(&pipeline, &entry, part, counters, on_event)?;
        look_only(&filter, false);
        self.filters.give_back(filter);
        let (all, faces) = (all.take(), faces.take());
        let at = |number: Option<usize>, none| {
            number
                .and_then(|number| all.get(number).copied().flatten())
                .unwrap_or(none)
        };
        let met = (0..faces.len()).filter(|&number| faces[number].is_some());
        let around = |met: usize| {
            (
                at(met.checked_sub(1), i64::MIN),
                at(Some(met + 1), i64::MAX),
            )
        };
        Ok(Found {
            frames: all.len() as u64,
            between: met.map(around).collect(),
            faces: Record::faces(&record),
        })
    }

    /// From packets to frames that went through the filter, which go to `target`; returns what
    /// takes the packets, and the number of frames that belong to the part.
    fn filtered(
        &self,
        pipeline: &gst::Pipeline,
        filter: &gst::Element,
        target: &gst::Pad,
        part: &Part,
        counters: &Arc<Counters>,
    ) -> Result<(gst_app::AppSrc, Arc<AtomicU64>), AppError> {
        let entry = entry(pipeline, "packets", self.stream.first_caps())?;
        // The picture's orientation is among them.
        entry.send_event(gst::event::Tag::new(self.stream.tags.clone()));
        let (first, last) = self.frames(pipeline, filter, part, counters)?;
        keep(&last, part.seen.clone());
        let due = count(&last, part.kept.clone());
        keep(target, part.kept.clone());
        counters.count(target, |counters| &counters.restored);
        (pad(filter, "src")?.link(target))
            .map_err(|error| AppError::element(&filter.name(), error))?;
        let packets = decoder(pipeline, &format!("{INPUT}-video"), first, name_colors)?;
        (pad(entry.upcast_ref(), "src")?.link(&packets))
            .map_err(|error| AppError::element(INPUT, error))?;
        Ok((entry, due))
    }

    /// Send the packets of a part through a pipeline.
    fn run(
        &self,
        pipeline: &gst::Pipeline,
        entry: &gst_app::AppSrc,
        part: &Part,
        counters: &Counters,
        on_event: &mut dyn FnMut(Option<String>),
    ) -> Result<(), AppError> {
        let watch = Watch {
            start: &|| (),
            done: &|| counters.sum(),
            stuck: &|| counters.stuck().to_owned(),
            patience: self.patience,
        };
        let feed = |stop: &AtomicBool| self.feed(part, entry, counters, stop);
        run_fed(pipeline, entry, self.cancel, &watch, feed, &mut |event| {
            on_event(match event {
                Event::Warning(text) => Some(text),
                Event::Tick => None,
            });
        })
    }

    /// Read the packets of a part and push them.
    fn feed(
        &self,
        part: &Part,
        entry: &gst_app::AppSrc,
        counters: &Counters,
        stop: &AtomicBool,
    ) -> Result<(), AppError> {
        let first = part.packets.start;
        let (mut packets, mut number) =
            Reader::of_film(self.source, self.stream, first, self.patience, stop)?;
        packets.forgives(!self.is_sound);
        while let Some(sample) = packets.next()? {
            let is_header = sample.buffer().is_none_or(is_header);
            if number >= part.packets.end {
                return Ok(());
            }
            if (is_header || number >= first) && !push(entry, &sample) {
                return Ok(());
            }
            number += usize::from(!is_header);
            counters.packets.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Maker<'_> {
    /// From decoded frames to the filter, which is linked; returns the pad that takes frames, and
    /// the one before the filter.
    fn frames(
        &self,
        pipeline: &gst::Pipeline,
        filter: &gst::Element,
        part: &Part,
        counters: &Arc<Counters>,
    ) -> Result<(gst::Pad, gst::Pad), AppError> {
        let mut elements = vec![make("queue")?];
        if self.deinterlace {
            elements.push(make("deinterlace")?);
        }
        elements.push(make("videoconvert")?);
        elements.extend(self.one_size()?);
        let turned = self.stream.tags.get::<gst::tags::ImageOrientation>();
        if turned.is_some_and(|turned| turned.get() != "rotate-0") {
            // Telephones film sideways and leave a tag: a face has to be upright to be restored.
            let flip = make("videoflip")?;
            set(&flip, "video-direction", "auto")?;
            elements.extend([flip, make("videoconvert")?]);
        }
        let last = pad(&elements[elements.len() - 1], "src")?;
        elements.push(filter.clone());
        chain(pipeline, &elements.iter().collect::<Vec<_>>())?;
        let first = pad(&elements[0], "sink")?;
        if *part == Part::all() {
            put_in_order(&first);
        }
        counters.count(&first, |counters| &counters.decoded);
        Ok((first, last))
    }

    /// What fits a picture that changes its size into its first one, as one track has one size.
    fn one_size(&self) -> Result<Vec<gst::Element>, AppError> {
        let Some((width, height)) = self.stream.size().filter(|_| self.stream.caps.len() > 1)
        else {
            return Ok(Vec::new());
        };
        let (scale, size) = (make("videoscale")?, make("capsfilter")?);
        let first = self.stream.first_caps().and_then(|caps| caps.structure(0));
        let pixel = first.and_then(|first| first.get("pixel-aspect-ratio").ok());
        let pixel: gst::Fraction = pixel.unwrap_or(gst::Fraction::new(1, 1));
        let caps = gst::Caps::builder("video/x-raw")
            .field("width", width)
            .field("height", height)
            .field("pixel-aspect-ratio", pixel);
        size.set_property("caps", caps.build());
        Ok(vec![scale, size])
    }
}

/// Write packets that leave `encoded` into a file, as `caps` have them; returns their times, as they
/// come.
fn write(
    pipeline: &gst::Pipeline,
    encoded: &gst::Element,
    caps: gst::Caps,
    path: &Path,
    counters: &Arc<Counters>,
) -> Result<Times, AppError> {
    let (queue, packets, sink) = (packet_queue()?, make("gdppay")?, make("filesink")?);
    sink.set_property("location", path);
    sink.set_property("name", super::writer::SINK);
    let form = make("capsfilter")?;
    form.set_property("caps", caps);
    chain(pipeline, &[&form, &queue, &packets, &sink])?;
    (encoded.link(&form)).map_err(|error| AppError::element(&encoded.name(), error))?;
    let pad = pad(&queue, "src")?;
    counters.count(&pad, |counters| &counters.encoded);
    let times = Times::default();
    let noted = times.clone();
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        if let Some(buffer) = info.buffer() {
            noted.push(time_of(pad, buffer));
        }
        gst::PadProbeReturn::Ok
    });
    Ok(times)
}

/// Let only frames of these times pass.
fn keep(pad: &gst::Pad, times: std::ops::Range<i64>) {
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let time = info.buffer().and_then(|buffer| time_of(pad, buffer));
        match time.is_none_or(|time| times.contains(&time)) {
            true => gst::PadProbeReturn::Ok,
            // `Drop` would have GStreamer free it a second time.
            false => gst::PadProbeReturn::Handled,
        }
    });
}

/// Count frames of these times.
fn count(pad: &gst::Pad, times: std::ops::Range<i64>) -> Arc<AtomicU64> {
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let time = info.buffer().and_then(|buffer| time_of(pad, buffer));
        let is_due = time.is_none_or(|time| times.contains(&time));
        counted.fetch_add(u64::from(is_due), Ordering::Relaxed);
        gst::PadProbeReturn::Ok
    });
    count
}

/// When a frame or packet is shown, nanoseconds of running time.
fn time_of(pad: &gst::Pad, buffer: &gst::BufferRef) -> Option<i64> {
    let segment = pad.sticky_event::<gst::event::Segment>(0)?;
    running_time(segment.segment().downcast_ref::<gst::ClockTime>()?, buffer)
}
