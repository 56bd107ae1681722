//! Elements in a harness, what they say and send, and GLib's criticals made fatal.

use super::fake_model::Fake;
use gst::glib;
use gst::prelude::*;
use gst_check::Harness;
use gstdepixelate::element::FaceDepixelate;
use gstdepixelate::frame::Rect;
use std::sync::{Arc, Mutex, Once};

/// Start GStreamer with this plugin. Warnings and criticals of GLib end the test.
pub fn init() {
    static INIT: Once = Once::new();
    INIT.call_once(|| {
        gst::init().unwrap();
        glib::log_set_always_fatal(
            glib::LogLevels::LEVEL_CRITICAL
                | glib::LogLevels::LEVEL_WARNING
                | glib::LogLevels::LEVEL_ERROR,
        );
        gstdepixelate::plugin_register_static().unwrap();
    });
}

/// An element with the fake model, fixed regions only and no projection, on a bus of its own.
pub fn element(fake: &Fake) -> FaceDepixelate {
    init();
    let element: FaceDepixelate = glib::Object::new();
    element.set_backend_for_test(fake.source());
    element.set_property_from_str("inference-region", "roi-list");
    element.set_property("projection", 0f32);
    element.set_bus(Some(&gst::Bus::new()));
    element
}

/// An [`element`] that restores `rects` of every frame, and its model.
pub fn with_regions(rects: &[Rect]) -> (FaceDepixelate, Fake) {
    let fake = Fake::new();
    let element = element(&fake);
    element.set_property("regions", regions(rects));
    (element, fake)
}

/// A harness around `element`, which plays from then on.
pub fn harness(element: &impl IsA<gst::Element>) -> Harness {
    Harness::with_element(element, Some("sink"), Some("src"))
}

/// One frame with `caps` through a new harness around `element`.
pub fn through(
    element: &impl IsA<gst::Element>,
    caps: &gst::Caps,
    buffer: gst::Buffer,
) -> gst::Buffer {
    let mut h = harness(element);
    h.set_src_caps(caps.clone());
    h.push_and_pull(buffer).unwrap()
}

/// Begin a stream: all that a source sends before its first frame.
pub fn start_stream(h: &mut Harness, caps: &gst::Caps) {
    assert!(h.push_event(gst::event::StreamStart::new("test")));
    h.set_src_caps(caps.clone());
}

/// `regions` as a property value.
pub fn regions(rects: &[Rect]) -> gst::Array {
    let list = rects.iter().map(|rect| {
        let numbers = [rect.x, rect.y, rect.width as i32, rect.height as i32];
        gst::Array::new(numbers).to_send_value()
    });
    gst::Array::from_values(list)
}

/// All messages on the element's bus.
pub fn messages(element: &impl IsA<gst::Element>) -> Vec<gst::Message> {
    let bus = element.bus().expect("the element has a bus");
    std::iter::from_fn(|| bus.pop()).collect()
}

/// Texts of the error messages among [`messages`].
pub fn errors(element: &impl IsA<gst::Element>) -> Vec<glib::Error> {
    let error = |message: gst::Message| match message.view() {
        gst::MessageView::Error(error) => Some(error.error()),
        _ => None,
    };
    messages(element).into_iter().filter_map(error).collect()
}

/// A serialised event of our own that names itself.
pub fn custom_event(name: &str) -> gst::Event {
    gst::event::CustomDownstream::new(gst::Structure::new_empty(name))
}

/// What a probe saw leaving the element: `frame 3`, `event caps`, `event custom-name`.
pub fn trace_output(element: &impl IsA<gst::Element>) -> Arc<Mutex<Vec<String>>> {
    let trace = Arc::new(Mutex::new(Vec::new()));
    let seen = trace.clone();
    let mask = gst::PadProbeType::BUFFER
        | gst::PadProbeType::EVENT_DOWNSTREAM
        | gst::PadProbeType::EVENT_FLUSH;
    let pad = element.static_pad("src").unwrap();
    pad.add_probe(mask, move |_, info| {
        let line = match &info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => format!("frame {}", buffer.offset()),
            Some(gst::PadProbeData::Event(event)) => match event.structure() {
                Some(structure) if event.type_() == gst::EventType::CustomDownstream => {
                    format!("event {}", structure.name())
                }
                _ => format!("event {}", event.type_().name()),
            },
            _ => return gst::PadProbeReturn::Ok,
        };
        seen.lock().unwrap().push(line);
        gst::PadProbeReturn::Ok
    });
    trace
}
