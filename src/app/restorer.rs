//! The element that restores faces, and what it counted.

use super::AppError;
use super::elements::{make, set};
use crate::frame::Rect;
use gst::prelude::*;
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
    if !options.regions.is_empty() {
        let of = |r: &Rect| format!("<{},{},{},{}>", r.x, r.y, r.width, r.height);
        let list: Vec<_> = options.regions.iter().map(of).collect();
        set(&element, "regions", &format!("<{}>", list.join(",")))?;
    }
    Ok(element)
}

/// What a `facedepixelate` did.
#[derive(Clone, Debug, PartialEq)]
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
    /// Read the counters of `element` after a run that took `elapsed`.
    pub fn of(element: &gst::Element, elapsed: Duration) -> Self {
        let stats = element.property::<gst::Structure>("stats");
        let number = |field: &str| {
            let value = stats.value(field).ok()?.transform::<f64>().ok()?;
            value.get::<f64>().ok()
        };
        let count = |field| number(field).unwrap_or(0.0) as u64;
        let (frames, faces) = (count("frames-out"), count("regions"));
        let nanoseconds = number("inference-time-mean").zip(number("batches"));
        Self {
            frames,
            restored: count("frames-restored"),
            faces,
            refused: count("regions-refused"),
            frames_per_second: frames as f64 / elapsed.as_secs_f64().max(1e-9),
            ms_per_face: nanoseconds
                .filter(|_| faces > 0)
                .map(|(mean, batches)| mean * batches / 1e6 / faces as f64),
            execution_provider: stats.get("execution-provider").unwrap_or_default(),
        }
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
