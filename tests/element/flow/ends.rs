//! Ends of streams, errors from either side, and states that change meanwhile.

use super::*;

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
    let fake = Fake::with(|_| Err(RunError::Failed("out of memory".into())));
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

/// The task may be stopped between two steps, with frames in work. The model does not end its run when
/// it is told to.
#[test]
fn frames_that_were_in_work_are_forgotten() {
    let (fake, gate) = Gate::fake();
    let element = restoring(&fake);
    let mut h = harness(&element);
    h.set_src_caps(caps());
    // One is in the model and is waited for, as there is no room for a third one beside the second.
    for number in 0..3 {
        h.push(noise_frame(&caps(), number)).unwrap();
    }
    gate.wait();
    // With another model, nobody knows of them.
    element.set_state(gst::State::Null).unwrap();
    drop(gate);
    element.set_state(gst::State::Playing).unwrap();
    start_stream(&mut h, &caps());
    // It waits for all that is in work.
    let mut query = gst::query::Drain::new();
    h.srcpad().unwrap().peer_query(&mut query);
    h.push(noise_frame(&caps(), 7)).unwrap();
    assert_eq!(h.pull().unwrap().offset(), 7);
}
