//! Packets of one stream, one after the other.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use gst::prelude::*;

use super::AppError;
use super::elements::{chain, make, pad};
use super::samples::Samples;
use super::source::{INPUT, Opened, Source};
use super::stream::{Stream, is_header, running_time};
use super::survey::to_one;

/// Name of what reads them.
const PACKETS: &str = "packets";
/// Packets that wait.
const WAITING: u32 = 32;
/// Packets behind a seek among which the wanted one has to be.
const FAR: usize = 5000;

/// Packets of one stream.
pub(super) struct Reader<'a> {
    samples: Samples<'a>,
    /// Whether what is damaged is read as far as that can be.
    forgives: bool,
    /// A packet that was read already.
    first: Option<gst::Sample>,
    /// What the times of the packets mean, where they were read from the middle.
    times: Option<gst::FormattedSegment<gst::ClockTime>>,
    /// How many packets were given.
    given: usize,
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
        let samples = Samples::new(PACKETS, WAITING, patience, cancel)?;
        chain(&samples.pipeline, &[&source, &packets])?;
        (packets.link(samples.end())).map_err(|error| AppError::element(PACKETS, error))?;
        samples.start(&Opened::new(source, packets));
        Ok(Self::new(samples))
    }

    /// Whether a film that cannot be read any further is taken to end there.
    pub(super) fn forgives(&mut self, damage: bool) {
        self.forgives = damage;
    }

    fn new(samples: Samples<'a>) -> Self {
        Self {
            samples,
            forgives: false,
            first: None,
            times: None,
            given: 0,
        }
    }

    fn film(
        source: &Source,
        stream: &Stream,
        patience: Duration,
        cancel: &'a AtomicBool,
    ) -> Result<Self, AppError> {
        let samples = Samples::new(PACKETS, WAITING, patience, cancel)?;
        let target = pad(samples.end(), "sink")?;
        let on_stream = to_one(&samples.pipeline, stream.id.clone(), target);
        samples.start(&source.open(&samples.pipeline, on_stream)?);
        Ok(Self::new(samples))
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
        let place = times.to_stream_time(times.position_from_running_time(time));
        if !place.is_some_and(|place| self.samples.seek(place)) {
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
        match self.samples.next() {
            // What is damaged ends here; how much there is was counted before.
            Err(AppError::Element { .. }) if self.forgives && self.given > 0 => Ok(None),
            pulled => pulled,
        }
    }
}
