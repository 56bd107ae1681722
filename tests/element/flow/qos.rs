//! Late frames.

use super::*;

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
