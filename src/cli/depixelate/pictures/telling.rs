//! How it is told what becomes of pictures.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::super::words::{Listener, event, say};
use super::one::{Face, Made};
use crate::cli::picture_jobs::{Job, Jobs};

/// Tells what becomes of pictures, and counts.
pub(super) struct Telling {
    listener: Listener,
    bar: ProgressBar,
    all: usize,
    skipped: usize,
    restored: usize,
    copied: usize,
    converted: usize,
    failed: Vec<PathBuf>,
}

impl Telling {
    /// Of `jobs`, to `listener`.
    pub(super) fn new(listener: Listener, jobs: &Jobs) -> anyhow::Result<Self> {
        let bar = match listener {
            Listener::Person => ProgressBar::new(jobs.files.len() as u64),
            _ => ProgressBar::hidden(),
        };
        let template = "{bar:30} {pos}/{len} pictures  {msg}  {eta} left";
        Ok(Self {
            listener,
            bar: bar.with_style(ProgressStyle::with_template(template)?),
            all: jobs.files.len(),
            skipped: jobs.skipped,
            restored: 0,
            copied: 0,
            converted: 0,
            failed: Vec::new(),
        })
    }

    /// Another picture begins.
    pub(super) fn begin(&self, input: &Path) {
        let name = input.file_name().unwrap_or_default();
        self.bar.set_message(name.to_string_lossy().into_owned());
    }

    /// Tell what was made of a picture, or would be.
    pub(super) fn made(&mut self, job: &Job, made: &Made) {
        let counter = match made {
            Made { faces, .. } if !faces.is_empty() => &mut self.restored,
            Made { copied: true, .. } => &mut self.copied,
            _ => &mut self.converted,
        };
        *counter += 1;
        let input = job.input.display().to_string();
        for warning in &made.warnings {
            self.warn(&format!("{input}: {warning}"));
        }
        match (self.listener, &job.output) {
            (Listener::Person, output) => {
                let name = output.as_ref().unwrap_or(&job.input).display();
                let words = words(made, output.is_none());
                self.bar.suspend(|| say(&format!("{name}: {words}")));
            }
            (Listener::Program, Some(output)) => event(
                "made",
                json!({
                    "input": input,
                    "output": output.display().to_string(),
                    "faces": made.faces,
                    "refused": made.refused,
                    "copied": made.copied,
                }),
            ),
            (Listener::Program, None) => event(
                "found",
                json!({ "input": input, "faces": made.faces, "refused": made.refused }),
            ),
            (Listener::Nobody, _) => {}
        }
        self.step();
    }

    /// Tell why a picture could not be made.
    pub(super) fn failed(&mut self, job: &Job, error: &anyhow::Error, status: u8) {
        self.failed.push(job.input.clone());
        self.bar.suspend(|| self.listener.failed(error, status));
        self.step();
    }

    fn warn(&self, text: &str) {
        match self.listener {
            Listener::Program => event("warning", json!({ "text": text })),
            _ => self.bar.suspend(|| eprintln!("depixelate: {text}")),
        }
    }

    fn step(&self) {
        self.bar.inc(1);
        if self.listener == Listener::Program {
            let pictures = self.bar.position();
            event(
                "progress",
                json!({ "pictures": pictures, "total": self.all }),
            );
        }
    }

    /// Tell what became of all pictures, which were only looked at or made.
    pub(super) fn summary(&self, is_look: bool) {
        self.bar.finish_and_clear();
        let made = self.restored + self.copied + self.converted;
        let failed: Vec<String> = self
            .failed
            .iter()
            .map(|it| it.display().to_string())
            .collect();
        match self.listener {
            Listener::Person => {
                let Self { all, restored, .. } = self;
                let mut text = match is_look {
                    true => format!("{made} of {all} pictures looked at, {restored} with faces"),
                    false => self.counts(made),
                };
                if *restored > 0 && !is_look {
                    text += "\nRestored faces are invented: they prove nobody's identity.";
                }
                if !failed.is_empty() {
                    text += &format!("\nNot done: {}", failed.join(", "));
                }
                eprintln!("depixelate: {text}");
            }
            Listener::Program => event(
                "summary",
                json!({
                    "made": made,
                    "files": self.all,
                    "skipped": self.skipped,
                    "restored": self.restored,
                    "copied": self.copied,
                    "failed": failed,
                }),
            ),
            Listener::Nobody => {}
        }
    }

    fn counts(&self, made: usize) -> String {
        let Self {
            all,
            restored,
            copied,
            ..
        } = self;
        let mut text = format!(
            "{made} of {all} pictures made: {restored} restored, {copied} copied byte for byte"
        );
        if self.converted > 0 {
            text += &format!(", {} without a face in another format", self.converted);
        }
        if self.skipped > 0 {
            text += &format!("; {} were there already", self.skipped);
        }
        text
    }
}

/// What was found in a picture, and what became of it.
fn words(made: &Made, is_look: bool) -> String {
    let places = |faces: &[Face]| {
        let place = |face: &Face| {
            let Face {
                x,
                y,
                width,
                height,
                ..
            } = face;
            let blocks = face
                .blocks
                .map(|[w, h]| format!(" in blocks of {w:.1} × {h:.1}"));
            let percent = face
                .probability
                .map(|p| format!(", a face with {:.0} %", 100.0 * p));
            format!(
                "{x},{y},{width},{height}{}{}",
                blocks.unwrap_or_default(),
                percent.unwrap_or_default()
            )
        };
        let places: Vec<String> = faces.iter().map(place).collect();
        places.join("; ")
    };
    let mut parts = Vec::new();
    if !made.faces.is_empty() {
        let restored = if is_look {
            "would be restored"
        } else {
            "restored"
        };
        parts.push(format!("{restored}: {}", places(&made.faces)));
    }
    if !made.refused.is_empty() {
        parts.push(format!("no faces, left alone: {}", places(&made.refused)));
    }
    if parts.is_empty() {
        parts.push("no mosaic".to_owned());
    }
    if made.copied {
        parts.push("copied byte for byte".to_owned());
    }
    parts.join("; ")
}
