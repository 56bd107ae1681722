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

/// What else is said in a file, by its names.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// What stays in its own format, and has no place in others.
    pub(super) kept: Vec<&'static str>,
    /// What is written into no file.
    pub(super) left: Vec<&'static str>,
}

/// The names among `all` that are true.
pub(super) fn names<const N: usize>(all: [(bool, &'static str); N]) -> Vec<&'static str> {
    let there = all.into_iter().filter(|(is_there, _)| *is_there);
    there.map(|(_, name)| name).collect()
}
