//! Regions and ranges over time, told to the element frame by frame.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::app::cues::{attach, limit};
use gstdepixelate::cues::{Cues, Film, FrameRate, Kind, TimeRange};
use gstdepixelate::frame::Rect;
use std::sync::Arc;

const PLACE: Rect = Rect::new(8, 6, 24, 20);
const FRAMES: u64 = 60;
const RATES: [(u32, u32); 4] = [(24_000, 1001), (25, 1), (30_000, 1001), (60_000, 1001)];
/// Nanoseconds to which containers round: none, MPEG's 90 kHz (nearly), Matroska's milliseconds.
const GRAINS: [u64; 3] = [1, 11_111, 1_000_000];

fn caps() -> gst::Caps {
    caps_of(VideoFormat::Rgb, 64, 48)
}

fn rates() -> impl Iterator<Item = FrameRate> {
    let rate = |(numerator, denominator)| FrameRate::new(numerator, denominator).unwrap();
    RATES.into_iter().map(rate)
}

/// Where `element` changes a stream of frames at `rate`, with time stamps that are rounded to
/// `grain`. Its segment begins an hour on, as a part of a film does, and its film at 0.
fn changed(h: &mut gst_check::Harness, rate: FrameRate, grain: u64) -> Vec<u64> {
    let hour = gst::ClockTime::from_seconds(3600);
    start_stream(h, &caps());
    let mut segment = gst::FormattedSegment::<gst::ClockTime>::new();
    segment.set_start(hour);
    assert!(h.push_event(gst::event::Segment::new(&segment)));
    let mut changed = Vec::new();
    for number in 0..FRAMES {
        let mut frame = noise_frame(&caps(), number);
        let time = gst::ClockTime::from_nseconds(rate.time_of(number) / grain * grain);
        frame.make_mut().set_pts(hour + time);
        let before = bytes_of(&frame);
        let after = h.push_and_pull(frame).unwrap();
        if bytes_of(&after) != before {
            changed.push(number);
        }
    }
    changed
}

#[test]
fn ranges_hold_to_the_frame() {
    for rate in rates() {
        for grain in GRAINS {
            let range = |start, end| TimeRange {
                start: rate.time_of(start),
                end: rate.time_of(end),
            };
            let ranges = [range(30, 31), range(0, 3), range(10, 20), range(20, 22)];
            let (element, fake) = with_regions(&[PLACE]);
            limit(element.upcast_ref(), &ranges, Some(rate), 1.0).unwrap();
            let restored = changed(&mut harness(&element), rate, grain);
            let expected: Vec<u64> = (0..3).chain(10..22).chain([30]).collect();
            assert_eq!(restored, expected, "{rate}, {grain}");
            // In other frames nothing was even computed.
            assert_eq!(fake.run_sizes().len(), expected.len());
        }
    }
}

#[test]
fn limits_replace_one_another() {
    let rate = FrameRate::new(25, 1).unwrap();
    let (element, _) = with_regions(&[PLACE]);
    let all = TimeRange {
        start: 0,
        end: u64::MAX,
    };
    let mut h = harness(&element);
    for (ranges, frames) in [(&[][..], 0), (&[all], FRAMES)] {
        limit(element.upcast_ref(), ranges, Some(rate), 0.5).unwrap();
        let restored = changed(&mut h, rate, 1);
        assert_eq!(restored, (0..frames).collect::<Vec<_>>());
    }
    assert_eq!(element.property::<f32>("alpha"), 0.5);
}

#[test]
fn rectangles_move_to_the_frame() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("regions.csv");
    for rate in rates() {
        let code = |frame: u64| {
            format!(
                "00:00:{:02}:{:02}",
                frame / rate_counted(rate),
                frame % rate_counted(rate)
            )
        };
        let rows = [
            format!("{},{},-4,6,24,20,a,restore", code(10), code(15)),
            format!("{},,16,6,24,20,a,restore", code(20)),
            format!("{},{},0,0,64,48,b,exclude", code(0), code(60)),
        ];
        std::fs::write(&table, rows.join("\n")).unwrap();
        let film = Film {
            rate: Some(rate),
            ..Film::default()
        };
        let cues = Arc::new(Cues::read([(table.as_path(), Kind::Restore)], &film).unwrap());
        for grain in GRAINS {
            let (element, _) = with_regions(&[]);
            element.set_property("add-roi-meta", true);
            let pad = element.static_pad("sink").unwrap();
            let probe = attach(&pad, Arc::clone(&cues)).unwrap();
            let seen = note_places(&element);
            let mut h = harness(&element);
            assert_eq!(changed(&mut h, rate, grain), (10..=20).collect::<Vec<_>>());
            let seen = std::mem::take(&mut *seen.lock().unwrap());
            // Cut off at the edge; it takes five frames for twenty pixels to the right.
            let expected: Vec<_> = [(0, 20); 6]
                .into_iter()
                .chain([(0, 24), (4, 24), (8, 24), (12, 24), (16, 24)])
                .collect();
            assert_eq!(seen, expected, "{rate}, {grain}");
            pad.remove_probe(probe);
            assert!(changed(&mut h, rate, grain).is_empty());
        }
    }
}

fn rate_counted(rate: FrameRate) -> u64 {
    rate.frame_at(1_000_000_000)
}

/// Left edges and widths of what is restored.
fn note_places(element: &impl IsA<gst::Element>) -> Arc<std::sync::Mutex<Vec<(u32, u32)>>> {
    let places = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = Arc::clone(&places);
    let pad = element.static_pad("src").unwrap();
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let metas = info
            .buffer()
            .unwrap()
            .iter_meta::<gst_video::VideoRegionOfInterestMeta>();
        let restored = metas.filter(|meta| meta.roi_type() == "restored-face");
        let place = restored.map(|meta| (meta.rect().0, meta.rect().2));
        noted.lock().unwrap().extend(place);
        gst::PadProbeReturn::Ok
    });
    places
}
