//! Picture files that are read and written, with errors that name them.

use std::io;
use std::path::Path;

use crate::app::AppError;
use crate::files;
use crate::stills::{Encoded, Format, Still};

/// The picture at `path`.
pub(super) fn open(path: &Path) -> Result<Still, AppError> {
    Still::open(path).map_err(|error| unreadable(path, error))
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
