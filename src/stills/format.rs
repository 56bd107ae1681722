//! Formats of picture files.

use std::path::Path;

use image::ImageFormat;

/// A format that is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PNG: all bits are kept.
    Png,
    /// JPEG: with loss, eight bits, no opacity.
    Jpeg,
    /// WebP: read with loss or without, written without, eight bits.
    WebP,
    /// TIFF: all bits are kept.
    Tiff,
}

impl Format {
    /// That of a name; None for another ending.
    pub fn of_name(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_lowercase();
        match ending.as_str() {
            "png" => Some(Self::Png),
            "jpg" | "jpeg" | "jfif" => Some(Self::Jpeg),
            "webp" => Some(Self::WebP),
            "tif" | "tiff" => Some(Self::Tiff),
            _ => None,
        }
    }

    /// Longest side of a picture in it, pixels. Sources: ITU-T T.81, B.2.2; RFC 9649, 2.7.
    pub fn longest_side(self) -> u32 {
        match self {
            Self::Jpeg => 65_535,
            Self::WebP => 16_383,
            Self::Png | Self::Tiff => u32::MAX,
        }
    }

    /// That of a file that begins with `bytes`, whatever its name.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        match image::guess_format(bytes).ok()? {
            ImageFormat::Png => Some(Self::Png),
            ImageFormat::Jpeg => Some(Self::Jpeg),
            ImageFormat::WebP => Some(Self::WebP),
            ImageFormat::Tiff => Some(Self::Tiff),
            _ => None,
        }
    }

    /// The name that the library of decoders has for it.
    pub(super) fn library(self) -> ImageFormat {
        match self {
            Self::Png => ImageFormat::Png,
            Self::Jpeg => ImageFormat::Jpeg,
            Self::WebP => ImageFormat::WebP,
            Self::Tiff => ImageFormat::Tiff,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_endings_are_known() {
        for ending in ["png", "jpg", "jpeg", "jfif", "webp", "tif", "tiff"] {
            let name = format!("A.B.{}", ending.to_uppercase());
            assert!(Format::of_name(Path::new(&name)).is_some(), "{name}");
        }
        for other in ["a.gif", "png", "a.", ""] {
            assert_eq!(Format::of_name(Path::new(other)), None);
        }
        assert_eq!(Format::of_bytes(b"no picture"), None);
    }
}
