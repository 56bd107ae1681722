//! Packets of one stream, one after the other.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gst::prelude::*;

use super::AppError;
use super::elements::{chain, make};
use super::run::{TICK, fail, failure_on};
use super::source::{INPUT, Opened, Source};
use super::stream::{Stream, is_header, running_time, stream_id};
use super::survey::sink;

/// Packets that wait.
const WAITING: u32 = 32;
/// Packets behind a seek among which the wanted one has to be.
const FAR: usize = 5000;

/// Packets of one stream.
pub(super) struct Reader<'a> {
    pipeline: gst::Pipeline,
    sink: gst_app::AppSink,
    /// What takes a film apart.
    opened: Option<Opened>,
    /// A packet that was read already.
    first: Option<gst::Sample>,
    /// What the times of the packets mean, where they were read from the middle.
    times: Option<gst::FormattedSegment<gst::ClockTime>>,
    /// How many packets were given.
    given: usize,
    patience: Duration,
    cancel: &'a AtomicBool,
}

impl<'a> Reader<'a> {
    /// The packets of `stream` of a film from number `first` on, and those before it where the film
    /// cannot be read from there; tells the number of that which is given first.
    pub(super) fn of_film(
        source: &Source,
        stream: &Stream,
        first: usize,
        patience: Duration,
        cancel: &'a AtomicBool,
    ) -> Result<(Self, usize), AppError> {
        let mut reader = Self::film(source, stream, patience, cancel)?;
        if first > 0 && source.can_seek() {
            if reader.seek(stream, first)? {
                return Ok((reader, first));
            }
            drop(reader);
            reader = Self::film(source, stream, patience, cancel)?;
        }
        Ok((reader, 0))
    }

    /// The packets in a file that `gdppay` wrote.
    pub(super) fn of_file(
        path: &Path,
        patience: Duration,
        cancel: &'a AtomicBool,
    ) -> Result<Self, AppError> {
        let (source, packets) = (make("filesrc")?, make("gdpdepay")?);
        source.set_property("location", path);
        source.set_property("name", INPUT);
        let reader = Self::new(patience, cancel);
        chain(
            &reader.pipeline,
            &[&source, &packets, reader.sink.upcast_ref()],
        )?;
        reader.start()?;
        Ok(reader)
    }

    fn new(patience: Duration, cancel: &'a AtomicBool) -> Self {
        let sink = gst_app::AppSink::builder().sync(false).async_(false);
        Self {
            pipeline: gst::Pipeline::with_name("packets"),
            sink: sink.max_buffers(WAITING).build(),
            opened: None,
            first: None,
            times: None,
            given: 0,
            patience,
            cancel,
        }
    }

    fn film(
        source: &Source,
        stream: &Stream,
        patience: Duration,
        cancel: &'a AtomicBool,
    ) -> Result<Self, AppError> {
        let mut reader = Self::new(patience, cancel);
        (reader.pipeline.add(&reader.sink)).map_err(|error| AppError::element(INPUT, error))?;
        let (pipeline, target) = (reader.pipeline.downgrade(), reader.sink.downgrade());
        let id = stream.id.clone();
        let opened = source.open(&reader.pipeline, move |parser, pad| {
            let (Some(pipeline), Some(target)) = (pipeline.upgrade(), target.upgrade()) else {
                return;
            };
            let wanted = target.static_pad("sink").filter(|pad| !pad.is_linked());
            let target = match wanted.filter(|_| stream_id(pad) == id) {
                Some(target) => Ok(target),
                None => sink(&pipeline),
            };
            let linked = target.and_then(|target| {
                (pad.link(&target)).map_err(|error| AppError::element(INPUT, error))
            });
            if let Err(error) = linked {
                fail(parser, &error);
            }
        })?;
        reader.opened = Some(opened);
        reader.start()?;
        Ok(reader)
    }

    fn start(&self) -> Result<(), AppError> {
        // Why it cannot start is on the bus, where the first packet is waited for.
        let _ = self.pipeline.set_state(gst::State::Playing);
        if let Some(opened) = &self.opened {
            opened.start();
        }
        Ok(())
    }

    /// Go to packet number `first`; whether it is there.
    fn seek(&mut self, stream: &Stream, first: usize) -> Result<bool, AppError> {
        let (Some(times), Some(wanted)) = (&stream.segment, stream.index.get(first)) else {
            return Ok(false);
        };
        // Only a film of which something was read can be told to go on elsewhere.
        if self.pull()?.is_none() {
            return Ok(false);
        }
        let time = wanted.time.and_then(|time| u64::try_from(time).ok());
        let time = time.map(gst::ClockTime::from_nseconds);
        let position = times.position_from_running_time(time);
        let place = times.to_stream_time(position);
        let (Some(place), Some(pad)) = (place, self.sink.static_pad("sink")) else {
            return Ok(false);
        };
        let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::KEY_UNIT | gst::SeekFlags::SNAP_BEFORE;
        let none = gst::ClockTime::NONE;
        let (from, to) = (gst::SeekType::Set, gst::SeekType::None);
        let seek = gst::event::Seek::new(1.0, flags, from, place, to, none);
        if !pad.push_event(seek) {
            return Ok(false);
        }
        let times = times.clone();
        for _ in 0..FAR {
            let Some(sample) = self.pull()? else {
                return Ok(false);
            };
            let Some(buffer) = sample.buffer().filter(|buffer| !is_header(buffer)) else {
                continue;
            };
            let here = running_time(&times, buffer);
            if here == wanted.time {
                self.first = Some(sample);
                self.times = Some(times);
                return Ok(true);
            }
            // What is read is told apart by its time; further on there is no hope.
            if here > wanted.time && !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT) {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// The next packet; None at the end.
    pub(super) fn next(&mut self) -> Result<Option<gst::Sample>, AppError> {
        let sample = match self.first.take() {
            Some(sample) => Some(sample),
            None => self.pull()?,
        };
        self.given += usize::from(sample.is_some());
        let (Some(sample), Some(times)) = (&sample, &self.times) else {
            return Ok(sample);
        };
        let (caps, buffer) = (sample.caps_owned(), sample.buffer_owned());
        let all = gst::Sample::builder()
            .segment(times)
            .caps_if_some(caps.as_ref());
        Ok(Some(all.buffer_if_some(buffer.as_ref()).build()))
    }

    fn pull(&self) -> Result<Option<gst::Sample>, AppError> {
        let (start, bus) = (Instant::now(), self.pipeline.bus());
        loop {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(AppError::Cancelled);
            }
            if let Some(sample) = self.sink.try_pull_sample(TICK) {
                return Ok(Some(sample));
            }
            if self.sink.is_eos() {
                return Ok(None);
            }
            if let Some(error) = bus.as_ref().and_then(failure_on) {
                // What is damaged ends here; how much there is was counted before.
                return if self.given > 0 && self.opened.is_some() {
                    Ok(None)
                } else {
                    Err(error)
                };
            }
            if start.elapsed() > self.patience {
                return Err(AppError::Stalled {
                    element: INPUT.to_owned(),
                    seconds: self.patience.as_secs(),
                });
            }
        }
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        // Nothing can be done about it any more.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
