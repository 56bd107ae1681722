//! Which pictures there are in a folder, a tar file or a list.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage};

/// Largest side of a picture that is read, pixels.
const MAX_SIDE: u32 = 16_384;
/// Largest file that is read, bytes.
const MAX_BYTES: u64 = 256 << 20;

/// Where the bytes of one picture lie.
#[derive(Clone, Debug)]
pub struct PictureFile {
    /// Its path, or its path in the tar file.
    pub name: String,
    /// The file, or the tar file.
    pub file: PathBuf,
    /// Where it begins in that, bytes.
    offset: u64,
    /// Its bytes.
    pub length: u64,
}

/// The pictures of `source` in name order, by their names alone: JPEG, PNG, WebP.
///
/// `source` is a folder, an uncompressed tar file, or a text file (`.txt`) with a path on each line,
/// relative to the file's own folder.
pub fn list(source: &Path) -> anyhow::Result<Vec<PictureFile>> {
    let mut pictures = if source.is_dir() {
        list_folder(source)?
    } else if source.extension().is_some_and(|e| e == "txt") {
        list_lines(source)?
    } else {
        list_tar(source)?
    };
    pictures.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(pictures)
}

impl PictureFile {
    /// Decode it to 8-bit RGB, turned as its EXIF data say.
    pub fn decode(&self) -> anyhow::Result<RgbImage> {
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
        reader.limits(limits.clone());
        let mut decoder = reader.into_decoder()?;
        limits.reserve(decoder.total_bytes())?;
        decoder.set_limits(limits)?;
        let orientation = decoder.orientation()?;
        let mut picture = DynamicImage::from_decoder(decoder)?;
        picture.apply_orientation(orientation);
        let picture = picture.into_rgb8();
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
fn list_folder(folder: &Path) -> anyhow::Result<Vec<PictureFile>> {
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
                entries.push(PictureFile {
                    name: path.display().to_string(),
                    offset: 0,
                    // Of what a link leads to; one that leads nowhere is told of when it is read.
                    length: path.metadata().map_or(0, |it| it.len()),
                    file: path,
                });
            }
        }
    }
    Ok(entries)
}

/// The files that a list names; empty lines and such that start with # do not count.
fn list_lines(path: &Path) -> anyhow::Result<Vec<PictureFile>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("list {} cannot be read", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    // A file that is missing gets its message when it is tried.
    let entries = lines.map(|line| {
        let file = folder.join(line);
        PictureFile {
            name: line.to_owned(),
            offset: 0,
            length: file.metadata().map_or(0, |metadata| metadata.len()),
            file,
        }
    });
    Ok(entries.collect())
}

/// Picture files of an uncompressed tar file; they are read in place.
fn list_tar(path: &Path) -> anyhow::Result<Vec<PictureFile>> {
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
            entries.push(PictureFile {
                name: name.display().to_string(),
                file: path.to_owned(),
                offset: entry.raw_file_position(),
                length: entry.size(),
            });
        }
    }
    Ok(entries)
}
