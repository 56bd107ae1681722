//! The bounded queue between the sink pad's thread and the source pad's task.
//!
//! Lock order. The element has these locks: settings, stream, queue, QoS, statistics, worker,
//! runs. No
//! thread holds two of them at once, and none is held while data, events or messages are sent, or
//! while a model runs: the task takes the worker out of its lock for as long as it works.
//!
//! The task may take up several frames before the first one of them goes out, while the model runs
//! or others are awaited: those are in work. An event that does not end the run of frames lets those
//! pass by that a frame before it waits for, and goes out in its place all the same.
//!
//! The task never stops between activation and deactivation. While there is nothing to hand on it
//! waits here, be it for want of items, for a flush or after a flow error.

mod state;

pub(super) use state::{Flow, Frame, Item, ends_run};

use state::{State, starts_anew};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// An item for the task. It is given back through [`Queue::finish_event`] or
/// [`Queue::finish_frame`].
#[derive(Debug)]
pub(super) struct Work {
    /// The item.
    pub item: Item,
    /// When it came in: work of an older epoch than the queue's was flushed away.
    pub epoch: u64,
}

/// What the task has to do next.
#[derive(Debug)]
pub(super) enum Step {
    /// Take this up.
    Begin(Work),
    /// Hand the oldest frame in work on.
    Finish,
}

/// What the task has in work.
pub(super) trait InWork {
    /// Frames.
    fn count(&self) -> usize;

    /// Whether another one may be taken up.
    fn has_room(&self) -> bool;

    /// Whether the oldest one can go out without a wait.
    fn is_ready(&self) -> bool;

    /// Whether one of them waits for frames that come.
    fn looks_ahead(&self) -> bool;
}

/// Frames and serialised events in their order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Something changed that any waiter may wait for.
    changed: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap()
    }

    /// The source pad becomes active or inactive.
    pub(super) fn set_active(&self, active: bool) {
        let mut state = self.lock();
        state.active = active;
        if !active {
            state.clear();
        }
        self.changed.notify_all();
    }

    /// Have room for `capacity` frames from now on.
    pub(super) fn set_capacity(&self, capacity: usize) {
        self.lock().capacity = capacity.max(1);
        self.changed.notify_all();
    }

    /// The sink pad becomes active.
    pub(super) fn open(&self) {
        let mut state = self.lock();
        state.flushing = false;
        state.flow = Ok(gst::FlowSuccess::Ok);
        self.changed.notify_all();
    }

    /// The sink pad becomes inactive: forget everything and refuse more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.flushing = true;
        state.clear();
        self.changed.notify_all();
    }

    /// Add a frame; waits for room.
    pub(super) fn push_frame(&self, frame: Frame) -> Flow {
        let mut state = self.lock();
        loop {
            state.accepts()?;
            if state.held < state.capacity {
                break;
            }
            state = self.wait(state);
        }
        state.held += 1;
        state.items.push_back(Item::Frame(frame));
        self.changed.notify_all();
        Ok(gst::FlowSuccess::Ok)
    }

    /// Something that the task may wait for outside the queue has happened.
    pub(super) fn wake(&self) {
        // Under the lock, so that a task which is about to wait does not miss it.
        let state = self.lock();
        drop(state);
        self.changed.notify_all();
    }

    /// Add a serialised event; needs no room.
    pub(super) fn push_event(&self, event: gst::Event) -> Flow {
        let mut state = self.lock();
        if state.flushing || !state.active {
            return Err(gst::FlowError::Flushing);
        }
        // What follows the end of a stream still passes, and a new stream ends the end.
        if state.flow == Err(gst::FlowError::Eos) {
            if starts_anew(&event) {
                state.flow = Ok(gst::FlowSuccess::Ok);
            }
        } else {
            state.flow?;
        }
        state.items.push_back(Item::Event(event));
        self.changed.notify_all();
        Ok(gst::FlowSuccess::Ok)
    }

    /// Wait until everything before is done, so that a serialised query may go on.
    pub(super) fn drain(&self) -> Flow {
        let mut state = self.lock();
        state.draining += 1;
        self.changed.notify_all();
        let flow = loop {
            if let Err(error) = state.accepts() {
                break Err(error);
            }
            if state.is_empty() && state.in_work == 0 {
                break Ok(gst::FlowSuccess::Ok);
            }
            state = self.wait(state);
        };
        state.draining -= 1;
        flow
    }

    /// Throw everything away and refuse more until [`Self::flush_stop`]. Returns the sticky events
    /// among it, which nobody would send again. On return the task is idle, unless this is the
    /// task's own thread.
    pub(super) fn flush_start(&self) -> Vec<gst::Event> {
        let mut state = self.lock();
        state.flushing = true;
        let events = state.clear();
        self.changed.notify_all();
        let this = std::thread::current().id();
        while state.in_work > 0 && state.worker != Some(this) {
            state = self.wait(state);
        }
        events
    }

    /// The end of a flush.
    pub(super) fn flush_stop(&self) {
        let mut state = self.lock();
        state.flushing = false;
        state.flow = Ok(gst::FlowSuccess::Ok);
        self.changed.notify_all();
    }

    /// A pad that was not linked may be by now.
    pub(super) fn reconfigure(&self) {
        let mut state = self.lock();
        if state.flow == Err(gst::FlowError::NotLinked) {
            state.flow = Ok(gst::FlowSuccess::Ok);
            self.changed.notify_all();
        }
    }

    /// What the task has to do next; waits for something. None: the source pad is inactive.
    ///
    /// An event is given when all frames before it have gone out.
    pub(super) fn next(&self, in_work: &dyn InWork) -> Option<Step> {
        let mut state = self.lock();
        loop {
            if !state.active {
                return None;
            }
            if in_work.looks_ahead() {
                state.step_aside(in_work.count());
            }
            if let Some(event) = state.pop_passed() {
                let (item, epoch) = (Item::Event(event), state.begin());
                return Some(Step::Begin(Work { item, epoch }));
            }
            // Frames wait for a pad that is not linked yet.
            let is_stalled = state.flow == Err(gst::FlowError::NotLinked) && !state.flushing;
            if in_work.count() > 0 && !is_stalled {
                let held_up = match state.items.front() {
                    Some(Item::Frame(_)) => !in_work.has_room(),
                    Some(Item::Event(_)) => true,
                    // Nothing more comes before something has gone out.
                    None => state.draining > 0 || state.held >= state.capacity,
                };
                if held_up || in_work.is_ready() || state.accepts().is_err() {
                    return Some(Step::Finish);
                }
            }
            if let Some(item) = state.pop() {
                let epoch = state.begin();
                return Some(Step::Begin(Work { item, epoch }));
            }
            state = self.wait(state);
        }
    }

    /// A look at the frame behind the one in work, of `epoch`, which keeps its place; None where an
    /// event comes first. Waits for one that may yet come, for `patience` at most.
    pub(super) fn ahead(&self, epoch: u64, patience: Duration) -> Option<Frame> {
        let may_come = |state: &mut State| {
            let wanted = state.epoch == epoch && state.accepts().is_ok() && state.draining == 0;
            wanted && state.items.is_empty() && state.held < state.capacity
        };
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), patience, may_come);
        let (state, _) = waited.unwrap();
        match state.items.front() {
            Some(Item::Frame(frame)) if state.epoch == epoch => Some(frame.clone()),
            _ => None,
        }
    }

    /// What becomes of a frame of `epoch`: after an error nothing moves, and what was flushed away is
    /// wanted no more.
    pub(super) fn flow_of(&self, epoch: u64) -> Flow {
        let state = self.lock();
        match state.epoch == epoch {
            true => state.flow,
            false => Err(gst::FlowError::Flushing),
        }
    }

    /// The event in work went out.
    pub(super) fn finish_event(&self) {
        self.lock().in_work -= 1;
        self.changed.notify_all();
    }

    /// The oldest frame in work, of `epoch`, went out with this result.
    pub(super) fn finish_frame(&self, epoch: u64, flow: Flow) {
        let mut state = self.lock();
        state.in_work -= 1;
        state.count_passed();
        if state.epoch == epoch {
            state.held -= 1;
            state.flow = flow;
            if flow == Err(gst::FlowError::Eos) {
                state.skip_to_new_start();
            }
        }
        self.changed.notify_all();
    }

    /// So many frames in work were dropped, as the source pad is inactive.
    pub(super) fn abandon(&self, frames: usize) {
        self.lock().in_work -= frames;
        self.changed.notify_all();
    }

    /// All that was in work was dropped, as the task has been stopped.
    pub(super) fn abandon_all(&self) {
        self.lock().in_work = 0;
        self.changed.notify_all();
    }

    /// What was in work is lost; nothing moves any more.
    pub(super) fn fail(&self) {
        let mut state = self.lock();
        state.in_work = 0;
        state.flow = Err(gst::FlowError::Error);
        self.changed.notify_all();
    }

    /// The stored flow result.
    pub(super) fn flow(&self) -> Flow {
        self.lock().flow
    }

    /// Frames waiting and in work.
    pub(super) fn level(&self) -> usize {
        self.lock().held
    }
}
