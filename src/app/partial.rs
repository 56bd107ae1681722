//! A file that appears under its name only when it is complete.

use super::AppError;
use std::path::{Path, PathBuf};

/// A file under a temporary name beside its final place. Dropped before [`Self::finish`], it is removed.
#[derive(Debug)]
pub struct PartialFile {
    temporary: PathBuf,
    path: PathBuf,
}

impl PartialFile {
    /// A name for what shall become `path`; the folder must exist.
    pub fn new(path: &Path) -> Result<Self, AppError> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // Asked first, as GStreamer tells only that it could not open the temporary name.
        let found = folder
            .metadata()
            .and_then(|metadata| match metadata.is_dir() {
                true => Ok(()),
                false => Err(std::io::ErrorKind::NotADirectory.into()),
            });
        found.map_err(|reason| AppError::Output {
            path: folder.to_owned(),
            reason,
        })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = folder.join(format!(".{}.{name}.part", std::process::id()));
        Ok(Self {
            temporary,
            path: path.to_owned(),
        })
    }

    /// Where to write.
    pub fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Give the complete file its name.
    pub fn finish(&self) -> Result<(), AppError> {
        std::fs::rename(&self.temporary, &self.path).map_err(|reason| AppError::Output {
            path: self.path.clone(),
            reason,
        })
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        // After `finish` there is nothing under this name; while unwinding there is nobody to tell.
        let _ = std::fs::remove_file(&self.temporary);
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
