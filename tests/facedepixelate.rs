//! `facedepixelate` in a harness with a fake model: pictures, regions, properties and the model's life.
//!
//! What concerns the order and the end of things is in `facedepixelate_flow.rs`.

mod common;

use common::*;
use gst::prelude::*;
use gst_video::{VideoFormat, VideoRegionOfInterestMeta};
use gstdepixelate::cascade::LoadError;
use gstdepixelate::element::FaceDepixelate;
use gstdepixelate::element::caps::FORMATS;
use gstdepixelate::frame::Rect;

const REGION: Rect = Rect::new(11, 7, 30, 24);

fn with_regions(rects: &[Rect]) -> (FaceDepixelate, Fake) {
    let fake = Fake::new();
    let element = element(&fake);
    element.set_property("regions", regions(rects));
    (element, fake)
}

/// One frame through the element.
fn through(element: &FaceDepixelate, caps: &gst::Caps, buffer: gst::Buffer) -> gst::Buffer {
    let mut h = harness(element);
    h.set_src_caps(caps.clone());
    h.push_and_pull(buffer).unwrap()
}

fn stat<'a, T: gst::glib::value::FromValue<'a>>(stats: &'a gst::Structure, field: &str) -> T {
    stats.value(field).unwrap().get().unwrap()
}

#[test]
fn every_format_is_restored_inside_the_region_only() {
    for &format in FORMATS {
        let caps = caps_of(format, 67, 45);
        for buffer in [noise_frame(&caps, 0), padded_frame(&caps, 1)] {
            let (element, _) = with_regions(&[REGION]);
            let before = bytes_of(&buffer);
            let after = through(&element, &caps, buffer);
            assert_restored(&caps, &after, &REGION);
            assert_unchanged_outside(&caps, &before, &after, &[REGION]);
        }
    }
}

#[test]
fn untouched_frames_leave_as_the_same_buffer() {
    let caps = caps_of(VideoFormat::I420, 64, 48);
    for (rects, alpha) in [
        (&[][..], 1f32),
        (&[Rect::new(64, 0, 10, 10)], 1.0),
        (&[Rect::new(5, 5, 0, 10)], 1.0),
        (&[REGION], 0.0),
    ] {
        let (element, fake) = with_regions(rects);
        element.set_property("alpha", alpha);
        let buffer = noise_frame(&caps, 0);
        // Another holder: a copy would have another address.
        let kept = buffer.clone();
        let out = through(&element, &caps, buffer);
        assert_eq!(out.as_ptr(), kept.as_ptr());
        assert!(fake.run_sizes().is_empty());
    }
}

#[test]
fn a_flat_frame_has_nothing_to_detect() {
    let caps = caps_of(VideoFormat::Rgb, 64, 48);
    let (element, fake) = with_regions(&[]);
    element.set_property_from_str("inference-region", "full-frame");
    let buffer = gst::Buffer::from_mut_slice(vec![90; 64 * 48 * 3]);
    let address = buffer.as_ptr();
    assert_eq!(through(&element, &caps, buffer).as_ptr(), address);
    assert!(fake.run_sizes().is_empty());
}

#[test]
fn fixed_regions_are_restored_beside_the_detected() {
    let caps = caps_of(VideoFormat::Rgb, 64, 48);
    let (element, _) = with_regions(&[REGION]);
    element.set_property_from_str("inference-region", "full-frame");
    let buffer = gst::Buffer::from_mut_slice(vec![90; 64 * 48 * 3]);
    assert_restored(&caps, &through(&element, &caps, buffer), &REGION);
}

#[test]
fn a_shared_frame_is_copied_and_an_own_one_is_not() {
    let caps = caps_of(VideoFormat::Nv12, 64, 48);
    let (element, _) = with_regions(&[REGION]);
    let mut h = harness(&element);
    h.set_src_caps(caps.clone());
    let buffer = noise_frame(&caps, 0);
    let (kept, before) = (buffer.clone(), bytes_of(&buffer));
    let out = h.push_and_pull(buffer).unwrap();
    assert_ne!(out.as_ptr(), kept.as_ptr());
    assert_eq!(bytes_of(&kept), before);
    assert_restored(&caps, &out, &REGION);
    assert_eq!((out.pts(), out.offset()), (kept.pts(), kept.offset()));

    let own = noise_frame(&caps, 1);
    let address = own.as_ptr();
    assert_eq!(h.push_and_pull(own).unwrap().as_ptr(), address);

    // The buffer is its own, its memory is not.
    let shared = noise_frame(&caps, 2);
    let before = bytes_of(&shared);
    let twin = shared.copy();
    assert_restored(&caps, &h.push_and_pull(twin).unwrap(), &REGION);
    assert_eq!(bytes_of(&shared), before);
}

#[test]
fn regions_of_any_size_and_place() {
    let tiny = caps_of(VideoFormat::I420, 1, 1);
    let (element, _) = with_regions(&[Rect::new(0, 0, 1, 1)]);
    assert_restored(
        &tiny,
        &through(&element, &tiny, noise_frame(&tiny, 0)),
        &Rect::new(0, 0, 1, 1),
    );

    let caps = caps_of(VideoFormat::Bgra, 64, 48);
    let larger = Rect::new(-1000, -1000, 5000, 5000);
    let (element, fake) = with_regions(&[larger]);
    let after = through(&element, &caps, noise_frame(&caps, 0));
    assert_restored(&caps, &after, &Rect::new(0, 0, 64, 48));
    assert_eq!(fake.run_sizes(), [1]);
}

#[test]
fn forty_regions() {
    let caps = caps_of(VideoFormat::Rgbx, 320, 200);
    let rects: Vec<Rect> = (0..40)
        .map(|i| Rect::new(i % 8 * 40 + 4, i / 8 * 40 + 4, 32, 32))
        .collect();
    let (element, fake) = with_regions(&rects);
    let buffer = noise_frame(&caps, 0);
    let before = bytes_of(&buffer);
    let after = through(&element, &caps, buffer);
    for rect in &rects {
        assert_restored(&caps, &after, rect);
    }
    assert_unchanged_outside(&caps, &before, &after, &rects);
    assert_eq!(fake.run_sizes().iter().sum::<usize>(), 40);
    let stats = element.property::<gst::Structure>("stats");
    assert_eq!(stat::<u64>(&stats, "regions"), 40);
}

#[test]
fn upstream_regions_are_judged() {
    let caps = caps_of(VideoFormat::Rgb, 128, 96);
    let face = Rect::new(20, 20, 40, 40);
    let plate = Rect::new(70, 20, 40, 40);
    let left = Rect::new(-10, 60, 40, 36);
    let nowhere = [
        Rect::new(128, 0, 40, 40),
        Rect::new(-500, -500, 100, 100),
        Rect::new(i32::MAX, i32::MIN, u32::MAX, u32::MAX),
        Rect::new(10, 10, 0, 40),
        Rect::new(64, 64, 8, 8),
    ];
    for (class, expected) in [
        (None, &[face, left, plate][..]),
        (Some("face"), &[face, left]),
    ] {
        let (element, _) = with_regions(&[]);
        element.set_property("object-class", class);
        let mut buffer = noise_frame(&caps, 0);
        for rect in [face, left].iter().chain(&nowhere) {
            add_roi(buffer.make_mut(), "face", rect);
        }
        add_roi(buffer.make_mut(), "plate", &plate);
        let before = bytes_of(&buffer);
        let after = through(&element, &caps, buffer);
        assert_unchanged_outside(&caps, &before, &after, expected);
        for rect in expected {
            assert_restored(&caps, &after, &rect.clamp_to(128, 96).unwrap());
        }
    }
}

#[test]
fn all_of_a_frame_may_be_named() {
    let caps = caps_of(VideoFormat::I420, 64, 48);
    let (element, _) = with_regions(&[]);
    let mut buffer = noise_frame(&caps, 0);
    add_roi(buffer.make_mut(), "", &Rect::new(0, 0, u32::MAX, u32::MAX));
    let after = through(&element, &caps, buffer);
    assert_restored(&caps, &after, &Rect::new(0, 0, 64, 48));
}

#[test]
fn restored_regions_are_announced_on_demand() {
    let caps = caps_of(VideoFormat::Rgb, 64, 48);
    for wanted in [false, true] {
        let (element, _) = with_regions(&[REGION, Rect::new(-5, -5, 20, 20)]);
        element.set_property("add-roi-meta", wanted);
        let after = through(&element, &caps, noise_frame(&caps, 0));
        let metas: Vec<_> = after.iter_meta::<VideoRegionOfInterestMeta>().collect();
        if !wanted {
            assert!(metas.is_empty());
            continue;
        }
        assert_eq!(metas.len(), 2);
        assert_eq!(metas[0].roi_type(), "restored-face");
        assert_eq!(metas[0].rect(), (11, 7, 30, 24));
        assert_eq!(metas[1].rect(), (0, 0, 15, 15));
        let details = metas[0].param("restored-face").unwrap();
        assert_eq!(details.get::<f64>("confidence"), Ok(1.0));
        assert_eq!(details.get::<&str>("method"), Ok("fixed"));
    }
}

#[test]
fn properties_change_while_playing() {
    let caps = caps_of(VideoFormat::Rgb, 64, 48);
    let (element, _) = with_regions(&[]);
    let mut h = harness(&element);
    h.set_src_caps(caps.clone());
    let untouched = h.push_and_pull(noise_frame(&caps, 0)).unwrap();
    assert_eq!(bytes_of(&untouched), bytes_of(&noise_frame(&caps, 0)));
    element.set_property("regions", regions(&[REGION]));
    assert_restored(
        &caps,
        &h.push_and_pull(noise_frame(&caps, 1)).unwrap(),
        &REGION,
    );
    element.set_property("alpha", 0f32);
    let untouched = h.push_and_pull(noise_frame(&caps, 2)).unwrap();
    assert_eq!(bytes_of(&untouched), bytes_of(&noise_frame(&caps, 2)));
}

#[test]
fn stats_count() {
    let caps = caps_of(VideoFormat::Rgb, 64, 48);
    let (element, _) = with_regions(&[REGION, Rect::new(0, 0, 10, 7)]);
    let mut h = harness(&element);
    h.set_src_caps(caps.clone());
    for number in 0..3 {
        h.push_and_pull(noise_frame(&caps, number)).unwrap();
    }
    let stats = element.property::<gst::Structure>("stats");
    for field in ["frames-in", "frames-out", "frames-restored", "batches"] {
        assert_eq!(stat::<u64>(&stats, field), 3, "{field}");
    }
    assert_eq!(stat::<u64>(&stats, "regions"), 6);
    assert_eq!(stat::<u64>(&stats, "frames-skipped-qos"), 0);
    assert_eq!(stat::<f64>(&stats, "batch-fill-mean"), 2.0);
    assert_eq!(stat::<&str>(&stats, "execution-provider"), "fake");
    assert!(
        stat::<u64>(&stats, "inference-time-max") >= stat::<u64>(&stats, "inference-time-mean")
    );
    stat::<u32>(&stats, "queue-level");
}

fn warnings(element: &FaceDepixelate) -> Vec<String> {
    let warning = |message: gst::Message| match message.view() {
        gst::MessageView::Warning(warning) => Some(warning.error().to_string()),
        _ => None,
    };
    messages(element).into_iter().filter_map(warning).collect()
}

#[test]
fn interlaced_and_hdr_frames_pass_with_one_warning() {
    for (format, field, value) in [
        (VideoFormat::I420, "interlace-mode", "interleaved"),
        (VideoFormat::Yuy2, "interlace-mode", "mixed"),
        (VideoFormat::P01010le, "colorimetry", "bt2100-pq"),
        (VideoFormat::I42010le, "colorimetry", "bt2100-hlg"),
    ] {
        let mut caps = caps_of(format, 64, 48);
        caps.make_mut().set(field, value);
        let (element, fake) = with_regions(&[REGION]);
        let mut h = harness(&element);
        h.set_src_caps(caps.clone());
        for number in 0..3 {
            let buffer = noise_frame(&caps, number);
            // Another holder: a copy would have another address.
            let kept = buffer.clone();
            assert_eq!(h.push_and_pull(buffer).unwrap().as_ptr(), kept.as_ptr());
        }
        h.set_src_caps(caps);
        assert_eq!(warnings(&element).len(), 1, "{value}");
        assert!(fake.run_sizes().is_empty(), "{value}");
    }
}

#[test]
fn frames_that_cannot_be_mapped_pass_with_one_warning() {
    let caps = caps_of(VideoFormat::I420, 64, 48);
    let (element, _) = with_regions(&[REGION]);
    let mut h = harness(&element);
    h.set_src_caps(caps.clone());
    for _ in 0..3 {
        let buffer = gst::Buffer::from_mut_slice(vec![0; 100]);
        let address = buffer.as_ptr();
        assert_eq!(h.push_and_pull(buffer).unwrap().as_ptr(), address);
    }
    assert_eq!(warnings(&element).len(), 1);
    assert_restored(
        &caps,
        &h.push_and_pull(noise_frame(&caps, 0)).unwrap(),
        &REGION,
    );
}

#[test]
fn the_model_is_kept_while_its_settings_are() {
    let (element, fake) = with_regions(&[]);
    let cycle = || {
        element.set_state(gst::State::Paused).unwrap();
        element.set_state(gst::State::Ready).unwrap();
        fake.load_count()
    };
    assert_eq!((cycle(), cycle(), cycle()), (1, 1, 1));
    element.set_property("threads", 2u32);
    assert_eq!((cycle(), cycle()), (2, 2));
    element.set_property("alpha", 0.5f32);
    assert_eq!(cycle(), 2);
    element.set_state(gst::State::Null).unwrap();
    assert_eq!(cycle(), 3);
    element.set_state(gst::State::Null).unwrap();

    let progress: Vec<_> = messages(&element)
        .iter()
        .filter_map(|message| match message.view() {
            gst::MessageView::Progress(progress) => {
                let (kind, code, _) = progress.get();
                assert_eq!(code, "loading");
                Some(kind)
            }
            _ => None,
        })
        .collect();
    use gst::ProgressType::{Complete, Start};
    assert_eq!(
        progress,
        [Start, Complete, Start, Complete, Start, Complete]
    );
}

#[test]
fn a_model_that_does_not_load_fails_the_state_change() {
    init();
    let element: FaceDepixelate = gst::glib::Object::new();
    element.set_bus(Some(&gst::Bus::new()));
    element.set_backend_for_test(std::sync::Arc::new(|| {
        Err(LoadError::Thread("broken".into()))
    }));
    assert!(element.set_state(gst::State::Paused).is_err());
    let messages = messages(&element);
    let failed = messages.iter().any(|message| match message.view() {
        gst::MessageView::Progress(progress) => progress.type_() == gst::ProgressType::Error,
        _ => false,
    });
    assert!(failed);
    let error = messages.iter().find_map(|message| match message.view() {
        gst::MessageView::Error(error) => Some(error.error()),
        _ => None,
    });
    let error = error.unwrap();
    assert!(error.matches(gst::LibraryError::Init) && error.message().contains("broken"));
    element.set_state(gst::State::Null).unwrap();
}

#[test]
fn malformed_regions_fail_the_state_change() {
    let (element, fake) = with_regions(&[]);
    let three = gst::Array::from_values([gst::Array::new([1, 2, 3]).to_send_value()]);
    element.set_property("regions", three);
    assert!(element.set_state(gst::State::Paused).is_err());
    let error = &errors(&element)[0];
    assert!(error.matches(gst::ResourceError::Settings), "{error}");
    assert_eq!(fake.load_count(), 0);
    element.set_state(gst::State::Null).unwrap();
}

#[test]
fn borders_are_drawn_inside_the_regions() {
    let (element, _) = with_regions(&[REGION]);
    element.set_property("display", true);
    let mut h = harness(&element);
    let caps = caps_of(VideoFormat::Rgb, 64, 48);
    h.set_src_caps(caps.clone());
    let before = noise_frame(&caps, 0);
    let after = h.push_and_pull(before.copy_deep().unwrap()).unwrap();
    let (x, y) = (REGION.x, REGION.y);
    assert_eq!(pixel(&caps, &after, x, y), [255, 210, 0]);
    assert_eq!(pixel(&caps, &after, x + 1, y + 9), [255, 210, 0]);
    assert_restored(&caps, &after, &REGION);
    assert_unchanged_outside(&caps, &bytes_of(&before), &after, &[REGION]);
}
