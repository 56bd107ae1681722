//! A look at a shared library before the system's loader gets it.
//!
//! The loader waits for ever on a named pipe, and a file that ends early (a broken download, a full
//! disk) ends the process with a bus error: it maps the missing part without a look at the length.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The path as the loader should get it, or why it should not. A plain name stays: the system looks
/// for it.
pub(super) fn located(place: &Path) -> Result<PathBuf, String> {
    if place.components().count() == 1 && !place.exists() {
        return Ok(place.into());
    }
    let metadata = fs::metadata(place).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "no such file".into(),
        _ => error.to_string(),
    })?;
    if !metadata.is_file() {
        return Err("not a regular file".into());
    }
    match loaded_bytes(place).map_err(|error| error.to_string())? {
        Some(needed) if needed > metadata.len() => Err(format!(
            "incomplete: it has {} bytes of at least {needed}",
            metadata.len()
        )),
        _ => std::path::absolute(place).map_err(|error| error.to_string()),
    }
}

/// Where the last part that the loader maps ends, bytes from the start. `None` if the file is no
/// 64-bit little-endian ELF file; then the loader finds out by itself.
///
/// Offsets are those of `Elf64_Ehdr` and `Elf64_Phdr` in elf(5).
fn loaded_bytes(path: &Path) -> io::Result<Option<u64>> {
    const MAGIC: [u8; 6] = [0x7f, b'E', b'L', b'F', 2, 1];
    const PT_LOAD: u64 = 1;
    const ENTRY: usize = 56;
    let mut file = File::open(path)?;
    let mut header = [0; 64];
    if !filled(&mut file, &mut header)? || !header.starts_with(&MAGIC) {
        return Ok(None);
    }
    let table = number(&header[32..40]);
    let count = number(&header[56..58]);
    if number(&header[54..56]) != ENTRY as u64 {
        return Ok(None);
    }
    let mut end = table.saturating_add(count * ENTRY as u64);
    file.seek(SeekFrom::Start(table))?;
    let mut entry = [0; ENTRY];
    for _ in 0..count {
        if !filled(&mut file, &mut entry)? {
            break;
        }
        if number(&entry[..4]) == PT_LOAD {
            let (offset, size) = (number(&entry[8..16]), number(&entry[32..40]));
            end = end.max(offset.saturating_add(size));
        }
    }
    Ok(Some(end))
}

/// Whether the file had enough bytes to fill `buffer`.
fn filled(file: &mut File, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// A little-endian number of at most eight bytes.
fn number(bytes: &[u8]) -> u64 {
    let add = |sum, &byte| sum << 8 | u64::from(byte);
    bytes.iter().rev().fold(0, add)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF header with one loaded part that ends at byte 1000.
    fn elf() -> Vec<u8> {
        let mut bytes = vec![0; 1000];
        bytes[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = 1;
        bytes[64] = 1;
        bytes[64 + 8..64 + 10].copy_from_slice(&200_u16.to_le_bytes());
        bytes[64 + 32..64 + 34].copy_from_slice(&800_u16.to_le_bytes());
        bytes
    }

    #[test]
    fn an_incomplete_library_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lib.so");
        let full = elf();
        for len in [0, 63, 1000] {
            std::fs::write(&path, &full[..len]).unwrap();
            assert_eq!(located(&path), Ok(path.clone()), "{len} bytes");
        }
        for len in [64, 100, 999] {
            std::fs::write(&path, &full[..len]).unwrap();
            assert!(located(&path).unwrap_err().contains("incomplete"));
        }
    }

    #[test]
    fn hostile_headers_do_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lib.so");
        for (at, value) in [(32, 0xff), (56, 0xff), (64 + 8, 0xff), (64 + 32, 0xff)] {
            let mut bytes = elf();
            bytes[at..at + 2].fill(value);
            bytes[at + 2..at + 8].fill(if at == 56 { 0 } else { 0x7f });
            std::fs::write(&path, bytes).unwrap();
            assert!(located(&path).is_err());
        }
    }
}
