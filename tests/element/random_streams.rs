//! `facedepixelate` under random sequences of frames, events, flushes and stalls, beside a list
//! that says what must come out: every frame once and in its order, with the events at their
//! places.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::cascade::RunError;
use gstdepixelate::frame::Rect;
use proptest::prelude::*;
use std::time::Duration;

/// What happens to the element.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A frame comes, in which so many regions are to be restored.
    Frame(u8),
    /// A serialised event comes.
    Event,
    /// Caps of another format come.
    Caps,
    /// A serialised query waits for all before it.
    Drain,
    /// A flush begins and ends.
    Flush,
    /// Upstream rests for so many tenths of a millisecond.
    Rest(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..3u8).prop_map(Step::Frame),
        2 => Just(Step::Event),
        1 => Just(Step::Caps),
        1 => Just(Step::Drain),
        1 => Just(Step::Flush),
        2 => (0..8u8).prop_map(Step::Rest),
    ]
}

/// How the element is set.
#[derive(Clone, Copy, Debug)]
struct Setting {
    max_size_buffers: u32,
    batch_size: u32,
    /// Nanoseconds.
    batch_timeout: u64,
    /// Neighbouring frames that the model is told of, as the property says.
    neighbours: i32,
    /// Upstream is live.
    is_live: bool,
    /// Each so many-th run of the model is slow; 0 is none.
    slow: usize,
    /// Each so many-th run of the model fails; 0 is none.
    failing: usize,
}

fn setting() -> impl Strategy<Value = Setting> {
    let batches = (1..6u32, 0..6u32, 0..1_000_000u64);
    let neighbours = (-1..3i32, any::<bool>());
    (batches, neighbours, 0..5usize, 0..7usize).prop_map(
        |((max_size_buffers, batch_size, batch_timeout), (neighbours, is_live), slow, failing)| {
            Setting {
                max_size_buffers,
                batch_size,
                batch_timeout,
                neighbours,
                is_live,
                slow,
                failing,
            }
        },
    )
}

const FORMATS: [VideoFormat; 3] = [VideoFormat::I420, VideoFormat::Rgb, VideoFormat::P01010le];

/// Every `each`-th number; none for 0.
fn is_turn(number: usize, each: usize) -> bool {
    each > 0 && number % each == each - 1
}

fn run(setting: Setting, steps: &[Step]) {
    let fake = Fake::with(move |number| {
        if is_turn(number, setting.slow) {
            std::thread::sleep(Duration::from_micros(500));
        }
        match is_turn(number, setting.failing) {
            true => Err(RunError::Failed("its turn".into())),
            false => Ok(()),
        }
    });
    let fake = fake.looking_at(2, 2);
    let element = element(&fake);
    element.set_property("max-size-buffers", setting.max_size_buffers);
    element.set_property("batch-size", setting.batch_size);
    element.set_property("batch-timeout", setting.batch_timeout);
    element.set_property("neighbours", setting.neighbours);
    element.set_property_from_str("on-error", "passthrough");
    let trace = trace_output(&element);
    let mut h = harness(&element);
    h.set_live(setting.is_live);
    let (mut format, mut number) = (0, 0);
    let mut caps = caps_of(FORMATS[0], 64, 48);
    h.set_src_caps(caps.clone());
    let mut expected = Vec::new();
    for &step in steps {
        match step {
            Step::Frame(count) => {
                let rects = [Rect::new(4, 4, 24, 24), Rect::new(36, 12, 26, 30)];
                let mut buffer = noise_frame(&caps, number);
                for rect in &rects[..count as usize] {
                    add_mosaic(buffer.get_mut().unwrap(), "restore", rect, None);
                }
                h.push(buffer).unwrap();
                expected.push(format!("frame {number}"));
                number += 1;
            }
            Step::Event => {
                assert!(h.push_event(custom_event(&format!("e{number}"))));
                expected.push(format!("event e{number}"));
            }
            Step::Caps => {
                format = (format + 1) % FORMATS.len();
                caps = caps_of(FORMATS[format], 64, 48);
                assert!(h.push_event(gst::event::Caps::new(&caps)));
            }
            Step::Drain => {
                let mut query = gst::query::Drain::new();
                h.srcpad().unwrap().peer_query(&mut query);
                assert_eq!(of_interest(&trace.lock().unwrap()), expected);
            }
            Step::Flush => {
                assert!(h.push_event(gst::event::FlushStart::new()));
                // What came out is what went in, up to some place.
                let came = of_interest(&trace.lock().unwrap());
                assert!(expected.starts_with(&came), "{came:?} of {expected:?}");
                assert!(h.push_event(gst::event::FlushStop::new(true)));
                trace.lock().unwrap().clear();
                expected.clear();
                let segment = gst::FormattedSegment::<gst::ClockTime>::new();
                assert!(h.push_event(gst::event::Segment::new(&segment)));
            }
            Step::Rest(tenths) => {
                std::thread::sleep(Duration::from_micros(100 * u64::from(tenths)));
            }
        }
    }
    assert!(h.push_event(gst::event::Eos::new()));
    while h.pull_until_eos().unwrap().is_some() {}
    let came = trace.lock().unwrap();
    assert_eq!(of_interest(&came), expected);
    assert_eq!(came.last().map(String::as_str), Some("event eos"));
}

/// Frames and numbered events of a trace.
fn of_interest(trace: &[String]) -> Vec<String> {
    let ours = |line: &&String| line.starts_with("frame ") || line.starts_with("event e");
    let lines = trace.iter().filter(ours);
    lines.filter(|line| *line != "event eos").cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_frame_comes_out_once_and_in_its_place(
        setting in setting(),
        steps in prop::collection::vec(step(), 0..40),
    ) {
        run(setting, &steps);
    }
}
