//! What was made, in a file beside it: `OUT.depixelate.json`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::batch::Job;
use crate::app::{NOTICE, Outcome, RestoreOptions, RestoredFace};
use crate::cascade::DEFAULT_MODEL;
use crate::files;

#[derive(Serialize)]
struct Sidecar<'a> {
    notice: &'a str,
    program: &'a str,
    version: &'a str,
    input: String,
    output: String,
    model: Model,
    settings: Settings<'a>,
    frames: u64,
    /// Frames in which a face was restored.
    faces: &'a [RestoredFace],
    damage: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Model {
    file: String,
    sha256: String,
}

/// What was set; null where it is the default.
#[derive(Serialize)]
pub(super) struct Settings<'a> {
    execution_provider: Option<&'a str>,
    detail: Option<f32>,
    projection: Option<f32>,
    alpha: Option<f32>,
    score_threshold: Option<f32>,
    face_threshold: Option<f32>,
    min_size: Option<u32>,
    watermark: bool,
    regions: Vec<[i64; 4]>,
}

/// Which model restores.
pub(super) fn model(options: &RestoreOptions) -> anyhow::Result<Model> {
    let (file, sum) = match &options.model_file {
        None => ("the bundled one".to_owned(), Sha256::digest(DEFAULT_MODEL)),
        Some(path) => {
            let model = std::fs::read(path).with_context(|| path.display().to_string())?;
            (path.display().to_string(), Sha256::digest(model))
        }
    };
    Ok(Model {
        file,
        sha256: sum.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

/// What is set.
pub(super) fn set(options: &RestoreOptions) -> Settings<'_> {
    let regions = options.regions.iter();
    let regions = regions.map(|r| [r.x.into(), r.y.into(), r.width.into(), r.height.into()]);
    Settings {
        execution_provider: options.execution_provider.as_deref(),
        detail: options.detail,
        projection: options.projection,
        alpha: options.alpha,
        score_threshold: options.score_threshold,
        face_threshold: options.face_threshold,
        min_size: options.min_size,
        watermark: options.watermark,
        regions: regions.collect(),
    }
}

/// Model and settings, by which parts of a film are told from those of another run.
pub(super) fn settings(options: &RestoreOptions) -> anyhow::Result<Map<String, Value>> {
    let mut all = Map::new();
    if let Value::Object(settings) = serde_json::to_value(set(options))? {
        all.extend(settings);
    }
    all.insert("model".to_owned(), model(options)?.sha256.into());
    // Which provider it runs on decides nothing but the last bits.
    all.remove("execution_provider");
    Ok(all)
}

/// Settings and model in words.
pub(super) fn words(options: &RestoreOptions) -> anyhow::Result<Vec<(String, String)>> {
    let all = settings(options)?;
    let set = all.into_iter().filter(|(_, value)| !value.is_null());
    let words = set.map(|(name, value)| {
        let text = value.as_str().map(str::to_owned);
        (name, text.unwrap_or_else(|| value.to_string()))
    });
    Ok(words.collect())
}

/// Write what was made into the file beside it.
pub(super) fn write(job: &Job, options: &RestoreOptions, outcome: &Outcome) -> anyhow::Result<()> {
    let sidecar = Sidecar {
        notice: NOTICE,
        program: "depixelate",
        version: env!("CARGO_PKG_VERSION"),
        input: job.input.display().to_string(),
        output: job.output.display().to_string(),
        model: model(options)?,
        settings: set(options),
        frames: outcome.frames,
        faces: &outcome.faces,
        damage: outcome.damage.as_deref(),
    };
    let path = path(&job.output);
    let text = serde_json::to_string_pretty(&sidecar)?;
    files::write(&path, &text).with_context(|| path.display().to_string())
}

/// The file beside `output`.
pub(super) fn path(output: &Path) -> PathBuf {
    let mut path = output.as_os_str().to_owned();
    path.push(".depixelate.json");
    path.into()
}
