//! How good a model is: held-back faces are pixelated, restored as the element would do it, and measured.
//!
//! A model runs through ONNX Runtime with [`crate::restore::Restorer`], so that what is scored is what ships.

pub mod cases;
pub mod clips;
pub mod detection;
pub mod job;
pub mod overlap;
pub mod page;
pub mod scores;
pub mod sheet;
pub mod summary;
pub mod systems;
pub mod table;
pub mod versions;

use anyhow::{Context, ensure};
use image::RgbImage;
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde::Serialize;

use crate::degrade::smooth::resize;
use crate::train::dataset::Dataset;
use cases::Case;
use clips::ClipScores;
use scores::{SetScores, score};
use systems::{System, Systems};
use versions::Version;

/// What was measured of models on the same faces.
#[derive(Debug, Serialize)]
pub struct Evaluation {
    /// The models, in the order of the rows.
    pub models: Vec<Named>,
    /// The faces, counted, with a checksum.
    pub faces: String,
    /// One entry for each case, in the order that was asked for.
    pub cases: Vec<CaseScores>,
    /// How steady they are, as [`clips::clips`] measures it.
    pub clips: Vec<ClipScores>,
}

/// A model.
#[derive(Debug, Serialize)]
pub struct Named {
    /// Its name in the rows, which no other has.
    pub name: String,
    /// Its file's path, or `(bundled)`.
    pub file: String,
}

/// The scores of one case.
#[derive(Debug, Serialize)]
pub struct CaseScores {
    /// What was done to the faces.
    #[serde(flatten)]
    pub case: Case,
    /// One row for each system: what needs no model, then model by model.
    pub rows: Vec<Row>,
}

/// The scores of one system.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Whose they are.
    #[serde(flatten)]
    pub system: System,
    /// What was measured of its pictures.
    #[serde(flatten)]
    pub scores: SetScores,
}

/// At most `limit` pictures, evenly spread over `dataset`, as squares of `side` pixels: the middle of each.
pub fn load_faces(dataset: &Dataset, limit: usize, side: u32) -> anyhow::Result<Vec<RgbImage>> {
    let count = dataset.len().min(limit.max(1));
    (0..count)
        .into_par_iter()
        .map(|i| {
            let picture = dataset.picture(i * dataset.len() / count)?;
            let edge = picture.width().min(picture.height());
            let left = (picture.width() - edge) / 2;
            let top = (picture.height() - edge) / 2;
            let square = image::imageops::crop_imm(&picture, left, top, edge, edge).to_image();
            resize(&square, (side, side)).context("a picture is empty")
        })
        .collect()
}

/// Measure `systems` in `cases` on `faces`, pictures as [`load_faces`] gives them; `progress` is moved along.
pub fn evaluate(
    systems: &mut Systems,
    faces: &[RgbImage],
    cases: &[Case],
    progress: &ProgressBar,
) -> anyhow::Result<Vec<CaseScores>> {
    ensure!(!faces.is_empty(), "there is no face to evaluate with");
    let all = systems.all();
    progress.set_length((cases.len() * all.len() * faces.len()) as u64);
    let mut done = Vec::with_capacity(cases.len());
    for case in cases {
        progress.set_message(case.to_string());
        let (mut mosaics, mut truths) = (Vec::new(), Vec::new());
        for face in faces {
            let mosaic = case.apply(face)?;
            truths.push(mosaic.inside(face));
            mosaics.push(mosaic);
        }
        let mut rows = Vec::with_capacity(all.len());
        for system in &all {
            let mut outputs = Vec::with_capacity(faces.len());
            for mosaic in &mosaics {
                outputs.push(mosaic.inside(&systems.make(system, mosaic)?));
                progress.inc(1);
            }
            rows.push(Row {
                system: system.clone(),
                scores: score(&truths, &mosaics, &outputs)?,
            });
        }
        done.push(CaseScores { case: *case, rows });
    }
    progress.finish_and_clear();
    Ok(done)
}

impl CaseScores {
    /// The scores of a model's `version`, or of one that needs no model, if they were taken.
    pub fn of(&self, model: Option<&str>, version: Version) -> Option<&SetScores> {
        let is_asked =
            |system: &System| system.model.as_deref() == model && system.version == version;
        let row = self.rows.iter().find(|row| is_asked(&row.system));
        row.map(|row| &row.scores)
    }
}
