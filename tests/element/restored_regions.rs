//! Which pixels `facedepixelate` restores: regions of every kind, size and place, in every format.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::{VideoFormat, VideoRegionOfInterestMeta};
use gstdepixelate::element::caps::FORMATS;
use gstdepixelate::frame::Rect;

const REGION: Rect = Rect::new(11, 7, 30, 24);

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
    assert_eq!(stats.get::<u64>("regions"), Ok(40));
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

#[test]
fn a_watermark_is_written_inside_the_regions() {
    let place = Rect::new(21, 11, 84, 70);
    let through = |watermark: bool, format| {
        let (element, _) = with_regions(&[place]);
        element.set_property("watermark", watermark);
        let mut h = harness(&element);
        let caps = caps_of(format, 128, 96);
        h.set_src_caps(caps.clone());
        let before = noise_frame(&caps, 0);
        let after = h.push_and_pull(before.copy_deep().unwrap()).unwrap();
        assert_unchanged_outside(&caps, &bytes_of(&before), &after, &[place]);
        (0..96)
            .map(|y| {
                (0..128)
                    .map(|x| pixel(&caps, &after, x, y))
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    };
    for format in [VideoFormat::Rgb, VideoFormat::I42010le] {
        let (plain, marked) = (through(false, format), through(true, format));
        let rows: Vec<usize> = (0..96).filter(|&y| plain[y] != marked[y]).collect();
        // The lowest twelve rows of the region, and what shares chroma with them.
        assert!(
            (68..=69).contains(&rows[0]) && rows.len() >= 12,
            "{format} {rows:?}"
        );
        assert!(rows.iter().all(|&y| y <= 81), "{format} {rows:?}");
    }
}

#[test]
fn what_is_only_looked_at_stays_as_it_is() {
    let (element, _) = with_regions(&[REGION]);
    element.set_property("look-only", true);
    element.set_property("add-roi-meta", true);
    let mut h = harness(&element);
    let caps = caps_of(VideoFormat::I420, 64, 48);
    h.set_src_caps(caps.clone());
    let before = noise_frame(&caps, 0);
    let after = h.push_and_pull(before.copy_deep().unwrap()).unwrap();
    assert_eq!(bytes_of(&before), bytes_of(&after));
    let meta = after
        .meta::<gst_video::VideoRegionOfInterestMeta>()
        .unwrap();
    let (x, y, width, height) = meta.rect();
    assert_eq!(Rect::new(x as i32, y as i32, width, height), REGION);
}
