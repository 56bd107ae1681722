//! Pictures in memory: layout of planes, colour, crop (region → tensor) and paste (region ←
//! picture).
//!
//! Knows nothing of GStreamer, ONNX Runtime or libtorch.

mod color;
mod crop;
mod field;
mod lattice;
mod layout;
mod luma;
pub mod patch;
mod rect;
mod resample;
pub(crate) mod samples;
mod transfer;
mod turn;
mod view;

pub use color::Conversion;
pub use crop::Cropper;
pub use field::{Field, Parity};
pub use lattice::Lattice;
pub use layout::{ColorModel, Component, Layout, MAX_PLANES, Matrix, Range, SampleFormat};
pub use luma::luma;
pub use patch::Patch;
pub use rect::{Rect, Square};
pub use transfer::{Tone, Transfer};
pub use turn::Turn;
pub use view::{FrameError, FrameView, FrameViewMut, Plane, PlaneMut};
