//! Picture files that are read and written, with errors that name them.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::app::AppError;
use crate::cascade::panic_text;
use crate::files;
use crate::stills::{Encoded, Format, Still, StillError};

/// The picture at `path`.
pub(super) fn open(path: &Path) -> Result<Still, AppError> {
    guarded(|| Still::open(path)).map_err(|reason| unreadable(path, reason))
}

/// What `output` is written as: what its name says, but under the ending that `input` has as what
/// that is, which is its `own`.
pub(super) fn format(input: &Path, output: &Path, own: Format) -> Format {
    match input.extension() == output.extension() {
        true => own,
        false => Format::of_name(output).unwrap_or(own),
    }
}

/// The bytes of `output`, see [`Still::encode`].
pub(super) fn encode(
    still: &Still,
    output: &Path,
    format: Format,
    quality: u8,
    notice: Option<&str>,
) -> Result<Encoded, AppError> {
    let encoded = still.encode(format, quality, notice);
    encoded.map_err(|error| unwritable(output, error))
}

/// Write all of `output`, or nothing.
pub(super) fn write(output: &Path, bytes: &[u8]) -> Result<(), AppError> {
    let written = files::write(output, bytes);
    written.map_err(|error| unwritable(output, error.root_cause()))
}

/// The error of a picture that cannot be read, or from which nothing can be made.
pub(super) fn unreadable(path: &Path, reason: impl ToString) -> AppError {
    let (path, reason) = (path.to_owned(), reason.to_string());
    AppError::Input { path, reason }
}

fn unwritable(path: &Path, reason: impl ToString) -> AppError {
    let (path, reason) = (path.to_owned(), io::Error::other(reason.to_string()));
    AppError::Output { path, reason }
}

/// What `read` makes of a file, or why it makes nothing. A decoder that panics fails at this file, and
/// not at those behind it.
fn guarded<T>(read: impl FnOnce() -> Result<T, StillError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(read) => read.map_err(|error| error.to_string()),
        Err(panic) => Err(format!(
            "its decoder failed: {}",
            panic_text(panic.as_ref())
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_that_panics_is_a_reason() {
        let reason = guarded::<()>(|| panic!("row {}", 7)).unwrap_err();
        assert_eq!(reason, "its decoder failed: row 7");
        let reason = guarded::<()>(|| Err(StillError::Cut)).unwrap_err();
        assert_eq!(reason, StillError::Cut.to_string());
        assert_eq!(guarded(|| Ok(3)), Ok(3));
    }
}
