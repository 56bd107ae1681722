//! What it does to latency and order that frames wait for others.

use super::*;
use gstdepixelate::cascade::RunError;

/// Latency in milliseconds that is added to a pipeline, live or not.
fn latency(h: &gst_check::Harness) -> u64 {
    let mut query = gst::query::Latency::new();
    let pad = h.element().unwrap().static_pad("src").unwrap();
    assert!(pad.query(&mut query));
    query.result().1.mseconds()
}

fn latency_messages(element: &FaceDepixelate) -> usize {
    let all = messages(element).into_iter();
    all.filter(|it| it.type_() == gst::MessageType::Latency)
        .count()
}

#[test]
fn frames_ahead_add_to_the_latency() {
    // Four frames of 40 ms are held anyway.
    for (property, is_live, expected) in [
        (-1, false, 240),
        (-1, true, 160),
        (0, false, 160),
        (1, false, 200),
        (1, true, 200),
        (4, true, 240),
    ] {
        let (element, _) = looking(3, 2);
        element.set_property("neighbours", property);
        let mut h = harness(&element);
        h.set_live(is_live);
        h.set_src_caps(caps());
        assert_eq!(latency(&h), expected, "{property} {is_live}");
        assert_eq!(latency_messages(&element), 1);
    }
}

#[test]
fn as_many_frames_are_held_as_are_awaited() {
    let (fake, gate) = Gate::fake();
    let fake = fake.looking_at(1, 2);
    let element = element(&fake);
    element.set_property("max-size-buffers", 2u32);
    let mut h = film(&element);
    // None of these waits for room, though none goes out.
    for number in 1..5 {
        h.push(frame(number, Some(3))).unwrap();
    }
    assert_eq!(gate.wait(), 0);
    let stats = element.property::<gst::Structure>("stats");
    assert_eq!(stats.get::<u32>("queue-level"), Ok(4));
    let mut query = gst::query::Allocation::new(Some(&caps()), true);
    let pad = element.static_pad("src").unwrap();
    pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, info| {
        if let Some(query) = info.query_mut()
            && let gst::QueryViewMut::Allocation(query) = query.view_mut()
        {
            query.add_allocation_pool(None::<&gst::BufferPool>, 5000, 3, 0);
            return gst::PadProbeReturn::Handled;
        }
        gst::PadProbeReturn::Ok
    });
    // A serialised query needs no frame that comes: what is there is restored with what is there.
    drop(gate);
    assert!(h.srcpad().unwrap().peer_query(&mut query));
    let pools: Vec<_> = query.allocation_pools().map(|it| it.2).collect();
    assert_eq!(pools, [7]);
    assert_eq!(h.buffers_received(), 4);
    h.push(frame(5, Some(3))).unwrap();
    assert_eq!(finish(&mut h).len(), 5);
    let told = fake.told_levels();
    assert_eq!(told[0], [None, Some(20), Some(30)]);
    assert_eq!(told[3], [Some(30), None, None]);
    // Those before are still neighbours.
    assert_eq!(told[4], [Some(40), None, None]);
}

#[test]
fn live_pipelines_wait_for_nothing() {
    let (element, fake) = looking(2, 1);
    let mut h = harness(&element);
    h.set_live(true);
    h.set_src_caps(caps());
    for number in 1..4 {
        let out = h.push_and_pull(frame(number, Some(3))).unwrap();
        assert_eq!(out.offset(), number);
    }
    let expected = [
        [None, None, None],
        [None, Some(10), None],
        [Some(10), Some(20), None],
    ];
    assert_eq!(fake.told_levels(), expected);
}

/// Whether the pipeline is live shows late in some.
#[test]
fn a_pipeline_that_turns_out_to_be_live() {
    let (element, fake) = looking(1, 1);
    let mut h = film(&element);
    h.push(frame(1, Some(3))).unwrap();
    assert_eq!(latency(&h), 200);
    assert_eq!(latency_messages(&element), 1);
    h.set_live(true);
    assert_eq!(latency(&h), 160);
    assert_eq!(latency_messages(&element), 1);
    // The first one waits for this one, which waits for none.
    h.push(frame(2, Some(3))).unwrap();
    for number in [1, 2] {
        assert_eq!(h.pull().unwrap().offset(), number);
    }
    assert_eq!(fake.told_levels(), [[None, Some(20)], [Some(10), None]]);
}

#[test]
fn without_neighbours_it_is_as_with_another_model() {
    let play = |window: (usize, usize), property: i32| {
        let (element, fake) = looking(window.0, window.1);
        element.set_property("neighbours", property);
        let mut h = film(&element);
        let mut out = Vec::new();
        for number in 1..4 {
            out.push(h.push_and_pull(frame(number, Some(3))).unwrap());
        }
        assert!(fake.told_levels().iter().flatten().all(Option::is_none));
        (
            latency(&h),
            out.iter().map(|it| bytes_of(it)).collect::<Vec<_>>(),
        )
    };
    let (latency, frames) = play((2, 2), 0);
    assert_eq!(latency, 160);
    let (element, _) = with_regions(&[]);
    let mut h = film(&element);
    for number in 1..4 {
        let out = h.push_and_pull(frame(number, Some(3))).unwrap();
        // Not painted alike, but at the same places and times.
        assert_eq!(out.offset(), number);
    }
    assert_eq!(self::latency(&h), latency);
    assert_eq!(play((1, 0), 0).1, frames);
    assert_ne!(play((1, 0), 0).1.len(), 0);
}

#[test]
fn events_in_the_middle_shorten_nothing_and_keep_their_place() {
    let (element, fake) = looking(2, 1);
    let trace = trace_output(&element);
    let mut h = film(&element);
    for number in 1..6 {
        assert!(h.push_event(custom_event(&format!("before-{number}"))));
        h.push(frame(number, Some(3))).unwrap();
        let mut tags = gst::TagList::new();
        tags.make_mut()
            .add::<gst::tags::Title>(&"a title", gst::TagMergeMode::Append);
        assert!(h.push_event(gst::event::Tag::new(tags)));
        let gap = gst::event::Gap::builder(gst::ClockTime::from_mseconds(40 * number));
        assert!(h.push_event(gap.duration(gst::ClockTime::from_mseconds(5)).build()));
    }
    finish(&mut h);
    assert_eq!(fake.told_levels(), levels(1..6));
    let mut expected = Vec::new();
    for number in 1..6 {
        expected.push(format!("event before-{number}"));
        expected.push(format!("frame {number}"));
        expected.extend(["event tag", "event gap"].map(str::to_owned));
    }
    expected.push("event eos".to_owned());
    assert_eq!(trace.lock().unwrap()[3..], expected);
}

/// What nobody would send again survives a flush, in its order.
#[test]
fn sticky_events_that_frames_passed_by_survive_a_flush() {
    let (element, _) = looking(0, 2);
    let mut h = film(&element);
    h.push(frame(1, Some(3))).unwrap();
    for title in ["first", "second"] {
        let mut tags = gst::TagList::new();
        tags.make_mut()
            .add::<gst::tags::Title>(&title, gst::TagMergeMode::Append);
        assert!(h.push_event(gst::event::Tag::new(tags)));
        h.push(frame(2, Some(3))).unwrap();
    }
    // Nothing goes out: the first frame has come by now, so the task has passed the tags by.
    assert_eq!(h.pull().unwrap().offset(), 1);
    assert!(h.push_event(gst::event::FlushStart::new()));
    assert!(h.push_event(gst::event::FlushStop::new(true)));
    let pad = element.static_pad("src").unwrap();
    let tags = pad.sticky_event::<gst::event::Tag>(0).unwrap();
    let title = tags.tag().get::<gst::tags::Title>().unwrap();
    assert_eq!(title.get(), "second");
    assert_eq!(h.buffers_received(), 1);
}

#[test]
fn a_frame_with_nothing_to_restore_waits_for_none() {
    let (element, _) = looking(0, 4);
    let mut h = film(&element);
    let plain = frame_on(GROUND, 1, &[]);
    let address = plain.as_ptr();
    assert_eq!(h.push_and_pull(plain).unwrap().as_ptr(), address);
    // Nor does one that is only looked at.
    element.set_property("look-only", true);
    assert_eq!(h.push_and_pull(frame(2, Some(3))).unwrap().offset(), 2);
}

#[test]
fn a_run_that_fails_costs_its_own_frame_alone() {
    let fake = Fake::with(|number| match number {
        1 => Err(RunError::Failed("its turn".into())),
        _ => Ok(()),
    });
    let fake = fake.looking_at(1, 1);
    let element = element(&fake);
    element.set_property_from_str("on-error", "passthrough");
    let mut h = film(&element);
    for number in 1..5 {
        h.push(frame(number, Some(3))).unwrap();
    }
    let out = finish(&mut h);
    let is_same = |it: &gst::Buffer| bytes_of(it) == bytes_of(&frame(it.offset(), Some(3)));
    let same: Vec<bool> = out.iter().map(is_same).collect();
    assert_eq!(same, [false, true, false, false]);
    // The second one shows its neighbours what it is.
    let told = fake.told_levels();
    assert_eq!(told[1], [Some(20), Some(40)]);
}

#[test]
fn streams_share_a_model_and_are_told_of_their_own_frames() {
    let fake = Fake::new().looking_at(1, 1);
    let elements = [element(&fake), element(&fake)];
    let mut films = elements.each_ref().map(|element| {
        element.set_property("model-instance-id", "neighbours");
        element.set_property("batch-size", 4u32);
        element.set_property("batch-timeout", 50_000_000u64);
        film(element)
    });
    for number in 1..5u64 {
        for (place, h) in films.iter_mut().enumerate() {
            h.push(frame(number + 10 * place as u64, Some(3))).unwrap();
        }
    }
    for h in &mut films {
        assert_eq!(finish(h).len(), 4);
    }
    assert_eq!(fake.load_count(), 1);
    let mut told = fake.told_levels();
    told.sort();
    let level = |number: u8| Some(10 * number);
    let mut expected: Vec<Vec<Option<u8>>> = [1, 11]
        .into_iter()
        .flat_map(|first: u8| {
            (first..first + 4).map(move |it| {
                let before = Some(it - 1).filter(|before| *before >= first);
                let after = Some(it + 1).filter(|after| *after < first + 4);
                vec![before.and_then(level), after.and_then(level)]
            })
        })
        .collect();
    expected.sort();
    assert_eq!(told, expected);
}

#[test]
fn fields_have_no_neighbours_and_wait_for_none() {
    let (element, fake) = looking(2, 2);
    let mut h = harness(&element);
    h.set_live(false);
    let mut caps = caps();
    caps.make_mut().set("interlace-mode", "interleaved");
    h.set_src_caps(caps);
    for number in 1..4 {
        let out = h.push_and_pull(frame(number, Some(3))).unwrap();
        assert_eq!(out.offset(), number);
    }
    assert!(!fake.told_levels().is_empty());
    assert!(fake.told_levels().iter().flatten().all(Option::is_none));
}

/// Elements of others before and behind, which ask for latencies and wait for first frames.
#[test]
fn pipelines_come_to_their_end() {
    init();
    let source = "videotestsrc num-buffers=20";
    let form = "capsfilter caps=video/x-raw,format=I420,width=96,height=72,framerate=25/1";
    for (source, sink, latency) in [
        (source.to_owned(), "fakesink", 200),
        (
            format!("{source} ! queue"),
            "queue ! fakesink sync=true",
            200,
        ),
        (
            format!("{source} is-live=true"),
            "queue ! fakesink sync=true",
            160,
        ),
        (
            format!("{source} is-live=true ! compositor"),
            "fakesink sync=true",
            160,
        ),
    ] {
        let (element, fake) = looking(2, 1);
        element.set_property("regions", regions(&[RECT]));
        let bin = |line: &str| gst::parse::bin_from_description(line, true).unwrap();
        let (before, after) = (bin(&format!("{source} ! {form}")), bin(sink));
        let pipeline = gst::Pipeline::new();
        let chain = [
            before.upcast_ref(),
            element.upcast_ref(),
            after.upcast_ref(),
        ];
        pipeline.add_many(chain).unwrap();
        gst::Element::link_many::<&gst::Element>(chain).unwrap();
        pipeline.set_state(gst::State::Playing).unwrap();
        let bus = pipeline.bus().unwrap();
        let ends = [gst::MessageType::Eos, gst::MessageType::Error];
        let end = bus.timed_pop_filtered(gst::ClockTime::from_seconds(60), &ends);
        let end = end.expect("it ends").type_();
        let mut query = gst::query::Latency::new();
        assert!(element.static_pad("src").unwrap().query(&mut query));
        let mut before = gst::query::Latency::new();
        assert!(element.static_pad("sink").unwrap().peer_query(&mut before));
        let own = query.result().1 - before.result().1;
        pipeline.set_state(gst::State::Null).unwrap();
        assert_eq!(end, gst::MessageType::Eos, "{source}");
        assert_eq!(own.mseconds(), latency, "{source}");
        // Where time runs, frames may be left out before they come here.
        assert!(!fake.told_levels().is_empty());
    }
}
