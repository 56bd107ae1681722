//! `mosaicdetect`: tells where mosaics are, and touches no pixel.

use gst::glib;
use gst::prelude::*;

mod imp;
mod settings;

glib::wrapper! {
    /// The element `mosaicdetect`.
    pub struct MosaicDetect(ObjectSubclass<imp::MosaicDetect>)
        @extends gst::Element, gst::Object;
}

/// Register the element with `plugin`.
pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(
        Some(plugin),
        "mosaicdetect",
        gst::Rank::NONE,
        MosaicDetect::static_type(),
    )
}
