//! Files that appear as a whole or not at all.

use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use image::{ImageFormat, ImageResult, RgbImage};
use tempfile::NamedTempFile;

/// An empty file of a hidden name beside `path`, for what shall become `path`. It goes when it is
/// dropped.
pub fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".part");
    // What others may do with the file is the umask's to say, as for any other.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => builder.tempfile_in(folder),
        _ => builder.tempfile_in("."),
    }?;
    note_unfinished(file.path());
    Ok(file)
}

/// Files and folders that go when their owner is dropped.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// Of so many it is seen which ones are there still.
const MANY: usize = 256;

/// Have [`remove_unfinished`] remove what is at `path`, if it is there then.
pub fn note_unfinished(path: &Path) {
    let mut all = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() >= MANY {
        all.retain(|path| path.exists());
    }
    // The folder may be another one by then.
    all.push(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
}

/// Remove what is not finished, before the program ends on the spot: nothing is dropped then.
pub fn remove_unfinished() {
    let mut all = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    all.drain(..).for_each(|path| remove(&path));
}

/// Remove a file or a folder, if it is there.
fn remove(path: &Path) {
    // What is finished has another name by now; and nobody could be told.
    let _ = match path.is_dir() {
        true => std::fs::remove_dir_all(path),
        false => std::fs::remove_file(path),
    };
}

/// Write `bytes` to `path`; whatever happens, `path` is the old file or the new one.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> anyhow::Result<()> {
    let written = || {
        let mut file = beside(path)?;
        file.write_all(bytes.as_ref())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        io::Result::Ok(())
    };
    written().with_context(|| format!("{} cannot be written", path.display()))
}

/// Write `picture` to `path` in the format that its ending names, likewise.
pub fn write_picture(path: &Path, picture: &RgbImage) -> anyhow::Result<()> {
    let encoded = || {
        let format = ImageFormat::from_path(path)?;
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format)?;
        ImageResult::Ok(bytes.into_inner())
    };
    let bytes = encoded().with_context(|| format!("{} cannot be written", path.display()))?;
    write(path, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_file_stays_if_the_new_one_can_not_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write(&path, "one").unwrap();
        write(&path, "two").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
        let taken = folder.path().join("taken");
        std::fs::create_dir(&taken).unwrap();
        let error = write(&taken, "three").unwrap_err().to_string();
        assert!(error.contains("taken cannot be written"), "{error}");
        assert!(write(&path.join("b.json"), "four").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_not_finished_can_be_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write(&path, "one").unwrap();
        let file = beside(&path).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        let path_of_part = std::path::absolute(file.path()).unwrap();
        assert!(UNFINISHED.lock().unwrap().contains(&path_of_part));
        // Not all of them: other tests have some.
        remove(file.path());
        assert!(!file.path().exists());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_has_the_permissions_of_any_other() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        write(&one, "it").unwrap();
        std::fs::write(&other, "it").unwrap();
        let [one, other] = [one, other].map(|path| path.metadata().unwrap().permissions().mode());
        assert_eq!(one, other);
    }
}
