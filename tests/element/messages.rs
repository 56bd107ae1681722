//! What `facedepixelate` tells the bus about its regions, and how it bears a model that fails.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::cascade::RunError;
use gstdepixelate::frame::Rect;

const REGION: Rect = Rect::new(12, 10, 40, 32);

fn caps() -> gst::Caps {
    caps_of(VideoFormat::I420, 80, 60)
}

/// Numbers of regions in the messages about them, and the running times.
fn told(element: &impl IsA<gst::Element>) -> Vec<(usize, Option<gst::ClockTime>)> {
    let told = |message: gst::Message| {
        let structure = message.structure()?;
        (structure.name() == "restored-faces").then(|| {
            let regions = structure.get::<gst::Array>("regions").unwrap();
            let time = structure.get::<Option<gst::ClockTime>>("running-time");
            (regions.len(), time.unwrap())
        })
    };
    messages(element).into_iter().filter_map(told).collect()
}

#[test]
fn regions_that_appear_or_vanish_are_told() {
    let element = element(&Fake::new());
    element.set_property("post-messages", true);
    element.set_property("regions", regions(&[REGION]));
    let mut h = harness(&element);
    h.set_src_caps(caps());
    for number in 0..3 {
        h.push_and_pull(noise_frame(&caps(), number)).unwrap();
    }
    assert_eq!(told(&element), [(1, Some(gst::ClockTime::ZERO))]);
    element.set_property("regions", regions(&[]));
    for number in 3..5 {
        h.push_and_pull(noise_frame(&caps(), number)).unwrap();
    }
    assert_eq!(
        told(&element),
        [(0, Some(gst::ClockTime::from_mseconds(120)))]
    );
    element.set_property("post-messages", false);
    element.set_property("regions", regions(&[REGION]));
    h.push_and_pull(noise_frame(&caps(), 5)).unwrap();
    assert_eq!(told(&element), []);
}

#[test]
fn a_model_that_fails_may_be_borne() {
    let fake = Fake::with(|run| match run {
        1 | 2 => Err(RunError::Failed("out of memory".into())),
        _ => Ok(()),
    });
    let element = element(&fake);
    element.set_property_from_str("on-error", "passthrough");
    element.set_property("regions", regions(&[REGION]));
    let mut h = harness(&element);
    h.set_src_caps(caps());
    for number in 0..4 {
        let before = noise_frame(&caps(), number);
        let after = h.push_and_pull(before.clone()).unwrap();
        match number {
            1 | 2 => assert_eq!(bytes_of(&after), bytes_of(&before)),
            _ => assert_restored(&caps(), &after, &REGION),
        }
    }
    let warnings = messages(&element).into_iter().filter_map(|message| {
        let gst::MessageView::Warning(warning) = message.view() else {
            return None;
        };
        Some(warning.error().message().to_owned())
    });
    let warnings: Vec<String> = warnings.collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("out of memory"), "{warnings:?}");
}
