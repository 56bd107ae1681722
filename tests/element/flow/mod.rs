//! `facedepixelate` in a harness with a fake model: order, flushes, ends, errors, latency, QoS.
//!
//! No test sleeps: each waits for the event that it is about, a gate in the fake model among them.

mod ends;
mod latency;
mod qos;

use crate::helpers::*;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::cascade::RunError;
use gstdepixelate::element::FaceDepixelate;
use gstdepixelate::frame::Rect;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

const REGION: Rect = Rect::new(8, 8, 32, 24);

fn restoring(fake: &Fake) -> FaceDepixelate {
    let element = element(fake);
    element.set_property("regions", regions(&[REGION]));
    element
}

fn caps() -> gst::Caps {
    caps_of(VideoFormat::I420, 64, 48)
}

/// A probe on the source pad that answers every frame itself.
fn answer_frames(element: &FaceDepixelate, flow: Result<gst::FlowSuccess, gst::FlowError>) {
    let pad = element.static_pad("src").unwrap();
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        info.flow_res = flow;
        info.data = None;
        gst::PadProbeReturn::Handled
    });
}

/// Push frames until one is refused: the result arrives with a later frame.
fn push_until_refused(h: &mut gst_check::Harness, first: u64) -> gst::FlowError {
    for number in first.. {
        if let Err(error) = h.push(noise_frame(&caps(), number)) {
            return error;
        }
    }
    unreachable!()
}

#[test]
fn events_keep_their_place_among_frames() {
    let element = restoring(&Fake::new());
    let trace = trace_output(&element);
    let mut h = harness(&element);
    h.set_src_caps(caps());
    for number in 0..6 {
        assert!(h.push_event(custom_event(&format!("before-{number}"))));
        h.push(noise_frame(&caps(), number)).unwrap();
    }
    let gap = gst::event::Gap::builder(gst::ClockTime::SECOND).build();
    assert!(h.push_event(gap));
    let mut tags = gst::TagList::new();
    tags.make_mut()
        .add::<gst::tags::Title>(&"a title", gst::TagMergeMode::Append);
    assert!(h.push_event(gst::event::Tag::new(tags)));
    assert!(h.push_event(gst::event::Eos::new()));
    assert!(h.pull_until_eos().unwrap().is_some());
    for _ in 1..6 {
        h.pull().unwrap();
    }
    assert!(h.pull_until_eos().unwrap().is_none());
    let mut expected = vec!["event stream-start", "event caps", "event segment"]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    for number in 0..6 {
        expected.push(format!("event before-{number}"));
        expected.push(format!("frame {number}"));
    }
    expected.extend(["event gap", "event tag", "event eos"].map(str::to_owned));
    assert_eq!(*trace.lock().unwrap(), expected);
}

#[test]
fn nothing_overtakes_a_slow_frame() {
    let (fake, gate) = Gate::fake();
    let element = restoring(&fake);
    let trace = trace_output(&element);
    let mut h = harness(&element);
    h.set_src_caps(caps());
    h.push(noise_frame(&caps(), 0)).unwrap();
    assert!(h.push_event(custom_event("after")));
    assert!(h.push_event(gst::event::Eos::new()));
    gate.wait();
    let frames = |trace: &Vec<String>| trace.iter().any(|line| line == "event after");
    assert!(!frames(&trace.lock().unwrap()));
    gate.open();
    assert!(h.pull_until_eos().unwrap().is_some());
    assert!(h.pull_until_eos().unwrap().is_none());
    let trace = trace.lock().unwrap();
    assert_eq!(trace[3..], ["frame 0", "event after", "event eos"]);
}

#[test]
fn caps_change_between_frames() {
    let element = restoring(&Fake::new());
    let mut h = harness(&element);
    let list = [
        caps_of(VideoFormat::I420, 64, 48),
        caps_of(VideoFormat::Bgra, 50, 41),
        caps_of(VideoFormat::Nv12, 127, 63),
    ];
    for (number, caps) in list.iter().enumerate() {
        h.set_src_caps(caps.clone());
        h.push(noise_frame(caps, number as u64)).unwrap();
    }
    for (number, caps) in list.iter().enumerate() {
        let out = h.pull().unwrap();
        assert_restored(caps, &out, &REGION);
        let before = bytes_of(&noise_frame(caps, number as u64));
        assert_unchanged_outside(caps, &before, &out, &[REGION]);
    }
    let pad = element.static_pad("src").unwrap();
    assert_eq!(pad.current_caps().as_ref(), list.last());
}

#[test]
fn a_full_queue_holds_upstream_and_a_flush_lets_it_go() {
    let (fake, gate) = Gate::fake();
    let element = restoring(&fake);
    element.set_property("max-size-buffers", 2u32);
    let mut h = harness(&element);
    h.set_src_caps(caps());
    for number in 0..2 {
        h.push(noise_frame(&caps(), number)).unwrap();
    }
    gate.wait();
    let stats = element.property::<gst::Structure>("stats");
    assert_eq!(stats.get::<u32>("queue-level"), Ok(2));
    // A third frame waits for room, on a thread of its own.
    let sink = element.static_pad("sink").unwrap();
    let pad = sink.clone();
    let pusher = std::thread::spawn(move || pad.chain(noise_frame(&caps(), 2)));
    open_at_flush(&element, gate);
    assert!(h.push_event(gst::event::FlushStart::new()));
    assert_eq!(pusher.join().unwrap(), Err(gst::FlowError::Flushing));
    assert!(h.push_event(gst::event::FlushStop::new(true)));
    h.set_src_caps(caps());
    h.push(noise_frame(&caps(), 3)).unwrap();
    assert_eq!(h.pull().unwrap().offset(), 3);
}

/// Let frames pass the gate from the moment that a FLUSH_START leaves the element.
fn open_at_flush(element: &FaceDepixelate, gate: Gate) {
    let pad = element.static_pad("src").unwrap();
    let (started, start) = mpsc::channel();
    pad.add_probe(gst::PadProbeType::EVENT_FLUSH, move |_, _| {
        let _ = started.send(());
        gst::PadProbeReturn::Ok
    });
    std::thread::spawn(move || {
        // The gate is gone and open at the end of this thread.
        let gate = gate;
        start.recv().unwrap();
        drop(gate);
    });
}

#[test]
fn results_of_flushed_frames_are_discarded() {
    let (fake, gate) = Gate::fake();
    let element = restoring(&fake);
    let mut h = harness(&element);
    h.set_src_caps(caps());
    for number in 0..3 {
        h.push(noise_frame(&caps(), number)).unwrap();
    }
    gate.wait();
    open_at_flush(&element, gate);
    assert!(h.push_event(gst::event::FlushStart::new()));
    assert!(h.push_event(gst::event::FlushStop::new(true)));
    h.set_src_caps(caps());
    h.push(noise_frame(&caps(), 9)).unwrap();
    let out = h.pull().unwrap();
    assert_eq!(out.offset(), 9);
    assert_restored(&caps(), &out, &REGION);
    assert_eq!(h.buffers_received(), 1);
}

/// Caps that a flush caught in the queue still hold: nobody sends them again.
#[test]
fn sticky_events_survive_a_flush() {
    let (fake, gate) = Gate::fake();
    let element = restoring(&fake);
    let mut h = harness(&element);
    h.set_src_caps(caps());
    h.push(noise_frame(&caps(), 0)).unwrap();
    gate.wait();
    let other = caps_of(VideoFormat::Rgb, 80, 60);
    h.set_src_caps(other.clone());
    open_at_flush(&element, gate);
    assert!(h.push_event(gst::event::FlushStart::new()));
    assert!(h.push_event(gst::event::FlushStop::new(true)));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(h.push_event(gst::event::Segment::new(&segment)));
    h.push(noise_frame(&other, 1)).unwrap();
    assert_restored(&other, &h.pull().unwrap(), &REGION);
    let pad = element.static_pad("src").unwrap();
    assert_eq!(pad.current_caps(), Some(other));
}

/// Flushes at moments that the scheduler chooses: whatever comes out afterwards went in afterwards.
#[test]
fn flushes_at_any_moment() {
    let element = restoring(&Fake::new());
    let mut h = harness(&element);
    h.set_src_caps(caps());
    let sink = element.static_pad("sink").unwrap();
    for round in 0..100u64 {
        let first = 1000 * round;
        let pad = sink.clone();
        let (begun, begin) = mpsc::channel();
        let pusher = std::thread::spawn(move || {
            (first..).try_for_each(|number| {
                let flow = pad.chain(noise_frame(&caps(), number));
                let _ = begun.send(());
                flow.map(|_| ())
            })
        });
        for _ in 0..round % 7 {
            begin.recv().unwrap();
        }
        assert!(h.push_event(gst::event::FlushStart::new()));
        assert_eq!(pusher.join().unwrap(), Err(gst::FlowError::Flushing));
        assert!(h.push_event(gst::event::FlushStop::new(true)));
        while h.try_pull().is_some() {}
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        assert!(h.push_event(gst::event::Segment::new(&segment)));
        h.push(noise_frame(&caps(), first + 999)).unwrap();
        assert_eq!(h.pull().unwrap().offset(), first + 999);
    }
}

#[test]
fn a_seek_goes_upstream() {
    let element = restoring(&Fake::new());
    let mut h = harness(&element);
    h.set_src_caps(caps());
    let seek = gst::event::Seek::new(
        1.0,
        gst::SeekFlags::FLUSH,
        gst::SeekType::Set,
        gst::ClockTime::SECOND,
        gst::SeekType::None,
        gst::ClockTime::NONE,
    );
    h.push_upstream_event(seek);
    let found = std::iter::from_fn(|| h.try_pull_upstream_event())
        .any(|event| event.type_() == gst::EventType::Seek);
    assert!(found);
}

#[test]
fn states_can_be_cycled() {
    let fake = Fake::new();
    let element = restoring(&fake);
    let mut h = harness(&element);
    for cycle in 0..50 {
        start_stream(&mut h, &caps());
        let out = h.push_and_pull(noise_frame(&caps(), cycle)).unwrap();
        assert_eq!(out.offset(), cycle);
        // Some frames are still in there.
        h.push(noise_frame(&caps(), cycle)).unwrap();
        h.push(noise_frame(&caps(), cycle)).unwrap();
        let low = [gst::State::Ready, gst::State::Null][cycle as usize % 2];
        element.set_state(low).unwrap();
        while h.try_pull().is_some() {}
        element.set_state(gst::State::Playing).unwrap();
    }
    assert_eq!(fake.load_count(), 26);
}

#[test]
fn frames_before_caps_are_refused() {
    let element = restoring(&Fake::new());
    let mut h = harness(&element);
    assert!(h.push_event(gst::event::StreamStart::new("test")));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(h.push_event(gst::event::Segment::new(&segment)));
    assert_eq!(
        h.push(noise_frame(&caps(), 0)),
        Err(gst::FlowError::NotNegotiated)
    );
}
