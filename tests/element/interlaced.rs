//! Interlaced frames: what moves is restored field by field, what stands still as one picture.

use crate::helpers::*;
use gst::glib;
use gst::prelude::*;
use gst_video::prelude::*;
use gst_video::{VideoBufferFlags, VideoFormat, VideoRegionOfInterestMeta};
use gstdepixelate::degrade::mosaic::{Fill, pixelate};
use gstdepixelate::element::caps::StreamLayout;
use gstdepixelate::element::{FaceDepixelate, MosaicDetect};
use gstdepixelate::frame::{FrameViewMut, Lattice, Layout, Parity, Patch, Rect};
use image::RgbImage;

fn caps_with(format: VideoFormat, mode: &str, (width, height): (u32, u32)) -> gst::Caps {
    let mut caps = caps_of(format, width, height);
    caps.make_mut().set("interlace-mode", mode);
    caps
}

#[test]
fn the_first_field_is_the_one_that_caps_or_flags_name() {
    use VideoBufferFlags as Flags;
    let first = |mode: &str, order: Option<&str>, flags: VideoBufferFlags| {
        let mut caps = caps_with(VideoFormat::I420, mode, (64, 48));
        if let Some(order) = order {
            caps.make_mut().set("field-order", order);
        }
        let mut buffer = noise_frame(&caps, 0);
        buffer.make_mut().set_video_flags(flags);
        StreamLayout::from_caps(&caps).unwrap().first_field(&buffer)
    };
    let both = Flags::INTERLACED | Flags::TFF;
    assert_eq!(first("progressive", None, Flags::empty()), None);
    assert_eq!(
        first("interleaved", None, Flags::empty()),
        Some(Parity::Bottom)
    );
    assert_eq!(first("interleaved", None, both), Some(Parity::Top));
    let order = Some("top-field-first");
    assert_eq!(
        first("interleaved", order, Flags::empty()),
        Some(Parity::Top)
    );
    assert_eq!(first("mixed", None, Flags::TFF), None);
    assert_eq!(first("mixed", None, both), Some(Parity::Top));
    assert_eq!(
        first("mixed", None, Flags::INTERLACED),
        Some(Parity::Bottom)
    );
}

/// A dark field and a bright one.
fn stripes(width: u32, height: u32) -> Patch {
    let mut patch = Patch::default();
    patch.reset(Rect::new(0, 0, width, height));
    for (i, value) in (0..).zip(patch.values_mut()) {
        *value = [60.0, 180.0][(i / width % 2) as usize] + (i % 7) as f32;
    }
    patch
}

#[test]
fn both_fields_are_restored_inside_the_region_only() {
    // On the chroma grid of fields, four lines of a frame.
    let region = Rect::new(10, 8, 30, 24);
    for &format in gstdepixelate::element::caps::FORMATS {
        let caps = caps_with(format, "interleaved", (67, 46));
        for mut buffer in [noise_frame(&caps, 0), padded_frame(&caps, 1)] {
            paste(&caps, buffer.make_mut(), &stripes(67, 46), &[1.0; 67 * 46]);
            let (element, fake) = with_regions(&[region]);
            let before = bytes_of(&buffer);
            let after = through(&element, &caps, buffer);
            for below in [0, 1] {
                assert_restored(
                    &caps,
                    &after,
                    &Rect {
                        y: region.y + below,
                        ..region
                    },
                );
            }
            assert_unchanged_outside(&caps, &before, &after, &[region]);
            assert_eq!(fake.run_sizes().iter().sum::<usize>(), 2);
            assert!(
                messages(&element)
                    .iter()
                    .all(|it| it.type_() != gst::MessageType::Warning)
            );
        }
    }
}

/// The restored half of the README's picture, `shift` pixels further to the left.
fn picture(shift: u32) -> RgbImage {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/images/before-after.png");
    let picture = image::open(file).unwrap().into_rgb8();
    image::imageops::crop_imm(&picture, 644 + shift, 0, 624, 360).to_image()
}

/// Its face.
fn face(shift: u32) -> Rect {
    Rect::new(222 - shift as i32, 72, 156, 156)
}

fn with_mosaic(shift: u32) -> RgbImage {
    let mut picture = picture(shift);
    let layout = Layout::rgb(624, 360);
    let mut view = FrameViewMut::packed(&layout, &mut picture, 3 * 624).unwrap();
    let face = face(shift);
    let lattice = Lattice::square(9, face.x, face.y);
    pixelate(&mut view, &face, &lattice, Fill::TileMean);
    picture
}

/// The lines of two pictures by turns, the first one's first.
fn woven(pictures: [&RgbImage; 2], caps: &gst::Caps) -> gst::Buffer {
    let info = gst_video::VideoInfo::from_caps(caps).unwrap();
    let mut frame = Patch::default();
    frame.reset(Rect::new(0, 0, 624, 360));
    for channel in 0..3 {
        for (i, value) in (0..).zip(frame.plane_mut(channel)) {
            let (x, y) = (i % 624, i / 624);
            *value = f32::from(pictures[y as usize % 2].get_pixel(x, y).0[channel]);
        }
    }
    let mut buffer = gst::Buffer::from_mut_slice(vec![0; info.size()]);
    paste(caps, buffer.make_mut(), &frame, &vec![1.0; frame.area()]);
    stamp(buffer.make_mut(), 0);
    buffer
        .make_mut()
        .set_video_flags(VideoBufferFlags::INTERLACED | VideoBufferFlags::TFF);
    buffer
}

fn interlaced() -> gst::Caps {
    caps_with(VideoFormat::Y444, "interleaved", (624, 360))
}

/// How many crops a frame of two such mosaics has, and how many regions are told of.
fn crops(shifts: [u32; 2]) -> (usize, usize) {
    let (caps, fake) = (interlaced(), Fake::new());
    let element: FaceDepixelate = glib::Object::new();
    element.set_backend_for_test(fake.source());
    element.set_bus(Some(&gst::Bus::new()));
    element.set_property("add-roi-meta", true);
    let [one, other] = shifts.map(with_mosaic);
    let after = through(&element, &caps, woven([&one, &other], &caps));
    let metas = after.iter_meta::<VideoRegionOfInterestMeta>().count();
    (fake.run_sizes().iter().sum(), metas)
}

#[test]
fn what_stands_still_is_one_picture() {
    assert_eq!(crops([0, 0]), (1, 1));
}

#[test]
fn what_moves_is_two() {
    for shift in [2, 6, 15] {
        assert_eq!(crops([0, shift]), (2, 1), "{shift}");
    }
}

#[test]
fn pictures_without_a_mosaic_have_none_as_fields() {
    for shift in [0, 6] {
        let caps = interlaced();
        let (element, fake) = with_regions(&[]);
        element.set_property_from_str("inference-region", "full-frame");
        let buffer = woven([&picture(0), &picture(shift)], &caps);
        let address = buffer.as_ptr();
        assert_eq!(through(&element, &caps, buffer).as_ptr(), address);
        assert!(fake.run_sizes().is_empty());
    }
}

#[test]
fn mosaics_of_fields_are_told_of() {
    let caps = interlaced();
    for shift in [0, 6] {
        let element: MosaicDetect = glib::Object::new();
        let [one, other] = [0, shift].map(with_mosaic);
        let after = through(&element, &caps, woven([&one, &other], &caps));
        let metas: Vec<_> = after.iter_meta::<VideoRegionOfInterestMeta>().collect();
        assert_eq!(metas.len(), 1, "{shift}");
        let (x, y, width, height) = metas[0].rect();
        let found = Rect::new(x as i32, y as i32, width, height);
        assert!(found.iou(&face(shift)) > 0.85, "{shift}: {found:?}");
    }
}

/// PSNR of the face in a frame of two pictures, with its mosaic and restored.
fn nearness(shifts: [u32; 2], caps: &gst::Caps) -> [f64; 2] {
    let [one, other] = shifts.map(with_mosaic);
    let mosaic = woven([&one, &other], caps);
    let element: FaceDepixelate = glib::Object::new();
    element.set_bus(Some(&gst::Bus::new()));
    element.set_property("detail", 0f32);
    let restored = through(&element, caps, mosaic.copy_deep().unwrap());
    assert!(errors(&element).is_empty());
    let [one, other] = shifts.map(picture);
    let truth = patch_of(caps, &woven([&one, &other], caps), face(shifts[1]));
    [mosaic, restored].map(|frame| {
        let seen = patch_of(caps, &frame, truth.rect());
        let square = |(a, b): (&f32, &f32)| f64::from(a - b).powi(2);
        let sums = (0..3).map(|plane| -> f64 {
            seen.plane(plane)
                .iter()
                .zip(truth.plane(plane))
                .map(square)
                .sum()
        });
        10.0 * (255.0 * 255.0 * 3.0 * seen.area() as f64 / sums.sum::<f64>()).log10()
    })
}

#[test]
fn faces_come_back_as_in_progressive_video() {
    let progressive = caps_of(VideoFormat::Y444, 624, 360);
    let [_, usual] = nearness([0, 0], &progressive);
    for (shift, least) in [(0, usual - 0.5), (6, usual - 2.0)] {
        let [mosaic, restored] = nearness([0, shift], &interlaced());
        println!("{shift}: {mosaic:.2} dB, restored {restored:.2}, progressive {usual:.2}");
        assert!(restored > least, "{shift}: {restored:.2} dB of {usual:.2}");
        assert!(restored > mosaic + 1.0);
    }
}
