//! The GStreamer elements.
//!
//! Their folders translate between GStreamer and the rooms below; what can be tested without a pipeline lives there.

#![deny(unsafe_code)]

pub mod caps;
mod facedepixelate;
mod facepixelate;
mod metas;
mod mosaicdetect;
mod regions;
mod runtime_log;

pub use facedepixelate::{
    BackendSource, ExecutionProvider, FaceDepixelate, InferenceRegion, OptimizationLevel,
};
pub use facepixelate::{FacePixelate, Fill, GridOrigin};
pub use mosaicdetect::MosaicDetect;

/// Author in the elements' metadata.
const AUTHOR: &str = "The gst-plugin-depixelate authors";

/// Register the elements of this plugin.
pub fn register(plugin: &gst::Plugin) -> Result<(), gst::glib::BoolError> {
    facedepixelate::register(plugin)?;
    facepixelate::register(plugin)?;
    mosaicdetect::register(plugin)
}
