//! Models that elements share, and batches of several frames and streams, with a fake model.

use crate::helpers::*;
use gst::prelude::*;
use gst_check::Harness;
use gst_video::{VideoFormat, VideoRegionOfInterestMeta};
use gstdepixelate::element::FaceDepixelate;
use gstdepixelate::frame::Rect;
use std::sync::mpsc;

const REGION: Rect = Rect::new(8, 8, 32, 24);
/// Longer than any test.
const NEVER: u64 = 3_600_000_000_000;

fn caps() -> gst::Caps {
    caps_of(VideoFormat::I420, 64, 48)
}

/// An element that restores one region of each frame, and waits for full batches.
fn patient(fake: &Fake, batch_size: u32) -> FaceDepixelate {
    let element = element(fake);
    element.set_property("regions", regions(&[REGION]));
    element.set_property("batch-size", batch_size);
    element.set_property("batch-timeout", NEVER);
    element
}

fn playing(element: &FaceDepixelate) -> Harness {
    let mut h = harness(element);
    h.set_src_caps(caps());
    h
}

fn number(element: &FaceDepixelate, field: &str) -> f64 {
    let stats = element.property::<gst::Structure>("stats");
    let whole = stats.get::<u64>(field).map(|value| value as f64);
    whole.or_else(|_| stats.get::<f64>(field)).unwrap()
}

#[test]
fn frames_of_a_stream_run_together() {
    let fake = Fake::new();
    let element = patient(&fake, 3);
    let mut h = playing(&element);
    for frame in 0..3 {
        h.push(noise_frame(&caps(), frame)).unwrap();
    }
    for frame in 0..3 {
        let out = h.pull().unwrap();
        assert_eq!(out.offset(), frame);
        assert_restored(&caps(), &out, &REGION);
    }
    assert_eq!(fake.run_sizes(), [3]);
    assert_eq!(number(&element, "batch-fill-mean"), 3.0);
}

#[test]
fn an_event_needs_no_full_batch() {
    let fake = Fake::new();
    let mut h = playing(&patient(&fake, 16));
    for frame in 0..2 {
        h.push(noise_frame(&caps(), frame)).unwrap();
    }
    assert!(h.push_event(gst::event::Eos::new()));
    while h.pull_until_eos().unwrap().is_some() {}
    assert_eq!(h.buffers_received(), 2);
    assert_eq!(fake.run_sizes().iter().sum::<usize>(), 2);
}

#[test]
fn a_full_queue_needs_none() {
    let fake = Fake::new();
    let element = patient(&fake, 16);
    element.set_property("max-size-buffers", 2u32);
    let mut h = playing(&element);
    for frame in 0..8 {
        h.push(noise_frame(&caps(), frame)).unwrap();
    }
    for frame in 0..7 {
        assert_eq!(h.pull().unwrap().offset(), frame);
    }
}

#[test]
fn a_flush_needs_none_and_a_query_neither() {
    let fake = Fake::new();
    let mut h = playing(&patient(&fake, 16));
    h.push(noise_frame(&caps(), 0)).unwrap();
    assert!(h.push_event(gst::event::FlushStart::new()));
    assert!(h.push_event(gst::event::FlushStop::new(true)));
    h.set_src_caps(caps());
    h.push(noise_frame(&caps(), 1)).unwrap();
    let mut query = gst::query::Drain::new();
    h.srcpad().unwrap().peer_query(&mut query);
    assert_eq!(h.pull().unwrap().offset(), 1);
}

#[test]
fn the_time_out_ends_the_wait() {
    let fake = Fake::new();
    let element = patient(&fake, 16);
    element.set_property("batch-timeout", 1_000_000u64);
    let mut h = playing(&element);
    assert_restored(
        &caps(),
        &h.push_and_pull(noise_frame(&caps(), 0)).unwrap(),
        &REGION,
    );
}

/// Two elements of one instance.
fn sharing(fake: &Fake, id: &str, batch_size: u32) -> [FaceDepixelate; 2] {
    [0, 1].map(|_| {
        let element = patient(fake, batch_size);
        element.set_property("model-instance-id", id);
        element
    })
}

#[test]
fn streams_run_together_on_one_model() {
    let fake = Fake::new();
    let [a, b] = sharing(&fake, "together", 2);
    let (mut first, mut second) = (playing(&a), playing(&b));
    first.push(noise_frame(&caps(), 0)).unwrap();
    second.push(noise_frame(&caps(), 1)).unwrap();
    assert_eq!(first.pull().unwrap().offset(), 0);
    let out = second.pull().unwrap();
    assert_restored(&caps(), &out, &REGION);
    assert_eq!((fake.load_count(), fake.run_sizes()), (1, vec![2]));
    // The model stays as long as one of them needs it.
    a.set_state(gst::State::Null).unwrap();
    second.push(noise_frame(&caps(), 2)).unwrap();
    assert!(second.push_event(gst::event::Eos::new()));
    assert_eq!(second.pull().unwrap().offset(), 2);
    b.set_state(gst::State::Null).unwrap();
    let c = patient(&fake, 2);
    c.set_property("model-instance-id", "together");
    c.set_state(gst::State::Paused).unwrap();
    assert_eq!(fake.load_count(), 2);
    c.set_state(gst::State::Null).unwrap();
}

#[test]
fn a_stream_that_stands_still_holds_no_other_up() {
    let fake = Fake::new();
    let [a, b] = sharing(&fake, "stalled", 1);
    let pad = a.static_pad("src").unwrap();
    let (arrive, arrived) = mpsc::channel();
    let probe = pad.add_probe(
        gst::PadProbeType::BLOCK | gst::PadProbeType::BUFFER,
        move |_, _| {
            let _ = arrive.send(());
            gst::PadProbeReturn::Ok
        },
    );
    let (mut first, mut second) = (playing(&a), playing(&b));
    for frame in 0..4 {
        first.push(noise_frame(&caps(), frame)).unwrap();
    }
    arrived.recv().unwrap();
    for frame in 0..20 {
        let out = second.push_and_pull(noise_frame(&caps(), frame)).unwrap();
        assert_eq!(out.offset(), frame);
    }
    pad.remove_probe(probe.unwrap());
    for frame in 0..4 {
        assert_eq!(first.pull().unwrap().offset(), frame);
    }
}

#[test]
fn elements_of_one_instance_must_agree() {
    let fake = Fake::new();
    let [a, b] = sharing(&fake, "disagree", 2);
    b.set_property("threads", 3u32);
    a.set_state(gst::State::Paused).unwrap();
    assert!(b.set_state(gst::State::Paused).is_err());
    let error = &errors(&b)[0];
    assert!(error.matches(gst::ResourceError::Settings), "{error}");
    for part in ["disagree", a.name().as_str()] {
        assert!(error.message().contains(part), "{error}");
    }
    for element in [a, b] {
        element.set_state(gst::State::Null).unwrap();
    }
}

/// While the model works on a frame, the next one is looked at: its regions are told.
#[test]
fn the_next_frame_is_looked_at_while_the_model_works() {
    let (fake, gate) = Gate::fake();
    let element = element(&fake);
    element.set_property("regions", regions(&[REGION]));
    element.set_property("post-messages", true);
    let mut h = playing(&element);
    h.push(noise_frame(&caps(), 0)).unwrap();
    gate.wait();
    let mut next = noise_frame(&caps(), 1);
    VideoRegionOfInterestMeta::add(next.make_mut(), "face", (40, 4, 24, 24));
    let bus = element.bus().unwrap();
    let told = || {
        let message = bus.timed_pop_filtered(gst::ClockTime::NONE, &[gst::MessageType::Element]);
        message
            .unwrap()
            .structure()
            .unwrap()
            .get::<gst::ClockTime>("timestamp")
    };
    assert_eq!(told(), Ok(gst::ClockTime::ZERO));
    h.push(next).unwrap();
    assert_eq!(told(), Ok(gst::ClockTime::from_mseconds(40)));
    assert_eq!(fake.run_sizes(), [1]);
    gate.open();
    gate.open();
    for frame in 0..2 {
        assert_eq!(h.pull().unwrap().offset(), frame);
    }
    assert_eq!(fake.run_sizes(), [1, 2]);
}
