//! Pads and task: what comes in goes through the queue, and out in the same order.

use super::OnError;
use super::find::Found;
use super::imp::{CAT, FaceDepixelate};
use super::queue::{Flow, Frame, InWork, Item, Step, Work};
use super::settings::FrameSettings;
use super::stats::FrameTimes;
use super::worker::{Finished, Outcome, RESTORED_FACE, WorkError, Worker};
use crate::cascade::CascadeError;
use crate::element::caps::{StreamLayout, refuse_cropping};
use crate::element::metas::{self, MessageTimes};
use gst::prelude::*;
use gst::subclass::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for the frame behind one in doubt.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// What the sink pad knows of the stream. The task needs none of it: each frame carries its own.
#[derive(Default)]
pub struct Stream {
    /// The current caps.
    layout: Option<Arc<StreamLayout>>,
    segment: gst::FormattedSegment<gst::ClockTime>,
    /// What this element adds to the pipeline's latency; None before caps are known.
    latency: Option<gst::ClockTime>,
    /// A warning about frames that pass unchanged was posted.
    warned: bool,
    /// One about too many regions was.
    crowded: bool,
}

impl Stream {
    fn times_of(&self, buffer: &gst::BufferRef) -> FrameTimes {
        let pts = buffer.pts();
        FrameTimes {
            running_time: pts.and_then(|pts| self.segment.to_running_time(pts)),
            stream_time: pts.and_then(|pts| self.segment.to_stream_time(pts)),
        }
    }
}

/// The sink pad.
impl FaceDepixelate {
    /// A buffer came.
    pub fn sink_chain(&self, buffer: gst::Buffer) -> Flow {
        let (layout, times) = {
            let stream = self.stream.lock().unwrap();
            let layout = stream.layout.clone();
            let layout = layout.ok_or(gst::FlowError::NotNegotiated)?;
            (layout, stream.times_of(&buffer))
        };
        self.stats.lock().unwrap().frames_in += 1;
        self.queue.push_frame(Frame {
            buffer,
            layout,
            times,
        })
    }

    /// An event came from upstream.
    pub fn sink_event(&self, pad: &gst::Pad, event: gst::Event) -> bool {
        gst::debug!(CAT, obj = pad, "event {event:?}");
        match event.view() {
            gst::EventView::FlushStart(_) => return self.flush_start(event),
            gst::EventView::FlushStop(_) => return self.flush_stop(event),
            gst::EventView::Caps(caps) if !self.set_caps(caps.caps()) => return false,
            gst::EventView::Segment(segment) => {
                let segment = segment.segment().downcast_ref::<gst::ClockTime>();
                self.stream.lock().unwrap().segment = segment.cloned().unwrap_or_default();
                self.qos.lock().unwrap().forget();
            }
            gst::EventView::Eos(_) => self.report_flow_at_eos(),
            _ => {}
        }
        if !event.is_serialized() {
            return gst::Pad::event_default(pad, Some(&*self.obj()), event);
        }
        self.queue.push_event(event).is_ok()
    }

    fn flush_start(&self, event: gst::Event) -> bool {
        let forwarded = self.srcpad.push_event(event);
        for event in self.queue.flush_start() {
            // Refused only by a pad that is inactive, which has no use for it.
            let _ = self.srcpad.store_sticky_event(&event);
        }
        forwarded
    }

    fn flush_stop(&self, event: gst::Event) -> bool {
        let forwarded = self.srcpad.push_event(event);
        self.stream.lock().unwrap().segment.reset();
        self.qos.lock().unwrap().forget();
        self.queue.flush_stop();
        forwarded
    }

    /// Upstream learns a flow error from the next buffer only; after EOS there is none.
    fn report_flow_at_eos(&self) {
        use gst::FlowError::{Eos, Flushing, NotLinked};
        match self.queue.flow() {
            Ok(_) | Err(Eos | Flushing | NotLinked) => {}
            Err(error) => gst::element_imp_error!(
                self,
                gst::StreamError::Failed,
                ("streaming stopped before the end: {error}")
            ),
        }
    }

    fn set_caps(&self, caps: &gst::CapsRef) -> bool {
        let layout = match StreamLayout::from_caps(caps) {
            Ok(layout) => layout,
            Err(error) => {
                gst::error!(CAT, imp = self, "{error}");
                return false;
            }
        };
        gst::info!(CAT, imp = self, "caps {caps}");
        let frames = u64::from(self.settings.lock().unwrap().values.max_size_buffers);
        let latency = Some(layout.frame_duration().saturating_mul(frames));
        let obstacle = layout.obstacle();
        let changed = {
            let mut stream = self.stream.lock().unwrap();
            stream.layout = Some(Arc::new(layout));
            std::mem::replace(&mut stream.latency, latency) != latency
        };
        if changed {
            let obj = self.obj();
            // Fails where the element has no bus.
            let _ = obj.post_message(gst::message::Latency::builder().src(&*obj).build());
        }
        if let Some(obstacle) = obstacle {
            self.warn_once(obstacle);
        }
        true
    }

    /// Tell the bus, once per stream, why frames pass unchanged.
    fn warn_once(&self, reason: &str) {
        let known = std::mem::replace(&mut self.stream.lock().unwrap().warned, true);
        if !known {
            gst::element_imp_warning!(self, gst::StreamError::Format, ("{reason}"));
        }
    }

    /// Tell the bus, once per stream, that regions were left as they are.
    fn warn_crowded(&self, left_out: usize) {
        let known = std::mem::replace(&mut self.stream.lock().unwrap().crowded, true);
        if !known {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Failed,
                ("{left_out} regions of a frame stay as they are: there are more than max-detections")
            );
        }
    }

    /// A query came from upstream. A serialised one waits for its turn here, with the pad's stream lock held, and
    /// so meets an idle task.
    pub fn sink_query(&self, pad: &gst::Pad, query: &mut gst::QueryRef) -> bool {
        if query.is_serialized() && self.queue.drain().is_err() {
            return false;
        }
        let answered = gst::Pad::query_default(pad, Some(&*self.obj()), query);
        if let (true, gst::QueryViewMut::Allocation(query)) = (answered, query.view_mut()) {
            refuse_cropping(query);
            let frames = self.settings.lock().unwrap().values.max_size_buffers;
            hold_frames(query, frames);
        }
        answered
    }
}

/// Add the `frames` that we hold to what downstream needs of each pool.
fn hold_frames(query: &mut gst::query::Allocation, frames: u32) {
    let pools: Vec<_> = query.allocation_pools().collect();
    for (index, (pool, size, min, max)) in (0..).zip(pools) {
        let min = min.saturating_add(frames);
        // 0 is no limit.
        let max = if max == 0 {
            0
        } else {
            max.saturating_add(frames)
        };
        query.set_nth_allocation_pool(index, pool.as_ref(), size, min, max);
    }
}

/// The source pad.
impl FaceDepixelate {
    /// An event came from downstream.
    pub fn src_event(&self, pad: &gst::Pad, event: gst::Event) -> bool {
        gst::debug!(CAT, obj = pad, "event {event:?}");
        match event.view() {
            gst::EventView::Qos(qos) => self.qos.lock().unwrap().update(qos),
            gst::EventView::Reconfigure(_) => self.queue.reconfigure(),
            _ => {}
        }
        gst::Pad::event_default(pad, Some(&*self.obj()), event)
    }

    /// A query came from downstream.
    pub fn src_query(&self, pad: &gst::Pad, query: &mut gst::QueryRef) -> bool {
        gst::debug!(CAT, obj = pad, "query {query:?}");
        match query.view_mut() {
            gst::QueryViewMut::Latency(query) => self.query_latency(query),
            _ => gst::Pad::query_default(pad, Some(&*self.obj()), query),
        }
    }

    fn query_latency(&self, query: &mut gst::query::Latency) -> bool {
        let Some(own) = self.stream.lock().unwrap().latency else {
            return false;
        };
        let mut upstream = gst::query::Latency::new();
        if !self.sinkpad.peer_query(&mut upstream) {
            return false;
        }
        let (live, min, max) = upstream.result();
        query.set(
            live,
            min.saturating_add(own),
            max.map(|max| max.saturating_add(own)),
        );
        true
    }

    /// The source pad becomes active or inactive: start or end the task.
    pub fn src_activate(
        &self,
        pad: &gst::Pad,
        mode: gst::PadMode,
        active: bool,
    ) -> Result<(), gst::LoggableError> {
        if mode != gst::PadMode::Push {
            return Err(gst::loggable_error!(CAT, "a queue cannot be pulled from"));
        }
        self.queue.set_active(active);
        if !active {
            return pad
                .stop_task()
                .map_err(|_| gst::loggable_error!(CAT, "the task could not be stopped"));
        }
        let element = self.obj().downgrade();
        pad.start_task(move || {
            if let Some(element) = element.upgrade() {
                element.imp().task_step();
            }
        })
        .map_err(|_| gst::loggable_error!(CAT, "the task could not be started"))
    }

    /// The sink pad becomes active or inactive.
    pub fn sink_activate(&self, active: bool) {
        if active {
            let frames = self.settings.lock().unwrap().values.max_size_buffers;
            self.queue.open(frames as usize);
        } else {
            self.queue.close();
        }
    }
}

/// The task.
impl FaceDepixelate {
    fn task_step(&self) {
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
                let finished = loaded.as_mut().and_then(|it| it.worker.finish());
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
        if post_messages && worker.has_news() {
            self.tell_regions(&times, pts, worker.found());
        }
        if worker.left_out() > 0 {
            self.warn_crowded(worker.left_out());
        }
    }

    fn hand_on(&self, finished: Finished) -> Flow {
        let Finished {
            frame,
            epoch,
            settings,
            outcome,
        } = finished;
        // After an error nothing moves, and what was flushed away is wanted no more.
        if !self.queue.is_current(epoch) {
            return Err(gst::FlowError::Flushing);
        }
        self.queue.flow()?;
        self.judge(outcome, &settings)?;
        self.stats.lock().unwrap().frames_out += 1;
        self.srcpad.push(frame.buffer)
    }

    /// Count a frame, or tell the bus why it was not restored.
    fn judge(
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
            WorkError::Cascade(CascadeError::Broken) => {
                self.lacks_model()?;
            }
            WorkError::Cascade(error @ CascadeError::Panic(_)) => {
                gst::element_imp_error!(self, gst::LibraryError::Failed, ("{error}"));
                return Err(gst::FlowError::Error);
            }
            WorkError::Cascade(error) if !bears => {
                gst::element_imp_error!(self, gst::StreamError::Failed, ("{error}"));
                return Err(gst::FlowError::Error);
            }
            error => self.warn_once(&format!("frames pass unrestored: {error}")),
        }
        Ok(())
    }

    fn lacks_model(&self) -> Flow {
        let error = CascadeError::Broken;
        gst::element_imp_error!(self, gst::LibraryError::Failed, ("{error}"));
        Err(gst::FlowError::Error)
    }

    fn is_late(&self, frame: &Frame) -> bool {
        let (lateness, qos) = {
            let mut qos = self.qos.lock().unwrap();
            (qos.judge(&frame.times), *qos)
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
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no text")
}
