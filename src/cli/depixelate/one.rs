//! One film, restored or looked at, with all that is asked for beside it.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::arguments::Arguments;
use super::batch::Job;
use super::by_hand::{self, ByHand};
use super::looking::{self, Films};
use super::piped::{self, Target};
use super::telling::Telling;
use super::{dry_run, sidecar};
use crate::app::{self, AppError, Film, Filters, Input, Outcome, Transcode};

/// Exit status where the input is damaged, and what could be read of it was restored.
pub(super) const DAMAGED: u8 = 4;

/// A film, and all that it is restored with.
pub(super) struct Prepared<'a> {
    arguments: &'a Arguments,
    job: &'a Job,
    options: app::RestoreOptions,
    input: &'a Input,
    by_hand: &'a ByHand,
    filters: &'a Filters<'a>,
    pub(super) transcode: Transcode<'a>,
}

/// Prepare the film of `job`, to be written to `target`, for `work`.
pub(super) fn prepared<T>(
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
pub(super) fn make(
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
pub(super) fn finish(
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
