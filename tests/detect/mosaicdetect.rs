//! `mosaicdetect` in a harness, alone and before `facedepixelate`.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::{VideoFormat, VideoRegionOfInterestMeta};
use gstdepixelate::element::{FacePixelate, MosaicDetect};
use gstdepixelate::frame::Rect;

const SIZE: (u32, u32) = (320, 240);
const MOSAIC: Rect = Rect::new(96, 64, 120, 112);
const BLOCK: u32 = 8;

fn detector() -> MosaicDetect {
    init();
    let element: MosaicDetect = gst::glib::Object::new();
    element.set_bus(Some(&gst::Bus::new()));
    element
}

/// A smooth, busy picture, pixelated in `rect` if there is one.
fn frame(caps: &gst::Caps, number: u64, rect: Option<Rect>) -> gst::Buffer {
    let mut buffer = gst::Buffer::from_mut_slice(busy_picture(SIZE));
    stamp(buffer.make_mut(), number);
    let pixelate: FacePixelate = gst::glib::Object::new();
    pixelate.set_property("block-size", BLOCK);
    pixelate.set_property("regions", regions(rect.as_slice()));
    let mut h = harness(&pixelate);
    h.set_src_caps(caps.clone());
    h.push_and_pull(buffer).unwrap()
}

fn caps() -> gst::Caps {
    caps_of(VideoFormat::Rgb, SIZE.0, SIZE.1)
}

/// The mosaics that metas name.
fn named(buffer: &gst::BufferRef) -> Vec<Rect> {
    let metas = buffer.iter_meta::<VideoRegionOfInterestMeta>();
    metas
        .map(|meta| {
            assert_eq!(meta.roi_type(), "mosaic");
            let (x, y, width, height) = meta.rect();
            Rect::new(x as i32, y as i32, width, height)
        })
        .collect()
}

#[test]
fn a_mosaic_is_named_and_no_pixel_is_touched() {
    let caps = caps();
    let element = detector();
    let mut h = harness(&element);
    h.set_src_caps(caps.clone());
    let buffer = frame(&caps, 0, Some(MOSAIC));
    let (before, memory) = (bytes_of(&buffer), buffer.peek_memory(0).as_ptr());
    let after = h.push_and_pull(buffer).unwrap();
    assert_eq!(before, bytes_of(&after));
    // The very same memory: nothing was copied.
    assert_eq!(memory, after.peek_memory(0).as_ptr());
    let rects = named(&after);
    assert_eq!(rects.len(), 1);
    assert!(rects[0].iou(&MOSAIC) > 0.9, "{rects:?}");
    let meta = after.meta::<VideoRegionOfInterestMeta>().unwrap();
    let details = meta.params().next().unwrap();
    assert_eq!(details.get::<f64>("block-width").unwrap(), f64::from(BLOCK));
    assert_eq!(
        details.get::<f64>("phase-x").unwrap(),
        f64::from(MOSAIC.x as u32 % BLOCK)
    );
    assert_eq!(details.get::<u32>("track-id").unwrap(), 1);
}

#[test]
fn messages_tell_of_changes_only() {
    let caps = caps();
    let element = detector();
    let mut h = harness(&element);
    h.set_src_caps(caps.clone());
    let plan = [None, Some(MOSAIC), Some(MOSAIC), None, None];
    for (number, rect) in (0..).zip(plan) {
        let after = h.push_and_pull(frame(&caps, number, rect)).unwrap();
        assert_eq!(named(&after).len(), usize::from(rect.is_some()), "{number}");
    }
    let told: Vec<(u64, usize)> = messages(&element)
        .iter()
        .filter_map(|message| message.structure())
        .filter(|details| details.name() == "mosaics")
        .map(|details| {
            let time = details.get::<gst::ClockTime>("stream-time").unwrap();
            let regions = details.get::<gst::Array>("regions").unwrap();
            (time.mseconds() / 40, regions.len())
        })
        .collect();
    assert_eq!(told, [(1, 1), (3, 0)]);
}

#[test]
fn metas_and_messages_can_be_left_out() {
    let caps = caps();
    let element = detector();
    element.set_property("add-roi-meta", false);
    element.set_property("post-messages", false);
    let mut h = harness(&element);
    h.set_src_caps(caps.clone());
    let buffer = frame(&caps, 0, Some(MOSAIC));
    let pointer = buffer.as_ptr();
    let after = h.push_and_pull(buffer).unwrap();
    assert_eq!(after.as_ptr(), pointer);
    assert!(
        messages(&element)
            .iter()
            .all(|message| message.structure().is_none_or(|s| s.name() != "mosaics"))
    );
}

#[test]
fn the_restorer_takes_the_metas_up() {
    let caps = caps();
    let detect = detector();
    let mut h = harness(&detect);
    h.set_src_caps(caps.clone());
    let seen = h.push_and_pull(frame(&caps, 0, Some(MOSAIC))).unwrap();
    let found = named(&seen)[0];
    let fake = Fake::new();
    let restore = element(&fake);
    restore.set_property("object-class", "mosaic");
    let mut h = harness(&restore);
    h.set_src_caps(caps.clone());
    let before = bytes_of(&seen);
    let after = h.push_and_pull(seen).unwrap();
    assert_restored(&caps, &after, &found);
    assert_unchanged_outside(&caps, &before, &after, &[found]);
    assert_eq!(fake.run_sizes(), [1]);
}

#[test]
fn frames_without_caps_or_with_too_little_memory_are_no_crash() {
    let element = detector();
    let mut h = harness(&element);
    h.set_src_caps(caps());
    let mut short = gst::Buffer::from_mut_slice(vec![0u8; 100]);
    stamp(short.make_mut(), 0);
    let after = h.push_and_pull(short).unwrap();
    assert_eq!(after.size(), 100);
    let warned = messages(&element);
    let warnings = warned
        .iter()
        .filter(|m| m.type_() == gst::MessageType::Warning);
    assert_eq!(warnings.count(), 1);
}
