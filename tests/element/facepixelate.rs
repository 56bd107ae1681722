//! `facepixelate` in a harness.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::element::FacePixelate;
use gstdepixelate::element::caps::FORMATS;
use gstdepixelate::frame::Rect;

fn pixelator(rects: &[Rect]) -> FacePixelate {
    init();
    let element: FacePixelate = gst::glib::Object::new();
    element.set_property("regions", regions(rects));
    element.set_property("block-size", 8u32);
    element.set_bus(Some(&gst::Bus::new()));
    element
}

/// One frame through the element; returns what went in and what came out.
fn through(
    element: &FacePixelate,
    caps: &gst::Caps,
    buffer: gst::Buffer,
) -> (Vec<u8>, gst::Buffer) {
    let mut h = harness(element);
    h.set_src_caps(caps.clone());
    let before = bytes_of(&buffer);
    (before, h.push_and_pull(buffer).unwrap())
}

/// Both pixels have the same colour: they lie in one block.
#[track_caller]
fn assert_flat(caps: &gst::Caps, buffer: &gst::BufferRef, a: (i32, i32), b: (i32, i32)) {
    let (first, second) = (pixel(caps, buffer, a.0, a.1), pixel(caps, buffer, b.0, b.1));
    assert_eq!(first, second, "{a:?} and {b:?}");
}

#[test]
fn every_format_is_pixelated_inside_the_region_only() {
    init();
    // On whole samples of chroma, which may be four pixels wide and high.
    let rect = Rect::new(12, 8, 24, 16);
    for &format in FORMATS {
        let caps = caps_of(format, 53, 37);
        for buffer in [noise_frame(&caps, 0), padded_frame(&caps, 1)] {
            let (before, after) = through(&pixelator(&[rect]), &caps, buffer);
            assert_ne!(before, bytes_of(&after), "{format}");
            assert_unchanged_outside(&caps, &before, &after, &[rect]);
            assert_flat(&caps, &after, (12, 8), (19, 15));
            assert_flat(&caps, &after, (28, 16), (35, 23));
        }
    }
}

#[test]
fn the_grid_begins_at_the_region_or_at_the_frame() {
    let caps = caps_of(VideoFormat::Rgb, 64, 48);
    let rect = Rect::new(10, 6, 24, 16);
    let element = pixelator(&[rect]);
    element.set_property_from_str("grid-origin", "frame");
    let (_, after) = through(&element, &caps, noise_frame(&caps, 0));
    assert_flat(&caps, &after, (16, 8), (23, 15));
    assert_ne!(pixel(&caps, &after, 15, 8), pixel(&caps, &after, 16, 8));
    // A region that sticks out keeps its own grid.
    let element = pixelator(&[Rect::new(-3, -5, 24, 16)]);
    let (_, after) = through(&element, &caps, noise_frame(&caps, 0));
    assert_flat(&caps, &after, (0, 0), (4, 2));
    assert_flat(&caps, &after, (5, 3), (12, 10));
    assert_ne!(pixel(&caps, &after, 4, 2), pixel(&caps, &after, 5, 3));
}

#[test]
fn the_fill_is_chosen() {
    let caps = caps_of(VideoFormat::Rgb, 64, 48);
    let element = pixelator(&[Rect::new(8, 8, 32, 32)]);
    let (_, mean) = through(&element, &caps, noise_frame(&caps, 0));
    let element = pixelator(&[Rect::new(8, 8, 32, 32)]);
    element.set_property_from_str("fill", "tile-blur");
    let (_, blur) = through(&element, &caps, noise_frame(&caps, 0));
    assert_ne!(bytes_of(&mean), bytes_of(&blur));
}

#[test]
fn frames_without_a_region_leave_as_the_same_buffer() {
    let caps = caps_of(VideoFormat::I420, 64, 48);
    for rects in [
        &[][..],
        &[Rect::new(64, 0, 10, 10)],
        &[Rect::new(3, 3, 0, 9)],
    ] {
        let element = pixelator(rects);
        let mut h = harness(&element);
        h.set_src_caps(caps.clone());
        let buffer = noise_frame(&caps, 0);
        // Another holder: a copy would have another address.
        let kept = buffer.clone();
        let out = h.push_and_pull(buffer).unwrap();
        assert_eq!(out.as_ptr(), kept.as_ptr());
    }
}

#[test]
fn a_shared_frame_is_copied_and_an_own_one_is_not() {
    let caps = caps_of(VideoFormat::Nv12, 64, 48);
    let element = pixelator(&[Rect::new(8, 8, 32, 32)]);
    let mut h = harness(&element);
    h.set_src_caps(caps.clone());
    let buffer = noise_frame(&caps, 0);
    let (kept, before) = (buffer.clone(), bytes_of(&buffer));
    let out = h.push_and_pull(buffer).unwrap();
    assert_ne!(out.as_ptr(), kept.as_ptr());
    assert_eq!(bytes_of(&kept), before);
    assert_ne!(bytes_of(&out), before);
    let own = noise_frame(&caps, 1);
    let address = own.as_ptr();
    assert_eq!(h.push_and_pull(own).unwrap().as_ptr(), address);
}

#[test]
fn upstream_regions_are_taken_by_class() {
    let caps = caps_of(VideoFormat::Rgb, 64, 48);
    let (face, plate) = (Rect::new(0, 0, 16, 16), Rect::new(32, 16, 16, 16));
    let outside = [
        Rect::new(-100, -100, 50, 50),
        Rect::new(i32::MAX, i32::MAX, u32::MAX, u32::MAX),
    ];
    for (class, expected) in [(None, &[face, plate][..]), (Some("face"), &[face])] {
        let element = pixelator(&[]);
        element.set_property("object-class", class);
        let mut buffer = noise_frame(&caps, 0);
        add_roi(buffer.make_mut(), "face", &face);
        add_roi(buffer.make_mut(), "plate", &plate);
        for rect in &outside {
            add_roi(buffer.make_mut(), "face", rect);
        }
        let (before, after) = through(&element, &caps, buffer);
        assert_unchanged_outside(&caps, &before, &after, expected);
        for rect in expected {
            assert_flat(&caps, &after, (rect.x, rect.y), (rect.x + 7, rect.y + 7));
        }
    }
}

#[test]
fn a_frame_that_cannot_be_pixelated_never_leaves() {
    let caps = caps_of(VideoFormat::Rgb, 64, 48);
    let element = pixelator(&[Rect::new(8, 8, 32, 32)]);
    let mut h = harness(&element);
    h.set_src_caps(caps);
    let short = gst::Buffer::from_mut_slice(vec![0; 100]);
    assert_eq!(h.push(short), Err(gst::FlowError::Error));
    assert_eq!(h.buffers_received(), 0);
    let error = &errors(&element)[0];
    assert!(error.matches(gst::StreamError::Failed), "{error}");
}

#[test]
fn malformed_regions_fail_the_state_change() {
    let element = pixelator(&[]);
    let three = gst::Array::from_values([gst::Array::new([1, 2, 3]).to_send_value()]);
    element.set_property("regions", three);
    assert!(element.set_state(gst::State::Paused).is_err());
    let error = &errors(&element)[0];
    assert!(error.matches(gst::ResourceError::Settings), "{error}");
    assert!(error.message().contains("regions"), "{error}");
    element.set_property("regions", regions(&[Rect::new(1, 2, 3, 4)]));
    assert!(element.set_state(gst::State::Paused).is_ok());
    element.set_state(gst::State::Null).unwrap();
}

#[test]
fn launch_lines_name_regions() {
    init();
    let element = gst::parse::launch(
        "facepixelate name=p block-size=16 regions=\"<<10,20,64,64>,<-5,50,80,80>>\"",
    )
    .unwrap();
    let list = element.property::<gst::Array>("regions");
    let numbers: Vec<Vec<i32>> = list
        .iter()
        .map(|item| {
            let item = item.get::<gst::Array>().unwrap();
            item.iter().map(|number| number.get().unwrap()).collect()
        })
        .collect();
    assert_eq!(numbers, [[10, 20, 64, 64], [-5, 50, 80, 80]]);
}

#[test]
fn states_can_be_cycled() {
    let caps = caps_of(VideoFormat::I420, 64, 48);
    let element = pixelator(&[Rect::new(8, 8, 32, 32)]);
    let mut h = harness(&element);
    for cycle in 0..50 {
        start_stream(&mut h, &caps);
        let buffer = noise_frame(&caps, cycle);
        let before = bytes_of(&buffer);
        assert_ne!(before, bytes_of(&h.push_and_pull(buffer).unwrap()));
        element.set_state(gst::State::Null).unwrap();
        element.set_state(gst::State::Playing).unwrap();
    }
}
