//! What there is to look at: a contact sheet, a page, a film of both halves.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::arguments::Arguments;
use super::piped::Target;
use crate::app::{AppError, Encoding, Film, Input, Looked, Outcome};
use crate::report::{
    Comparison, Finished, Found, Halves, sheet_of_finished, sheet_of_found, write_page, write_sheet,
};

/// What was read, and what was made of it.
pub(super) struct Films<'a> {
    pub(super) input: &'a Input,
    pub(super) target: &'a Target,
    /// The name that was given for it.
    pub(super) output: &'a Path,
}

/// Whether the names of all that is asked for can be: said before the work.
pub(super) fn check(arguments: &Arguments) -> Result<(), AppError> {
    let ends = |path: &Path, endings: &[&str]| {
        let ending = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        match endings.contains(&ending.as_str()) {
            true => Ok(()),
            false => Err(AppError::Unfit(format!(
                "{}: the name must end in .{}",
                path.display(),
                endings.join(" or .")
            ))),
        }
    };
    let asked = [
        &arguments.contact_sheet,
        &arguments.report,
        &arguments.compare,
    ];
    let output = arguments.files.get(1).filter(|_| !arguments.dry_run);
    let is_pictures = output.is_some_and(|output| {
        let ending = output.extension().unwrap_or_default().to_string_lossy();
        ["png", "exr"].contains(&ending.to_lowercase().as_str())
    });
    if is_pictures && asked.iter().any(|path| path.is_some()) {
        return Err(AppError::Unfit(
            "--report, --contact-sheet and --compare show films: write .mkv first, and pictures of \
             that"
                .to_owned(),
        ));
    }
    let sheet = arguments.contact_sheet.as_deref();
    sheet.map_or(Ok(()), |path| ends(path, &["png", "jpg", "jpeg"]))?;
    let page = arguments.report.as_deref();
    page.map_or(Ok(()), |path| ends(path, &["html", "htm"]))?;
    let film = arguments.compare.as_deref();
    film.map_or(Ok(()), |path| ends(path, &["mp4", "mov", "mkv", "webm"]))
}

/// Make what is asked for of a film that was only looked at.
pub(super) fn found(
    arguments: &Arguments,
    input: &Input,
    looked: &Looked,
    is_restored: impl Fn(&crate::app::RestoredFace) -> bool,
    cancel: &AtomicBool,
) -> anyhow::Result<()> {
    let Some(path) = &arguments.contact_sheet else {
        return Ok(());
    };
    let (track, patience) = (arguments.video_track, arguments.patience());
    let mut film = Film::open(input, track, patience, cancel)?;
    let found: Vec<_> = looked
        .faces
        .iter()
        .map(|face| Found {
            face,
            restored: is_restored(face),
        })
        .collect();
    write_sheet(&sheet_of_found(&mut film, &found)?, path)
}

/// Make what is asked for of a film that was made.
pub(super) fn finished(
    arguments: &Arguments,
    films: &Films<'_>,
    outcome: &Outcome,
    settings: &[(String, String)],
    warnings: &[String],
    cancel: &AtomicBool,
) -> anyhow::Result<()> {
    let Arguments {
        report,
        contact_sheet,
        compare,
        ..
    } = arguments;
    if report.is_none() && contact_sheet.is_none() && compare.is_none() {
        return Ok(());
    }
    let patience = arguments.patience();
    let (from, to) = arguments.range();
    let made = Input::new(films.target.path());
    let before = Film::open(films.input, arguments.video_track, patience, cancel)?;
    let mut before = before.within(from.unwrap_or_default(), to);
    let mut after = Film::open(&made, Some(1), patience, cancel)?;
    if let Some(path) = contact_sheet {
        write_sheet(
            &sheet_of_finished(&mut before, &mut after, &outcome.faces)?,
            path,
        )?;
    }
    if let Some(path) = report {
        let finished = Finished {
            input: &films.input.path().display().to_string(),
            output: &films.output.display().to_string(),
            frames: outcome.frames,
            length: after.duration(),
            faces: &outcome.faces,
            settings,
            verification: &[format!(
                "{} frames were read, restored and written, and the file was read and decoded again",
                outcome.frames
            )],
            warnings,
        };
        write_page(&finished, &mut before, &mut after, path)?;
    }
    if let Some(path) = compare {
        compared(
            &mut before,
            &mut after,
            path,
            arguments.split,
            patience,
            cancel,
        )?;
    }
    Ok(())
}

fn compared<'f>(
    before: &mut Film<'f>,
    after: &mut Film<'f>,
    target: &Path,
    split: bool,
    patience: Duration,
    cancel: &AtomicBool,
) -> Result<(), AppError> {
    let (encoding, halves) = (
        Encoding::default(),
        match split {
            true => Halves::Split,
            false => Halves::SideBySide,
        },
    );
    let comparison = Comparison {
        before,
        after,
        target,
        halves,
        encoding: &encoding,
        patience,
    };
    comparison.run(cancel, &mut |_| {})
}
