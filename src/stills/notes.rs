//! What is said of a picture, whatever the format.

/// What a file says of its picture, beside what is its format's own.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    /// What the colours mean, as ICC has it.
    pub(super) profile: Option<Vec<u8>>,
    /// EXIF from its byte order on, whose orientation is upright.
    pub(super) exif: Option<Vec<u8>>,
    /// XMP's text.
    pub(super) xmp: Option<Vec<u8>>,
}
