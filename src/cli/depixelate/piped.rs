//! What goes to standard output.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;

use super::arguments::Arguments;
use crate::app::{AppError, STANDARD};
use crate::files::note_unfinished;

/// The name of the file that goes to standard output, as messages have it.
const NAME: &str = "standard-output.mkv";

/// How often it is asked whether the work goes on.
const TICK: Duration = Duration::from_millis(100);

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
    match goes_to_standard(arguments) && arguments.words.json {
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
        let folder = tempfile::tempdir().map_err(AppError::temporary)?;
        note_unfinished(folder.path());
        Ok(Self {
            path: folder.path().join(NAME),
            folder: Some(folder),
        })
    }

    /// Where to write.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What was written stays, as somebody has to look at it.
    pub(super) fn keep(&mut self) {
        // The name that was told of is in there.
        self.folder.take().map(TempDir::keep);
    }

    /// The film is complete.
    pub(super) fn finish(&self, cancel: &AtomicBool) -> anyhow::Result<()> {
        if self.folder.is_none() {
            return Ok(());
        }
        let mut file = File::open(&self.path).context(NAME)?;
        let (sender, copied) = channel();
        // Whoever reads may stand still for ever: this goes with the program.
        std::thread::spawn(move || {
            let mut output = io::stdout().lock();
            let written = io::copy(&mut file, &mut output).and_then(|_| output.flush());
            sender.send(written)
        });
        loop {
            match copied.recv_timeout(TICK) {
                Ok(written) => {
                    return written.map(drop).map_err(|reason| {
                        let path = "standard output".into();
                        AppError::Output { path, reason }.into()
                    });
                }
                Err(_) if cancel.load(Ordering::Relaxed) => return Err(AppError::Cancelled.into()),
                Err(_) => {}
            }
        }
    }
}
