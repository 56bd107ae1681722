//! Which neighbours a crop is told of, and where they are shown.

use super::*;
use gst_controller::prelude::*;
use gst_controller::{DirectControlBinding, InterpolationControlSource, InterpolationMode};

/// Play `frames`, and what each crop was told.
fn told(h: &mut gst_check::Harness, fake: &Fake, frames: Vec<gst::Buffer>) -> Vec<Vec<Option<u8>>> {
    for frame in frames {
        h.push(frame).unwrap();
    }
    finish(h);
    fake.told_levels()
}

#[test]
fn neighbours_come_in_their_order() {
    for id in [None, Some(3)] {
        let (element, fake) = looking(2, 1);
        let frames = (1..7).map(|number| frame(number, id)).collect();
        assert_eq!(told(&mut film(&element), &fake, frames), levels(1..7));
        assert!(errors(&element).is_empty());
    }
}

#[test]
fn a_neighbour_is_shown_in_the_square_of_the_crop() {
    let (element, fake) = looking(1, 1);
    let mut h = film(&element);
    for (number, x) in [(1, 32), (2, 40), (3, 36)] {
        let rect = Rect { x, ..RECT };
        let mut buffer = frame_on(GROUND, number, &[(rect, 10 * number as u8)]);
        // What has a number is shown in a square that rests.
        add_mosaic(buffer.get_mut().unwrap(), "restore", &rect, None);
        h.push(buffer).unwrap();
    }
    finish(&mut h);
    let told = fake.told.lock().unwrap();
    let neighbour = |level, columns| Some(Neighbour { level, columns });
    // The second crop shows 48 pixels from 32 on with 32: one and a half for each of its own.
    assert_eq!(
        told[1],
        [neighbour(10, (0, 20)), neighbour(30, (3, 23))],
        "{told:?}"
    );
}

#[test]
fn fixed_regions_and_such_of_others_are_found_again_by_their_place() {
    let (element, fake) = looking(2, 1);
    element.set_property("regions", regions(&[RECT]));
    let mut h = film(&element);
    // The lattice of a fixed region is looked for: noise has none.
    for number in 1..4 {
        h.push(noise_frame(&caps(), number)).unwrap();
    }
    finish(&mut h);
    assert_eq!(fake.told_levels(), [[None; 3], [None; 3], [None; 3]]);

    let (element, fake) = looking(2, 1);
    let mut h = film(&element);
    for number in 1..6u64 {
        // It wanders slowly, and jumps once.
        let x = [0, 30, 33, 36, 0, 3][number as usize];
        let rect = Rect { x, ..RECT };
        let mut buffer = frame_on(GROUND, number, &[(rect, 10 * number as u8)]);
        add_mosaic(buffer.get_mut().unwrap(), "face", &rect, None);
        h.push(buffer).unwrap();
    }
    finish(&mut h);
    assert_eq!(
        fake.told_levels(),
        [
            [None, None, Some(20)],
            [None, Some(10), Some(30)],
            [Some(10), Some(20), None],
            [None, None, Some(50)],
            [None, Some(40), None],
        ]
    );
}

#[test]
fn two_that_swap_places_are_told_by_their_identities() {
    let (element, fake) = looking(1, 0);
    let mut h = film(&element);
    // A crop shows eight pixels on each side of its mosaic.
    let places = [Rect::new(16, 16, 32, 32), Rect::new(48, 20, 32, 32)];
    for number in 1..4u64 {
        let swapped = number == 2;
        let of = |face: usize| places[face ^ usize::from(swapped)];
        let level = |face: usize| (100 * face) as u8 + 10 * number as u8;
        let mosaics = [(of(0), level(0)), (of(1), level(1))];
        let mut buffer = frame_on(GROUND, number, &mosaics);
        for face in [0, 1] {
            add_mosaic(
                buffer.get_mut().unwrap(),
                "restore",
                &of(face),
                Some(face as u32),
            );
        }
        h.push(buffer).unwrap();
    }
    finish(&mut h);
    let told = fake.told_levels();
    let flat: Vec<_> = told.iter().map(|told| told[0]).collect();
    assert_eq!(flat[..2], [None, None]);
    assert_eq!(flat[2..], [10, 110, 20, 120].map(Some));
}

/// What ends a run of frames: nothing on its other side is told.
#[test]
fn nothing_is_told_across_a_break() {
    type Break = fn(&mut gst_check::Harness) -> u64;
    let nothing: Break = |_| 4;
    let discont: Break = |_| 100;
    let breaks: [(&str, Break); 7] = [
        ("a cut", nothing),
        ("a buffer that says so", discont),
        ("a gap in time", |_| 20),
        ("a gap", |h| {
            let gap = gst::event::Gap::builder(gst::ClockTime::from_mseconds(120));
            assert!(h.push_event(gap.duration(gst::ClockTime::SECOND).build()));
            4
        }),
        ("a segment", |h| {
            let segment = gst::FormattedSegment::<gst::ClockTime>::new();
            assert!(h.push_event(gst::event::Segment::new(&segment)));
            4
        }),
        ("caps", |h| {
            let mut caps = caps();
            caps.make_mut().set("framerate", gst::Fraction::new(24, 1));
            h.set_src_caps(caps);
            4
        }),
        ("a stream", |h| {
            start_stream(h, &caps());
            4
        }),
    ];
    for (name, ends) in breaks {
        for id in [None, Some(3)] {
            let (element, fake) = looking(2, 1);
            let mut h = film(&element);
            for number in 1..4 {
                h.push(frame(number, id)).unwrap();
            }
            let time = ends(&mut h);
            let ground = if name == "a cut" { 230 } else { GROUND };
            for number in 4..7u64 {
                let mut buffer = frame_on(ground, number, &[(RECT, 10 * number as u8)]);
                let buffer_mut = buffer.get_mut().unwrap();
                add_mosaic(buffer_mut, "restore", &RECT, id);
                if name == "a buffer that says so" && number == 4 {
                    buffer_mut.set_flags(gst::BufferFlags::DISCONT);
                }
                buffer_mut.set_pts(gst::ClockTime::from_mseconds(40 * (time + number - 4)));
                h.push(buffer).unwrap();
            }
            finish(&mut h);
            let expected = [levels(1..4), levels(4..7)].concat();
            assert_eq!(fake.told_levels(), expected, "{name} {id:?}");
        }
    }
}

#[test]
fn nothing_is_told_across_a_flush() {
    let (element, fake) = looking(2, 1);
    let mut h = film(&element);
    for number in 1..4 {
        h.push(frame(number, Some(3))).unwrap();
    }
    // The third one waits for a fourth that never comes.
    for number in [1, 2] {
        assert_eq!(h.pull().unwrap().offset(), number);
    }
    assert!(h.push_event(gst::event::FlushStart::new()));
    assert!(h.push_event(gst::event::FlushStop::new(true)));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(h.push_event(gst::event::Segment::new(&segment)));
    for number in 4..7 {
        h.push(frame(number, Some(3))).unwrap();
    }
    assert_eq!(finish(&mut h).len(), 3);
    let expected = [levels(1..4)[..2].to_vec(), levels(4..7)].concat();
    assert_eq!(fake.told_levels(), expected);
}

/// Frames in which nothing is looked for have their place all the same.
#[test]
fn a_frame_that_passes_shows_nothing() {
    type Make = fn(&FaceDepixelate) -> gst::Buffer;
    let passes: [(&str, Make); 4] = [
        ("unreadable", |_| {
            let mut buffer = gst::Buffer::from_mut_slice([0; 5]);
            stamp(buffer.get_mut().unwrap(), 3);
            add_mosaic(buffer.get_mut().unwrap(), "restore", &RECT, Some(3));
            buffer
        }),
        ("without a mosaic", |_| frame_on(GROUND, 3, &[])),
        ("left as it is", |element| {
            // Until the third frame and from the fourth on it is restored.
            let alpha = InterpolationControlSource::new();
            alpha.set_mode(InterpolationMode::None);
            for (frame, value) in [(0, 1.0), (3, 0.0), (4, 1.0)] {
                assert!(alpha.set(gst::ClockTime::from_mseconds(40 * frame), value));
            }
            let binding = DirectControlBinding::new(element, "alpha", &alpha);
            element.add_control_binding(&binding).unwrap();
            frame(3, Some(3))
        }),
        ("late", |element| {
            element.set_property("qos", true);
            let (pad, time) = (element.static_pad("src").unwrap(), 121);
            let time = gst::ClockTime::from_mseconds(time);
            pad.send_event(gst::event::Qos::new(gst::QOSType::Underflow, 1.0, 0, time));
            frame(3, Some(3))
        }),
    ];
    for (name, make) in passes {
        let (element, fake) = looking(2, 1);
        let mut h = film(&element);
        for number in [1, 2] {
            h.push(frame(number, Some(3))).unwrap();
        }
        // A query waits until they were looked at.
        let mut query = gst::query::Drain::new();
        h.srcpad().unwrap().peer_query(&mut query);
        h.push(make(&element)).unwrap();
        for number in [4, 5] {
            h.push(frame(number, Some(3))).unwrap();
        }
        assert_eq!(finish(&mut h).len(), 5, "{name}");
        let told = fake.told_levels();
        let expected = [
            [None, None, Some(20)],
            [None, Some(10), None],
            [Some(20), None, Some(50)],
            [None, Some(40), None],
        ];
        assert_eq!(told, expected, "{name}");
    }
}

#[test]
fn identities_of_others_are_none_of_the_trackers() {
    let (element, fake) = looking(1, 0);
    element.set_property_from_str("inference-region", "full-frame");
    element.set_property("face-threshold", 0f32);
    let mut h = film(&element);
    let caps = caps_of(VideoFormat::Rgb, 320, 240);
    h.set_src_caps(caps);
    // The tracker's first identity is 1, in a frame without a region of that name.
    let found = Rect::new(32, 64, 96, 96);
    let named = Rect::new(184, 64, 96, 96);
    for number in 0..2 {
        let mut picture = busy_picture((320, 240));
        let rect = if number == 0 { found } else { named };
        pixelated(&mut picture, (320, 240), &rect);
        let mut buffer = gst::Buffer::from_mut_slice(picture);
        stamp(buffer.get_mut().unwrap(), number);
        if number == 1 {
            add_mosaic(buffer.get_mut().unwrap(), "restore", &named, Some(1));
        }
        h.push(buffer).unwrap();
    }
    finish(&mut h);
    assert_eq!(fake.told_levels(), [[None], [None]]);
}

/// A film of eight frames with two mosaics, the larger one at the left.
fn two_mosaics() -> impl Iterator<Item = gst::Buffer> {
    (0..8).map(|number| {
        let mut picture = busy_picture((320, 240));
        pixelated(&mut picture, (320, 240), &Rect::new(16, 48, 128, 128));
        pixelated(&mut picture, (320, 240), &Rect::new(184, 64, 96, 96));
        let mut buffer = gst::Buffer::from_mut_slice(picture);
        stamp(buffer.get_mut().unwrap(), number);
        buffer
    })
}

#[test]
fn what_is_followed_between_searches_and_one_of_too_many() {
    for (interval, most) in [(1, 64), (3, 64), (1, 1), (3, 1)] {
        let (element, fake) = looking(2, 1);
        element.set_property_from_str("inference-region", "full-frame");
        element.set_property("inference-interval", interval as u32);
        element.set_property("max-detections", most as u32);
        let mut h = film(&element);
        h.set_src_caps(caps_of(VideoFormat::Rgb, 320, 240));
        two_mosaics().for_each(|frame| assert!(h.push(frame).is_ok()));
        assert_eq!(finish(&mut h).len(), 8);
        let told = fake.told_levels();
        let each = most.min(2);
        assert_eq!(told.len(), 8 * each);
        for (crop, told) in told.iter().enumerate() {
            let number = crop / each;
            let there: Vec<bool> = told.iter().map(Option::is_some).collect();
            assert_eq!(there, [number >= 2, number >= 1, number < 7], "{crop}");
        }
    }
}

#[test]
fn without_time_stamps_and_backwards() {
    for backwards in [false, true] {
        let (element, fake) = looking(2, 1);
        let mut h = film(&element);
        if backwards {
            let mut segment = gst::FormattedSegment::<gst::ClockTime>::new();
            segment.set_rate(-1.0);
            segment.set_stop(gst::ClockTime::SECOND);
            assert!(h.push_event(gst::event::Segment::new(&segment)));
        }
        for number in 1..6u64 {
            let mut buffer = frame(number, Some(3));
            let buffer_mut = buffer.get_mut().unwrap();
            buffer_mut.set_duration(gst::ClockTime::NONE);
            let time = gst::ClockTime::from_mseconds(400 - 40 * number);
            buffer_mut.set_pts(backwards.then_some(time));
            h.push(buffer).unwrap();
        }
        finish(&mut h);
        // Those that came before, whatever their time is.
        assert_eq!(fake.told_levels(), levels(1..6), "{backwards}");
    }
}

#[test]
fn forty_are_told_apart() {
    let (element, fake) = looking(2, 1);
    element.set_property("max-detections", 40u32);
    let size = (400, 320);
    let mut h = film(&element);
    h.set_src_caps(caps_of(VideoFormat::Rgb, size.0, size.1));
    for number in 0..12u64 {
        let mut picture = vec![GROUND; (3 * size.0 * size.1) as usize];
        let rects = (0..40).map(|it| Rect::new(8 + it % 8 * 48, 8 + it / 8 * 48, 32, 32));
        let rects: Vec<Rect> = rects.collect();
        for (face, rect) in rects.iter().enumerate() {
            for y in rect.y as usize..rect.bottom() as usize {
                let row = 3 * (y * size.0 as usize + rect.x as usize);
                picture[row..][..96].fill(4 * face as u8 + number as u8);
            }
        }
        let mut buffer = gst::Buffer::from_mut_slice(picture);
        stamp(buffer.get_mut().unwrap(), number);
        for (face, rect) in rects.iter().enumerate() {
            add_mosaic(
                buffer.get_mut().unwrap(),
                "restore",
                rect,
                Some(face as u32),
            );
        }
        h.push(buffer).unwrap();
    }
    assert_eq!(finish(&mut h).len(), 12);
    let told = fake.told_levels();
    assert_eq!(told.len(), 12 * 40);
    for (crop, told) in told.iter().enumerate() {
        let (number, level) = (crop / 40, 4 * (crop % 40));
        let of = |number: usize| Some((level + number) as u8);
        let behind = |by: usize| number.checked_sub(by).and_then(of);
        let ahead = Some(number + 1).filter(|it| *it < 12).and_then(of);
        assert_eq!(*told, [behind(2), behind(1), ahead], "{crop}");
    }
}
