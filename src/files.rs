//! Files that appear as a whole or not at all.

use std::io::{self, Cursor, Write};
use std::path::Path;

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
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => builder.tempfile_in(folder),
        _ => builder.tempfile_in("."),
    }
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
