//! Frames that pass `facedepixelate` as they came, and frames that are copied first.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::element::FaceDepixelate;
use gstdepixelate::frame::Rect;

const REGION: Rect = Rect::new(11, 7, 30, 24);

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

fn warnings(element: &FaceDepixelate) -> Vec<String> {
    let warning = |message: gst::Message| match message.view() {
        gst::MessageView::Warning(warning) => Some(warning.error().to_string()),
        _ => None,
    };
    messages(element).into_iter().filter_map(warning).collect()
}

#[test]
fn fields_that_come_apart_pass_with_one_warning() {
    for (format, field, value) in [
        (VideoFormat::I420, "interlace-mode", "fields"),
        (VideoFormat::Yuy2, "interlace-mode", "fields"),
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
