//! `depixelate plan`, `segment` and `join`: one film on many machines that share a disk.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use clap::Parser;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::arguments::{Arguments, Command};
use super::batch::{self, Job};
use super::looking;
use super::one::{DAMAGED, finish, prepared};
use super::orders::{Join, Place, Plan, Segment};
use super::piped::{self, Target};
use super::telling::Telling;
use super::words::{Listener, event, say};
use crate::app::farm::{self, Plan as Planned};
use crate::app::{self, AppError};
use crate::cli::ending::{cancelled_by_signal, exit_status};

/// What segments and joining have to know of how a film was planned.
#[derive(Serialize, Deserialize)]
struct Told {
    program: String,
    version: String,
    /// Where names of files are relative to.
    directory: PathBuf,
    /// What `depixelate` was told.
    arguments: Vec<String>,
}

/// Do what `command` asks for; returns the exit status.
pub(super) fn run(command: &Command) -> u8 {
    let (done, listener) = match command {
        Command::Plan(plan) => (plan.run(), plan.listener()),
        Command::Segment(segment) => (segment.run(), segment.place.words.listener()),
        Command::Join(join) => (join.run(), join.place.words.listener()),
        Command::Pictures(_) => return 0,
    };
    match done {
        Ok(damaged) => u8::from(damaged) * DAMAGED,
        Err(error) => {
            let status = exit_status(&error);
            listener.failed(&error, status);
            status
        }
    }
}

impl Plan {
    fn run(&self) -> anyhow::Result<bool> {
        let told = Told {
            program: "depixelate".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            directory: std::env::current_dir().context("the folder to work in")?,
            arguments: self.words()?,
        };
        let arguments = told.parsed()?;
        let (job, cancel) = (told.job(&arguments)?, begun()?);
        let mut telling = Telling::new(&arguments)?;
        let tasks = self.tasks as usize;
        let told = serde_json::to_value(&told)?;
        let plan = prepared(&arguments, &job, &job.output, &cancel, |film| {
            let on_progress = &mut |progress| telling.progress(progress);
            let film = &film.transcode;
            let plan = film.plan_tasks(tasks, self.by_length, &told, &cancel, on_progress);
            Ok(plan?)
        });
        telling.end();
        let plan = plan?;
        let value = json!({ "segments": plan.segments, "tasks": plan.tasks });
        telling.told("planned", &summary(&job, &plan), value);
        Ok(false)
    }

    /// Who is told, as far as that can be seen before the arguments are read.
    fn listener(&self) -> Listener {
        match self.arguments.iter().any(|word| word == "--json") {
            true => Listener::Program,
            false => Listener::Person,
        }
    }

    /// The arguments as text, which JSON can hold.
    fn words(&self) -> Result<Vec<String>, AppError> {
        let text = |word: &OsString| {
            let text = word.to_str().map(str::to_owned);
            text.ok_or_else(|| {
                let shown = word.to_string_lossy();
                AppError::Unfit(format!("{shown}: a plan can only name files in UTF-8"))
            })
        };
        self.arguments.iter().map(text).collect()
    }
}

impl Segment {
    fn run(&self) -> anyhow::Result<bool> {
        let output = self.place.output(&self.output);
        if farm::is_joined(&output) {
            self.place.say_joined(&output);
            return Ok(false);
        }
        let (told, plan) = self.place.read(&output)?;
        let (arguments, job) = self.place.parsed(&told, &output)?;
        let numbers = match self.task {
            None => self.numbers.clone(),
            Some(number) => numbers(&plan, number)?,
        };
        let cancel = begun()?;
        let mut telling = Telling::new(&arguments)?;
        let frames = match numbers.is_empty() {
            true => Ok(0),
            false => prepared(&arguments, &job, &job.output, &cancel, |film| {
                let on_progress = &mut |progress| telling.progress(progress);
                Ok(film.transcode.segments(&numbers, &cancel, on_progress)?)
            }),
        };
        telling.end();
        let frames = frames?;
        let words = match (numbers.first(), numbers.last()) {
            (Some(first), Some(last)) if frames > 0 => {
                format!("segments {first} to {last}: {frames} frames made")
            }
            (Some(_), Some(_)) => "all of these segments were made already".to_owned(),
            _ => "this task has no segments: there is nothing left to do".to_owned(),
        };
        telling.told(
            "segments",
            &words,
            json!({ "numbers": numbers, "frames": frames }),
        );
        Ok(false)
    }
}

impl Join {
    fn run(&self) -> anyhow::Result<bool> {
        let output = self.place.output(&self.output);
        if farm::is_joined(&output) {
            self.place.say_joined(&output);
            return Ok(false);
        }
        let (told, _) = self.place.read(&output)?;
        let (arguments, job) = self.place.parsed(&told, &output)?;
        let cancel = begun()?;
        let mut telling = Telling::new(&arguments)?;
        let mut target = Target::of(&job.output)?;
        let path = target.path().to_owned();
        let damaged = prepared(&arguments, &job, &path, &cancel, |film| {
            let run = |telling: &mut Telling| {
                let on_progress = &mut |progress| telling.progress(progress);
                film.transcode.join(&cancel, on_progress)
            };
            finish(film, &mut target, run, &cancel, &mut telling)
        })?;
        // Not before all is there that was asked for: until then this can be done again.
        farm::leave(&job.output)?;
        Ok(damaged)
    }
}

impl Place {
    /// Where the film is.
    fn output(&self, output: &Path) -> PathBuf {
        match &self.directory {
            Some(directory) => directory.join(output),
            None => output.to_owned(),
        }
    }

    /// Say that there is nothing to do.
    fn say_joined(&self, output: &Path) {
        let words = format!("{}: joined already", output.display());
        match self.words.listener() {
            Listener::Person => say(&words),
            Listener::Program => event("joined", json!({ "output": output })),
            Listener::Nobody => {}
        }
    }

    /// What was planned for `output`.
    fn read(&self, output: &Path) -> Result<(Told, Planned), AppError> {
        let (told, plan) = farm::told(output)?;
        let mut told: Told = serde_json::from_value(told)
            .map_err(|error| AppError::Unfit(format!("the plan is damaged: {error}")))?;
        if let Some(directory) = &self.directory {
            told.directory.clone_from(directory);
        }
        Ok((told, plan))
    }

    /// What `depixelate` was told, in the folder that it was told in, and which film that makes;
    /// how this process tells what happens is its own matter.
    fn parsed(&self, told: &Told, output: &Path) -> anyhow::Result<(Arguments, Job)> {
        let output = std::path::absolute(output).context("the folder to work in")?;
        let mut arguments = told.parsed()?;
        arguments.words = self.words.clone();
        let input = told.job(&arguments)?.input;
        let entered = std::env::set_current_dir(&told.directory);
        // Farms plan in folders that go with the session; whole paths need none.
        if self.directory.is_some() || input.is_relative() {
            entered.with_context(|| {
                format!(
                    "{}: the folder in which the film was planned is not here (--directory names it)",
                    told.directory.display()
                )
            })?;
        }
        Ok((arguments, Job { input, output }))
    }
}

impl Told {
    fn parsed(&self) -> anyhow::Result<Arguments> {
        let program = std::iter::once("depixelate".to_owned());
        let arguments = Arguments::try_parse_from(program.chain(self.arguments.iter().cloned()));
        let arguments = arguments.map_err(|error| AppError::Unfit(error.render().to_string()))?;
        looking::check(&arguments)?;
        let unfit = |what: &str| Err(AppError::Unfit(format!("{what} cannot be planned")).into());
        match () {
            () if arguments.command.is_some() => unfit("this command"),
            () if arguments.dry_run => unfit("--dry-run"),
            () if arguments.output_dir.is_some() => unfit("--output-dir: a single film alone"),
            () => Ok(arguments),
        }
    }

    /// Which film it is.
    fn job(&self, arguments: &Arguments) -> Result<Job, AppError> {
        let mut jobs = batch::outputs(&arguments.files, None, false)?;
        let job = jobs
            .files
            .pop()
            .filter(|job| !piped::is_standard(&job.output) && !piped::is_standard(&job.input));
        job.ok_or_else(|| {
            AppError::Unfit("standard input and output cannot be planned: name files".to_owned())
        })
    }
}

/// Start GStreamer; gives what Ctrl-C sets.
fn begun() -> anyhow::Result<Arc<AtomicBool>> {
    let cancel = cancelled_by_signal()?;
    app::init()?;
    Ok(cancel)
}

/// The segments of task `number`.
fn numbers(plan: &Planned, number: usize) -> Result<Vec<usize>, AppError> {
    let task = plan.tasks.iter().find(|task| task.number == number);
    let task = task.ok_or_else(|| {
        AppError::Unfit(format!(
            "there is no task {number}: the plan has {}, counted from 1",
            plan.tasks.len()
        ))
    })?;
    Ok(task.numbers())
}

/// A plan in words.
fn summary(job: &Job, plan: &Planned) -> String {
    let all: f64 = plan.tasks.iter().map(|task| task.work).sum();
    let dearest = plan.tasks.iter().map(|task| task.work).fold(0.0, f64::max);
    let faces: u64 = plan.segments.iter().map(|segment| segment.faces).sum();
    let frames: u64 = plan.segments.iter().map(|segment| segment.frames).sum();
    format!(
        "{}: {} segments in {} tasks, {frames} frames, {faces} of them with faces; the dearest task is {:.0} % of all work",
        job.output.display(),
        plan.segments.len(),
        plan.tasks.len(),
        100.0 * dearest / all.max(1.0)
    )
}
