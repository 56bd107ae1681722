//! GStreamer plugin that finds pixelated faces in video and puts a plausible face back.
//!
//! A restored face is a guess: it shows nobody's identity.

pub mod app;
pub mod blocks;
pub mod cascade;
pub mod cli;
pub mod degrade;
pub mod detect;
#[cfg(feature = "trainer")]
pub mod diagram;
#[cfg(feature = "trainer")]
pub mod evaluate;
#[cfg(feature = "trainer")]
pub mod experiments;
pub mod face_check;
pub mod files;
pub mod frame;
pub mod metrics;
pub mod onnx;
pub mod restore;
pub mod track;
#[cfg(feature = "trainer")]
pub mod train;

pub mod element;

fn plugin_init(plugin: &gst::Plugin) -> Result<(), gst::glib::BoolError> {
    element::register(plugin)
}

gst::plugin_define!(
    depixelate,
    env!("CARGO_PKG_DESCRIPTION"),
    plugin_init,
    concat!(env!("CARGO_PKG_VERSION"), "-", env!("COMMIT_ID")),
    "MIT/X11",
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_NAME"),
    "https://example.invalid/gst-plugin-depixelate",
    env!("BUILD_REL_DATE")
);
