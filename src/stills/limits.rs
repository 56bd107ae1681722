//! How much is given to a picture, whatever its file asks for.

use image::{ImageDecoder, ImageResult, Limits};

/// Most memory of a decoded picture, bytes: what the decoders' library holds sound.
pub(super) const MOST_MEMORY: u64 = 512 << 20;
/// Longest file that is read, bytes.
pub(super) const MOST_BYTES: u64 = 1 << 30;

/// What a decoder is given.
pub(super) fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MOST_MEMORY);
    limits
}

/// A decoder that asks for no more than 512 MiB, whatever its file says.
pub fn limited<D: ImageDecoder>(mut decoder: D) -> ImageResult<D> {
    limits().reserve(decoder.total_bytes())?;
    decoder.set_limits(limits())?;
    Ok(decoder)
}
