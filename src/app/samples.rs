//! Samples that are taken out of a pipeline, one after the other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gst::prelude::*;

use super::AppError;
use super::elements::pad;
use super::run::{TICK, failure_on};
use super::source::{INPUT, Opened};

/// What comes out of a pipeline. It is stopped when nobody takes it any more.
pub(super) struct Samples<'a> {
    pub(super) pipeline: gst::Pipeline,
    sink: gst_app::AppSink,
    patience: Duration,
    cancel: &'a AtomicBool,
}

impl<'a> Samples<'a> {
    /// Of a pipeline in which there is only their end yet, where `waiting` of them may wait; an error
    /// where nothing comes for the time `patience`, or once `cancel` is set.
    pub(super) fn new(
        name: &str,
        waiting: u32,
        patience: Duration,
        cancel: &'a AtomicBool,
    ) -> Result<Self, AppError> {
        let pipeline = gst::Pipeline::with_name(name);
        let sink = gst_app::AppSink::builder().sync(false).async_(false);
        let sink = sink.max_buffers(waiting).build();
        (pipeline.add(&sink)).map_err(|error| AppError::element(name, error))?;
        Ok(Self {
            pipeline,
            sink,
            patience,
            cancel,
        })
    }

    /// Where they end.
    pub(super) fn end(&self) -> &gst::Element {
        self.sink.upcast_ref()
    }

    /// Let the pipeline run. What reads is started last: a sink that is full while it is being
    /// started would wait for somebody who takes a sample, and its start for that.
    pub(super) fn start(&self, opened: &Opened) {
        // Why it cannot start is on the bus, where the first sample is waited for.
        let _ = self.pipeline.set_state(gst::State::Playing);
        opened.start();
    }

    /// Go on at the last place until `place` that needs nothing from before; whether that can be.
    pub(super) fn seek(&self, place: gst::ClockTime) -> bool {
        let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::KEY_UNIT | gst::SeekFlags::SNAP_BEFORE;
        let none = gst::ClockTime::NONE;
        let (from, to) = (gst::SeekType::Set, gst::SeekType::None);
        let seek = gst::event::Seek::new(1.0, flags, from, place, to, none);
        pad(self.end(), "sink").is_ok_and(|pad| pad.push_event(seek))
    }

    /// The next one; None at the end.
    pub(super) fn next(&self) -> Result<Option<gst::Sample>, AppError> {
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
                return Err(error);
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

impl Drop for Samples<'_> {
    fn drop(&mut self) {
        // It only reads: nothing is lost when this fails.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use super::super::elements::{chain, make};
    use super::*;

    #[test]
    fn nothing_comes_before_its_end_runs() {
        gst::init().unwrap();
        let cancel = AtomicBool::new(false);
        let samples = Samples::new("test", 2, Duration::from_secs(20), &cancel).unwrap();
        let (source, parser) = (make("videotestsrc").unwrap(), make("identity").unwrap());
        source.set_property("num-buffers", 5);
        chain(&samples.pipeline, &[&source, &parser]).unwrap();
        parser.link(samples.end()).unwrap();
        let early = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&early);
        let end = pad(samples.end(), "sink").unwrap();
        end.add_probe(gst::PadProbeType::BUFFER, move |pad, _| {
            let state = pad.parent_element().map(|sink| sink.current_state());
            counted.fetch_add(
                usize::from(state != Some(gst::State::Playing)),
                Ordering::Relaxed,
            );
            gst::PadProbeReturn::Ok
        });
        samples.start(&Opened::new(source, parser));
        let mut count = 0;
        while samples.next().unwrap().is_some() {
            count += 1;
        }
        assert_eq!((count, early.load(Ordering::Relaxed)), (5, 0));
    }
}
