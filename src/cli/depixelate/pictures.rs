//! `depixelate pictures`: restores the pixelated faces of pictures.

mod arguments;
mod one;
mod sidecar;
mod telling;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::regions::{rectangles, tables};
use crate::app::{AppError, RestoreOptions};
use crate::cascade::{Model, Provider, SessionSettings};
use crate::cli::ending::{cancelled_by_signal, exit_status};
use crate::cli::picture_jobs::{Jobs, place};
use crate::report::{StillSheet, write_sheet};
use crate::restore::Restorer;
pub(super) use arguments::Pictures;
use one::Maker;
use telling::Telling;

/// Make all pictures; returns the exit status.
pub(super) fn restore_all(arguments: &Pictures) -> u8 {
    make_all(arguments).unwrap_or_else(|error| {
        let status = exit_status(&error);
        arguments.words.listener().failed(&error, status);
        status
    })
}

/// The same; an error where nothing is made at all, or the sheet cannot be written.
fn make_all(arguments: &Pictures) -> anyhow::Result<u8> {
    let options = options(arguments)?;
    let jobs = match arguments.dry_run {
        true => Jobs::looks(&arguments.files)?,
        false => Jobs::outputs(&arguments.files, arguments.overwrite)?,
    };
    if let Some(sheet) = &arguments.contact_sheet {
        check_sheet(sheet, &jobs, arguments.overwrite)?;
    }
    let cancel = cancelled_by_signal()?;
    let mut maker = Maker {
        restorer: restorer(arguments, &options)?,
        quality: arguments.quality,
        watermark: options.watermark,
        sheet: (arguments.contact_sheet.as_ref()).map(|_| StillSheet::new(!arguments.dry_run)),
    };
    jobs.make_folder()?;
    let mut telling = Telling::new(arguments.words.listener(), &jobs)?;
    let mut status = 0;
    for job in &jobs.files {
        if cancel.load(Ordering::Relaxed) {
            break;
        }
        telling.begin(&job.input);
        let made = maker.make(job, |made| match &job.output {
            Some(output) => sidecar::write(&job.input, output, &options, made),
            None => Ok(()),
        });
        match made {
            Ok(made) => telling.made(job, &made),
            Err(error) => {
                let failed = exit_status(&error);
                telling.failed(job, &error, failed);
                status = if status == 0 { failed } else { status };
            }
        }
    }
    telling.summary(arguments.dry_run);
    if cancel.load(Ordering::Relaxed) {
        return Ok(AppError::Cancelled.exit_status());
    }
    if let Some((path, sheet)) = arguments.contact_sheet.as_ref().zip(maker.sheet) {
        write_sheet(&sheet.draw(), path)?;
    }
    Ok(status)
}

/// How faces are restored.
fn options(arguments: &Pictures) -> Result<RestoreOptions, AppError> {
    let faces = &arguments.faces;
    let mut tables = tables(&faces.regions).chain(tables(&faces.exclude));
    match tables.next() {
        Some(table) => Err(AppError::Unfit(format!(
            "{}: tables tell times, which pictures have none of: name rectangles, x,y,w,h",
            table.display()
        ))),
        None => Ok(faces.restoration()),
    }
}

/// A restorer that is set up as `options` say.
fn restorer(arguments: &Pictures, options: &RestoreOptions) -> anyhow::Result<Restorer> {
    let model = match &options.model_file {
        Some(path) => Model::open(path)?,
        None => Model::bundled()?,
    };
    let settings = SessionSettings {
        provider: provider(options.execution_provider.as_deref())?,
        ..SessionSettings::default()
    };
    let mut restorer = Restorer::open(&model, &settings)?;
    let set = |value: &mut f32, to: Option<f32>| *value = to.unwrap_or(*value);
    set(&mut restorer.blend.detail, options.detail);
    set(&mut restorer.blend.projection, options.projection);
    set(&mut restorer.blend.alpha, options.alpha);
    set(
        &mut restorer.detect.score_threshold,
        options.score_threshold,
    );
    set(&mut restorer.face_threshold, options.face_threshold);
    if let Some(pixels) = options.min_size {
        (restorer.detect.min_width, restorer.detect.min_height) = (pixels, pixels);
    }
    restorer.regions.clone_from(&options.regions);
    restorer.exclude = rectangles(&arguments.faces.exclude);
    Ok(restorer)
}

/// The execution provider of this name.
fn provider(name: Option<&str>) -> Result<Provider, AppError> {
    let Some(name) = name else {
        return Ok(Provider::default());
    };
    let known = Provider::ALL.into_iter().find(|it| it.name() == name);
    known.ok_or_else(|| {
        let names = Provider::ALL.map(Provider::name).join(", ");
        AppError::Unfit(format!("--execution-provider {name}: it is one of {names}"))
    })
}

/// An error where the sheet cannot be called so, or something would be lost by it: said before the
/// work.
fn check_sheet(sheet: &Path, jobs: &Jobs, overwrite: bool) -> Result<(), AppError> {
    let path = sheet.to_owned();
    let ending = sheet.extension().unwrap_or_default().to_string_lossy();
    if !["png", "jpg", "jpeg"].contains(&ending.to_lowercase().as_str()) {
        return Err(AppError::Unfit(format!(
            "{}: the name must end in .png or .jpg",
            sheet.display()
        )));
    }
    let files = jobs.files.iter();
    let files = files.flat_map(|job| [Some(&job.input), job.output.as_ref()]);
    let files: HashSet<PathBuf> = files.flatten().map(|path| place(path)).collect();
    match () {
        () if files.contains(&place(sheet)) => Err(AppError::SameFile { path }),
        () if sheet.exists() && !overwrite => Err(AppError::Exists { path }),
        () => Ok(()),
    }
}
