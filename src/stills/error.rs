//! Why a picture cannot be read, or written.

use super::limits::{MOST_BYTES, MOST_MEMORY};

/// Bytes in a mebibyte.
const MIB: u64 = 1 << 20;

/// Why a picture cannot be read, or written.
#[derive(Debug, thiserror::Error)]
pub enum StillError {
    /// It cannot be opened.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// It is a folder, a device or the like.
    #[error("it is no file")]
    NoFile,
    /// It begins as none of the known formats.
    #[error("it is no PNG, JPEG, WebP or TIFF")]
    NoPicture,
    /// It is a film.
    #[error("it is an animation, which is a film: depixelate INPUT OUTPUT restores those")]
    Animation,
    /// It has several pages.
    #[error("it has several pages, of which all but the first would be lost: split it before")]
    Pages,
    /// A part of it is missing.
    #[error("it is cut off: its end is missing")]
    Cut,
    /// Its colours are those of ink.
    #[error("its colours are those of ink (CMYK): convert it to RGB before")]
    Ink,
    /// Its samples are no integers of eight or sixteen bits.
    #[error("its samples are floating-point numbers: convert it to 16 bits before")]
    Float,
    /// It needs more memory than is given to a picture.
    #[error("{width} × {height} pixels need more than {} MiB: cut it into parts before", MOST_MEMORY / MIB)]
    TooLarge {
        /// Width, pixels.
        width: u32,
        /// Height, pixels.
        height: u32,
    },
    /// The file is longer than is read.
    #[error("the file is longer than {} MiB", MOST_BYTES / MIB)]
    TooLong,
    /// What is said in it does not agree with itself.
    #[error("{0}")]
    Image(#[from] image::ImageError),
    /// The same, of what is around the picture in a PNG.
    #[error("{0}")]
    Png(#[from] png::DecodingError),
    /// A PNG that cannot be made.
    #[error("{0}")]
    PngEncoding(#[from] png::EncodingError),
    /// A TIFF that cannot be read or made.
    #[error("{0}")]
    Tiff(#[from] tiff::TiffError),
    /// A WebP that cannot be read.
    #[error("{0}")]
    WebP(#[from] image_webp::DecodingError),
    /// A WebP that cannot be made.
    #[error("{0}")]
    WebPEncoding(#[from] image_webp::EncodingError),
    /// A JPEG whose parts cannot be told.
    #[error("{0}")]
    Jpeg(#[from] img_parts::Error),
    /// A picture without pixels.
    #[error("{0}")]
    Frame(#[from] crate::frame::FrameError),
}
