//! The command line of `depixelate`: restores the pixelated faces of video files.

mod arguments;
mod batch;
mod by_hand;
mod dry_run;
mod farm;
mod looking;
mod pictures;
mod piped;
mod regions;
mod shared;
mod sidecar;
mod telling;
mod words;

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use clap::{CommandFactory, Parser};

use crate::app::{self, AppError, Film, Filters, Input, Outcome, Transcode};
use crate::cli::ending::{cancelled_by_signal, exit_status};
use arguments::{Arguments, Command};
use batch::{Job, Jobs};
use by_hand::ByHand;
use looking::Films;
use piped::Target;
use telling::Telling;

/// Exit status where the input is damaged, and what could be read of it was restored.
const DAMAGED: u8 = 4;

/// The program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let told = match &arguments {
        Arguments { man: true, .. } => manual(),
        Arguments {
            completions: Some(shell),
            ..
        } => {
            let mut command = Arguments::command();
            clap_complete::generate(*shell, &mut command, "depixelate", &mut std::io::stdout());
            Ok(())
        }
        Arguments {
            command: Some(Command::Pictures(pictures)),
            ..
        } => return ExitCode::from(pictures::restore_all(pictures)),
        Arguments {
            command: Some(command),
            ..
        } => return ExitCode::from(farm::run(command)),
        _ => return ExitCode::from(restore_all(&arguments)),
    };
    ExitCode::from(told.map_or_else(|error| told_failure(&arguments, &error), |()| 0))
}

/// The manual page, to standard output.
fn manual() -> anyhow::Result<()> {
    let page = clap_mangen::Man::new(Arguments::command()).manual("Video tools");
    page.render(&mut std::io::stdout())
        .context("the manual page")
}

/// Which files there are to make, or to look at.
fn jobs(arguments: &Arguments) -> Result<Jobs, AppError> {
    let files = arguments.files.as_slice();
    match (arguments.dry_run, arguments.output_dir.as_deref()) {
        (true, None) => batch::looks(files),
        (_, folder) => batch::outputs(files, folder, arguments.overwrite),
    }
}

/// Make all files; returns the exit status.
fn restore_all(arguments: &Arguments) -> u8 {
    let checked = looking::check(arguments).and_then(|()| piped::check(arguments));
    let begun = checked
        .and_then(|()| jobs(arguments))
        .map_err(anyhow::Error::from)
        .and_then(|jobs| {
            let cancel = cancelled_by_signal()?;
            app::init()?;
            Ok((jobs, cancel, Telling::new(arguments)?))
        });
    let (jobs, cancel, mut telling) = match begun {
        Ok(begun) => begun,
        Err(error) => return told_failure(arguments, &error),
    };
    let Jobs { files, skipped } = &jobs;
    let (mut status, mut done) = (0, 0);
    // A filter of the last file, so that the model is loaded once for all of them.
    let mut last = None;
    for job in files {
        let failed = match make(arguments, job, &mut last, &cancel, &mut telling) {
            Ok(damaged) => u8::from(damaged) * DAMAGED,
            Err(error) => told_failure(arguments, &error),
        };
        done += usize::from(failed == 0 || failed == DAMAGED);
        if status == 0 {
            status = failed;
        }
        if cancel.load(Ordering::Relaxed) {
            status = AppError::Cancelled.exit_status();
            break;
        }
    }
    if arguments.output_dir.is_some() {
        telling.summary(done, files.len(), *skipped);
    }
    status
}

/// Say what went wrong; returns the exit status for it.
fn told_failure(arguments: &Arguments, error: &anyhow::Error) -> u8 {
    let status = exit_status(error);
    arguments.words.listener().failed(error, status);
    status
}

/// A film, and all that it is restored with.
struct Prepared<'a> {
    arguments: &'a Arguments,
    job: &'a Job,
    options: app::RestoreOptions,
    input: &'a Input,
    by_hand: &'a ByHand,
    filters: &'a Filters<'a>,
    transcode: Transcode<'a>,
}

/// Prepare the film of `job`, to be written to `target`, for `work`.
fn prepared<T>(
    arguments: &Arguments,
    job: &Job,
    target: &Path,
    cancel: &AtomicBool,
    work: impl FnOnce(&Prepared<'_>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let options = match arguments.dry_run {
        true => dry_run::options(arguments),
        false => arguments.faces.restoration(),
    };
    let input = arguments.input(&job.input);
    let film = match by_hand::needs_film(arguments) {
        true => {
            let (track, patience) = (arguments.video_track, arguments.patience());
            Some(Film::open(&input, track, patience, cancel)?)
        }
        false => None,
    };
    let by_hand = ByHand::read(arguments, film.as_ref())?;
    let filters = Filters::new(|| by_hand.filter(&options));
    let mut settings = sidecar::settings(&options)?;
    settings.insert("by-hand".to_owned(), by_hand::identity(arguments));
    work(&Prepared {
        transcode: arguments.transcode(&input, target, &filters, settings),
        options: options.clone(),
        filters: &filters,
        by_hand: &by_hand,
        input: &input,
        arguments,
        job,
    })
}

/// Make one file, or only look at it; whether it is damaged.
fn make(
    arguments: &Arguments,
    job: &Job,
    last: &mut Option<gst::Element>,
    cancel: &AtomicBool,
    telling: &mut Telling,
) -> anyhow::Result<bool> {
    telling.begin();
    let mut target = Target::of(&job.output)?;
    let path = target.path().to_owned();
    prepared(arguments, job, &path, cancel, |film| {
        let damaged = match arguments.dry_run {
            true => look(film, cancel, telling)?,
            false => {
                let run = |telling: &mut Telling| {
                    let on_progress = &mut |progress| telling.progress(progress);
                    film.transcode.run(cancel, on_progress)
                };
                finish(film, &mut target, run, cancel, telling)?
            }
        };
        *last = film.filters.one();
        Ok(damaged)
    })
}

/// Only look at a film; whether it is damaged.
fn look(film: &Prepared<'_>, cancel: &AtomicBool, telling: &mut Telling) -> anyhow::Result<bool> {
    let Prepared { arguments, job, .. } = film;
    let on_progress = &mut |progress| telling.progress(progress);
    let looked = film.transcode.look(cancel, on_progress);
    telling.end();
    let looked = looked?;
    dry_run::tell(arguments, job, &looked, telling);
    let is_restored = |face: &_| dry_run::is_restored(face, arguments);
    looking::found(arguments, film.input, &looked, is_restored, cancel)?;
    Ok(looked.damage.is_some())
}

/// Write a film by `run`, and all that was asked for beside it; whether it is damaged.
fn finish(
    film: &Prepared<'_>,
    target: &mut Target,
    run: impl FnOnce(&mut Telling) -> Result<Outcome, AppError>,
    cancel: &AtomicBool,
    telling: &mut Telling,
) -> anyhow::Result<bool> {
    let Prepared {
        arguments,
        job,
        options,
        ..
    } = film;
    let result = run(telling);
    telling.end();
    if let Err(AppError::Verification { .. }) = &result {
        target.keep();
    }
    let outcome = result?;
    if !piped::is_standard(&job.output) {
        sidecar::write(job, options, &outcome)?;
    }
    if let Some(path) = &arguments.markers {
        film.by_hand.mark(path, &outcome.faces, &job.output)?;
    }
    let settings = sidecar::words(options)?;
    let films = Films {
        input: film.input,
        target,
        output: &job.output,
    };
    let warnings = &telling.warnings;
    looking::finished(arguments, &films, &outcome, &settings, warnings, cancel)?;
    target.finish(cancel)?;
    telling.made(job, &outcome);
    Ok(outcome.damage.is_some())
}
