//! `facedepixelate` in a harness with a fake model: order, flushes, ends, errors, latency, QoS.
//!
//! No test sleeps: each waits for the event that it is about, a gate in the fake model among them.

mod common;

use common::*;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::cascade::CascadeError;
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

fn latency(h: &gst_check::Harness) -> Option<(bool, u64, Option<u64>)> {
    let mut query = gst::query::Latency::new();
    let pad = h.element().unwrap().static_pad("src").unwrap();
    pad.query(&mut query).then(|| {
        let (live, min, max) = query.result();
        (live, min.mseconds(), max.map(|max| max.mseconds()))
    })
}

#[test]
fn latency_is_that_of_a_full_queue() {
    let element = restoring(&Fake::new());
    let mut h = harness(&element);
    assert_eq!(latency(&h), None);
    h.set_src_caps(caps());
    h.set_live(true);
    h.set_upstream_latency(gst::ClockTime::from_mseconds(7));
    assert_eq!(latency(&h), Some((true, 167, None)));
    h.set_live(false);
    assert_eq!(latency(&h), Some((false, 167, None)));
    let count = |element: &FaceDepixelate| {
        messages(element)
            .iter()
            .filter(|message| message.type_() == gst::MessageType::Latency)
            .count()
    };
    assert_eq!(count(&element), 1);
    // The same rate again is no news, another one is.
    h.set_src_caps(caps_of(VideoFormat::Rgb, 20, 20));
    assert_eq!(count(&element), 0);
    let mut unknown = caps();
    unknown
        .make_mut()
        .set("framerate", gst::Fraction::new(0, 1));
    h.set_src_caps(unknown);
    assert_eq!(count(&element), 0);
    let mut slow = caps();
    slow.make_mut().set("framerate", gst::Fraction::new(10, 1));
    h.set_src_caps(slow);
    assert_eq!(count(&element), 1);
    assert_eq!(latency(&h), Some((false, 407, None)));
}

#[test]
fn a_finite_maximum_latency_grows_as_well() {
    let element = restoring(&Fake::new());
    element.set_property("max-size-buffers", 1u32);
    let mut h = harness(&element);
    h.set_src_caps(caps());
    let upstream = h.srcpad().unwrap();
    upstream.add_probe(gst::PadProbeType::QUERY_UPSTREAM, |_, info| {
        if let Some(query) = info.query_mut()
            && let gst::QueryViewMut::Latency(latency) = query.view_mut()
        {
            let second = gst::ClockTime::SECOND;
            latency.set(true, second, second * 2);
            return gst::PadProbeReturn::Handled;
        }
        gst::PadProbeReturn::Ok
    });
    assert_eq!(latency(&h), Some((true, 1040, Some(2040))));
}

#[test]
fn allocation_counts_the_frames_that_are_held() {
    let element = restoring(&Fake::new());
    let mut h = harness(&element);
    h.set_src_caps(caps());
    let pad = element.static_pad("src").unwrap();
    pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, info| {
        if let Some(query) = info.query_mut()
            && let gst::QueryViewMut::Allocation(query) = query.view_mut()
        {
            query.add_allocation_pool(None::<&gst::BufferPool>, 5000, 3, 0);
            query.add_allocation_pool(None::<&gst::BufferPool>, 5000, 1, 6);
            query.add_allocation_meta::<gst_video::VideoMeta>(None);
            query.add_allocation_meta::<gst_video::VideoCropMeta>(None);
            return gst::PadProbeReturn::Handled;
        }
        gst::PadProbeReturn::Ok
    });
    let mut query = gst::query::Allocation::new(Some(&caps()), true);
    assert!(h.srcpad().unwrap().peer_query(&mut query));
    let pools: Vec<_> = query
        .allocation_pools()
        .map(|(_, size, min, max)| (size, min, max))
        .collect();
    assert_eq!(pools, [(5000, 7, 0), (5000, 5, 10)]);
    assert!(
        query
            .find_allocation_meta::<gst_video::VideoMeta>()
            .is_some()
    );
    assert!(
        query
            .find_allocation_meta::<gst_video::VideoCropMeta>()
            .is_none()
    );
}

/// A serialised query is answered when the frames before it are out.
#[test]
fn serialised_queries_wait_for_their_turn() {
    let (fake, gate) = Gate::fake();
    let element = restoring(&fake);
    let out = Arc::new(AtomicU64::new(0));
    let (seen, frames) = (out.clone(), out.clone());
    let pad = element.static_pad("src").unwrap();
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        frames.fetch_add(1, Ordering::SeqCst);
        gst::PadProbeReturn::Ok
    });
    let (answered, answer) = mpsc::channel();
    pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, move |_, info| {
        if matches!(&info.data, Some(gst::PadProbeData::Query(query)) if query.type_() == gst::QueryType::Drain) {
            let _ = answered.send(seen.load(Ordering::SeqCst));
            return gst::PadProbeReturn::Handled;
        }
        gst::PadProbeReturn::Ok
    });
    let mut h = harness(&element);
    h.set_src_caps(caps());
    for number in 0..3 {
        h.push(noise_frame(&caps(), number)).unwrap();
    }
    let upstream = h.srcpad().unwrap();
    let asker = std::thread::spawn(move || {
        let mut query = gst::query::Drain::new();
        upstream.peer_query(&mut query)
    });
    for _ in 0..3 {
        gate.wait();
        assert!(answer.try_recv().is_err());
        gate.open();
    }
    assert!(asker.join().unwrap());
    assert_eq!(answer.recv(), Ok(3));
}

fn late_by(timestamp: u64, diff: i64) -> gst::Event {
    let timestamp = gst::ClockTime::from_mseconds(timestamp);
    gst::event::Qos::new(gst::QOSType::Underflow, 1.5, diff * 1_000_000, timestamp)
}

fn qos_went_upstream(h: &mut gst_check::Harness) -> bool {
    std::iter::from_fn(|| h.try_pull_upstream_event())
        .any(|event| event.type_() == gst::EventType::Qos)
}

#[test]
fn late_frames_pass_unrestored() {
    let fake = Fake::new();
    let element = restoring(&fake);
    element.set_property("qos", true);
    let mut h = harness(&element);
    h.set_src_caps(caps());
    assert_restored(
        &caps(),
        &h.push_and_pull(noise_frame(&caps(), 0)).unwrap(),
        &REGION,
    );
    h.push_upstream_event(late_by(40, 60));
    assert!(qos_went_upstream(&mut h));
    // 40 ms and 80 ms are late, 120 ms is not.
    for number in [1, 2] {
        let late = noise_frame(&caps(), number);
        let address = late.as_ptr();
        assert_eq!(h.push_and_pull(late).unwrap().as_ptr(), address);
    }
    assert_restored(
        &caps(),
        &h.push_and_pull(noise_frame(&caps(), 3)).unwrap(),
        &REGION,
    );
    let stats = element.property::<gst::Structure>("stats");
    assert_eq!(stats.get::<u64>("frames-skipped-qos"), Ok(2));
    let counts: Vec<_> = messages(&element)
        .iter()
        .filter_map(|message| match message.view() {
            gst::MessageView::Qos(qos) => Some((qos.stats(), qos.values().0)),
            _ => None,
        })
        .collect();
    let frames = |count| gst::GenericFormattedValue::from(gst::format::Buffers::from_u64(count));
    assert_eq!(
        counts,
        [
            ((frames(1), frames(1)), 60_000_000),
            ((frames(1), frames(2)), 20_000_000)
        ]
    );
    // A new segment has its own time.
    h.push_upstream_event(late_by(40, 1000));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(h.push_event(gst::event::Segment::new(&segment)));
    assert_restored(
        &caps(),
        &h.push_and_pull(noise_frame(&caps(), 1)).unwrap(),
        &REGION,
    );
}

#[test]
fn without_qos_late_frames_are_restored() {
    let element = restoring(&Fake::new());
    let mut h = harness(&element);
    h.set_src_caps(caps());
    h.push_upstream_event(late_by(40, 1000));
    assert!(qos_went_upstream(&mut h));
    assert_restored(
        &caps(),
        &h.push_and_pull(noise_frame(&caps(), 1)).unwrap(),
        &REGION,
    );
}

#[test]
fn downstream_errors_reach_upstream() {
    use gst::FlowError::{Eos, Error, Flushing, NotLinked, NotNegotiated};
    for flow in [Error, NotNegotiated, NotLinked, Eos, Flushing] {
        let element = restoring(&Fake::new());
        answer_frames(&element, Err(flow));
        let mut h = harness(&element);
        h.set_src_caps(caps());
        assert_eq!(push_until_refused(&mut h, 0), flow);
        // Whoever said it has posted it.
        assert!(errors(&element).is_empty());
        // Only what nobody else would tell is told at the end.
        h.push_event(gst::event::Eos::new());
        let told = matches!(flow, Error | NotNegotiated);
        assert_eq!(errors(&element).len(), usize::from(told), "{flow:?}");
    }
}

#[test]
fn the_end_from_downstream_ends_with_the_next_segment() {
    let element = restoring(&Fake::new());
    let pad = element.static_pad("src").unwrap();
    pad.add_probe(gst::PadProbeType::BUFFER, |_, info| {
        match info.buffer().map(|buffer| buffer.offset()) {
            Some(number) if number < 100 => {
                info.flow_res = Err(gst::FlowError::Eos);
                info.data = None;
                gst::PadProbeReturn::Handled
            }
            _ => gst::PadProbeReturn::Ok,
        }
    });
    let mut h = harness(&element);
    h.set_src_caps(caps());
    assert_eq!(push_until_refused(&mut h, 0), gst::FlowError::Eos);
    // Events still pass.
    assert!(h.push_event(custom_event("still-there")));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(h.push_event(gst::event::Segment::new(&segment)));
    h.push(noise_frame(&caps(), 100)).unwrap();
    assert_eq!(h.pull().unwrap().offset(), 100);
}

#[test]
fn a_stream_after_the_end_of_a_stream() {
    let element = restoring(&Fake::new());
    let mut h = harness(&element);
    for round in 0..3 {
        start_stream(&mut h, &caps());
        h.push(noise_frame(&caps(), round)).unwrap();
        assert!(h.push_event(gst::event::Eos::new()));
        assert_eq!(h.pull().unwrap().offset(), round);
    }
}

#[test]
fn a_pad_that_is_linked_later_goes_on() {
    let element = restoring(&Fake::new());
    let pad = element.static_pad("src").unwrap();
    let probe = pad.add_probe(gst::PadProbeType::BUFFER, |_, info| {
        info.flow_res = Err(gst::FlowError::NotLinked);
        info.data = None;
        gst::PadProbeReturn::Handled
    });
    let mut h = harness(&element);
    h.set_src_caps(caps());
    assert_eq!(push_until_refused(&mut h, 0), gst::FlowError::NotLinked);
    pad.remove_probe(probe.unwrap());
    h.push_upstream_event(gst::event::Reconfigure::new());
    h.push(noise_frame(&caps(), 500)).unwrap();
    while h.pull().unwrap().offset() != 500 {}
}

#[test]
fn a_panic_in_the_model_is_an_error() {
    let fake = Fake::with(|number| {
        assert_ne!(number, 0, "the first run goes wrong");
        Ok(())
    });
    let element = restoring(&fake);
    let mut h = harness(&element);
    h.set_src_caps(caps());
    assert_eq!(push_until_refused(&mut h, 0), gst::FlowError::Error);
    let error = &errors(&element)[0];
    assert!(error.matches(gst::LibraryError::Failed), "{error}");
    assert!(
        error.message().contains("the first run goes wrong"),
        "{error}"
    );
    // A flush does not bring the model back, a state cycle does.
    assert!(h.push_event(gst::event::FlushStart::new()));
    assert!(h.push_event(gst::event::FlushStop::new(true)));
    h.set_src_caps(caps());
    assert_eq!(push_until_refused(&mut h, 0), gst::FlowError::Error);
    let error = &errors(&element)[0];
    assert!(error.message().contains("READY"), "{error}");
    element.set_state(gst::State::Ready).unwrap();
    element.set_state(gst::State::Playing).unwrap();
    start_stream(&mut h, &caps());
    assert_restored(
        &caps(),
        &h.push_and_pull(noise_frame(&caps(), 0)).unwrap(),
        &REGION,
    );
    assert_eq!(fake.load_count(), 2);
}

#[test]
fn a_run_that_fails_is_an_error() {
    let fake = Fake::with(|_| Err(CascadeError::Run("out of memory".into())));
    let element = restoring(&fake);
    let mut h = harness(&element);
    h.set_src_caps(caps());
    assert_eq!(push_until_refused(&mut h, 0), gst::FlowError::Error);
    assert_eq!(h.buffers_received(), 0);
    let error = &errors(&element)[0];
    assert!(error.matches(gst::StreamError::Failed), "{error}");
    assert!(error.message().contains("out of memory"), "{error}");
}

/// An element that is stopped while its model works and its queue is full.
#[test]
fn stopping_wakes_every_waiter() {
    let (fake, gate) = Gate::fake();
    let element = restoring(&fake);
    element.set_property("max-size-buffers", 1u32);
    let mut h = harness(&element);
    h.set_src_caps(caps());
    h.push(noise_frame(&caps(), 0)).unwrap();
    gate.wait();
    let sink = element.static_pad("sink").unwrap();
    let pusher = std::thread::spawn(move || sink.chain(noise_frame(&caps(), 1)));
    let upstream = h.srcpad().unwrap();
    let asker = std::thread::spawn(move || {
        let mut query = gst::query::Drain::new();
        upstream.peer_query(&mut query)
    });
    // The run in progress ends by itself, and its frame still goes out or not.
    drop(gate);
    element.set_state(gst::State::Null).unwrap();
    let flow = pusher.join().unwrap();
    assert!(
        matches!(flow, Ok(_) | Err(gst::FlowError::Flushing)),
        "{flow:?}"
    );
    asker.join().unwrap();
}

#[test]
fn nobody_can_pull() {
    let element = element(&Fake::new());
    let pad = element.static_pad("src").unwrap();
    assert!(pad.activate_mode(gst::PadMode::Pull, true).is_err());
    assert!(element.set_state(gst::State::Paused).is_ok());
    element.set_state(gst::State::Null).unwrap();
}
