//! What people know better than the detector: the property `exclude`, and metas of the types
//! `restore` and `exclude`.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::{VideoFormat, VideoRegionOfInterestMeta};
use gstdepixelate::app::cues::exclude;
use gstdepixelate::degrade::mosaic::{Fill, pixelate};
use gstdepixelate::element::FaceDepixelate;
use gstdepixelate::frame::{FrameViewMut, Lattice, Layout, Rect};

const SIZE: (u32, u32) = (320, 240);
const LEFT: Rect = Rect::new(32, 64, 96, 96);
const RIGHT: Rect = Rect::new(184, 64, 96, 96);
/// Where nothing is that the detector finds, and smaller than what it would take.
const PLAIN: Rect = Rect::new(140, 8, 12, 10);

fn caps() -> gst::Caps {
    caps_of(VideoFormat::Rgb, SIZE.0, SIZE.1)
}

/// A frame with two mosaics.
fn mosaics() -> gst::Buffer {
    let mut picture = busy_picture(SIZE);
    let layout = Layout::rgb(SIZE.0, SIZE.1);
    let stride = 3 * SIZE.0 as usize;
    let mut view = FrameViewMut::packed(&layout, &mut picture, stride).unwrap();
    for rect in [LEFT, RIGHT] {
        let lattice = Lattice::square(8, rect.x, rect.y);
        pixelate(&mut view, &rect, &lattice, Fill::TileMean);
    }
    let mut buffer = gst::Buffer::from_mut_slice(picture);
    stamp(buffer.get_mut().unwrap(), 0);
    buffer
}

/// An element that looks for mosaics, faces or not.
fn finder() -> FaceDepixelate {
    let element = element(&Fake::new());
    element.set_property_from_str("inference-region", "full-frame");
    element.set_property("face-threshold", 0f32);
    element
}

/// Only these rectangles of `after` are restored.
fn assert_only(after: &gst::BufferRef, expected: &[Rect]) {
    for rect in expected {
        assert_restored(&caps(), after, rect);
    }
    assert_unchanged_outside(&caps(), &bytes_of(&mosaics()), after, expected);
}

#[test]
fn what_is_found_in_an_excluded_rectangle_is_left_alone() {
    let element = finder();
    let mut h = harness(&element);
    h.set_src_caps(caps());
    assert_only(&h.push_and_pull(mosaics()).unwrap(), &[LEFT, RIGHT]);
    // Their middles are at 80, 112 and 232, 112.
    element.set_property("exclude", regions(&[Rect::new(80, 112, 1, 1)]));
    assert_only(&h.push_and_pull(mosaics()).unwrap(), &[RIGHT]);
    element.set_property("exclude", regions(&[Rect::new(0, 0, 232, 240)]));
    assert_only(&h.push_and_pull(mosaics()).unwrap(), &[RIGHT]);
    exclude(element.upcast_ref(), &[Rect::new(0, 0, 320, 240)]);
    let before = mosaics();
    let address = before.as_ptr();
    assert_eq!(h.push_and_pull(before).unwrap().as_ptr(), address);
    element.set_property("regions", regions(&[LEFT]));
    assert_only(&h.push_and_pull(mosaics()).unwrap(), &[LEFT]);
}

#[test]
fn what_upstream_found_is_excluded_too() {
    let element = finder();
    element.set_property_from_str("inference-region", "roi-list");
    element.set_property("exclude", regions(&[RIGHT]));
    let mut before = mosaics();
    for rect in [LEFT, RIGHT] {
        add_roi(before.make_mut(), "mosaic", &rect);
    }
    assert_only(&through(&element, &caps(), before), &[LEFT]);
}

#[test]
fn metas_name_regions_of_one_frame_whatever_else_is_looked_for() {
    for source in ["full-frame", "roi-list"] {
        let element = finder();
        element.set_property_from_str("inference-region", source);
        element.set_property("object-class", "plate");
        let mut h = harness(&element);
        h.set_src_caps(caps());
        let mut named = mosaics();
        add_roi(named.make_mut(), "restore", &PLAIN);
        add_roi(named.make_mut(), "exclude", &RIGHT);
        // Excluded as well; who names it knows better.
        add_roi(named.make_mut(), "exclude", &PLAIN);
        let after = h.push_and_pull(named).unwrap();
        let next = h.push_and_pull(mosaics()).unwrap();
        match source {
            "full-frame" => {
                assert_only(&after, &[LEFT, PLAIN]);
                assert_only(&next, &[LEFT, RIGHT]);
            }
            _ => {
                assert_only(&after, &[PLAIN]);
                assert_only(&next, &[]);
            }
        }
    }
}

#[test]
fn what_is_named_over_time_keeps_its_identity() {
    let element = finder();
    element.set_property("add-roi-meta", true);
    let mut h = harness(&element);
    h.set_src_caps(caps());
    let mut told = Vec::new();
    for step in 0..3 {
        let mut frame = mosaics();
        let place = (PLAIN.x as u32 + 2 * step, PLAIN.y as u32, 12, 10);
        let buffer = frame.make_mut();
        let mut meta = VideoRegionOfInterestMeta::add(buffer, "restore", place);
        let params = gst::Structure::builder("restore").field("track-id", 5u32);
        meta.add_param(params.build());
        let after = h.push_and_pull(frame).unwrap();
        let metas = after.iter_meta::<VideoRegionOfInterestMeta>();
        let mut restored =
            metas.filter_map(|meta| meta.param("restored-face").map(ToOwned::to_owned));
        let first = restored.next().unwrap();
        assert_eq!(first.get::<&str>("method"), Ok("fixed"));
        told.push(first.get::<u32>("track-id").unwrap());
        let found = restored.map(|face| face.get::<u32>("track-id").unwrap());
        assert!(found.into_iter().all(|id| id != told[0]));
    }
    assert!(told.iter().all(|&id| id == told[0]), "{told:?}");
}

#[test]
fn malformed_exclusions_fail_the_state_change() {
    let element = finder();
    let three = gst::Array::from_values([gst::Array::new([1, 2, 3]).to_send_value()]);
    element.set_property("exclude", three);
    assert!(element.set_state(gst::State::Paused).is_err());
    let error = &errors(&element)[0];
    assert!(error.matches(gst::ResourceError::Settings), "{error}");
    let text = "property exclude: a region has 3 ints, not four";
    assert!(error.to_string().contains(text), "{error}");
    element.set_state(gst::State::Null).unwrap();
}
