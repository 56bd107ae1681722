//! Parts that are finished, in a folder beside the output: what is left when the work is ended, and
//! what the next run goes on with.
//!
//! A part is finished when its description has its name, which says which file of packets is its.
//! That file's name is its maker's own: where two make the same part, the last description holds.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

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
/// What the names of files of packets end in.
const PACKETS: &str = ".gdp";
/// The file of a plan.
const PLANNED: &str = "plan.json";
/// What is left of a plan that was joined.
const JOINED: &str = "joined.json";
/// What becomes of the work where several machines do it; such a folder stays.
pub(super) const PLAN: &str = "plan";

/// A folder of parts. One process at a time has it, or several that make parts of one plan.
pub(super) struct Folder {
    path: PathBuf,
    /// Whose lock is held.
    job: Mutex<Option<File>>,
}

/// What was made of a part, and the file of its packets.
pub(super) struct Finished<T> {
    pub(super) packets: PathBuf,
    pub(super) made: T,
}

/// A part, as its description has it.
#[derive(Serialize, Deserialize)]
struct Described<T> {
    /// The file of its packets.
    packets: String,
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
        let path = folder_of(output);
        let opened = || {
            fs::create_dir_all(&path)?;
            let mut file = File::options();
            file.create(true).truncate(false).read(true).write(true);
            file.open(path.join(JOB))
        };
        let file = opened().map_err(|reason| unwritable(&path, reason))?;
        let alone = locked(file.try_lock(), &path)?;
        let folder = Self::at(path, file);
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
        if alone {
            // What was written when the work was ended.
            folder.clean(|name| name.ends_with(".part") || name == JOINED)?;
        }
        Ok(folder)
    }

    fn at(path: PathBuf, job: File) -> Self {
        let job = Mutex::new(Some(job));
        Self { path, job }
    }

    /// That for `output`, which a plan was made in. Others may have it at the same time.
    ///
    /// Fails where there is none, and where it is of other work than `job`.
    pub(super) fn shared(output: &Path, job: &Map<String, Value>) -> Result<Self, AppError> {
        let path = folder_of(output);
        // A shared disk may remember for a minute that a name was not there, unless it is listed.
        let listed = fs::read_dir(&path).map(Iterator::count);
        let file = listed.and_then(|_| File::open(path.join(JOB)));
        let file = file.map_err(|_| AppError::NoPlan { path: path.clone() })?;
        locked(file.try_lock_shared(), &path)?;
        let folder = Self::at(path, file);
        let known = folder.job()?.unwrap_or_default();
        match known == *job {
            true => Ok(folder),
            false => Err(AppError::StalePlan {
                path: folder.path.clone(),
                differences: values(&known, job),
            }),
        }
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

    fn description(&self, number: usize) -> PathBuf {
        self.path.join(format!("{number:05}.json"))
    }

    /// What was made of part `number`, if it is finished. Both belong together, whatever others
    /// make of the part meanwhile.
    pub(super) fn finished<T: DeserializeOwned>(&self, number: usize) -> Option<Finished<T>> {
        let text = fs::read_to_string(self.description(number)).ok()?;
        let described: Described<T> = serde_json::from_str(&text).ok()?;
        let packets = self.path.join(described.packets);
        let is_whole = fs::metadata(&packets).ok()?.len() == described.bytes;
        let made = described.made;
        is_whole.then_some(Finished { packets, made })
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
        let file = files::beside(&self.path.join(format!("{number:05}")));
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
            let name = own_name(&packets);
            packets
                .persist(self.path.join(&name))
                .map_err(|error| error.error)?;
            let described = Described {
                packets: name,
                bytes,
                made,
            };
            let described = serde_json::to_string(&described)?;
            files::write(&self.description(number), described).map_err(io::Error::other)
        };
        finished().map_err(|reason| unwritable(&self.path, reason))
    }

    /// Remove it, with all that is in it.
    pub(super) fn remove(&self) -> Result<(), AppError> {
        // Shared disks keep a file that is open, under another name.
        drop(
            self.job
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
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
        let is_kept = |entry: fs::DirEntry| {
            let name = entry.file_name();
            name == PLANNED || name == JOINED || name.to_string_lossy().ends_with(PACKETS)
        };
        if !names().any(is_kept) {
            // What is left does no harm.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// The folder for `output`.
pub(super) fn folder_of(output: &Path) -> PathBuf {
    let mut path = output.as_os_str().to_owned();
    path.push(ENDING);
    path.into()
}

/// Whether a lock was had. Where files cannot be locked, as on some shared disks, all may come in.
fn locked(lock: Result<(), TryLockError>, path: &Path) -> Result<bool, AppError> {
    match lock {
        Ok(()) => Ok(true),
        Err(TryLockError::Error(_)) => Ok(false),
        Err(TryLockError::WouldBlock) => Err(AppError::Busy {
            path: path.to_owned(),
        }),
    }
}

/// Let nobody else join the plan for `output` as long as what this gives is there.
pub(super) fn lock_plan(output: &Path) -> Result<File, AppError> {
    let path = folder_of(output);
    let file = File::open(path.join(PLANNED));
    let file = file.map_err(|_| AppError::NoPlan { path: path.clone() })?;
    locked(file.try_lock(), &path)?;
    Ok(file)
}

/// The plan for `output` is joined: say so in its folder, and remove all else there as far as that
/// goes. Others may still be at work there, for nothing.
pub(super) fn leave_joined(output: &Path) -> Result<(), AppError> {
    let path = folder_of(output);
    let text = format!("{{\"joined\": {:?}}}\n", output.display().to_string());
    let written = files::write(&path.join(JOINED), text);
    written.map_err(|reason| unwritable(&path, io::Error::other(reason)))?;
    for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
        if entry.file_name() != JOINED {
            // What is left takes room and does no other harm.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// Whether a plan for `output` was joined.
pub(super) fn is_joined(output: &Path) -> bool {
    let path = folder_of(output);
    path.join(JOINED).exists() && !path.join(PLANNED).exists()
}

/// The name that packets are finished under: that which they had until then, but for what hides it.
fn own_name(packets: &Path) -> String {
    let name = packets.file_name().unwrap_or_default().to_string_lossy();
    let name = name.trim_start_matches('.').trim_end_matches(".part");
    format!("{name}{PACKETS}")
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

/// The same with both values.
fn values(known: &Map<String, Value>, found: &Map<String, Value>) -> String {
    let value = |all: &Map<String, Value>, name: &str| {
        let value = all.get(name).unwrap_or(&Value::Null);
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let told = differences(known, found);
    let told = told
        .split(", ")
        .filter(|name| !name.is_empty())
        .map(|name| {
            let (planned, now) = (value(known, name), value(found, name));
            format!("{name}: {planned} in the plan, {now} here")
        });
    told.collect::<Vec<_>>().join("; ")
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
        let made = |folder: &Folder, n| folder.finished::<usize>(n).map(|it| it.made);
        fs::write(folder.finished::<usize>(1).unwrap().packets, "torn").unwrap();
        drop(folder);

        let folder = open(job("a", 1.0), false).unwrap();
        assert_eq!([0, 1, 2].map(|n| made(&folder, n)), [Some(0), None, None]);
        assert!(!unfinished.exists());
        drop(folder);
        let Err(error) = open(job("a", 0.5), false) else {
            panic!("other work was taken for this one");
        };
        assert!(error.to_string().contains("detail") && !error.to_string().contains("input"));
        let folder = open(job("a", 0.5), true).unwrap();
        assert_eq!(made(&folder, 0), None);
        drop(folder);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn numbers_are_what_they_were() {
        let parent = tempfile::tempdir().unwrap();
        let output = parent.path().join("b.mp4");
        for hundredths in 0..100 {
            let job = job("a", hundredths as f32 / 100.0);
            let folder = Folder::open(&output, &job, true).unwrap();
            folder.note(PLAN, &()).unwrap();
            drop(folder);
            assert!(Folder::open(&output, &job, false).is_ok(), "{hundredths}");
        }
    }

    #[test]
    fn several_may_make_the_same_part_of_a_plan() {
        let parent = tempfile::tempdir().unwrap();
        let output = parent.path().join("b.mp4");
        let shared = |job| Folder::shared(&output, &job);
        assert!(matches!(
            shared(job("a", 1.0)),
            Err(AppError::NoPlan { .. })
        ));
        let planning = Folder::open(&output, &job("a", 1.0), false).unwrap();
        assert!(matches!(shared(job("a", 1.0)), Err(AppError::Busy { .. })));
        planning.note("plan", &()).unwrap();
        drop(planning);

        let [one, other] = [(); 2].map(|()| shared(job("a", 1.0)).unwrap());
        let packets = [&one, &other].map(|folder| folder.begin(0).unwrap());
        let [first, second] = packets;
        fs::write(&first, "first").unwrap();
        one.finish(0, first, &1).unwrap();
        fs::write(&second, "the second").unwrap();
        let earlier = other.finished::<usize>(0).unwrap();
        other.finish(0, second, &2).unwrap();
        let later = one.finished::<usize>(0).unwrap();
        for (finished, made, packets) in [(earlier, 1, "first"), (later, 2, "the second")] {
            let found = fs::read_to_string(finished.packets).unwrap();
            assert_eq!((finished.made, found.as_str()), (made, packets));
        }
        let Err(error) = shared(job("c", 1.0)) else {
            panic!("a stale plan was taken");
        };
        let told = error.to_string();
        assert!(told.contains("input: a in the plan, c here"), "{told}");
    }
}
