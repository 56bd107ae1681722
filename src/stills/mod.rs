//! Picture files: read upright, with what they say of themselves, and written again with that.
//!
//! [`Still::open`] reads a PNG, JPEG, WebP or TIFF, [`Still::edit`] gives its samples to whoever
//! changes them where they are, [`Still::replace`] shows another picture in its place, and
//! [`Still::encode`] makes the bytes of a file again, in the same format or in another one.

mod error;
mod exif;
mod fitted;
mod format;
mod jpeg;
mod limits;
mod losses;
mod notes;
mod png;
mod samples;
mod still;
mod tiff;
mod webp;

pub use error::StillError;
pub use format::Format;
pub use limits::limited;
pub use still::{Encoded, Still};
