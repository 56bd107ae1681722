//! GStreamer plugin that finds pixelated faces in video and puts a plausible face back. The crate
//! is the plugin, and a library for programs that have pictures of their own.
//!
//! **A restored face is a guess, not the person.** A mosaic keeps a few hundred numbers of a face;
//! what is missing is invented, and many people's faces give the same mosaic. Such a picture proves
//! nobody's identity.
//!
//! # One picture
//!
//! [`restore::Restorer`] finds the mosaics of a picture, has a model invent their faces, and blends
//! these in. It needs no GStreamer, only ONNX Runtime, which is looked for when the program runs
//! (see [`cascade::runtime::load`]):
//!
//! ```no_run
//! use gstdepixelate::restore::Restorer;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut picture = image::open("pixelated.png")?.into_rgb8();
//! let mut restorer = Restorer::bundled()?;
//! let mosaics = restorer.restore_picture(&mut picture)?;
//! if mosaics.is_empty() {
//!     println!("no pixelated face was found");
//! } else {
//!     picture.save("guess.png")?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A frame in another format than RGB of eight bits is described by a [`frame::Layout`], see
//! [`Restorer::restore`](restore::Restorer::restore); nothing outside the mosaics is touched. To
//! find mosaics alone takes no model:
//!
//! ```
//! use gstdepixelate::degrade::mosaic::{Fill, pixelate};
//! use gstdepixelate::detect::{DetectSettings, Detector, Luma};
//! use gstdepixelate::frame::{FrameView, FrameViewMut, Lattice, Layout, Rect};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Soft waves in RGB, 200 × 160 pixels, with a mosaic of 8 × 8 pixels per block in them.
//! let wave = |x: f32, y: f32| 128.0 + 60.0 * (x / 17.0 + (y / 23.0).cos()).sin();
//! let pixel = |i: u32| [wave((i % 200) as f32, (i / 200) as f32) as u8; 3];
//! let mut data: Vec<u8> = (0..200 * 160).flat_map(pixel).collect();
//! let (layout, stride) = (Layout::rgb(200, 160), 3 * 200);
//! let (place, lattice) = (Rect::new(48, 32, 96, 96), Lattice::square(8, 48, 32));
//! pixelate(&mut FrameViewMut::packed(&layout, &mut data, stride)?, &place, &lattice, Fill::TileMean);
//!
//! let frame = FrameView::packed(&layout, &data, stride)?;
//! let (mut scratch, mut regions) = (Vec::new(), Vec::new());
//! let luma = Luma::of(&frame, &mut scratch);
//! Detector::new().detect(&luma, &DetectSettings::default(), &mut regions);
//! assert_eq!(regions[0].rect, place);
//! # Ok(())
//! # }
//! ```
//!
//! # Video
//!
//! The elements are `facedepixelate`, `facepixelate` and `mosaicdetect` ([`element`]). A program
//! that links to this crate registers them with `plugin_register_static`, or by [`app::init`], and
//! needs no plugin path then. [`app::Transcode`] takes a file through one of them into another
//! file.
//!
//! # Rooms
//!
//! Each uses only such as stand above it; `docs/architecture.md` says more.
//!
//! | room | holds |
//! |---|---|
//! | [`frame`] | pictures in memory, in any format |
//! | [`onnx`] | ONNX files, read and written |
//! | [`degrade`], [`metrics`] | how pictures get damaged, how alike they are |
//! | [`detect`], [`track`] | mosaics in a picture, and over time |
//! | [`blocks`] | what the blocks of a mosaic say of a face |
//! | [`cascade`] | the model file, ONNX Runtime, sessions |
//! | [`face_check`] | whether a mosaic covers a face |
//! | [`faces`] | finding faces that show, cutting them out, putting them back |
//! | [`restore`] | all of restoration for one picture |
//! | [`capi`] | the same for C |
//! | [`whole`] | whole pictures through any network |
//! | [`stills`] | picture files, with what they say of themselves |
//! | [`element`], [`app`] | GStreamer's elements; files in, files out |
//! | [`cues`] | regions, ranges and markers over time, as people and editing programs have them |
//! | [`report`] | pictures and pages of a restoration |
//! | [`files`], [`cli`] | files that appear as a whole; the command lines of the programs |
//!
//! # Features
//!
//! - `trainer`: the program `depixelate-train`, with the rooms `train`, `prepare`,
//!   `evaluate` and `experiments`. It links to libtorch; nothing else does.
//! - `v1_24`, `v1_26`: what needs such a GStreamer.
//! - `static`, `capi`, `doc`: for builds of the plugin as GStreamer's own are built.

// Of the library alone: a test may fail as it likes.
#![warn(clippy::unwrap_used, unreachable_pub)]

pub mod app;
pub mod blocks;
#[allow(unsafe_code, reason = "C hands over pointers")]
pub mod capi;
pub mod cascade;
pub mod cli;
pub mod cues;
pub mod degrade;
pub mod detect;
#[cfg(feature = "trainer")]
pub(crate) mod diagram;
#[cfg(feature = "trainer")]
pub mod evaluate;
#[cfg(feature = "trainer")]
pub mod experiments;
pub mod face_check;
pub mod faces;
pub mod files;
pub mod frame;
pub mod metrics;
pub mod onnx;
#[cfg(feature = "trainer")]
pub mod prepare;
pub mod report;
pub mod restore;
pub mod stills;
pub mod track;
#[cfg(feature = "trainer")]
#[allow(
    unsafe_code,
    reason = "libtorch's half for GPUs is loaded by hand, in run/device.rs"
)]
#[cfg_attr(test, allow(missing_docs, reason = "tests share theirs"))]
pub mod train;
pub mod whole;

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
