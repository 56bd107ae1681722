//! CelebA's own parts: a list beside its pictures says what each of them is for.
//!
//! Liu, Luo, Wang, Tang: Deep Learning Face Attributes in the Wild (2015). The list has a line for
//! each picture, `000001.jpg 0`: 0 is for training, 1 to look at it meanwhile, 2 for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Where the list may lie, and as what it is handed on elsewhere.
const LISTS: [&str; 3] = [
    "list_eval_partition.txt",
    "Eval/list_eval_partition.txt",
    "list_eval_partition.csv",
];
/// Where the pictures may lie; the folder itself, if it is none of these.
const PICTURES: [&str; 6] = [
    "img_align_celeba",
    "img_align_celeba_png",
    "img_celeba",
    "Img/img_align_celeba",
    "Img/img_align_celeba_png",
    "Img/img_celeba",
];

/// What a picture is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// To train with.
    Training,
    /// To look at while training.
    Validation,
    /// To measure with.
    Test,
}

/// The list of a folder, read.
pub(super) struct Partition {
    /// Where the pictures are.
    pub pictures: PathBuf,
    list: &'static str,
    /// By the names of files without their endings, as there are PNG files of them, too.
    parts: BTreeMap<String, Part>,
}

impl Partition {
    /// That of the folder `source`, if it has one.
    pub(super) fn of(source: &Path) -> anyhow::Result<Option<Self>> {
        let Some(list) = LISTS.into_iter().find(|list| source.join(list).is_file()) else {
            return Ok(None);
        };
        let path = source.join(list);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("list {} cannot be read", path.display()))?;
        let parts = parts_in(&text).with_context(|| format!("list {}", path.display()))?;
        let folders = PICTURES.map(|folder| source.join(folder));
        let pictures = folders.into_iter().find(|folder| folder.is_dir());
        Ok(Some(Self {
            pictures: pictures.unwrap_or_else(|| source.to_owned()),
            list,
            parts,
        }))
    }

    /// What the picture of this name is for; an error where the list does not say it.
    pub(super) fn part(&self, name: &str) -> anyhow::Result<Part> {
        let part = self.parts.get(&stem(name)).copied();
        part.with_context(|| format!("{} does not name it", self.list))
    }

    /// Names of the list, each with what is wrong, that none of `names` has.
    pub(super) fn missing<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<String> {
        let there: BTreeSet<String> = names.map(stem).collect();
        let missing = self.parts.keys().filter(|name| !there.contains(*name));
        let told = |name: &String| format!("{name}: {} names it, but it is missing", self.list);
        missing.map(told).collect()
    }
}

fn parts_in(text: &str) -> anyhow::Result<BTreeMap<String, Part>> {
    let mut parts = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let mut words = line.split([' ', '\t', ',']).filter(|word| !word.is_empty());
        let part = match (words.next(), words.next(), words.next()) {
            (None, ..) | (Some("image_id"), ..) => continue,
            (Some(name), Some(part), None) => (name, part.trim()),
            _ => bail!("line {number} is `{line}`; it must be a name and 0, 1 or 2"),
        };
        let (name, part) = match part {
            (name, "0") => (name, Part::Training),
            (name, "1") => (name, Part::Validation),
            (name, "2") => (name, Part::Test),
            (name, part) => {
                bail!("line {number}: {name} is in part `{part}`; it must be 0, 1 or 2")
            }
        };
        parts.insert(stem(name), part);
    }
    Ok(parts)
}

/// The name of a file without its ending.
fn stem(name: &str) -> String {
    let stem = Path::new(name).file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_they_come() {
        for text in [
            "000001.jpg 0\n000002.jpg 1\n\n000003.jpg 2\n",
            "image_id,partition\n000001.jpg,0\r\n000002.jpg,1\r\n000003.jpg,2\r\n",
        ] {
            let parts = parts_in(text).unwrap();
            let parts: Vec<_> = parts
                .iter()
                .map(|(name, part)| (name.as_str(), *part))
                .collect();
            let expected = [Part::Training, Part::Validation, Part::Test];
            assert_eq!(
                parts,
                ["000001", "000002", "000003"]
                    .into_iter()
                    .zip(expected)
                    .collect::<Vec<_>>()
            );
        }
        let error = parts_in("a.jpg 0\nb.jpg 3").unwrap_err().to_string();
        assert!(error.contains("line 2: b.jpg is in part `3`"), "{error}");
        let error = parts_in("a.jpg").unwrap_err().to_string();
        assert!(error.contains("line 1 is `a.jpg`"), "{error}");
    }
}
