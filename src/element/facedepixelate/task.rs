//! The source pad's task: takes frames up, has them restored, hands them on.

use super::begun::WorkError;
use super::choices::OnError;
use super::found::Found;
use super::imp::{CAT, Imp};
use super::queue::{Flow, Frame, InWork, Item, Step, Work, ends_run};
use super::settings::FrameSettings;
use super::stats::FrameTimes;
use super::worker::{Finished, Outcome, RESTORED_FACE, Worker};
use crate::cascade::{RunError, panic_text};
use crate::element::metas::{self, MessageTimes};
use gst::prelude::*;
use gst::subclass::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Longest wait for the frame behind one in doubt.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

impl Imp {
    pub(super) fn task_step(&self) {
        // A panic would leave the queue waiting for ever.
        let step = AssertUnwindSafe(|| self.step());
        if let Err(panic) = catch_unwind(step) {
            let text = panic_text(panic.as_ref());
            gst::element_imp_error!(
                self,
                gst::LibraryError::Failed,
                ("restoration panicked, this is a bug: {text}")
            );
            self.queue.fail();
        }
    }

    /// Once the task has been stopped: it may have been so between two steps, with frames in work.
    pub(super) fn drop_work(&self) {
        if let Some(loaded) = &mut *self.worker.lock().unwrap() {
            loaded.worker.abandon();
        }
        self.queue.abandon_all();
    }

    fn step(&self) {
        // Without a worker frames are in nobody's hands.
        let mut loaded = self.worker.lock().unwrap().take();
        let idle = Idle;
        let in_work = (loaded.as_ref()).map_or(&idle as &dyn InWork, |it| &it.worker);
        match self.queue.next(in_work) {
            None => {
                let dropped = loaded.as_mut().map_or(0, |it| it.worker.abandon());
                self.queue.abandon(dropped);
            }
            Some(Step::Begin(Work { item, epoch })) => match item {
                Item::Event(event) => {
                    gst::debug!(CAT, imp = self, "handing on {event:?}");
                    if let Some(loaded) = loaded.as_mut().filter(|_| ends_run(&event)) {
                        loaded.worker.end_succession();
                    }
                    // What downstream makes of it shows in the next frame's flow result.
                    self.srcpad.push_event(event);
                    self.queue.finish_event();
                }
                Item::Frame(frame) => match &mut loaded {
                    Some(loaded) => self.begin(&mut loaded.worker, frame, epoch),
                    None => self.queue.finish_frame(epoch, self.lacks_model()),
                },
            },
            Some(Step::Finish) => {
                let is_wanted = |epoch| self.queue.flow_of(epoch).is_ok();
                let finished = loaded.as_mut().and_then(|it| it.worker.finish(is_wanted));
                if let Some(finished) = finished {
                    let epoch = finished.epoch;
                    let flow = self.hand_on(finished);
                    gst::log!(CAT, imp = self, "frame went out: {flow:?}");
                    self.queue.finish_frame(epoch, flow);
                }
            }
        }
        if let Some(loaded) = loaded {
            *self.worker.lock().unwrap() = Some(loaded);
        }
    }

    fn begin(&self, worker: &mut Worker, frame: Frame, epoch: u64) {
        if let Some(time) = frame.times.stream_time {
            // Fails where a controlled value cannot be computed; the last one stands then.
            let _ = self.obj().sync_values(time);
        }
        let settings = self.settings.lock().unwrap().values.frame.clone();
        let restorable = frame.layout.obstacle().is_none();
        if !restorable || (settings.qos && self.is_late(&frame)) {
            worker.begin_untouched(frame, epoch, settings);
            return;
        }
        let patience = Duration::from(frame.layout.frame_duration()).min(LONGEST_WAIT);
        let ahead = || self.queue.ahead(epoch, patience);
        let (times, pts) = (frame.times, frame.buffer.pts());
        let post_messages = settings.post_messages;
        worker.begin(frame, epoch, settings, ahead);
        let looker = worker.looker();
        if post_messages && looker.has_news() {
            self.tell_regions(&times, pts, looker.finder().found());
        }
        let finder = looker.finder();
        self.stats.lock().unwrap().regions_refused += finder.refused() as u64;
        if finder.left_out() > 0 {
            self.warn_crowded(finder.left_out());
        }
    }

    fn hand_on(&self, finished: Finished) -> Flow {
        let Finished {
            frame,
            epoch,
            settings,
            outcome,
            unsound,
        } = finished;
        self.queue.flow_of(epoch)?;
        self.report(outcome, &settings)?;
        if unsound > 0 {
            self.stats.lock().unwrap().regions_unsound += unsound as u64;
            self.warn_unsound();
        }
        self.stats.lock().unwrap().frames_out += 1;
        self.srcpad.push(frame.buffer)
    }

    /// Count a frame, or tell the bus why it was not restored.
    fn report(
        &self,
        outcome: Result<Outcome, WorkError>,
        settings: &FrameSettings,
    ) -> Result<(), gst::FlowError> {
        let error = match outcome {
            Ok(Outcome::Untouched) => return Ok(()),
            Ok(Outcome::Restored {
                regions,
                in_run,
                inference_time,
            }) => {
                let mut stats = self.stats.lock().unwrap();
                stats.count_restored(regions, in_run, inference_time);
                return Ok(());
            }
            Err(error) => error,
        };
        let bears = settings.on_error == OnError::Passthrough;
        match error {
            // Somebody waits for this to end; the frame is not wanted.
            WorkError::Run(RunError::Stopped) => return Err(gst::FlowError::Flushing),
            WorkError::Run(RunError::Broken) if !bears => {
                self.lacks_model()?;
            }
            WorkError::Run(error @ RunError::Panic(_)) => {
                gst::element_imp_error!(self, gst::LibraryError::Failed, ("{error}"));
                return Err(gst::FlowError::Error);
            }
            WorkError::Run(error) if !bears => {
                gst::element_imp_error!(self, gst::StreamError::Failed, ("{error}"));
                return Err(gst::FlowError::Error);
            }
            error => self.warn_once(&format!("frames pass unrestored: {error}")),
        }
        Ok(())
    }

    fn lacks_model(&self) -> Flow {
        let error = RunError::Broken;
        let advice = "set the element to READY, which does so";
        gst::element_imp_error!(self, gst::LibraryError::Failed, ("{error}; {advice}"));
        Err(gst::FlowError::Error)
    }

    fn is_late(&self, frame: &Frame) -> bool {
        let (lateness, qos) = {
            let mut qos = self.qos.lock().unwrap();
            (qos.lateness(&frame.times), *qos)
        };
        let Some(late) = lateness else {
            return false;
        };
        self.stats.lock().unwrap().frames_skipped_qos += 1;
        let obj = self.obj();
        let message = qos.message(obj.upcast_ref(), &frame.buffer, &frame.times, late);
        // Fails where the element has no bus.
        let _ = obj.post_message(message);
        true
    }

    /// Tell the bus which regions are restored from this frame on.
    fn tell_regions(&self, times: &FrameTimes, timestamp: Option<gst::ClockTime>, found: &[Found]) {
        let times = MessageTimes {
            timestamp,
            stream_time: times.stream_time,
            running_time: times.running_time,
        };
        let regions = found.iter();
        let regions = regions.map(|it| (RESTORED_FACE, &it.region, it.method.as_str(), it.id));
        let message = metas::message(&*self.obj(), "restored-faces", &times, regions);
        // Fails where the element has no bus.
        let _ = self.obj().post_message(message);
    }
}

/// Nothing is in work.
struct Idle;

impl InWork for Idle {
    fn count(&self) -> usize {
        0
    }

    fn has_room(&self) -> bool {
        true
    }

    fn is_ready(&self) -> bool {
        false
    }

    fn looks_ahead(&self) -> bool {
        false
    }
}
