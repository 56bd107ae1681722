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
pub mod table;
pub mod versions;

use anyhow::{Context, ensure};
use image::RgbImage;
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde::Serialize;

use crate::cascade::Model;
use crate::degrade::smooth::resize;
use crate::train::dataset::Dataset;
use cases::{Case, Pixelated};
use clips::ClipScores;
use scores::{Scores, score};
use versions::{Version, Versions};

/// What was measured of one model.
#[derive(Debug, Serialize)]
pub struct Evaluation {
    /// The model's name.
    pub model: String,
    /// The faces, counted, with a checksum.
    pub faces: String,
    /// One entry for each case, in the order that was asked for.
    pub cases: Vec<CaseScores>,
    /// How steady it is, as [`clips::clips`] measures it.
    pub clips: Vec<ClipScores>,
}

/// The scores of one case.
#[derive(Debug, Serialize)]
pub struct CaseScores {
    /// What was done to the faces.
    #[serde(flatten)]
    pub case: Case,
    /// One row for each version of [`Version::ALL`].
    pub rows: Vec<Row>,
}

/// The scores of one version.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Whose they are.
    pub version: Version,
    /// Means over the faces.
    #[serde(flatten)]
    pub scores: Scores,
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

/// Measure `model` in `cases` on `faces`, pictures as [`load_faces`] gives them; `progress` is moved along.
pub fn evaluate(
    model: &Model,
    faces: &[RgbImage],
    cases: &[Case],
    progress: &ProgressBar,
) -> anyhow::Result<Vec<CaseScores>> {
    ensure!(!faces.is_empty(), "there is no face to evaluate with");
    progress.set_length((cases.len() * faces.len()) as u64);
    let mut versions = Versions::new(model)?;
    let mut done = Vec::with_capacity(cases.len());
    for case in cases {
        progress.set_message(case.to_string());
        let mut mosaics = Vec::with_capacity(faces.len());
        let mut outputs: Vec<Vec<RgbImage>> = vec![Vec::new(); Version::ALL.len()];
        for face in faces {
            let mosaic = case.apply(face)?;
            for (version, output) in Version::ALL.into_iter().zip(&mut outputs) {
                let picture = versions.make(version, &mosaic)?;
                output.push(mosaic.inside(&picture));
            }
            mosaics.push(mosaic);
            progress.inc(1);
        }
        let truths: Vec<RgbImage> = (faces.iter().zip(&mosaics))
            .map(|(face, mosaic)| mosaic.inside(face))
            .collect();
        done.push(CaseScores {
            case: *case,
            rows: rows(&truths, &mosaics, &outputs)?,
        });
    }
    progress.finish_and_clear();
    Ok(done)
}

fn rows(
    truths: &[RgbImage],
    mosaics: &[Pixelated],
    outputs: &[Vec<RgbImage>],
) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::with_capacity(outputs.len());
    for (version, output) in Version::ALL.into_iter().zip(outputs) {
        let scores = score(truths, mosaics, output)?;
        rows.push(Row { version, scores });
    }
    Ok(rows)
}

impl CaseScores {
    /// The scores of `version`, if they were taken.
    pub fn of(&self, version: Version) -> Option<&Scores> {
        let row = self.rows.iter().find(|row| row.version == version);
        row.map(|row| &row.scores)
    }
}
