//! Which pictures are made out of which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

/// Endings of pictures; other files in a folder are left alone.
const PICTURES: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// One picture to make.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Job {
    /// What is read.
    pub(super) input: PathBuf,
    /// What is written.
    pub(super) output: PathBuf,
}

/// All pictures to make.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Jobs {
    /// In the order of their names.
    pub(super) files: Vec<Job>,
    /// How many were there already.
    pub(super) skipped: usize,
}

/// What `inputs`, pictures and folders of them, become in `out`, which is a PNG file for one
/// picture, and else a folder that is made where it is missing.
///
/// Fails where two would become one file, where one would become a file that is read, and where a
/// single file is there already and not to be overwritten.
pub(super) fn plan(inputs: &[PathBuf], out: &Path, overwrite: bool) -> anyhow::Result<Jobs> {
    let files = match inputs {
        [input] if !input.is_dir() && !out.is_dir() && !ending(out).is_empty() => {
            let (shown, output) = (out.display(), out.to_owned());
            ensure!(
                ending(out) == "png",
                "{shown}: pictures are written as PNG; choose a name that ends in .png"
            );
            ensure!(
                overwrite || !out.exists(),
                "{shown} is there already: --overwrite replaces it"
            );
            let input = pictures(input)?.remove(0);
            vec![Job { input, output }]
        }
        _ => in_folder(inputs, out)?,
    };
    refuse_in_place(&files)?;
    let (there, files) = (files.into_iter()).partition(|it: &Job| !overwrite && it.output.exists());
    let there: Vec<Job> = there;
    Ok(Jobs {
        files,
        skipped: there.len(),
    })
}

/// Each picture under its own name, as PNG, in the folder `out`.
fn in_folder(inputs: &[PathBuf], out: &Path) -> anyhow::Result<Vec<Job>> {
    let shown = out.display();
    ensure!(
        !PICTURES.contains(&ending(out).as_str()) || out.is_dir(),
        "{shown} is a name for one picture: name a folder for many"
    );
    let mut files: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for input in inputs {
        for input in pictures(input)? {
            let mut name = input.file_stem().unwrap_or_default().to_owned();
            name.push(".png");
            let output = out.join(name);
            if let Some(other) = files.get(&output).filter(|other| **other != input) {
                bail!(
                    "{} and {} would both become {}: make them in two folders",
                    other.display(),
                    input.display(),
                    output.display()
                );
            }
            files.insert(output, input);
        }
    }
    std::fs::create_dir_all(out).with_context(|| format!("folder {shown} cannot be made"))?;
    let jobs = files
        .into_iter()
        .map(|(output, input)| Job { input, output });
    Ok(jobs.collect())
}

/// An error where a picture that is read would be written over.
fn refuse_in_place(files: &[Job]) -> anyhow::Result<()> {
    let read: BTreeSet<PathBuf> = files
        .iter()
        .filter_map(|job| job.input.canonicalize().ok())
        .collect();
    let mut outputs = files.iter().map(|job| &job.output);
    let taken = outputs.find(|it| it.canonicalize().is_ok_and(|it| read.contains(&it)));
    match taken {
        Some(output) => bail!(
            "{} is one of the pictures that are read: choose another place for what is made",
            output.display()
        ),
        None => Ok(()),
    }
}

/// `path` itself, or the pictures in that folder, at least one.
fn pictures(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let shown = path.display();
    ensure!(
        path.exists(),
        "{shown} is not there: name a picture or a folder"
    );
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let entries = entries.with_context(|| format!("folder {shown} cannot be read"))?;
    let paths = entries.into_iter().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = paths
        .filter(|path| path.is_file() && PICTURES.contains(&ending(path).as_str()))
        .collect();
    found.sort();
    let endings = PICTURES.join(", ");
    ensure!(
        !found.is_empty(),
        "folder {shown} holds no pictures ({endings})"
    );
    Ok(found)
}

fn ending(path: &Path) -> String {
    let ending = path.extension().unwrap_or_default();
    ending.to_string_lossy().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with empty files of these names.
    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    fn error(inputs: &[&Path], out: &Path, overwrite: bool) -> String {
        let inputs: Vec<PathBuf> = inputs.iter().map(|it| it.to_path_buf()).collect();
        plan(&inputs, out, overwrite).unwrap_err().to_string()
    }

    #[test]
    fn folders_become_folders_and_what_is_there_stays() {
        let (from, to) = (folder(&["b.JPG", "a.png", "notes.txt"]), folder(&["a.png"]));
        let made = |overwrite| plan(&[from.path().to_owned()], to.path(), overwrite).unwrap();
        let names = |jobs: &Jobs| -> Vec<String> {
            let outputs = jobs.files.iter().map(|job| job.output.file_name().unwrap());
            outputs
                .map(|it| it.to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(
            (names(&made(false)), made(false).skipped),
            (vec!["b.png".into()], 1)
        );
        assert_eq!(names(&made(true)), ["a.png", "b.png"]);
        let new = to.path().join("new/deeper");
        plan(&[from.path().to_owned()], &new, false).unwrap();
        assert!(new.is_dir());
    }

    #[test]
    fn one_picture_becomes_one_file() {
        let files = folder(&["a.jpg", "b.png"]);
        let file = |name: &str| files.path().join(name);
        let jobs = plan(&[file("a.jpg")], &file("c.png"), false).unwrap();
        assert_eq!(
            jobs.files,
            [Job {
                input: file("a.jpg"),
                output: file("c.png")
            }]
        );
        let there = error(&[&file("a.jpg")], &file("b.png"), false);
        assert!(there.contains("--overwrite"), "{there}");
        assert!(error(&[&file("a.jpg")], &file("c.jpg"), false).contains(".png"));
        let many = error(&[&file("a.jpg"), &file("b.png")], &file("c.png"), false);
        assert!(many.contains("name a folder"), "{many}");
        assert!(error(&[&file("no.jpg")], &file("c.png"), false).contains("not there"));
    }

    #[test]
    fn nothing_is_written_over_what_is_read() {
        let files = folder(&["a.jpg", "a.png"]);
        let (here, b) = (files.path(), folder(&["b.png"]));
        let collide = error(&[here], b.path(), false);
        assert!(collide.contains("would both become"), "{collide}");
        let own = b.path().join("b.png");
        for out in [b.path(), own.as_path()] {
            let in_place = error(&[&own], out, true);
            assert!(in_place.contains("pictures that are read"), "{in_place}");
        }
        // Neither by another name for the same folder.
        let round = b.path().join(".");
        assert!(error(&[b.path()], &round, true).contains("are read"));
        assert!(error(&[folder(&[]).path()], here, false).contains("holds no pictures"));
    }
}
