//! A film's work on several machines that share a disk: planned once, its segments made by whoever
//! takes them, joined at last.
//!
//! Segments are the parts that one machine makes a film in, so that the film is the same. Nothing
//! but files is shared, no clock is asked, and what was made twice does no harm.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cut::Part;
use super::folder::{self, Folder, PLAN, folder_of};
use super::progress::Progress;
use super::transcode::Transcode;
use super::work::{Cut, Work};
use super::{AppError, Outcome};

/// What a frame with a face costs beside one without, which is decoded, looked at and encoded: at
/// 1280×720, with the bundled model, 1.5 times as much more, see docs/farm.md.
const FACE: f64 = 1.5;

/// What is to be done, and how it is shared out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The film's segments, in its order.
    pub segments: Vec<Segment>,
    /// Numbers of consecutive segments that cost about the same together.
    pub tasks: Vec<Task>,
}

/// A part of the film, from a key frame on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Its number, counted from 0.
    pub number: usize,
    /// When its first frame is shown and when the next segment's is, seconds.
    pub seconds: [f64; 2],
    /// Frames that it has.
    pub frames: u64,
    /// Those of them in which there may be a face.
    pub faces: u64,
    /// Whether its packets are copied: nothing is restored in it.
    pub copied: bool,
    /// What is expected to be done, in frames without a face.
    pub work: f64,
}

/// What one process does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its number, counted from 1.
    pub number: usize,
    /// Its first segment and its last one; null where there is nothing left to do.
    pub segments: Option<[usize; 2]>,
    /// The sum of their work.
    pub work: f64,
}

impl Task {
    /// The numbers of its segments.
    pub fn numbers(&self) -> Vec<usize> {
        let range = self.segments.map(|[first, last]| first..=last);
        range
            .into_iter()
            .flat_map(RangeInclusive::into_iter)
            .collect()
    }
}

/// A plan as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    told: Value,
    #[serde(flatten)]
    plan: Plan,
}

/// The plan for `output`, and what was told when it was made.
pub fn told(output: &Path) -> Result<(Value, Plan), AppError> {
    let path = folder_of(output);
    let text = std::fs::read_to_string(path.join(PLAN).with_extension("json"));
    let text = text.map_err(|_| AppError::NoPlan { path: path.clone() })?;
    let written: Written = serde_json::from_str(&text).map_err(|error| {
        AppError::Unfit(format!("{}: the plan is damaged: {error}", path.display()))
    })?;
    Ok((written.told, written.plan))
}

impl Transcode<'_> {
    /// Look through the film for faces, and share its segments out among `tasks` of about the same
    /// work; `by_length`: of about the same length, without a look. [`Self::segments`] and [`Self::join`] do what is planned, in this process or in others.
    ///
    /// The plan is kept in the output's folder, with what [`told`] gives back to whoever makes
    /// segments. Fails where another process is at work there.
    pub fn plan_tasks(
        &self,
        tasks: usize,
        by_length: bool,
        told: &Value,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Plan, AppError> {
        let open = |job: &_| Folder::open(self.output, job, self.restart);
        self.within(open, cancel, on_progress, |work, on_progress| {
            let film = work.cut(cancel, on_progress)?;
            let faces = match by_length {
                true => Vec::new(),
                false => work.faces(&film.encoding, cancel, on_progress)?,
            };
            let parts = film.parts.iter().enumerate();
            let segments = parts.map(|(number, part)| segment(work, number, part, &faces));
            let segments: Vec<Segment> = segments.collect();
            let plan = Plan {
                tasks: shared_out(&segments, tasks.max(1)),
                segments,
            };
            let written = Written {
                told: told.clone(),
                plan: plan.clone(),
            };
            work.folder.note(PLAN, &written)?;
            Ok(plan)
        })
    }

    /// Make those of the segments with these numbers that are not made; gives how many frames were.
    ///
    /// Fails where the film was not planned, or something else was than this, or where it is cut in
    /// another way here.
    pub fn segments(
        &self,
        numbers: &[usize],
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<u64, AppError> {
        let open = |job: &_| Folder::shared(self.output, job);
        self.within(open, cancel, on_progress, |work, on_progress| {
            let film = work.cut(cancel, on_progress)?;
            self.ensure_planned(work, &film)?;
            match numbers.iter().find(|number| **number >= film.parts.len()) {
                Some(beyond) => Err(AppError::Unfit(format!(
                    "there is no segment {beyond}: the film has {}, counted from 0",
                    film.parts.len()
                ))),
                None => work.make(&film, Some(numbers), cancel, on_progress),
            }
        })
    }

    /// Join the film's segments to the output, and compare it with the input. [`leave`] removes them.
    ///
    /// Fails where segments are missing, and names them, and where somebody else joins them.
    pub fn join(
        &self,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Outcome, AppError> {
        let _alone = folder::lock_plan(self.output)?;
        let open = |job: &_| Folder::shared(self.output, job);
        self.within(open, cancel, on_progress, |work, on_progress| {
            let film = work.cut(cancel, on_progress)?;
            self.ensure_planned(work, &film)?;
            work.join(&film, 0, Instant::now(), cancel, on_progress)
        })
    }

    /// That the film is cut here as it was where it was planned.
    fn ensure_planned(&self, work: &Work<'_>, film: &Cut) -> Result<(), AppError> {
        let (_, planned) = told(self.output)?;
        let here = film.parts.iter().enumerate();
        let here: Vec<Segment> = here.map(|(n, part)| segment(work, n, part, &[])).collect();
        let is_same = |(a, b): (&Segment, &Segment)| {
            (a.frames, a.copied) == (b.frames, b.copied) && a.seconds == b.seconds
        };
        let pairs = here.iter().zip(&planned.segments);
        match here.len() == planned.segments.len() && pairs.into_iter().all(is_same) {
            true => Ok(()),
            false => Err(AppError::StalePlan {
                path: folder_of(self.output),
                differences: format!(
                    "it has {} segments, here there are {}, or others",
                    planned.segments.len(),
                    here.len()
                ),
            }),
        }
    }
}

/// The film for `output` is there, with all that belongs to it: remove what it was made of. A file
/// stays that says so.
pub fn leave(output: &Path) -> Result<(), AppError> {
    folder::leave_joined(output)
}

/// Whether the film for `output` was planned, and joined since.
pub fn is_joined(output: &Path) -> bool {
    folder::is_joined(output)
}

/// What there is to do for a part; `faces` are times between which there are some.
fn segment(work: &Work<'_>, number: usize, part: &Part, faces: &[(i64, i64)]) -> Segment {
    let times = work.times().filter(|time| part.kept.contains(time));
    let times: Vec<i64> = times.collect();
    let has_face = |time: &&i64| {
        faces
            .iter()
            .any(|(before, behind)| before < *time && *time < behind)
    };
    let with_faces = match part.copied {
        true => 0,
        false => times.iter().filter(has_face).count(),
    };
    let seconds = |time: Option<i64>| time.unwrap_or(0).max(0) as f64 / 1e9;
    let [first, last] = [times.iter().min(), times.iter().max()].map(|time| time.copied());
    let end = work
        .times()
        .filter(|time| Some(*time) > last)
        .min()
        .or(last);
    Segment {
        number,
        seconds: [seconds(first), seconds(end)],
        frames: times.len() as u64,
        faces: with_faces as u64,
        copied: part.copied,
        work: match part.copied {
            true => 0.0,
            false => times.len() as f64 + FACE * with_faces as f64,
        },
    }
}

/// So many tasks of consecutive segments that the dearest is as cheap as can be.
fn shared_out(segments: &[Segment], count: usize) -> Vec<Task> {
    let work: Vec<f64> = segments.iter().map(|segment| segment.work).collect();
    // The least limit that `count` tasks keep lies between these; halved until nothing changes.
    let (mut low, mut high) = (0.0, work.iter().sum::<f64>());
    for _ in 0..64 {
        let middle = (low + high) / 2.0;
        match filled(&work, middle).is_some_and(|tasks| tasks.len() <= count) {
            true => high = middle,
            false => low = middle,
        }
    }
    let mut runs = filled(&work, high).unwrap_or_default();
    runs.resize(count.max(runs.len()), None);
    let numbered = runs.into_iter().enumerate();
    numbered
        .map(|(number, segments)| Task {
            number: number + 1,
            work: segments.map_or(0.0, |[first, last]| work[first..=last].iter().sum()),
            segments,
        })
        .collect()
}

/// Runs of consecutive segments of no more than `limit` of work each; None where one alone is more.
fn filled(work: &[f64], limit: f64) -> Option<Vec<Option<[usize; 2]>>> {
    let mut runs: Vec<Option<[usize; 2]>> = Vec::new();
    let mut left = 0.0;
    for (number, &work) in work.iter().enumerate() {
        if work > limit * (1.0 + 1e-9) {
            return None;
        }
        match runs.last_mut() {
            Some(Some([_, last])) if work <= left => *last = number,
            _ => {
                runs.push(Some([number; 2]));
                left = limit * (1.0 + 1e-9);
            }
        }
        left -= work;
    }
    Some(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(work: &[f64]) -> Vec<Segment> {
        let numbered = work.iter().enumerate();
        numbered
            .map(|(number, &work)| Segment {
                number,
                seconds: [0.0, 0.0],
                frames: 0,
                faces: 0,
                copied: false,
                work,
            })
            .collect()
    }

    #[test]
    fn tasks_cost_about_the_same() {
        let film = segments(&[30.0, 10.0, 10.0, 10.0, 90.0, 30.0]);
        let tasks = shared_out(&film, 3);
        let told: Vec<_> = tasks
            .iter()
            .map(|task| (task.segments, task.work))
            .collect();
        let expected = [
            (Some([0, 3]), 60.0),
            (Some([4, 4]), 90.0),
            (Some([5, 5]), 30.0),
        ];
        assert_eq!(told, expected);
        assert_eq!(tasks[0].numbers(), [0, 1, 2, 3]);
    }

    #[test]
    fn there_are_as_many_tasks_as_asked_for() {
        let tasks = shared_out(&segments(&[5.0, 5.0]), 4);
        let told: Vec<_> = tasks.iter().map(|task| task.segments).collect();
        assert_eq!(told, [Some([0, 0]), Some([1, 1]), None, None]);
        assert!(tasks[3].numbers().is_empty());
        // Nothing to do costs nothing, and is done all the same.
        let copied = shared_out(&segments(&[0.0, 0.0, 0.0]), 2);
        let all: Vec<usize> = copied.iter().flat_map(Task::numbers).collect();
        assert_eq!(all, [0, 1, 2]);
    }
}
