//! What is in the queue, without its locks.

use crate::cascade::Window;
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
    /// Which frames around it the model is told of.
    pub window: Window,
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

/// From which length on a gap is the end of a run of frames.
const GAP: gst::ClockTime = gst::ClockTime::from_mseconds(200);

/// An event that frames passed by.
#[derive(Debug)]
struct Passed {
    event: gst::Event,
    /// Frames in work that go out before it.
    frames: usize,
}

/// What the queue holds, and how it stands.
#[derive(Debug)]
pub(super) struct State {
    pub items: VecDeque<Item>,
    /// They come before all of `items`.
    passed: VecDeque<Passed>,
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
            passed: VecDeque::new(),
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
        let passed = self.passed.drain(..).map(|passed| passed.event);
        let waiting = self.items.drain(..).filter_map(|item| match item {
            Item::Event(event) => Some(event),
            Item::Frame(_) => None,
        });
        let events = passed.chain(waiting);
        events.filter(|event| outlives_flush(event)).collect()
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.passed.is_empty()
    }

    /// An item is taken up on this thread. Returns its epoch.
    pub(super) fn begin(&mut self) -> u64 {
        self.in_work += 1;
        self.worker = Some(std::thread::current().id());
        self.epoch
    }

    /// Have the events that come next, up to one that ends the run of frames, let frames pass by; so
    /// many frames are in work.
    pub(super) fn step_aside(&mut self, frames: usize) {
        while let Some(Item::Event(event)) = self.items.front() {
            if ends_run(event) {
                return;
            }
            if let Some(Item::Event(event)) = self.items.pop_front() {
                self.passed.push_back(Passed { event, frames });
            }
        }
    }

    /// A frame in work went out.
    pub(super) fn count_passed(&mut self) {
        for passed in &mut self.passed {
            passed.frames = passed.frames.saturating_sub(1);
        }
    }

    /// An event that frames passed by, and that those before it do no longer hold up.
    pub(super) fn pop_passed(&mut self) -> Option<gst::Event> {
        let next = self.passed.front()?;
        if next.frames > 0 || !self.moves() {
            return None;
        }
        self.passed.pop_front().map(|passed| passed.event)
    }

    /// Whether anything is to go out.
    fn moves(&self) -> bool {
        !self.flushing && matches!(self.flow, Ok(_) | Err(gst::FlowError::Eos))
    }

    /// After an end of stream from downstream events pass, frames have been dropped; after an error
    /// nothing moves.
    pub(super) fn pop(&mut self) -> Option<Item> {
        if !self.moves() {
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

/// Whether no frame may follow, or one that has nothing to do with those before.
pub(crate) fn ends_run(event: &gst::EventRef) -> bool {
    match event.view() {
        gst::EventView::Gap(gap) => gap.get().1.is_some_and(|length| length >= GAP),
        _ => {
            starts_anew(event)
                || matches!(
                    event.type_(),
                    gst::EventType::Caps
                        | gst::EventType::Eos
                        | gst::EventType::SegmentDone
                        | gst::EventType::StreamGroupDone
                )
        }
    }
}

fn outlives_flush(event: &gst::EventRef) -> bool {
    let ends_with_flush = matches!(event.type_(), gst::EventType::Segment | gst::EventType::Eos);
    event.is_sticky() && !ends_with_flush
}
