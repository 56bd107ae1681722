//! Pictures that a training has: all of a source that can be read, and a part that is held out.

use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, bail, ensure};
use image::RgbImage;
use image::imageops::replace;
use indicatif::ProgressBar;
use rayon::prelude::*;

use super::celeba::{Part, Partition};
use super::held_out::HeldOut;
use super::listing::{self, PictureFile};

/// Most pictures in a message that could not be read.
const NAMED: usize = 20;

/// A picture that can be read.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub picture: PictureFile,
    /// What is put to the right of it when it is read, as high as it.
    pub partner: Option<PictureFile>,
    /// Width and height, pixels.
    pub size: (u32, u32),
    /// What it is for, where its source says that.
    part: Option<Part>,
}

/// The readable pictures of a folder or tar file, in name order.
#[derive(Debug, Default)]
pub struct Dataset {
    pub(super) entries: Vec<Entry>,
    /// Names of the pictures that could not be read, each with the reason.
    pub unreadable: Vec<String>,
}

impl Dataset {
    /// Find the pictures of `source` and try each one; `progress` is moved along.
    ///
    /// `source` is a folder, an uncompressed tar file, or a text file (`.txt`) with a path on each
    /// line, relative to the file's own folder. A folder of CelebA is read as it is: its list says
    /// what each picture is for (see [`Self::split`]).
    pub fn open(source: &Path, progress: &ProgressBar) -> anyhow::Result<Self> {
        let partition = Partition::of(source)?;
        let folder = partition.as_ref().map_or(source, |it| &it.pictures);
        let listed = listing::list(folder)?;
        let missing = partition
            .as_ref()
            .map(|it| it.missing(listed.iter().map(|p| p.name.as_str())));
        progress.reset();
        progress.set_length(listed.len() as u64);
        let unreadable = Mutex::new(missing.unwrap_or_default());
        let entries: Vec<Entry> = listed
            .into_par_iter()
            .filter_map(|picture| {
                progress.inc(1);
                let name = picture.name.clone();
                let entry = Entry::of(picture, partition.as_ref());
                if let (Err(error), Ok(mut list)) = (&entry, unreadable.lock()) {
                    list.push(format!("{name}: {error:#}"));
                }
                entry.ok()
            })
            .collect();
        let mut unreadable = unreadable.into_inner().unwrap_or_default();
        unreadable.sort();
        if entries.is_empty() {
            bail!(
                "{} holds no readable picture (JPEG, PNG or WebP); {} could not be read",
                folder.display(),
                unreadable.len()
            );
        }
        Ok(Self {
            entries,
            unreadable,
        })
    }

    /// Say on the error output what was found in `source`.
    pub fn report(&self, source: &Path) {
        eprintln!("{}: {} pictures", source.display(), self.len());
        if !self.unreadable.is_empty() {
            eprintln!("{} could not be read:", self.unreadable.len());
            for line in self.unreadable.iter().take(NAMED) {
                eprintln!("  {line}");
            }
            if let Some(more) = self.unreadable.len().checked_sub(NAMED + 1) {
                eprintln!("  and {} more", more + 1);
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
            let files = [Some(&entry.picture), entry.partner.as_ref()];
            files.into_iter().flatten().fold(sum, |sum, file| {
                let sum = crc32c::crc32c_append(sum, file.name.as_bytes());
                crc32c::crc32c_append(sum, &file.length.to_le_bytes())
            })
        });
        format!("{} pictures, checksum {checksum:08x}", self.entries.len())
    }

    /// How many pictures are narrower or lower than `side` pixels.
    pub fn smaller_than(&self, side: u32) -> usize {
        let smaller = self.entries.iter().filter(|entry| entry.side() < side);
        smaller.count()
    }

    /// The same without pictures that are narrower or lower than `side` pixels.
    #[must_use]
    pub fn without_smaller(mut self, side: u32) -> Self {
        self.entries.retain(|entry| entry.side() >= side);
        self
    }

    /// Those that training leaves out go apart: (training, held out). Where the source says itself
    /// what its pictures are for, that counts and not the rule; those for tests are in neither.
    pub fn split(self, rule: &HeldOut) -> (Self, Self) {
        let apart = self.apart(rule, Part::Validation);
        let (held_out, training) = self.parted(&apart);
        (training.without(Part::Test), held_out)
    }

    /// Those to measure with that no training saw: for tests where the source has such, else the
    /// held-out ones.
    #[must_use]
    pub fn unseen(self, rule: &HeldOut) -> Self {
        let has_tests = self
            .entries
            .iter()
            .any(|entry| entry.part == Some(Part::Test));
        let part = if has_tests {
            Part::Test
        } else {
            Part::Validation
        };
        let apart = self.apart(rule, part);
        self.parted(&apart).0
    }

    /// Which pictures are of `part`, or held out where the source says nothing.
    fn apart(&self, rule: &HeldOut, part: Part) -> Vec<bool> {
        match self.entries.iter().any(|entry| entry.part.is_some()) {
            true => self
                .entries
                .iter()
                .map(|entry| entry.part == Some(part))
                .collect(),
            false => rule.choose(&self.names().collect::<Vec<_>>()),
        }
    }

    /// Those that are apart, and the others.
    fn parted(self, apart: &[bool]) -> (Self, Self) {
        let entries = self.entries.into_iter().zip(apart);
        let (apart, others): (Vec<_>, Vec<_>) = entries.partition(|(_, apart)| **apart);
        let part = |entries: Vec<(Entry, &bool)>| Self {
            entries: entries.into_iter().map(|(entry, _)| entry).collect(),
            unreadable: Vec::new(),
        };
        (part(apart), part(others))
    }

    fn without(mut self, part: Part) -> Self {
        self.entries.retain(|entry| entry.part != Some(part));
        self
    }

    /// Names of all pictures.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.picture.name.as_str())
    }

    /// Name of picture `index`: its path, or its path in the tar file.
    pub fn name(&self, index: usize) -> &str {
        &self.entries[index].picture.name
    }

    /// Decode picture `index` to 8-bit RGB, with its partner beside it if it has one.
    pub fn picture(&self, index: usize) -> anyhow::Result<RgbImage> {
        let entry = &self.entries[index];
        let picture = decode(&entry.picture)?;
        match &entry.partner {
            None => Ok(picture),
            Some(partner) => beside(&picture, &decode(partner)?),
        }
    }
}

impl Entry {
    /// A picture, if it can be read and, where there is a partition, that names it.
    fn of(picture: PictureFile, partition: Option<&Partition>) -> anyhow::Result<Self> {
        let part = partition.map(|it| it.part(&picture.name)).transpose()?;
        Ok(Self {
            size: picture.decode()?.dimensions(),
            partner: None,
            picture,
            part,
        })
    }

    /// The shorter side, pixels.
    fn side(&self) -> u32 {
        self.size.0.min(self.size.1)
    }
}

fn decode(picture: &PictureFile) -> anyhow::Result<RgbImage> {
    picture
        .decode()
        .with_context(|| format!("picture {} of {}", picture.name, picture.file.display()))
}

/// Both pictures of a pair in one.
fn beside(left: &RgbImage, right: &RgbImage) -> anyhow::Result<RgbImage> {
    ensure!(
        left.dimensions() == right.dimensions(),
        "both pictures of a pair must have one size; one changed while it was in use"
    );
    let mut both = RgbImage::new(2 * left.width(), left.height());
    replace(&mut both, left, 0, 0);
    replace(&mut both, right, left.width().into(), 0);
    Ok(both)
}

#[cfg(test)]
mod tests;
