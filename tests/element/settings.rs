//! Properties of `facedepixelate`, what its statistics say, and how long its model stays.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::cascade::LoadError;
use gstdepixelate::element::FaceDepixelate;
use gstdepixelate::frame::Rect;

const REGION: Rect = Rect::new(11, 7, 30, 24);

fn stat<'a, T: gst::glib::value::FromValue<'a>>(stats: &'a gst::Structure, field: &str) -> T {
    stats.value(field).unwrap().get().unwrap()
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
