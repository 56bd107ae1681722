//! Which files are made out of which.

use std::io;
use std::path::{Path, PathBuf};

use crate::app::{AppError, STANDARD};

/// Endings of films; the others in a folder are left alone.
const FILMS: [&str; 16] = [
    "mp4", "m4v", "mov", "mkv", "webm", "ts", "m2ts", "mts", "avi", "mpg", "mpeg", "mxf", "wmv",
    "flv", "3gp", "gif",
];
/// Endings that are kept; files of other kinds become Matroska.
const KEPT: [&str; 8] = ["mp4", "m4v", "mov", "mkv", "webm", "ts", "m2ts", "mts"];

/// One file to make.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Job {
    /// What is read.
    pub(super) input: PathBuf,
    /// What is written.
    pub(super) output: PathBuf,
}

/// All files to make.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Jobs {
    /// In the order of their names.
    pub(super) files: Vec<Job>,
    /// How many were there already.
    pub(super) skipped: usize,
}

/// Films that are looked at only. What would be written can be Matroska, which holds most.
pub(super) fn looks(files: &[PathBuf]) -> Result<Jobs, AppError> {
    let (inputs, outputs) = match files {
        [input, output] if !input.is_dir() && !output.exists() => (&files[..1], Some(output)),
        _ => (files, None),
    };
    let mut jobs = Jobs::default();
    for file in inputs {
        let films = films(file)?;
        jobs.files.extend(films.into_iter().map(|input| Job {
            output: outputs.cloned().unwrap_or(input.with_extension("mkv")),
            input,
        }));
    }
    Ok(jobs)
}

/// What `files` ask for: an input and an output, or inputs for a folder.
pub(super) fn outputs(
    files: &[PathBuf],
    folder: Option<&Path>,
    overwrite: bool,
) -> Result<Jobs, AppError> {
    let Some(folder) = folder else {
        let [input, output] = files else {
            return Err(AppError::Unfit(
                "one input and one output are needed, or --output-dir for many inputs".to_owned(),
            ));
        };
        let (input, output) = (input.clone(), output.clone());
        return Ok(Jobs {
            files: vec![Job { input, output }],
            skipped: 0,
        });
    };
    std::fs::create_dir_all(folder).map_err(|reason| AppError::Output {
        path: folder.to_owned(),
        reason,
    })?;
    let mut jobs = Jobs::default();
    for file in files {
        for input in films(file)? {
            let output = folder.join(name(&input));
            if jobs.files.iter().any(|job| job.output == output) {
                return Err(AppError::Unfit(format!(
                    "two files would become {}",
                    output.display()
                )));
            }
            if output.exists() && !overwrite {
                jobs.skipped += 1;
            } else {
                jobs.files.push(Job { input, output });
            }
        }
    }
    Ok(jobs)
}

/// `path` itself, or the films in that folder, which are some.
fn films(path: &Path) -> Result<Vec<PathBuf>, AppError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |reason: String| AppError::Input {
        path: path.to_owned(),
        reason,
    };
    let entries = std::fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| unreadable(error.to_string()))?;
    let paths = entries.into_iter().map(|entry| entry.path());
    let mut films: Vec<_> = paths
        .filter(|path| path.is_file() && FILMS.contains(&ending(path).as_str()))
        .collect();
    films.sort();
    if films.is_empty() {
        return Err(unreadable(
            "there are no films in this folder; numbered pictures are named as one input, as in \
             pictures/%05d.png"
                .to_owned(),
        ));
    }
    Ok(films)
}

/// The name of the file that is made out of `input`.
fn name(input: &Path) -> PathBuf {
    if input == Path::new(STANDARD) {
        return "standard-input.mkv".into();
    }
    let name = PathBuf::from(input.file_name().unwrap_or_default());
    match KEPT.contains(&ending(input).as_str()) {
        true => name,
        false => name.with_extension("mkv"),
    }
}

fn ending(path: &Path) -> String {
    let ending = path.extension().unwrap_or_default();
    ending.to_string_lossy().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_and_finished_files_left_alone() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for file in ["b.MP4", "a.avi", "notes.txt", "c.mkv"] {
            std::fs::write(from.path().join(file), "").unwrap();
        }
        std::fs::write(to.path().join("c.mkv"), "made").unwrap();
        let asked = [from.path().to_owned()];
        let made = |overwrite| outputs(&asked, Some(to.path()), overwrite).unwrap();
        let names = |jobs: &Jobs| -> Vec<String> {
            let outputs = jobs.files.iter().map(|job| job.output.file_name().unwrap());
            outputs
                .map(|name| name.to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(names(&made(false)), ["a.mkv", "b.MP4"]);
        assert_eq!(made(false).skipped, 1);
        assert_eq!(names(&made(true)), ["a.mkv", "b.MP4", "c.mkv"]);
        std::fs::write(from.path().join("c.avi"), "").unwrap();
        let error = outputs(&asked, Some(to.path()), true).unwrap_err();
        assert!(error.to_string().contains("c.mkv"), "{error}");
        assert!(outputs(&asked, None, false).is_err());
        let empty = tempfile::tempdir().unwrap();
        let error = outputs(&[empty.path().to_owned()], Some(to.path()), true).unwrap_err();
        assert!(error.to_string().contains("no films"), "{error}");
        assert_eq!(name(Path::new(STANDARD)), Path::new("standard-input.mkv"));
    }
}
