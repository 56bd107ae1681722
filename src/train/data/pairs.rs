//! Pairs of pictures: what a network sees, and what it should make of it.
//!
//! Each pair is one picture of a data set: the left half is one of the two, the right half the
//! other. Those of two sources are put side by side when they are read.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{bail, ensure};
use image::RgbImage;
use image::imageops::crop_imm;
use indicatif::ProgressBar;

use super::dataset::{Dataset, Entry};

/// Most names in a message.
const NAMED: usize = 3;

/// The pairs of a source whose pictures show both side by side.
///
/// Fails where a picture has no two halves.
pub fn side_by_side(source: &Path, progress: &ProgressBar) -> anyhow::Result<Dataset> {
    let dataset = Dataset::open(source, progress)?;
    let odd = dataset.entries.iter().filter(|entry| entry.size.0 % 2 == 1);
    let odd = odd.map(|entry| format!("{} ({} px wide)", entry.picture.name, entry.size.0));
    let odd: Vec<String> = odd.collect();
    ensure!(
        odd.is_empty(),
        "{} of {} have no two halves of one width: {}; cut them to an even width, or give both kinds by --input and --target",
        odd.len(),
        source.display(),
        some(&odd)
    );
    Ok(dataset)
}

/// The pairs of two sources, the left halves from `inputs` and the right ones from `targets`: those
/// with the same path in both, but for the ending.
///
/// Fails where one has no partner or two, and where the sizes of a pair differ.
pub fn from_two([inputs, targets]: [&Path; 2], progress: &ProgressBar) -> anyhow::Result<Dataset> {
    let mut pairs = Dataset::open(inputs, progress)?;
    let others = Dataset::open(targets, progress)?;
    pairs.unreadable.extend(others.unreadable.iter().cloned());
    let mut partners = by_name(&others, targets)?;
    let names = by_name(&pairs, inputs)?;
    let alone: Vec<&String> = names
        .keys()
        .filter(|name| !partners.contains_key(*name))
        .collect();
    let left: Vec<&String> = partners
        .keys()
        .filter(|name| !names.contains_key(*name))
        .collect();
    ensure!(
        alone.is_empty() && left.is_empty(),
        "pictures that belong together must have one name, but for the ending: {} of {} have no partner in {}{}, {} of {} have none in {}{}",
        alone.len(),
        inputs.display(),
        targets.display(),
        listed(&alone),
        left.len(),
        targets.display(),
        inputs.display(),
        listed(&left),
    );
    for entry in &mut pairs.entries {
        let Some(partner) = partners.remove(&key(&entry.picture.name, inputs)) else {
            continue;
        };
        ensure!(
            entry.size == partner.size,
            "{} has {}×{} pixels, {} has {}×{}: both pictures of a pair must have one size",
            entry.picture.name,
            entry.size.0,
            entry.size.1,
            partner.picture.name,
            partner.size.0,
            partner.size.1
        );
        entry.partner = Some(partner.picture);
    }
    Ok(pairs)
}

/// Both halves of a picture, left and right.
pub fn halves(picture: &RgbImage) -> [RgbImage; 2] {
    let (width, height) = (picture.width() / 2, picture.height());
    [0, width].map(|x| crop_imm(picture, x, 0, width, height).to_image())
}

/// The pictures of a data set by what partners have in common.
fn by_name(dataset: &Dataset, source: &Path) -> anyhow::Result<BTreeMap<String, Entry>> {
    let mut named = BTreeMap::new();
    for entry in &dataset.entries {
        let name = key(&entry.picture.name, source);
        if let Some(other) = named.insert(name, entry.clone()) {
            bail!(
                "{} and {} have one name, but for the ending: a picture can have one partner only",
                other.picture.name,
                entry.picture.name
            );
        }
    }
    Ok(named)
}

/// Path within the source, without the ending.
fn key(name: &str, source: &Path) -> String {
    let path = Path::new(name);
    let path = path.strip_prefix(source).unwrap_or(path);
    path.with_extension("").display().to_string()
}

fn listed(names: &[&String]) -> String {
    match names.is_empty() {
        true => String::new(),
        false => format!(" ({})", some(names)),
    }
}

/// The first few of some names.
fn some<N: AsRef<str>>(names: &[N]) -> String {
    let first = names.iter().take(NAMED).map(AsRef::as_ref);
    let more = if names.len() > NAMED { ", …" } else { "" };
    first.collect::<Vec<_>>().join(", ") + more
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn picture(path: &Path, width: u32, level: u8) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        RgbImage::from_pixel(width, 20, Rgb([level; 3]))
            .save(path)
            .unwrap();
    }

    #[test]
    fn partners_have_one_name_and_one_size() {
        let folder = tempfile::tempdir().unwrap();
        let [inputs, targets] = ["in", "out"].map(|name| folder.path().join(name));
        let open = || from_two([&inputs, &targets], &ProgressBar::hidden());
        picture(&inputs.join("a/one.png"), 20, 10);
        picture(&targets.join("a/one.webp"), 20, 200);
        let pairs = open().unwrap();
        let pair = pairs.picture(0).unwrap();
        assert_eq!(pair.dimensions(), (40, 20));
        let [input, target] = halves(&pair);
        assert_eq!(
            (input.get_pixel(19, 3).0, target.get_pixel(0, 3).0),
            ([10; 3], [200; 3])
        );
        let before = pairs.fingerprint();

        picture(&targets.join("a/one.webp"), 20, 100);
        picture(&inputs.join("two.png"), 20, 10);
        picture(&targets.join("three.png"), 20, 10);
        let error = open().unwrap_err().to_string();
        for part in ["1 of ", "in have no partner in ", "out (two)", "in (three)"] {
            assert!(error.contains(part), "{error}");
        }
        std::fs::rename(targets.join("three.png"), targets.join("two.png")).unwrap();
        assert_ne!(open().unwrap().fingerprint(), before);
        picture(&targets.join("two.png"), 24, 10);
        let error = open().unwrap_err().to_string();
        assert!(
            error.contains("in/two.png has 20×20 pixels, ")
                && error.contains("out/two.png has 24×20"),
            "{error}"
        );
        picture(&inputs.join("two.jpg"), 20, 10);
        let error = open().unwrap_err().to_string();
        assert!(
            error.contains("two.jpg and ") && error.contains("two.png have one name"),
            "{error}"
        );
    }

    #[test]
    fn a_picture_without_halves_is_named() {
        let folder = tempfile::tempdir().unwrap();
        picture(&folder.path().join("even.png"), 40, 1);
        let open = || side_by_side(folder.path(), &ProgressBar::hidden());
        assert_eq!(open().unwrap().len(), 1);
        picture(&folder.path().join("odd.png"), 41, 1);
        let error = open().unwrap_err().to_string();
        assert!(error.contains("odd.png (41 px wide)"), "{error}");
    }
}
