//! The elements that restore faces, and what they counted.

use super::AppError;
use super::elements::{make, set};
use crate::frame::Rect;
use gst::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// How to restore; None leaves a property at its default.
#[derive(Clone, Debug, Default)]
pub struct RestoreOptions {
    /// ONNX file of the cascade; the bundled one by default.
    pub model_file: Option<PathBuf>,
    /// Where the model runs, by the name that the element's property has.
    pub execution_provider: Option<String>,
    /// From the truest face (0) to the sharpest (1).
    pub detail: Option<f32>,
    /// Strength of the block-mean projection, 0–1.
    pub projection: Option<f32>,
    /// Blend of the restored over the original picture, 0–1.
    pub alpha: Option<f32>,
    /// Least confidence of a detection, 0–1.
    pub score_threshold: Option<f32>,
    /// Least probability that a mosaic covers a face, 0–1.
    pub face_threshold: Option<f32>,
    /// Least width and height of a mosaic, pixels.
    pub min_size: Option<u32>,
    /// Whether each restored face says so.
    pub watermark: bool,
    /// Regions to restore in every frame.
    pub regions: Vec<Rect>,
}

/// A `facedepixelate` with these options.
pub fn restorer(options: &RestoreOptions) -> Result<gst::Element, AppError> {
    let element = make("facedepixelate")?;
    // Errors are reported under this name.
    element.set_property("name", "facedepixelate");
    // What was made is told in the file beside the output.
    element.set_property("add-roi-meta", true);
    element.set_property("watermark", options.watermark);
    if let Some(path) = &options.model_file {
        element.set_property("model-file", path.to_string_lossy().as_ref());
    }
    if let Some(provider) = &options.execution_provider {
        set(&element, "execution-provider", provider)?;
    }
    let numbers = [
        ("detail", options.detail),
        ("projection", options.projection),
        ("alpha", options.alpha),
        ("score-threshold", options.score_threshold),
        ("face-threshold", options.face_threshold),
    ];
    for (property, value) in numbers {
        if let Some(value) = value {
            set(&element, property, &value.to_string())?;
        }
    }
    if let Some(pixels) = options.min_size {
        set(&element, "min-size-width", &pixels.to_string())?;
        set(&element, "min-size-height", &pixels.to_string())?;
    }
    if !options.regions.is_empty() {
        let of = |r: &Rect| format!("<{},{},{},{}>", r.x, r.y, r.width, r.height);
        let list: Vec<_> = options.regions.iter().map(of).collect();
        set(&element, "regions", &format!("<{}>", list.join(",")))?;
    }
    Ok(element)
}

/// What a filter counted in a part of a film.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Frames in which at least one face was restored.
    restored: u64,
    /// Faces restored, counted in each frame.
    faces: u64,
    /// Mosaics left as they are, counted in each frame.
    refused: u64,
    /// Time of the networks, nanoseconds.
    inference: f64,
    /// Where they ran.
    execution_provider: String,
}

impl Tally {
    /// Read the counters of `element` after a run; none where it has none. `counts` are the frames
    /// with a face and the faces in them: it saw more, before its part and behind.
    pub(super) fn of(element: &gst::Element, counts: (u64, u64)) -> Self {
        if !element.has_property("stats") {
            return Self::default();
        }
        let stats = element.property_value("stats");
        let Ok(Some(stats)) = stats.get::<Option<gst::Structure>>() else {
            return Self::default();
        };
        let number = |field: &str| {
            let value = stats.value(field).ok()?.transform::<f64>().ok()?;
            value.get::<f64>().ok()
        };
        let count = |field| number(field).unwrap_or(0.0) as u64;
        let times = number("inference-time-mean").zip(number("batches"));
        let all = times.map_or(0.0, |(mean, batches)| mean * batches);
        Self {
            restored: counts.0,
            faces: counts.1,
            refused: count("regions-refused"),
            inference: all * counts.1 as f64 / count("regions").max(1) as f64,
            execution_provider: stats.get("execution-provider").unwrap_or_default(),
        }
    }
}

/// What was done to a film.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Frames that went through.
    pub frames: u64,
    /// Frames in which at least one face was restored.
    pub restored: u64,
    /// Faces restored, counted in each frame.
    pub faces: u64,
    /// Mosaics left as they are, as they do not seem to cover faces, counted in each frame.
    pub refused: u64,
    /// Frames per second, decoding and encoding included.
    pub frames_per_second: f64,
    /// Mean time of the networks for a face, milliseconds; None without faces.
    pub ms_per_face: Option<f64>,
    /// Where the networks ran.
    pub execution_provider: String,
}

impl Report {
    /// Of a film of `frames` frames that was made in these parts; `now` frames of it in the time
    /// `elapsed`, the others before.
    pub(super) fn of<'a>(
        tallies: impl Iterator<Item = &'a Tally>,
        frames: u64,
        now: u64,
        elapsed: Duration,
    ) -> Self {
        let mut report = Self {
            frames,
            frames_per_second: now as f64 / elapsed.as_secs_f64().max(1e-9),
            ..Self::default()
        };
        let mut inference = 0.0;
        for tally in tallies {
            report.restored += tally.restored;
            report.faces += tally.faces;
            report.refused += tally.refused;
            inference += tally.inference;
            if !tally.execution_provider.is_empty() {
                report
                    .execution_provider
                    .clone_from(&tally.execution_provider);
            }
        }
        let is_timed = report.faces > 0;
        report.ms_per_face = is_timed.then(|| inference / 1e6 / report.faces as f64);
        report
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} frames, {} with {} restored faces; {:.1} frames/s",
            self.frames, self.restored, self.faces, self.frames_per_second
        )?;
        if let Some(ms) = self.ms_per_face {
            write!(f, ", {ms:.1} ms per face ({})", self.execution_provider)?;
        }
        if self.refused > 0 {
            let refused = self.refused;
            write!(
                f,
                "\n{refused} mosaics, counted in each frame, do not seem to cover faces and stay as they are; \
                 face-threshold 0 restores them"
            )?;
        }
        Ok(())
    }
}
