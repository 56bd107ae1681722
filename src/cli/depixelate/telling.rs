//! How the program tells what happens: by a bar and words, as JSON, or hardly at all.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::arguments::Arguments;
use super::batch::Job;
use super::piped::goes_to_standard;
use super::words::{Listener, event, say};
use crate::app::{Outcome, Progress};

/// Tells what happens to a file.
pub(super) struct Telling {
    listener: Listener,
    /// Whether words go to standard error, as the film goes to standard output.
    aside: bool,
    bar: ProgressBar,
    /// What was told last of how far the work is.
    last: Option<(u64, u64)>,
    /// The warnings of this file so far.
    pub(super) warnings: Vec<String>,
}

impl Telling {
    /// As the command line asks for.
    pub(super) fn new(arguments: &Arguments) -> anyhow::Result<Self> {
        let listener = arguments.words.listener();
        let template = "{bar:30} {pos}/{len} frames  {per_sec}  {msg}  {eta} left";
        let bar = match listener {
            Listener::Person => ProgressBar::new(0),
            _ => ProgressBar::hidden(),
        };
        Ok(Self {
            listener,
            aside: goes_to_standard(arguments),
            bar: bar.with_style(ProgressStyle::with_template(template)?),
            last: None,
            warnings: Vec::new(),
        })
    }

    /// Another file begins.
    pub(super) fn begin(&mut self) {
        (self.last, self.warnings) = (None, Vec::new());
    }

    /// Tell how far the work is, or a warning.
    pub(super) fn progress(&mut self, progress: Progress) {
        if let Progress::Warning(text) = &progress {
            // Each part of a film may have the same reason.
            if self.warnings.contains(text) {
                return;
            }
            self.warnings.push(text.clone());
        }
        match progress {
            Progress::Warning(text) if self.listener == Listener::Program => {
                event("warning", json!({ "text": text }));
            }
            Progress::Warning(text) => {
                self.bar.suspend(|| eprintln!("depixelate: {text}"));
            }
            Progress::Looked { frames, total } => {
                self.bar.set_message("looking for faces");
                self.at("look", frames, total, json!({}));
            }
            Progress::At {
                frames,
                total,
                faces,
            } => {
                self.bar.set_message(match faces {
                    1 => "1 face".to_owned(),
                    faces => format!("{faces} faces"),
                });
                self.at("progress", frames, total, json!({ "faces": faces }));
            }
        }
    }

    fn at(&mut self, name: &str, frames: u64, total: u64, mut more: Value) {
        self.bar.set_length(total);
        self.bar.set_position(frames);
        if self.listener == Listener::Program && self.last != Some((frames, total)) {
            (more["frames"], more["total"]) = (frames.into(), total.into());
            event(name, more);
        }
        self.last = Some((frames, total));
    }

    /// The work has come to its end.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// Tell what was made.
    pub(super) fn made(&self, job: &Job, outcome: &Outcome) {
        let (input, output) = (job.input.display(), job.output.display());
        match self.listener {
            Listener::Person => {
                self.say(&format!(
                    "{output}: {}\nRestored faces are invented: they prove nobody's identity.",
                    outcome.report
                ));
                if let Some(damage) = &outcome.damage {
                    self.say(&format!(
                        "{input} is damaged: {damage}. What could be read of it was restored."
                    ));
                }
            }
            Listener::Program => event(
                "made",
                json!({
                    "input": input.to_string(),
                    "output": output.to_string(),
                    "frames": outcome.frames,
                    "faces": outcome.faces,
                    "damage": outcome.damage,
                }),
            ),
            Listener::Nobody => {}
        }
    }

    /// Tell what became of several files.
    pub(super) fn summary(&self, made: usize, all: usize, skipped: usize) {
        match self.listener {
            Listener::Person => {
                eprintln!("depixelate: {made} of {all} files made, {skipped} were there already");
            }
            Listener::Program => {
                event(
                    "summary",
                    json!({ "made": made, "files": all, "skipped": skipped }),
                );
            }
            Listener::Nobody => {}
        }
    }

    fn say(&self, words: &str) {
        match self.aside {
            true => eprintln!("{words}"),
            false => say(words),
        }
    }

    /// Tell what came of a step, in words or as the event `name`.
    pub(super) fn told(&self, name: &str, words: &str, value: Value) {
        match self.listener {
            Listener::Person => self.say(words),
            Listener::Program => event(name, value),
            Listener::Nobody => {}
        }
    }

    /// Write words, or what stands for them.
    pub(super) fn found(&self, words: &str, value: Value) {
        match self.listener {
            Listener::Program => event("found", value),
            _ => self.say(words),
        }
    }
}
