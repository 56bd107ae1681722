//! Parts that are finished, in a folder beside the output: what is left when the work is ended, and
//! what the next run goes on with.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tempfile::TempPath;

use super::AppError;
use crate::files;

/// What decides what the parts are, in its folder.
const JOB: &str = "job.json";
/// What the name of the folder ends in.
const ENDING: &str = ".depixelate";

/// A folder of parts. One process at a time has it.
pub(super) struct Folder {
    path: PathBuf,
    /// Whose lock is held.
    _job: File,
}

/// A part, as its description has it.
#[derive(Serialize, Deserialize)]
struct Described<T> {
    bytes: u64,
    made: T,
}

impl Folder {
    /// That for `output`, made if it is not there. `job` is what decides what the parts are: an
    /// error where those that are there are of another one; `restart` throws them away.
    pub(super) fn open(
        output: &Path,
        job: &Map<String, Value>,
        restart: bool,
    ) -> Result<Self, AppError> {
        let mut path = output.as_os_str().to_owned();
        path.push(ENDING);
        let path = PathBuf::from(path);
        let opened = || {
            fs::create_dir_all(&path)?;
            let mut file = File::options();
            file.create(true).truncate(false).read(true).write(true);
            file.open(path.join(JOB))
        };
        let file = opened().map_err(|reason| unwritable(&path, reason))?;
        if file.try_lock().is_err() {
            return Err(AppError::Busy { path });
        }
        let folder = Self { path, _job: file };
        if restart {
            folder.clean(|_| true)?;
        }
        match folder.job()? {
            Some(known) if known == *job => {}
            Some(known) => {
                return Err(AppError::OtherWork {
                    path: folder.path.clone(),
                    differences: differences(&known, job),
                });
            }
            None => {
                let text = serde_json::to_string_pretty(job).unwrap_or_default();
                // Not by another file: this one is locked.
                fs::write(folder.path.join(JOB), text)
                    .map_err(|reason| unwritable(&folder.path, reason))?;
            }
        }
        // What was written when the work was ended.
        folder.clean(|name| name.ends_with(".part"))?;
        Ok(folder)
    }

    /// What is said of the parts that are there; None where there can be none.
    fn job(&self) -> Result<Option<Map<String, Value>>, AppError> {
        let text = fs::read_to_string(self.path.join(JOB));
        let text = text.map_err(|reason| unwritable(&self.path, reason))?;
        Ok(serde_json::from_str(&text).ok())
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file of packets of part `number`.
    pub(super) fn packets(&self, number: usize) -> PathBuf {
        self.path.join(format!("{number:05}.gdp"))
    }

    fn description(&self, number: usize) -> PathBuf {
        self.path.join(format!("{number:05}.json"))
    }

    /// What was made of part `number`, if it is finished.
    pub(super) fn finished<T: DeserializeOwned>(&self, number: usize) -> Option<T> {
        let text = fs::read_to_string(self.description(number)).ok()?;
        let described: Described<T> = serde_json::from_str(&text).ok()?;
        let packets = fs::metadata(self.packets(number)).ok()?;
        (packets.len() == described.bytes).then_some(described.made)
    }

    /// Keep something that was found out under `name`.
    pub(super) fn note<T: Serialize>(&self, name: &str, value: &T) -> Result<(), AppError> {
        let path = self.path.join(name).with_extension("json");
        let text = serde_json::to_string(value).map_err(io::Error::other);
        let written = text.and_then(|text| files::write(&path, text).map_err(io::Error::other));
        written.map_err(|reason| unwritable(&self.path, reason))
    }

    /// What was kept under `name`.
    pub(super) fn noted<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let text = fs::read_to_string(self.path.join(name).with_extension("json")).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// A name for the packets of part `number` until it is finished.
    pub(super) fn begin(&self, number: usize) -> Result<TempPath, AppError> {
        let file = files::beside(&self.packets(number));
        let file = file.map_err(|reason| unwritable(&self.path, reason))?;
        Ok(file.into_temp_path())
    }

    /// Part `number` is finished: after this a power cut takes nothing away.
    pub(super) fn finish<T: Serialize>(
        &self,
        number: usize,
        packets: TempPath,
        made: &T,
    ) -> Result<(), AppError> {
        let finished = || {
            let file = File::open(&packets)?;
            file.sync_all()?;
            let bytes = file.metadata()?.len();
            packets
                .persist(self.packets(number))
                .map_err(|error| error.error)?;
            let described = serde_json::to_string(&Described { bytes, made })?;
            files::write(&self.description(number), described).map_err(io::Error::other)
        };
        finished().map_err(|reason| unwritable(&self.path, reason))
    }

    /// Remove it, with all that is in it.
    pub(super) fn remove(self) -> Result<(), AppError> {
        fs::remove_dir_all(&self.path).map_err(|reason| unwritable(&self.path, reason))
    }

    /// Remove files whose names `unwanted` tells.
    fn clean(&self, unwanted: impl Fn(&str) -> bool) -> Result<(), AppError> {
        let cleaned = || {
            for entry in fs::read_dir(&self.path)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if name == JOB && unwanted(&name) {
                    fs::write(entry.path(), "")?;
                } else if unwanted(&name) {
                    fs::remove_file(entry.path())?;
                }
            }
            io::Result::Ok(())
        };
        cleaned().map_err(|reason| unwritable(&self.path, reason))
    }
}

impl Drop for Folder {
    /// Without a finished part it is of no use.
    fn drop(&mut self) {
        let names = || fs::read_dir(&self.path).into_iter().flatten().flatten();
        let is_part = |entry: fs::DirEntry| entry.file_name().to_string_lossy().ends_with(".gdp");
        if !names().any(is_part) {
            // What is left does no harm.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn unwritable(path: &Path, reason: io::Error) -> AppError {
    AppError::Output {
        path: path.to_owned(),
        reason,
    }
}

/// Names of what is different, for a message.
fn differences(known: &Map<String, Value>, wanted: &Map<String, Value>) -> String {
    let names = known
        .keys()
        .chain(wanted.keys().filter(|name| !known.contains_key(*name)));
    let different = names.filter(|name| known.get(*name) != wanted.get(*name));
    different.cloned().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(input: &str, detail: f32) -> Map<String, Value> {
        let job = serde_json::json!({ "input": input, "detail": detail });
        job.as_object().unwrap().clone()
    }

    #[test]
    fn finished_parts_are_found_again() {
        let parent = tempfile::tempdir().unwrap();
        let output = parent.path().join("b.mp4");
        let open = |job, restart| Folder::open(&output, &job, restart);
        let folder = open(job("a", 1.0), false).unwrap();
        assert!(matches!(
            open(job("a", 1.0), false),
            Err(AppError::Busy { .. })
        ));
        for number in [0, 1] {
            let packets = folder.begin(number).unwrap();
            fs::write(&packets, "packets").unwrap();
            folder.finish(number, packets, &number).unwrap();
        }
        let unfinished = folder.begin(2).unwrap().keep().unwrap();
        fs::write(folder.packets(1), "torn").unwrap();
        drop(folder);

        let folder = open(job("a", 1.0), false).unwrap();
        assert_eq!(
            [0, 1, 2].map(|n| folder.finished::<usize>(n)),
            [Some(0), None, None]
        );
        assert!(!unfinished.exists());
        drop(folder);
        let Err(error) = open(job("a", 0.5), false) else {
            panic!("other work was taken for this one");
        };
        assert!(error.to_string().contains("detail") && !error.to_string().contains("input"));
        let folder = open(job("a", 0.5), true).unwrap();
        assert_eq!(folder.finished::<usize>(0), None);
        drop(folder);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
