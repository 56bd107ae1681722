//! Pictures from folders and tar files.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, bail};
use image::{ImageReader, Limits, RgbImage};
use indicatif::ProgressBar;
use rayon::prelude::*;

/// Largest side of a picture that is read, pixels.
const MAX_SIDE: u32 = 16_384;
/// Largest file that is read, bytes.
const MAX_BYTES: u64 = 256 << 20;

/// Where the bytes of one picture lie.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    file: PathBuf,
    offset: u64,
    length: u64,
}

/// The readable pictures of a folder or tar file, in name order.
#[derive(Debug)]
pub struct Dataset {
    entries: Vec<Entry>,
    /// Names of the pictures that could not be read, each with the reason.
    pub unreadable: Vec<String>,
}

impl Dataset {
    /// Find the pictures of `source` and try each one; `progress` is moved along.
    pub fn open(source: &Path, progress: &ProgressBar) -> anyhow::Result<Self> {
        let mut entries = if source.is_dir() {
            list_folder(source)?
        } else {
            list_tar(source)?
        };
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        progress.set_length(entries.len() as u64);
        let unreadable = Mutex::new(Vec::new());
        let readable: Vec<Entry> = entries
            .into_par_iter()
            .filter(|entry| {
                progress.inc(1);
                let result = entry.decode();
                if let (Err(error), Ok(mut list)) = (&result, unreadable.lock()) {
                    list.push(format!("{}: {error:#}", entry.name));
                }
                result.is_ok()
            })
            .collect();
        let mut unreadable = unreadable.into_inner().unwrap_or_default();
        unreadable.sort();
        if readable.is_empty() {
            bail!(
                "{} holds no readable picture (JPEG, PNG or WebP); {} could not be read",
                source.display(),
                unreadable.len()
            );
        }
        Ok(Self {
            entries: readable,
            unreadable,
        })
    }

    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True for no picture at all; [`Self::open`] makes no such data set.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A short text that changes when pictures come, go or change in size.
    pub fn fingerprint(&self) -> String {
        let checksum = self.entries.iter().fold(0, |sum, entry| {
            let sum = crc32c::crc32c_append(sum, entry.name.as_bytes());
            crc32c::crc32c_append(sum, &entry.length.to_le_bytes())
        });
        format!("{} pictures, checksum {checksum:08x}", self.entries.len())
    }

    /// Every `stride`-th picture apart, for validation: (training, validation).
    pub fn split(self, stride: usize) -> (Self, Self) {
        let mut parts = [Vec::new(), Vec::new()];
        for (i, entry) in self.entries.into_iter().enumerate() {
            parts[usize::from(i % stride == stride - 1)].push(entry);
        }
        let part = |entries| Self {
            entries,
            unreadable: Vec::new(),
        };
        let [training, validation] = parts;
        (part(training), part(validation))
    }

    /// Decode picture `index` to 8-bit RGB.
    pub fn picture(&self, index: usize) -> anyhow::Result<RgbImage> {
        let entry = &self.entries[index];
        entry
            .decode()
            .with_context(|| format!("picture {} of {}", entry.name, entry.file.display()))
    }
}

impl Entry {
    fn decode(&self) -> anyhow::Result<RgbImage> {
        if self.length > MAX_BYTES {
            bail!("{} bytes are more than {MAX_BYTES}", self.length);
        }
        let mut file = File::open(&self.file)?;
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::with_capacity(self.length as usize);
        file.take(self.length).read_to_end(&mut bytes)?;
        let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
        let mut limits = Limits::default();
        limits.max_image_width = Some(MAX_SIDE);
        limits.max_image_height = Some(MAX_SIDE);
        reader.limits(limits);
        let picture = reader.decode()?.into_rgb8();
        if picture.width() < 16 || picture.height() < 16 {
            bail!(
                "{}×{} pixels are fewer than 16×16",
                picture.width(),
                picture.height()
            );
        }
        Ok(picture)
    }
}

fn is_picture(name: &Path) -> bool {
    let extension = name.extension().and_then(|e| e.to_str()).unwrap_or("");
    ["jpg", "jpeg", "png", "webp"].contains(&extension.to_ascii_lowercase().as_str())
}

/// Picture files below a folder. Links to folders are not followed: they may form a ring.
fn list_folder(folder: &Path) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let listing = std::fs::read_dir(&folder)
            .with_context(|| format!("folder {} can not be read", folder.display()))?;
        for item in listing {
            let item = item?;
            let path = item.path();
            if item.file_type()?.is_dir() {
                folders.push(path);
            } else if is_picture(&path) {
                entries.push(Entry {
                    name: path.display().to_string(),
                    offset: 0,
                    length: item.metadata()?.len(),
                    file: path,
                });
            }
        }
    }
    Ok(entries)
}

/// Picture files of an uncompressed tar file; they are read in place.
fn list_tar(path: &Path) -> anyhow::Result<Vec<Entry>> {
    let context = || {
        format!(
            "{} is neither a folder nor a readable tar file",
            path.display()
        )
    };
    let mut archive = tar::Archive::new(File::open(path).with_context(context)?);
    let mut entries = Vec::new();
    for entry in archive.entries_with_seek().with_context(context)? {
        let entry = entry.with_context(context)?;
        let name = entry.path().with_context(context)?.into_owned();
        if entry.header().entry_type().is_file() && is_picture(&name) {
            entries.push(Entry {
                name: name.display().to_string(),
                file: path.to_owned(),
                offset: entry.raw_file_position(),
                length: entry.size(),
            });
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> anyhow::Result<Dataset> {
        Dataset::open(path, &ProgressBar::hidden())
    }

    fn picture(path: &Path, side: u32) {
        RgbImage::from_pixel(side, side, image::Rgb([side as u8, 2, 3]))
            .save(path)
            .unwrap();
    }

    #[test]
    fn a_folder_with_good_and_bad_pictures() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        picture(&folder.path().join("inner/b.png"), 20);
        picture(&folder.path().join("a.jpg"), 30);
        picture(&folder.path().join("tiny.png"), 1);
        std::fs::write(folder.path().join("broken.jpeg"), b"no picture").unwrap();
        std::fs::write(folder.path().join("notes.txt"), b"not even named one").unwrap();
        let dataset = open(folder.path()).unwrap();
        assert_eq!(dataset.len(), 2);
        assert_eq!(dataset.picture(0).unwrap().width(), 30);
        assert_eq!(dataset.unreadable.len(), 2);
        assert!(dataset.unreadable[0].contains("broken.jpeg"));
        assert!(dataset.unreadable[1].contains("tiny.png: 1×1"));
    }

    #[test]
    fn a_tar_file_is_read_in_place() {
        let folder = tempfile::tempdir().unwrap();
        picture(&folder.path().join("a.png"), 40);
        let path = folder.path().join("faces.tar");
        let mut builder = tar::Builder::new(File::create(&path).unwrap());
        let file = folder.path().join("a.png");
        builder.append_path_with_name(&file, "z.png").unwrap();
        builder.append_path_with_name(&file, "y.png").unwrap();
        builder.into_inner().unwrap();
        let dataset = open(&path).unwrap();
        assert_eq!(dataset.len(), 2);
        assert_eq!(dataset.entries[0].name, "y.png");
        assert_eq!(dataset.picture(1).unwrap().get_pixel(3, 3).0, [40, 2, 3]);
    }

    #[test]
    fn nothing_to_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("no readable picture"), "{error}");
        assert!(open(&folder.path().join("missing")).is_err());
        let garbage = folder.path().join("garbage.tar");
        std::fs::write(&garbage, vec![7; 5000]).unwrap();
        assert!(open(&garbage).is_err());
    }
}
