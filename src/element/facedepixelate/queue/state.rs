//! What is in the queue, without its locks.

use crate::element::caps::StreamLayout;
use crate::element::facedepixelate::stats::FrameTimes;
use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::ThreadId;

/// What chain functions return.
pub(crate) type Flow = Result<gst::FlowSuccess, gst::FlowError>;

/// A frame and what the sink pad knew when it came.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// The picture.
    pub buffer: gst::Buffer,
    /// Its caps.
    pub layout: Arc<StreamLayout>,
    /// Its place in time.
    pub times: FrameTimes,
}

/// An entry of the queue. Serialised queries are none: they wait in
/// [`Queue::drain`](super::Queue::drain) until all before them is done.
#[derive(Debug)]
pub(crate) enum Item {
    /// A frame to look at and to hand on.
    Frame(Frame),
    /// A serialised event to hand on.
    Event(gst::Event),
}

/// What the queue holds, and how it stands.
#[derive(Debug)]
pub(super) struct State {
    pub items: VecDeque<Item>,
    /// Frames waiting and in work.
    pub held: usize,
    pub capacity: usize,
    /// Threads that wait until everything is done.
    pub draining: usize,
    /// The source pad is active: the task may run.
    pub active: bool,
    /// Between FLUSH_START and FLUSH_STOP, and while the sink pad is inactive.
    pub flushing: bool,
    /// Items in work, those of older epochs among them.
    pub in_work: usize,
    /// The thread that works on them.
    pub worker: Option<ThreadId>,
    pub epoch: u64,
    /// The last result of pushing a frame; what chain returns.
    pub flow: Flow,
}

impl Default for State {
    fn default() -> Self {
        Self {
            items: VecDeque::new(),
            held: 0,
            capacity: 1,
            draining: 0,
            active: false,
            flushing: true,
            in_work: 0,
            worker: None,
            epoch: 0,
            flow: Ok(gst::FlowSuccess::Ok),
        }
    }
}

impl State {
    /// Whether frames may come in.
    pub(super) fn accepts(&self) -> Result<(), gst::FlowError> {
        if self.flushing || !self.active {
            return Err(gst::FlowError::Flushing);
        }
        self.flow.map(|_| ())
    }

    /// Start a new epoch with nothing in it; returns the sticky events that were lost and still
    /// hold.
    pub(super) fn clear(&mut self) -> Vec<gst::Event> {
        self.epoch += 1;
        self.held = 0;
        let items = self.items.drain(..);
        items
            .filter_map(|item| match item {
                Item::Event(event) if outlives_flush(&event) => Some(event),
                _ => None,
            })
            .collect()
    }

    /// After an end of stream from downstream events pass, frames have been dropped; after an error
    /// nothing moves.
    pub(super) fn pop(&mut self) -> Option<Item> {
        let only_events = self.flow == Err(gst::FlowError::Eos);
        if self.flushing || (self.flow.is_err() && !only_events) {
            return None;
        }
        self.items.pop_front()
    }

    /// Downstream wants no more of this stream: drop its frames, and go on where the next one
    /// begins.
    pub(super) fn skip_to_new_start(&mut self) {
        let mut new_stream = false;
        let mut dropped = 0;
        self.items.retain(|item| match item {
            Item::Event(event) => {
                new_stream |= starts_anew(event);
                true
            }
            Item::Frame(_) => {
                dropped += usize::from(!new_stream);
                new_stream
            }
        });
        self.held -= dropped;
        if new_stream {
            self.flow = Ok(gst::FlowSuccess::Ok);
        }
    }
}

/// Whether a stream, or a part of one, begins here.
pub(super) fn starts_anew(event: &gst::EventRef) -> bool {
    matches!(
        event.type_(),
        gst::EventType::StreamStart | gst::EventType::Segment
    )
}

fn outlives_flush(event: &gst::EventRef) -> bool {
    let ends_with_flush = matches!(event.type_(), gst::EventType::Segment | gst::EventType::Eos);
    event.is_sticky() && !ends_with_flush
}
