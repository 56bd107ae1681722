//! The log of a run: one JSON object per line, and the same for TensorBoard.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::events::EventLog;
use super::validation::Validated;
use crate::train::optim::losses::Losses;

/// Steps over which losses are averaged.
const INTERVAL: u64 = 50;

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Name of the stage.
    pub stage: String,
    /// Steps done.
    pub step: u64,
    /// Means since the last line, by term; empty in a line about held-out faces.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub losses: BTreeMap<String, f64>,
    /// Pictures per second since the last line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pictures_per_second: Option<f64>,
    /// Share of that time spent waiting for data, 0–1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<f64>,
    /// What the stage does with held-out faces.
    #[serde(alias = "held_back", default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<Validated>,
    /// What else a look at the stage measured, as `quantity` or `quantity: of what`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measures: BTreeMap<String, f64>,
    /// What the user should know, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What the run began with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Line {
    fn empty(stage: &str, step: u64) -> Self {
        Self {
            stage: stage.to_owned(),
            step,
            losses: BTreeMap::new(),
            pictures_per_second: None,
            waiting: None,
            held_out: None,
            measures: BTreeMap::new(),
            warnings: Vec::new(),
            note: String::new(),
        }
    }
}

/// Where the log of the run in `folder` lies.
pub fn file(folder: &Path) -> PathBuf {
    folder.join("log.jsonl")
}

/// All lines of a log. A line that was cut off by a crash is left out, and so is what a resumed run
/// did again.
pub fn read(path: &Path) -> anyhow::Result<Vec<Line>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("log {} cannot be read", path.display()))?;
    let mut lines: Vec<Line> = Vec::new();
    for line in text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
    {
        let line: Line = line;
        lines.retain(|old| old.stage != line.stage || old.step <= line.step);
        lines.push(line);
    }
    Ok(lines)
}

/// Averages the losses of a stage and writes them down.
pub struct Log {
    stage: String,
    file: File,
    events: EventLog,
    sums: BTreeMap<&'static str, f64>,
    count: u64,
    pictures: usize,
    waited: f64,
    started: std::time::Instant,
}

impl Log {
    /// Go on with the log in `folder`.
    pub fn open(folder: &Path, stage: &str) -> anyhow::Result<Self> {
        let path = file(folder);
        let file = OpenOptions::new().create(true).append(true).open(&path);
        Ok(Self {
            stage: stage.to_owned(),
            file: file.with_context(|| format!("log {} cannot be written", path.display()))?,
            events: EventLog::create(folder)
                .with_context(|| format!("no event log can be made in {}", folder.display()))?,
            sums: BTreeMap::new(),
            count: 0,
            pictures: 0,
            waited: 0.0,
            started: std::time::Instant::now(),
        })
    }

    /// Take a step's losses in, its pictures and the seconds it waited for them; returns a short
    /// text whenever an interval is full. Warnings are shown at once. A loss that is no number ends
    /// the run.
    pub fn take(
        &mut self,
        step: u64,
        losses: &Losses,
        pictures: usize,
        waited: f64,
    ) -> anyhow::Result<Option<String>> {
        for (name, value) in losses.values() {
            ensure!(
                value.is_finite(),
                "loss {name} became {value} at step {step}; lower the rate, or go on from the last checkpoint"
            );
            *self.sums.entry(name).or_default() += value;
        }
        if !losses.warnings.is_empty() {
            for warning in &losses.warnings {
                eprintln!("warning: {warning}");
            }
            self.write(&Line {
                warnings: losses.warnings.clone(),
                ..Line::empty(&self.stage, step)
            })?;
        }
        self.count += 1;
        self.pictures += pictures;
        self.waited += waited;
        if !step.is_multiple_of(INTERVAL) {
            return Ok(None);
        }
        let seconds = self.started.elapsed().as_secs_f64().max(1e-9);
        let mean = |(name, sum): (&&str, &f64)| ((*name).to_owned(), sum / self.count as f64);
        let line = Line {
            losses: self.sums.iter().map(mean).collect(),
            pictures_per_second: Some(self.pictures as f64 / seconds),
            waiting: Some((self.waited / seconds).min(1.0)),
            ..Line::empty(&self.stage, step)
        };
        self.write(&line)?;
        self.sums.clear();
        (self.count, self.pictures, self.waited) = (0, 0, 0.0);
        self.started = std::time::Instant::now();
        Ok(Some(short(&line)))
    }

    /// Record what a run begins with at `step`, and show and record its warnings.
    pub fn note(&mut self, step: u64, note: &str, warnings: &[String]) -> anyhow::Result<()> {
        for warning in warnings {
            eprintln!("warning: {warning}");
        }
        self.write(&Line {
            warnings: warnings.to_vec(),
            note: note.to_owned(),
            ..Line::empty(&self.stage, step)
        })
    }

    /// Record what the stage does with held-out faces.
    pub fn held_out(&mut self, step: u64, validated: &Validated) -> anyhow::Result<()> {
        self.write(&Line {
            held_out: Some(validated.clone()),
            ..Line::empty(&self.stage, step)
        })
    }

    /// Record what else a look measured, by name: `quantity`, or `quantity: of what` to be drawn
    /// together.
    pub fn measured<'a>(
        &mut self,
        step: u64,
        measures: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> anyhow::Result<()> {
        let named = |(name, value): (&str, f64)| (name.to_owned(), value);
        self.write(&Line {
            measures: measures.into_iter().map(named).collect(),
            ..Line::empty(&self.stage, step)
        })
    }

    /// Show a picture in TensorBoard.
    pub fn picture(&mut self, step: u64, picture: &image::RgbImage) -> anyhow::Result<()> {
        let tag = format!("{}/held-out faces", self.stage);
        self.events.picture(step, &tag, picture)
    }

    fn write(&mut self, line: &Line) -> anyhow::Result<()> {
        writeln!(self.file, "{}", serde_json::to_string(line)?)
            .context("the log cannot be written")?;
        let tagged = |name: &str, value| (format!("{}/{name}", line.stage), value);
        let mut values: Vec<_> = line.losses.iter().map(|(n, v)| tagged(n, *v)).collect();
        values.extend(
            line.pictures_per_second
                .map(|v| tagged("pictures per second", v)),
        );
        values.extend(line.waiting.map(|v| tagged("waiting for data", v)));
        if let Some(held_out) = &line.held_out {
            values.push(tagged("held-out PSNR", held_out.psnr));
        }
        values.extend(line.measures.iter().map(|(n, v)| tagged(n, *v)));
        self.events.scalars(line.step, &values)?;
        Ok(())
    }
}

fn short(line: &Line) -> String {
    let mut parts: Vec<String> = line
        .losses
        .iter()
        .map(|(name, value)| format!("{name} {value:.4}"))
        .collect();
    if let (Some(speed), Some(waiting)) = (line.pictures_per_second, line.waiting) {
        parts.push(format!("{speed:.0} pictures/s"));
        parts.push(format!("{:.0} % waiting for data", 100.0 * waiting));
    }
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use tch::Tensor;

    use super::*;

    #[test]
    fn what_was_done_again_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let line = |step: u64, value: f64| Line {
            losses: BTreeMap::from([("paired".to_owned(), value)]),
            ..Line::empty("stage1", step)
        };
        let mut text: String = [line(50, 1.0), line(100, 2.0), line(50, 3.0)]
            .iter()
            .map(|line| serde_json::to_string(line).unwrap() + "\n")
            .collect();
        text += "{\"stage\": \"sta";
        let path = file(folder.path());
        std::fs::write(&path, text).unwrap();
        assert_eq!(read(&path).unwrap(), [line(50, 1.0), line(50, 3.0)]);
    }

    #[test]
    fn warnings_are_written_at_once_and_a_loss_that_is_no_number_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log::open(folder.path(), "dcgan").unwrap();
        let mut losses = Losses::default();
        losses.add("discriminator", Tensor::from(0.5));
        losses.warnings.push("the judge has run away".to_owned());
        assert_eq!(log.take(7, &losses, 4, 0.0).unwrap(), None);
        let lines = read(&file(folder.path())).unwrap();
        let [line] = &lines[..] else {
            panic!("{lines:?}");
        };
        assert_eq!((line.step, &line.warnings), (7, &losses.warnings));

        losses.add("generator", Tensor::from(f64::NAN));
        let error = log.take(8, &losses, 4, 0.0).unwrap_err().to_string();
        assert!(
            error.contains("loss generator became NaN at step 8"),
            "{error}"
        );
    }
}
