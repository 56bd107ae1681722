//! What goes to standard output.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::TempDir;

use super::arguments::Arguments;
use crate::app::{AppError, STANDARD};

/// The name of the file that goes to standard output, as messages have it.
const NAME: &str = "standard-output.mkv";

/// Where a film is written: to the file that is named, or to one that goes to standard output when
/// it is complete.
pub(super) struct Target {
    path: PathBuf,
    folder: Option<TempDir>,
}

/// Whether this name stands for standard output.
pub(super) fn is_standard(output: &Path) -> bool {
    output == Path::new(STANDARD)
}

/// Whether nothing else may be written to standard output; an error where that was asked for.
pub(super) fn check(arguments: &Arguments) -> Result<(), AppError> {
    match goes_to_standard(arguments) && arguments.json {
        true => Err(AppError::Unfit(
            "--json and the film cannot both go to standard output".to_owned(),
        )),
        false => Ok(()),
    }
}

/// Whether the film goes to standard output.
pub(super) fn goes_to_standard(arguments: &Arguments) -> bool {
    let files = arguments.files.as_slice();
    let is_written = !arguments.dry_run && arguments.output_dir.is_none();
    is_written && matches!(files, [_, output] if is_standard(output))
}

impl Target {
    /// That for `output`.
    pub(super) fn of(output: &Path) -> anyhow::Result<Self> {
        if !is_standard(output) {
            return Ok(Self {
                path: output.to_owned(),
                folder: None,
            });
        }
        let folder = tempfile::tempdir().context("no temporary folder can be made")?;
        Ok(Self {
            path: folder.path().join(NAME),
            folder: Some(folder),
        })
    }

    /// Where to write.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The film is complete.
    pub(super) fn finish(&self) -> anyhow::Result<()> {
        if self.folder.is_some() {
            let mut file = File::open(&self.path).context(NAME)?;
            io::copy(&mut file, &mut io::stdout().lock()).context("standard output")?;
        }
        Ok(())
    }
}
