//! Which pictures are made out of which.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use crate::app::AppError;
use crate::stills::Format;

/// A picture to make, or to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    /// What is read.
    pub(super) input: PathBuf,
    /// What is written; nothing, where it is only looked at.
    pub(super) output: Option<PathBuf>,
}

/// All pictures to make.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Jobs {
    /// As they were named, those of a folder by their names.
    pub(super) files: Vec<Job>,
    /// How many were there already.
    pub(super) skipped: usize,
    /// The folder that they go into.
    folder: Option<PathBuf>,
}

impl Jobs {
    /// Pictures that are looked at only: all that `files` name.
    pub(super) fn looks(files: &[PathBuf]) -> Result<Self, AppError> {
        let files = all(files)?.into_iter();
        Ok(Self {
            files: files
                .map(|input| Job {
                    input,
                    output: None,
                })
                .collect(),
            ..Self::default()
        })
    }

    /// What `files` ask for, of which the last one is the output: a picture for one, else a folder in
    /// which each keeps its name. What is there already is left out, if not to `overwrite`.
    ///
    /// Fails where two would become one file, where one would become a file that is read, and where
    /// the output of one picture alone is there already and not to be overwritten.
    pub(super) fn outputs(files: &[PathBuf], overwrite: bool) -> Result<Self, AppError> {
        let [inputs @ .., output] = files else {
            return Ok(Self::default());
        };
        match inputs {
            [] => Err(AppError::Unfit(format!(
                "{}: a picture or a folder to read is needed, and one to write",
                output.display()
            ))),
            [input] if !input.is_dir() && !is_folder(output) => single(input, output, overwrite),
            _ => in_folder(all(inputs)?, output, overwrite),
        }
    }

    /// Make the folder that they go into, if there is one.
    pub(super) fn make_folder(&self) -> Result<(), AppError> {
        let Some(path) = self.folder.clone() else {
            return Ok(());
        };
        let made = std::fs::create_dir_all(&path);
        made.map_err(|reason| AppError::Output { path, reason })
    }
}

/// Where `path` leads, whichever way it is written; also where it does not lead yet.
pub(super) fn place(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or(path.to_owned());
    path.canonicalize().unwrap_or_else(|_| {
        let Some(folder) = path.parent().map(place) else {
            return path.clone();
        };
        match path.file_name() {
            Some(name) => folder.join(name),
            // It ends in two dots.
            None => folder.parent().unwrap_or(&folder).to_owned(),
        }
    })
}

/// One picture that becomes one.
fn single(input: &Path, output: &Path, overwrite: bool) -> Result<Jobs, AppError> {
    let path = output.to_owned();
    if Format::of_name(output).is_none() {
        return Err(AppError::Unfit(format!(
            "{}: the name must end in .png, .jpg, .webp or .tif; where it is to be a folder, end it \
             with a slash",
            output.display()
        )));
    }
    let jobs = Jobs {
        files: vec![Job {
            input: input.to_owned(),
            output: Some(path.clone()),
        }],
        ..Jobs::default()
    };
    check_none_is_read(&jobs.files)?;
    match output.exists() && !overwrite {
        true => Err(AppError::Exists { path }),
        false => Ok(jobs),
    }
}

/// Each of `pictures` under its own name in the folder `output`.
fn in_folder(pictures: Vec<PathBuf>, output: &Path, overwrite: bool) -> Result<Jobs, AppError> {
    if output.exists() && !output.is_dir() {
        return Err(AppError::Unfit(format!(
            "{}: several pictures need a folder, and this is a file",
            output.display()
        )));
    }
    let mut files = Vec::new();
    let mut named: HashMap<PathBuf, PathBuf> = HashMap::new();
    for input in pictures {
        let output = output.join(input.file_name().unwrap_or_default());
        match named.insert(output.clone(), input.clone()) {
            // One that is named twice.
            Some(other) if place(&other) == place(&input) => continue,
            Some(other) => {
                return Err(AppError::Unfit(format!(
                    "{} and {} would both become {}: make them in different folders",
                    other.display(),
                    input.display(),
                    output.display()
                )));
            }
            None => {}
        }
        let output = Some(output);
        files.push(Job { input, output });
    }
    check_none_is_read(&files)?;
    let count = files.len();
    let is_there = |job: &Job| job.output.as_deref().is_some_and(Path::exists);
    files.retain(|job| overwrite || !is_there(job));
    Ok(Jobs {
        skipped: count - files.len(),
        files,
        folder: Some(output.to_owned()),
    })
}

/// Whether `path` is a folder, or is to be one.
fn is_folder(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    path.is_dir()
        || text
            .last()
            .is_some_and(|last| std::path::is_separator(*last as char))
}

/// An error where something would be written over that is read.
fn check_none_is_read(jobs: &[Job]) -> Result<(), AppError> {
    let inputs = jobs.iter().filter_map(|job| job.input.canonicalize().ok());
    let inputs: HashSet<PathBuf> = inputs.collect();
    let mut outputs = jobs.iter().filter_map(|job| job.output.as_ref());
    match outputs.find(|output| inputs.contains(&place(output))) {
        Some(path) => Err(AppError::SameFile { path: path.clone() }),
        None => Ok(()),
    }
}

/// All pictures of `inputs`, which are such or folders.
fn all(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, AppError> {
    let mut all = Vec::new();
    for input in inputs {
        match input.is_dir() {
            true => all.extend(of_folder(input)?),
            false => all.push(input.clone()),
        }
    }
    Ok(all)
}

/// The pictures in a folder, which are some.
fn of_folder(path: &Path) -> Result<Vec<PathBuf>, AppError> {
    let unreadable = |reason: String| AppError::Input {
        path: path.to_owned(),
        reason,
    };
    let entries = std::fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| unreadable(error.to_string()))?;
    let paths = entries.into_iter().map(|entry| entry.path());
    let is_picture = |path: &PathBuf| Format::of_name(path).is_some() && path.is_file();
    let mut pictures: Vec<_> = paths.filter(is_picture).collect();
    pictures.sort();
    match pictures.is_empty() {
        true => Err(unreadable(
            "there are no pictures (.png, .jpg, .webp, .tif) in this folder".to_owned(),
        )),
        false => Ok(pictures),
    }
}

#[cfg(test)]
mod tests;
