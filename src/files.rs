//! Files that appear as a whole or not at all.

use std::path::Path;

use anyhow::Context;

/// Write `bytes` to `path`; whatever happens, `path` is the old file or the new one.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> anyhow::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let temporary = path.with_file_name(name);
    std::fs::write(&temporary, bytes)
        .and_then(|()| std::fs::File::open(&temporary)?.sync_all())
        .and_then(|()| std::fs::rename(&temporary, path))
        .inspect_err(|_| drop(std::fs::remove_file(&temporary)))
        .with_context(|| format!("{} cannot be written", path.display()))
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
        std::fs::create_dir(folder.path().join("a.json.partial")).unwrap();
        let error = write(&path, "three").unwrap_err().to_string();
        assert!(error.contains("a.json cannot be written"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
    }
}
