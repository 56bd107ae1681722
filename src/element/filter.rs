//! What the elements have in common: one pad for frames that come, one for those that go.

use crate::element::caps::template_caps;
use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use std::sync::LazyLock;

/// An element between two pads.
pub(super) trait Filter: ElementImpl + ObjectSubclass<Type: IsA<gst::Element>> {
    /// A buffer came.
    fn sink_chain(&self, buffer: gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError>;

    /// An event came from upstream.
    fn sink_event(&self, pad: &gst::Pad, event: gst::Event) -> bool;

    /// A query came from upstream.
    fn sink_query(&self, pad: &gst::Pad, query: &mut gst::QueryRef) -> bool {
        gst::Pad::query_default(pad, Some(&*self.obj()), query)
    }
}

/// The sink pad of an element of `class`, which hands on to [`Filter`]. A panic there becomes an
/// error message.
pub(super) fn sink_pad<F: Filter>(class: &glib::Class<F::Type>) -> gst::PadBuilder<gst::Pad> {
    pad(class, "sink")
        .chain_function(|_, parent, buffer| {
            F::catch_panic_pad_function(
                parent,
                || Err(gst::FlowError::Error),
                |imp| imp.sink_chain(buffer),
            )
        })
        .event_function(|pad, parent, event| {
            F::catch_panic_pad_function(parent, || false, |imp| imp.sink_event(pad, event))
        })
        .query_function(|pad, parent, query| {
            F::catch_panic_pad_function(parent, || false, |imp| imp.sink_query(pad, query))
        })
}

/// The source pad of an element of `class`.
pub(super) fn src_pad<F: Filter>(class: &glib::Class<F::Type>) -> gst::PadBuilder<gst::Pad> {
    pad(class, "src")
}

/// Output caps equal input caps, and so do allocation and scheduling.
fn pad<T: IsA<gst::Element> + glib::object::IsClass>(
    class: &glib::Class<T>,
    name: &str,
) -> gst::PadBuilder<gst::Pad> {
    let template = class.pad_template(name);
    let template = template.expect("the class has this template");
    gst::Pad::builder_from_template(&template).flags(
        gst::PadFlags::PROXY_CAPS
            | gst::PadFlags::PROXY_ALLOCATION
            | gst::PadFlags::PROXY_SCHEDULING,
    )
}

/// Returns a new element its pads.
pub(super) fn add_pads(element: &impl IsA<gst::Element>, pads: [&gst::Pad; 2]) {
    for pad in pads {
        let added = element.add_pad(pad);
        added.expect("a new element has no pad of this name");
    }
}

/// The always-sink and always-src templates of all elements.
pub(super) fn pad_templates() -> &'static [gst::PadTemplate] {
    static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
        let caps = template_caps();
        let pads = [
            ("sink", gst::PadDirection::Sink),
            ("src", gst::PadDirection::Src),
        ];
        let templates = pads.map(|(name, direction)| {
            gst::PadTemplate::new(name, direction, gst::PadPresence::Always, &caps)
        });
        templates.into_iter().flatten().collect()
    });
    &TEMPLATES
}

/// What is told of an element.
pub(super) fn metadata(
    name: &str,
    classification: &str,
    description: &str,
) -> gst::subclass::ElementMetadata {
    const AUTHOR: &str = "The gst-plugin-depixelate authors";
    gst::subclass::ElementMetadata::new(name, classification, description, AUTHOR)
}
