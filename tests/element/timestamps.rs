//! `facedepixelate` and streams with other ideas of time: none at all, backwards, with gaps, and
//! seeks by the hundred.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::frame::Rect;
use std::sync::{Arc, Mutex};

const RECT: Rect = Rect::new(8, 8, 24, 24);
/// Frames per second of the pipelines here.
const RATE: u64 = 30;

/// Timestamps of the frames that left an element, nanoseconds.
type Seen = Arc<Mutex<Vec<u64>>>;

/// A pipeline of pictures that can be sought in, with a fake model in it, and the timestamps that
/// left the element.
fn pipeline(fake: &Fake) -> (gst::Pipeline, Seen) {
    let restorer = element(fake);
    restorer.set_property("regions", regions(&[RECT]));
    let source =
        "videotestsrc ! capsfilter caps=video/x-raw,format=I420,width=64,height=48,framerate=30/1";
    let source = gst::parse::bin_from_description(source, true).unwrap();
    let sink = gst::ElementFactory::make("fakesink").build().unwrap();
    let pipeline = gst::Pipeline::new();
    let restorer = restorer.upcast::<gst::Element>();
    pipeline
        .add_many([source.upcast_ref(), &restorer, &sink])
        .unwrap();
    gst::Element::link_many([source.upcast_ref(), &restorer, &sink]).unwrap();
    let seen = Seen::default();
    let times = seen.clone();
    let mask = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_FLUSH;
    let pad = restorer.static_pad("src").unwrap();
    pad.add_probe(mask, move |_, info| {
        let mut times = times.lock().unwrap();
        match &info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => {
                times.push(buffer.pts().unwrap().nseconds());
            }
            _ => times.clear(),
        }
        gst::PadProbeReturn::Ok
    });
    (pipeline, seen)
}

/// Wait until the pipeline shows its first picture; an error ends the test, as does a minute
/// without one.
fn preroll(pipeline: &gst::Pipeline) {
    let minute = gst::ClockTime::from_seconds(60);
    let (result, state, _) = pipeline.state(minute);
    assert_eq!(
        (result, state),
        (Ok(gst::StateChangeSuccess::Success), gst::State::Paused)
    );
}

/// Play to the end, and stop; an error ends the test, as does a minute in which it does not come.
fn play(pipeline: &gst::Pipeline) {
    pipeline.set_state(gst::State::Playing).unwrap();
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
    let minute = gst::ClockTime::from_seconds(60);
    let message = pipeline.bus().unwrap().timed_pop_filtered(minute, &kinds);
    pipeline.set_state(gst::State::Null).unwrap();
    let message = message.expect("a message");
    assert_eq!(message.type_(), gst::MessageType::Eos, "{message:?}");
}

fn seek(pipeline: &gst::Pipeline, rate: f64, from: u64, to: u64) {
    let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
    // Times of frames are rounded down: with one nanosecond more they are those of the frames
    // themselves.
    let at = |time| gst::ClockTime::from_nseconds(time + 1);
    let set = gst::SeekType::Set;
    pipeline
        .seek(rate, flags, set, at(from), set, at(to))
        .unwrap();
}

/// Frame number `number` of the pipeline, nanoseconds.
fn time(number: u64) -> u64 {
    number * 1_000_000_000 / RATE
}

#[test]
fn two_hundred_seeks_in_a_row() {
    let fake = Fake::new();
    let (pipeline, seen) = pipeline(&fake);
    pipeline.set_state(gst::State::Paused).unwrap();
    preroll(&pipeline);
    let mut firsts = Vec::new();
    for number in 0..200 {
        let (from, rate) = (time(number * 37 % 300), [1.0, 2.0][number as usize % 2]);
        seek(&pipeline, rate, from, time(400));
        // Some are overtaken by the next one.
        if number % 5 == 0 {
            preroll(&pipeline);
            firsts.push((from, seen.lock().unwrap().first().copied()));
        }
    }
    seek(&pipeline, 1.0, time(60), time(90));
    play(&pipeline);
    let expected: Vec<u64> = (60..=90).map(time).collect();
    assert_eq!(*seen.lock().unwrap(), expected);
    assert_eq!(firsts.len(), 40);
    for (from, first) in firsts {
        assert_eq!(first, Some(from));
    }
    assert_eq!(fake.load_count(), 1);
}

#[test]
fn a_stream_may_run_backwards() {
    let fake = Fake::new();
    let (pipeline, seen) = pipeline(&fake);
    pipeline.set_state(gst::State::Paused).unwrap();
    preroll(&pipeline);
    seek(&pipeline, -1.0, 0, time(30));
    play(&pipeline);
    // The source begins with the frame at the end.
    let expected: Vec<u64> = (0..=30).rev().map(time).collect();
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn frames_without_any_time_are_restored() {
    let element = element(&Fake::new());
    element.set_property("regions", regions(&[RECT]));
    let mut caps = caps_of(VideoFormat::Rgb, 64, 48);
    caps.make_mut().set("framerate", gst::Fraction::new(0, 1));
    let mut h = harness(&element);
    start_stream(&mut h, &caps);
    for number in 0..10 {
        let mut frame = noise_frame(&caps, number);
        let bare = frame.make_mut();
        bare.set_pts(gst::ClockTime::NONE);
        bare.set_duration(gst::ClockTime::NONE);
        h.push(frame).unwrap();
    }
    assert!(h.push_event(gst::event::Eos::new()));
    for number in 0..10 {
        let frame = h.pull().unwrap();
        assert_eq!((frame.offset(), frame.pts()), (number, None));
        assert_restored(&caps, &frame, &RECT);
    }
}

#[test]
fn gaps_keep_their_place() {
    let element = element(&Fake::new());
    element.set_property("regions", regions(&[RECT]));
    let caps = caps_of(VideoFormat::I420, 64, 48);
    let trace = trace_output(&element);
    let mut h = harness(&element);
    start_stream(&mut h, &caps);
    for number in 0..6 {
        h.push(noise_frame(&caps, number)).unwrap();
        let start = gst::ClockTime::from_mseconds(40 * number + 20);
        let gap = gst::event::Gap::builder(start).build();
        assert!(h.push_event(gap));
    }
    assert!(h.push_event(gst::event::Eos::new()));
    while h.pull_until_eos().unwrap().is_some() {}
    let trace = trace.lock().unwrap();
    let ours = |line: &&String| line.starts_with("frame") || line.ends_with("gap");
    let came: Vec<&String> = trace.iter().filter(ours).collect();
    let expected: Vec<String> = (0..6)
        .flat_map(|number| [format!("frame {number}"), "event gap".to_owned()])
        .collect();
    assert_eq!(came, expected.iter().collect::<Vec<_>>());
}
