//! Names of pictures that are numbered, as `frame_%05d.png`.

use std::path::{Path, PathBuf};

use super::AppError;

/// Most digits that a number may be filled up to.
const DIGITS: usize = 12;

/// A name with a place for a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Numbered {
    path: PathBuf,
    folder: PathBuf,
    before: String,
    /// Least digits of the number; zeros fill them.
    digits: usize,
    after: String,
}

impl Numbered {
    /// That of `path`; None where it has no such place.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (before, rest) = name.split_once('%')?;
        let (digits, after) = rest.split_once('d')?;
        let digits = match digits {
            "" => 1,
            digits => digits.parse().ok().filter(|digits| *digits <= DIGITS)?,
        };
        Some(Self {
            path: path.to_owned(),
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            before: before.to_owned(),
            digits,
            after: after.to_owned(),
        })
    }

    /// The file of this number.
    pub(super) fn file(&self, number: u64) -> PathBuf {
        let Self {
            before,
            digits,
            after,
            ..
        } = self;
        self.folder
            .join(format!("{before}{number:0digits$}{after}"))
    }

    /// Whether `file` is one of these, whichever its number.
    pub(super) fn names(&self, file: &Path) -> bool {
        let place = |folder: &Path| {
            let here = folder.as_os_str().is_empty();
            let folder = if here { Path::new(".") } else { folder };
            folder.canonicalize().ok()
        };
        let name = file.file_name().and_then(|name| name.to_str());
        let folder = file.parent().unwrap_or(Path::new(""));
        name.and_then(|name| self.number(name)).is_some() && place(folder) == place(&self.folder)
    }

    /// The files that are there, in the order of their numbers; an error where one between them is
    /// missing.
    pub(super) fn files(&self) -> Result<Vec<(u64, PathBuf)>, AppError> {
        let folder = match self.folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => &self.folder,
        };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| self.number(entry.file_name().to_str()?));
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable();
        if numbers.is_empty() {
            return Err(AppError::NoInput {
                path: self.path.clone(),
            });
        }
        let gap = numbers.windows(2).find(|two| two[0] + 1 != two[1]);
        if let Some(&[last, next]) = gap {
            return Err(AppError::Input {
                path: self.path.clone(),
                reason: format!(
                    "{} is missing, while {} is there",
                    self.file(last + 1).display(),
                    self.file(next).display()
                ),
            });
        }
        let files = numbers
            .into_iter()
            .map(|number| (number, self.file(number)));
        Ok(files.collect())
    }

    /// The number of a file of this name.
    fn number(&self, name: &str) -> Option<u64> {
        let digits = name.strip_prefix(&self.before)?.strip_suffix(&self.after)?;
        let is_number = digits.len() >= self.digits && digits.bytes().all(|b| b.is_ascii_digit());
        let number = is_number.then(|| digits.parse().ok()).flatten()?;
        // Not `frame_0001` where `frame_%d` is asked for.
        (self.file(number).file_name()?.to_str()? == name).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_place_for_a_number() {
        let name = |path: &str| Numbered::of(Path::new(path)).map(|name| name.file(42));
        assert_eq!(name("a/f_%05d.png"), Some("a/f_00042.png".into()));
        assert_eq!(name("%d.png"), Some("42.png".into()));
        for none in [
            "a.png",
            "100%.mp4",
            "a%x.png",
            "a%99d.png",
            "a%-3d.png",
            "%5%d",
        ] {
            assert_eq!(name(none), None, "{none}");
        }
    }

    #[test]
    fn files_are_found_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let numbered = Numbered::of(&folder.path().join("f%02d.png")).unwrap();
        assert!(matches!(numbered.files(), Err(AppError::NoInput { .. })));
        for name in [
            "f98.png",
            "f99.png",
            "f100.png",
            "f7.png",
            "f0100.png",
            "f99.jpg",
        ] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let numbers = |numbered: &Numbered| -> Vec<u64> {
            let files = numbered.files().unwrap();
            files.into_iter().map(|(number, _)| number).collect()
        };
        assert_eq!(numbers(&numbered), [98, 99, 100]);
        std::fs::remove_file(folder.path().join("f99.png")).unwrap();
        let error = numbered.files().unwrap_err().to_string();
        assert!(error.contains("f99.png is missing"), "{error}");
    }
}
