//! GStreamer plugin that finds pixelated faces in video and puts a plausible face back.
//!
//! A restored face is a guess: it shows nobody's identity.

// Of the library alone: a test may fail as it likes.
#![warn(clippy::unwrap_used)]

pub mod app;
pub mod blocks;
pub mod cascade;
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
#[allow(
    unsafe_code,
    reason = "libtorch's half for GPUs is loaded by hand, in run/device.rs"
)]
#[cfg_attr(test, allow(missing_docs, reason = "tests share theirs"))]
pub mod train;

pub mod element;

pub use plugin::plugin_register_static;

mod plugin {
    #![allow(missing_docs, reason = "GStreamer's macro documents nothing")]

    fn plugin_init(plugin: &gst::Plugin) -> Result<(), gst::glib::BoolError> {
        crate::element::register(plugin)
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
}
