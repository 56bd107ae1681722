//! What the element says of the frames that it holds: latency, allocation, the turn of queries.

use super::*;

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
