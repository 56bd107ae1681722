//! Pictures from folders, tar files and lists.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, bail};
use image::{ImageReader, Limits, RgbImage};
use indicatif::ProgressBar;
use rayon::prelude::*;

use super::held_out::HeldOut;

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
    /// The picture's shorter side, pixels; 0 before it was read.
    side: u32,
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
    ///
    /// `source` is a folder, an uncompressed tar file, or a text file (`.txt`) with a path on each
    /// line, relative to the file's own folder.
    pub fn open(source: &Path, progress: &ProgressBar) -> anyhow::Result<Self> {
        let mut entries = if source.is_dir() {
            list_folder(source)?
        } else if source.extension().is_some_and(|e| e == "txt") {
            list_lines(source)?
        } else {
            list_tar(source)?
        };
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        progress.set_length(entries.len() as u64);
        let unreadable = Mutex::new(Vec::new());
        let readable: Vec<Entry> = entries
            .into_par_iter()
            .filter_map(|mut entry| {
                progress.inc(1);
                let result = entry.decode();
                if let (Err(error), Ok(mut list)) = (&result, unreadable.lock()) {
                    list.push(format!("{}: {error:#}", entry.name));
                }
                let (width, height) = result.ok()?.dimensions();
                entry.side = width.min(height);
                Some(entry)
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

    /// Say on the error output what was found in `source`.
    pub fn report(&self, source: &Path) {
        eprintln!("{}: {} pictures", source.display(), self.len());
        if !self.unreadable.is_empty() {
            eprintln!("{} could not be read:", self.unreadable.len());
            for line in &self.unreadable {
                eprintln!("  {line}");
            }
        }
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

    /// How many pictures are narrower or lower than `side` pixels.
    pub fn smaller_than(&self, side: u32) -> usize {
        let smaller = self.entries.iter().filter(|entry| entry.side < side);
        smaller.count()
    }

    /// The same without pictures that are narrower or lower than `side` pixels.
    #[must_use]
    pub fn without_smaller(mut self, side: u32) -> Self {
        self.entries.retain(|entry| entry.side >= side);
        self
    }

    /// Those that training leaves out go apart: (training, held out).
    pub fn split(self, rule: &HeldOut) -> (Self, Self) {
        let names: Vec<&str> = self.names().collect();
        let apart = rule.choose(&names);
        let (training, held_out): (Vec<_>, Vec<_>) = self
            .entries
            .into_iter()
            .zip(apart)
            .partition(|(_, apart)| !apart);
        let part = |entries: Vec<(Entry, bool)>| Self {
            entries: entries.into_iter().map(|(entry, _)| entry).collect(),
            unreadable: Vec::new(),
        };
        (part(training), part(held_out))
    }

    /// Names of all pictures.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// Name of picture `index`: its path, or its path in the tar file.
    pub fn name(&self, index: usize) -> &str {
        &self.entries[index].name
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
            .with_context(|| format!("folder {} cannot be read", folder.display()))?;
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
                    side: 0,
                });
            }
        }
    }
    Ok(entries)
}

/// The files that a list names; empty lines and such that start with # do not count.
fn list_lines(path: &Path) -> anyhow::Result<Vec<Entry>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("list {} cannot be read", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    // A file that is missing gets its message when it is tried.
    let entries = lines.map(|line| {
        let file = folder.join(line);
        Entry {
            name: line.to_owned(),
            offset: 0,
            length: file.metadata().map_or(0, |metadata| metadata.len()),
            file,
            side: 0,
        }
    });
    Ok(entries.collect())
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
                side: 0,
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
    fn a_list_names_files_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        picture(&folder.path().join("a/one.png"), 20);
        let list = folder.path().join("faces.txt");
        std::fs::write(&list, "# faces\n\n a/one.png \nmissing.png\n").unwrap();
        let dataset = open(&list).unwrap();
        assert_eq!(dataset.names().collect::<Vec<_>>(), ["a/one.png"]);
        assert_eq!(dataset.unreadable.len(), 1);
        assert!(dataset.unreadable[0].contains("missing.png"));
    }

    #[test]
    fn strange_pictures_are_read_or_named() {
        use image::{DynamicImage, ImageBuffer, Luma, LumaA, Rgba};
        let folder = tempfile::tempdir().unwrap();
        let save =
            |name: &str, picture: DynamicImage| picture.save(folder.path().join(name)).unwrap();
        let deep = ImageBuffer::from_pixel(20, 20, Rgba([65535u16, 0, 32768, 100]));
        save("deep.png", DynamicImage::ImageRgba16(deep));
        save(
            "grey.png",
            ImageBuffer::from_pixel(20, 20, Luma([7u8])).into(),
        );
        save(
            "alpha.webp",
            ImageBuffer::from_pixel(20, 20, LumaA([7u8, 0])).into(),
        );
        picture(&folder.path().join("whole.png"), 40);
        let whole = std::fs::read(folder.path().join("whole.png")).unwrap();
        std::fs::write(folder.path().join("cut.png"), &whole[..whole.len() / 2]).unwrap();
        // Of another kind than its name says.
        std::fs::write(folder.path().join("mislabelled.jpg"), &whole).unwrap();
        // A header that promises 60,000 × 60,000 pixels.
        let mut huge = whole.clone();
        huge[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        std::fs::write(folder.path().join("huge.png"), huge).unwrap();
        let dataset = open(folder.path()).unwrap();
        let read: Vec<&str> = dataset
            .names()
            .filter_map(|n| n.rsplit('/').next())
            .collect();
        assert_eq!(
            read,
            [
                "alpha.webp",
                "deep.png",
                "grey.png",
                "mislabelled.jpg",
                "whole.png"
            ]
        );
        assert_eq!(dataset.unreadable.len(), 2, "{:?}", dataset.unreadable);
        assert_eq!(dataset.picture(1).unwrap().get_pixel(0, 0).0, [255, 0, 128]);
    }

    #[test]
    fn small_pictures_are_counted_and_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for (name, width, height) in [("a", 40, 90), ("b", 60, 60), ("c", 90, 59)] {
            let picture = RgbImage::new(width, height);
            picture
                .save(folder.path().join(format!("{name}.png")))
                .unwrap();
        }
        let dataset = open(folder.path()).unwrap();
        assert_eq!(dataset.smaller_than(60), 2);
        let dataset = dataset.without_smaller(60);
        let names: Vec<&str> = dataset
            .names()
            .map(|name| &name[name.len() - 5..])
            .collect();
        assert_eq!(names, ["b.png"]);
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
