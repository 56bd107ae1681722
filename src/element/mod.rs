//! The GStreamer elements.
//!
//! Their folders translate between GStreamer and the rooms below; what can be tested without a
//! pipeline lives there.

#![allow(
    clippy::unwrap_used,
    reason = "a lock is poisoned by a panic alone, which GStreamer was told of"
)]

#[cfg(feature = "v1_24")]
mod analytics;
pub mod caps;
mod facedepixelate;
mod facepixelate;
mod filter;
mod metas;
mod mosaicdetect;
mod regions;
mod runtime_log;

pub use facedepixelate::{
    BackendSource, ExecutionProvider, FaceDepixelate, InferenceRegion, OnError, OptimizationLevel,
};
pub use facepixelate::{FacePixelate, Fill, GridOrigin};
pub use mosaicdetect::MosaicDetect;

use gst::prelude::*;

/// Register the elements of this plugin.
pub fn register(plugin: &gst::Plugin) -> Result<(), gst::glib::BoolError> {
    #[cfg(feature = "doc")]
    for choice in [
        ExecutionProvider::static_type(),
        InferenceRegion::static_type(),
        OnError::static_type(),
        OptimizationLevel::static_type(),
        Fill::static_type(),
        GridOrigin::static_type(),
    ] {
        choice.mark_as_plugin_api(gst::PluginAPIFlags::empty());
    }
    let elements = [
        ("facedepixelate", FaceDepixelate::static_type()),
        ("facepixelate", FacePixelate::static_type()),
        ("mosaicdetect", MosaicDetect::static_type()),
    ];
    for (name, element) in elements {
        gst::Element::register(Some(plugin), name, gst::Rank::NONE, element)?;
    }
    Ok(())
}
