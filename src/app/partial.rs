//! A file that appears under its name only when it is complete.

use super::AppError;
use crate::files::beside;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// A file under a temporary name beside its final place. Dropped before [`Self::finish`], it is
/// removed.
#[derive(Debug)]
pub(super) struct PartialFile {
    temporary: TempPath,
    path: PathBuf,
}

impl PartialFile {
    /// A name for what shall become `path`; the folder must exist. A symbolic link is followed: what
    /// it points to is replaced.
    pub(super) fn new(path: &Path) -> Result<Self, AppError> {
        let path = target(path)?;
        let folder = folder_of(&path);
        let file = beside(&path).map_err(|reason| unwritable(folder, &reason))?;
        Ok(Self {
            temporary: file.into_temp_path(),
            path,
        })
    }

    /// The same with a name in `folder`, on the same disk.
    pub(super) fn within(folder: &Path, path: &Path) -> Result<Self, AppError> {
        let path = target(path)?;
        let file = beside(&folder.join(path.file_name().unwrap_or_default()));
        let file = file.map_err(|reason| unwritable(folder, &reason))?;
        Ok(Self {
            temporary: file.into_temp_path(),
            path,
        })
    }

    /// Whether there can be a file at `path`.
    pub(super) fn check(path: &Path) -> Result<(), AppError> {
        let path = target(path)?;
        let folder = folder_of(&path);
        // It has no name, and so leaves nothing behind, whatever happens.
        tempfile::tempfile_in(folder).map_err(|reason| unwritable(folder, &reason))?;
        Ok(())
    }

    /// Where to write.
    pub(super) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Give the file a name that says that it is not as it should be; returns that name.
    pub(super) fn keep_unverified(&self) -> Result<PathBuf, AppError> {
        let ending = self.path.extension().unwrap_or_default();
        let kept = self.path.with_extension("unverified");
        let kept = PathBuf::from([kept.as_os_str(), ending].join(std::ffi::OsStr::new(".")));
        std::fs::rename(&self.temporary, &kept).map_err(|reason| AppError::Output {
            path: kept.clone(),
            reason,
        })?;
        Ok(kept)
    }

    /// Give the complete file its name.
    pub(super) fn finish(&self) -> Result<(), AppError> {
        // Behind a shared reference, as pads' callbacks keep the writer: nothing is left there to
        // remove then.
        std::fs::rename(&self.temporary, &self.path).map_err(|reason| AppError::Output {
            path: self.path.clone(),
            reason,
        })
    }
}

/// Where a file at `path` is, links followed.
fn target(path: &Path) -> Result<PathBuf, AppError> {
    let path = path.canonicalize().unwrap_or(path.to_owned());
    let folder = folder_of(&path);
    let metadata = folder
        .metadata()
        .map_err(|reason| unwritable(folder, &reason))?;
    if !metadata.is_dir() {
        return Err(unwritable(folder, &io::ErrorKind::NotADirectory.into()));
    }
    if path.is_dir() {
        return Err(unwritable(&path, &io::ErrorKind::IsADirectory.into()));
    }
    Ok(path)
}

/// The folder of `path`.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn unwritable(path: &Path, reason: &io::Error) -> AppError {
    AppError::Output {
        path: path.to_owned(),
        // Without the temporary name, which nobody chose.
        reason: match reason.kind() {
            kind @ io::ErrorKind::NotFound => io::Error::new(kind, "there is no such folder"),
            kind => kind.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_finished_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip.mp4");
        let file = PartialFile::new(&path).unwrap();
        std::fs::write(file.temporary(), "half").unwrap();
        drop(file);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

        let file = PartialFile::new(&path).unwrap();
        std::fs::write(file.temporary(), "whole").unwrap();
        file.finish().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = PartialFile::new(Path::new("/nowhere/at/all.mp4")).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/at:"), "{error}");
    }
}
