//! Ten bits in, ten bits out: from decoder to encoder with no converter in between.

use crate::helpers::*;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::frame::Rect;
use std::sync::{Arc, Mutex};

const REGION: Rect = Rect::new(40, 24, 64, 48);

/// Buffers that pass `pad` from now on.
fn record(pad: &gst::Pad) -> Arc<Mutex<Vec<gst::Buffer>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let into = seen.clone();
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(gst::PadProbeData::Buffer(buffer)) = &info.data {
            // A deep copy: the element may write into the memory of its own frames.
            into.lock().unwrap().push(buffer.copy_deep().unwrap());
        }
        gst::PadProbeReturn::Ok
    });
    seen
}

fn format_of(pad: &gst::Pad) -> Option<VideoFormat> {
    let caps = pad.current_caps()?;
    let info = gst_video::VideoInfo::from_caps(&caps).ok()?;
    Some(info.format())
}

#[test]
fn a_ten_bit_clip_stays_one() {
    init();
    let fake = Fake::new();
    let element = element(&fake);
    element.set_property("regions", regions(&[REGION]));
    let (sink, src) = (
        element.static_pad("sink").unwrap(),
        element.static_pad("src").unwrap(),
    );
    let (before, after) = (record(&sink), record(&src));
    let source = gst::parse::bin_from_description(
        "videotestsrc num-buffers=5 pattern=smpte ! video/x-raw,format=I420_10LE,width=160,height=96 \
         ! x264enc speed-preset=ultrafast ! decodebin ! identity name=decoded",
        // Until decodebin is linked, both pads of the last element are loose.
        false,
    )
    .unwrap();
    let decoded = source.by_name("decoded").unwrap();
    let decoded = gst::GhostPad::with_target(&decoded.static_pad("src").unwrap()).unwrap();
    source.add_pad(&decoded).unwrap();
    let target = gst::parse::bin_from_description(
        "x264enc name=encoder speed-preset=ultrafast tune=zerolatency ! fakesink sync=false",
        true,
    )
    .unwrap();
    let encoder = target.by_name("encoder").unwrap();
    let pipeline = gst::Pipeline::new();
    pipeline
        .add_many([
            source.upcast_ref(),
            element.upcast_ref::<gst::Element>(),
            target.upcast_ref(),
        ])
        .unwrap();
    gst::Element::link_many([
        source.upcast_ref(),
        element.upcast_ref::<gst::Element>(),
        target.upcast_ref(),
    ])
    .unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let end = pipeline.bus().unwrap().timed_pop_filtered(
        gst::ClockTime::from_seconds(60),
        &[gst::MessageType::Eos, gst::MessageType::Error],
    );
    let end = end.map(|message| message.type_());
    let caps = src.current_caps();
    let formats = [&sink, &src].map(format_of);
    let coded = encoder.static_pad("src").unwrap().current_caps();
    pipeline.set_state(gst::State::Null).unwrap();

    assert_eq!(end, Some(gst::MessageType::Eos));
    assert_eq!(formats, [Some(VideoFormat::I42010le); 2]);
    let coded = coded.unwrap();
    let profile = coded.structure(0).unwrap().get::<&str>("profile");
    assert_eq!(profile, Ok("high-10"));

    let caps = caps.unwrap();
    let (before, after) = (before.lock().unwrap(), after.lock().unwrap());
    assert_eq!((before.len(), after.len()), (5, 5));
    for (was, now) in before.iter().zip(after.iter()) {
        assert_unchanged_outside(&caps, &bytes_of(was), now, &[REGION]);
        assert_restored(&caps, now, &REGION);
    }
}

/// The fake model's colour, rounded to ten bits and not to eight. Source: BT.601, limited range.
#[test]
fn a_result_has_the_precision_of_its_frame() {
    init();
    let [r, g, b] = COLOR.map(f64::from);
    let luma = (0.299 * r + 0.587 * g + 0.114 * b) / 255.0;
    for (format, depth) in [
        (VideoFormat::I420, 8),
        (VideoFormat::I42010le, 10),
        (VideoFormat::P01010le, 10),
        (VideoFormat::I42212le, 12),
        (VideoFormat::P016Le, 16),
    ] {
        let mut caps = caps_of(format, 160, 96);
        caps.make_mut().set("colorimetry", "bt601");
        let element = element(&Fake::new());
        element.set_property("regions", regions(&[REGION]));
        let mut h = harness(&element);
        h.set_src_caps(caps.clone());
        let after = h.push_and_pull(noise_frame(&caps, 0)).unwrap();
        let unit = f64::from(1 << (depth - 8));
        let expected = (16.0 + 219.0 * luma) * unit;
        let found = f64::from(codes_of_row(&caps, &after, 48)[72][0]);
        // Half a code, and a few thousandths of a grey level that two filters in single precision
        // cost.
        let tolerance = 0.5 + 0.005 * unit;
        assert!(
            (found - expected).abs() <= tolerance,
            "{format}: {found}, not {expected}"
        );
    }
}
