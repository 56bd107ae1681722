//! The command line of `depixelate`: restores the pixelated faces of video files.

mod arguments;
mod batch;
mod by_hand;
mod dry_run;
mod farm;
mod looking;
mod one;
mod orders;
mod pictures;
mod piped;
mod regions;
mod shared;
mod sidecar;
mod telling;
mod words;

use std::process::ExitCode;
use std::sync::atomic::Ordering;

use anyhow::Context;
use clap::{CommandFactory, Parser};

use crate::app::{self, AppError};
use crate::cli::ending::{cancelled_by_signal, exit_status};
use arguments::{Arguments, Command};
use batch::Jobs;
use one::{DAMAGED, make};
use telling::Telling;

/// The program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let told = match &arguments {
        Arguments { man: true, .. } => manual(),
        Arguments {
            completions: Some(shell),
            ..
        } => {
            let mut command = whole_command();
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

/// The command line with the commands that its help, which fits on a screen, leaves out.
fn whole_command() -> clap::Command {
    let command = Arguments::command();
    let names: Vec<String> = (command.get_subcommands())
        .map(|it| it.get_name().to_owned())
        .collect();
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |it| it.hide(false))
    })
}

/// The manual page, to standard output.
fn manual() -> anyhow::Result<()> {
    let page = clap_mangen::Man::new(whole_command()).manual("Video tools");
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
