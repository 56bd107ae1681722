//! Pads: what comes in goes into the queue, and out of the task in the same order.

use super::imp::{CAT, Imp};
use super::queue::{Flow, Frame};
use crate::element::caps::{StreamLayout, refuse_cropping};
use crate::element::filter::Filter;
use gst::prelude::*;
use gst::subclass::prelude::*;
use std::sync::Arc;

/// The sink pad.
impl Filter for Imp {
    fn sink_chain(&self, buffer: gst::Buffer) -> Flow {
        let (layout, times, window) = {
            let stream = self.stream.lock().unwrap();
            let layout = stream.layout.clone();
            let layout = layout.ok_or(gst::FlowError::NotNegotiated)?;
            // Fields have no neighbours.
            let is_one = layout.first_field(&buffer).is_none();
            let window = Some(stream.window()).filter(|_| is_one);
            (layout, stream.times_of(&buffer), window.unwrap_or_default())
        };
        self.stats.lock().unwrap().frames_in += 1;
        self.queue.push_frame(Frame {
            buffer,
            layout,
            times,
            window,
        })
    }

    fn sink_event(&self, pad: &gst::Pad, event: gst::Event) -> bool {
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

    /// A query came from upstream. A serialised one waits for its turn here, with the pad's stream
    /// lock held, and so meets an idle task.
    fn sink_query(&self, pad: &gst::Pad, query: &mut gst::QueryRef) -> bool {
        if query.is_serialized() && self.queue.drain().is_err() {
            return false;
        }
        let answered = gst::Pad::query_default(pad, Some(&*self.obj()), query);
        if let (true, gst::QueryViewMut::Allocation(query)) = (answered, query.view_mut()) {
            refuse_cropping(query);
            hold_frames(query, self.most_held());
        }
        answered
    }
}

impl Imp {
    fn flush_start(&self, event: gst::Event) -> bool {
        let forwarded = self.srcpad.push_event(event);
        self.stop_runs();
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
        self.start_runs();
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
        let obstacle = layout.obstacle();
        let asks = {
            let mut stream = self.stream.lock().unwrap();
            stream.layout = Some(Arc::new(layout));
            stream.neighbours.depends_on_pipeline()
        };
        let mut upstream = gst::query::Latency::new();
        if asks && self.sinkpad.peer_query(&mut upstream) {
            self.stream.lock().unwrap().is_live = upstream.result().0;
        }
        self.hold();
        if let Some(obstacle) = obstacle {
            self.warn_once(obstacle);
        }
        true
    }

    /// Most frames that are held: those that are worked on, and those that are awaited meanwhile.
    fn most_held(&self) -> u32 {
        let own = self.settings.lock().unwrap().values.max_size_buffers;
        let ahead = self.stream.lock().unwrap().window().frames_ahead();
        own.saturating_add(u32::try_from(ahead).unwrap_or(u32::MAX))
    }

    /// Hold as many frames as these are now, and tell the pipeline if its latency changes by that.
    fn hold(&self) {
        let frames = self.most_held();
        self.queue.set_capacity(frames as usize);
        let changed = {
            let mut stream = self.stream.lock().unwrap();
            let layout = stream.layout.as_ref();
            let latency = layout.map(|it| it.frame_duration().saturating_mul(frames.into()));
            std::mem::replace(&mut stream.latency, latency) != latency
        };
        if changed {
            let obj = self.obj();
            // Fails where the element has no bus.
            let _ = obj.post_message(gst::message::Latency::builder().src(&*obj).build());
        }
    }

    /// Tell the bus, once per stream, why frames pass unchanged.
    pub(super) fn warn_once(&self, reason: &str) {
        let known = std::mem::replace(&mut self.stream.lock().unwrap().warned, true);
        if !known {
            gst::element_imp_warning!(self, gst::StreamError::Format, ("{reason}"));
        }
    }

    /// Tell the bus, once per stream, that the model answers with what is no number.
    pub(super) fn warn_unsound(&self) {
        let known = std::mem::replace(&mut self.stream.lock().unwrap().unsound, true);
        if !known {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Failed,
                ("faces stay as they are: what the model makes of them is not a number; use another model")
            );
        }
    }

    /// Tell the bus, once per stream, that regions were left as they are.
    pub(super) fn warn_crowded(&self, left_out: usize) {
        let known = std::mem::replace(&mut self.stream.lock().unwrap().crowded, true);
        if !known {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Failed,
                ("{left_out} regions of a frame stay as they are: there are more than max-detections, or more than there is memory for with this model")
            );
        }
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
impl Imp {
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
        if self.stream.lock().unwrap().latency.is_none() {
            return false;
        }
        let mut upstream = gst::query::Latency::new();
        if !self.sinkpad.peer_query(&mut upstream) {
            return false;
        }
        let (live, min, max) = upstream.result();
        self.stream.lock().unwrap().is_live = live;
        self.hold();
        let own = self.stream.lock().unwrap().latency.unwrap_or_default();
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
        if active {
            self.start_runs();
        } else {
            self.stop_runs();
        }
        self.queue.set_active(active);
        if !active {
            pad.stop_task()
                .map_err(|_| gst::loggable_error!(CAT, "the task could not be stopped"))?;
            self.drop_work();
            return Ok(());
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
            self.hold();
            self.start_runs();
            self.queue.open();
        } else {
            self.stop_runs();
            self.queue.close();
        }
    }
}
