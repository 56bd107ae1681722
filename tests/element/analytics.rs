//! Detections in `GstAnalyticsRelationMeta`: taken for regions, and told.

use crate::helpers::*;
use gst::glib;
use gst::prelude::*;
use gst_analytics::{
    AnalyticsMetaRefExt, AnalyticsODMtd, AnalyticsRelationMeta, AnalyticsRelationMetaODExt,
};
use gst_video::VideoFormat;
use gstdepixelate::frame::Rect;

const FACE: Rect = Rect::new(20, 20, 40, 40);
const PLATE: Rect = Rect::new(70, 20, 40, 40);

fn caps() -> gst::Caps {
    caps_of(VideoFormat::Rgb, 128, 96)
}

/// A frame in whose meta objects are told by their types, rectangles and confidences.
fn frame(objects: &[(&str, Rect, f32)]) -> gst::Buffer {
    let mut buffer = noise_frame(&caps(), 0);
    let mut meta = AnalyticsRelationMeta::add(buffer.make_mut());
    for (kind, rect, confidence) in objects {
        let (width, height) = (rect.width as i32, rect.height as i32);
        let kind = glib::Quark::from_str(*kind);
        meta.add_od_mtd(kind, rect.x, rect.y, width, height, *confidence)
            .unwrap();
    }
    drop(meta);
    buffer
}

/// The objects that a frame tells of.
fn told(buffer: &gst::BufferRef) -> Vec<(&'static str, Rect, f32)> {
    let Some(meta) = buffer.meta::<AnalyticsRelationMeta>() else {
        return Vec::new();
    };
    let object = |object: gst_analytics::AnalyticsMtdRef<'_, AnalyticsODMtd>| {
        let place = object.location().unwrap();
        let rect = Rect::new(place.x, place.y, place.w as u32, place.h as u32);
        let kind = object.obj_type().unwrap().as_str();
        (kind as &str, rect, place.loc_conf_lvl)
    };
    meta.iter::<AnalyticsODMtd>().map(object).collect()
}

#[test]
fn detections_are_regions() {
    for (class, expected) in [(None, &[FACE, PLATE][..]), (Some("face"), &[FACE])] {
        let (element, _) = with_regions(&[]);
        element.set_property("object-class", class);
        let before = frame(&[
            ("face", FACE, 0.9),
            ("plate", PLATE, 0.9),
            ("face", Rect::new(64, 64, 8, 8), 0.9),
        ]);
        let bytes = bytes_of(&before);
        let after = through(&element, &caps(), before);
        assert_unchanged_outside(&caps(), &bytes, &after, expected);
        for rect in expected {
            assert_restored(&caps(), &after, rect);
        }
    }
}

#[test]
fn numbers_that_are_none_do_no_harm() {
    let (element, _) = with_regions(&[]);
    let odd = [
        (
            "face",
            Rect::new(i32::MAX, i32::MIN, i32::MAX as u32, 40),
            0.9,
        ),
        ("face", Rect::new(10, 10, u32::MAX, 40), 0.9),
        ("face", Rect::new(0, 0, 0, 0), f32::NAN),
        ("face", FACE, f32::NAN),
    ];
    let before = frame(&odd);
    let bytes = bytes_of(&before);
    let after = through(&element, &caps(), before);
    assert_unchanged_outside(&caps(), &bytes, &after, &[FACE]);
    assert_restored(&caps(), &after, &FACE);
}

#[test]
fn restored_regions_are_told_beside_what_was_there() {
    let (element, _) = with_regions(&[FACE]);
    element.set_property("add-roi-meta", true);
    let after = through(&element, &caps(), frame(&[("car", PLATE, 0.5)]));
    let mut told = told(&after);
    // The fixed region is one, and the car is another.
    told.sort_by_key(|(kind, rect, _)| (kind.to_owned(), rect.x));
    let of_kind = |wanted: &str| -> Vec<Rect> {
        let of = told.iter().filter(|(kind, ..)| *kind == wanted);
        of.map(|(_, rect, _)| *rect).collect()
    };
    assert_eq!(of_kind("car"), [PLATE]);
    assert_eq!(of_kind("restored-face"), [FACE, PLATE]);
}

#[test]
fn what_both_metas_tell_is_one_region() {
    let (element, fake) = with_regions(&[]);
    // Regions by hand are all restored, were they one above the other.
    let mut before = frame(&[("restore", FACE, 0.9)]);
    add_roi(before.make_mut(), "restore", &FACE);
    assert_restored(&caps(), &through(&element, &caps(), before), &FACE);
    assert_eq!(fake.run_sizes(), [1]);
    let stats: gst::Structure = element.property("stats");
    assert_eq!(stats.get::<u64>("regions"), Ok(1));
}
