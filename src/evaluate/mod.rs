//! How good a model is: held-out faces are pixelated, restored as the element would do it, and
//! measured.
//!
//! A model runs through ONNX Runtime with [`crate::restore::Restorer`], so that what is scored is
//! what ships.

pub mod cases;
pub mod clips;
pub(crate) mod codec;
pub(crate) mod detection;
pub(crate) mod films;
pub mod job;
pub mod networks;
pub mod overlap;
pub mod page;
pub mod scores;
pub mod sheet;
pub(crate) mod summary;
pub mod systems;
pub mod table;
pub mod versions;

use std::path::Path;

use anyhow::{Context, ensure};
use image::RgbImage;
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde::Serialize;

use crate::degrade::smooth::{middle, resize};
use crate::train::data::dataset::Dataset;
use crate::train::data::held_out::HeldOut;
use cases::Case;
use clips::ClipScores;
use networks::{Networks, Views};
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
    /// What faces were described by, if anything, and how it was fed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<String>,
    /// What gave features, if anything, and how it was fed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<String>,
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

/// Most unreadable pictures that are named.
const NAMED: usize = 20;

/// The pictures in a folder, a tar file or a list; with a rule only those that training holds back
/// by it.
pub fn open_faces(path: &Path, held_out: Option<&HeldOut>) -> anyhow::Result<Dataset> {
    let dataset = Dataset::open(path, &ProgressBar::hidden())?;
    for line in dataset.unreadable.iter().take(NAMED) {
        eprintln!("cannot be read: {line}");
    }
    if dataset.unreadable.len() > NAMED {
        eprintln!("and {} more", dataset.unreadable.len() - NAMED);
    }
    let dataset = match held_out {
        Some(rule) => dataset.unseen(rule),
        None => dataset,
    };
    ensure!(
        !dataset.is_empty(),
        "no picture of {} is held out",
        path.display()
    );
    Ok(dataset)
}

/// At most `limit` pictures, as [`spread`] over `dataset`, each as a [`face`] of `side` pixels.
pub fn load_faces(dataset: &Dataset, limit: usize, side: u32) -> anyhow::Result<Vec<RgbImage>> {
    let places = spread(dataset, limit).into_par_iter();
    places.map(|place| face(dataset, place, side)).collect()
}

/// Places of at most `limit` pictures, evenly spread over `dataset`.
pub fn spread(dataset: &Dataset, limit: usize) -> Vec<usize> {
    let count = dataset.len().min(limit.max(1));
    (0..count).map(|i| i * dataset.len() / count).collect()
}

/// The middle of the picture at `place` in `dataset`, as a square of `side` pixels.
pub fn face(dataset: &Dataset, place: usize, side: u32) -> anyhow::Result<RgbImage> {
    let square = middle(&dataset.picture(place)?, (1, 1));
    resize(&square, (side, side)).context("a picture is empty")
}

/// Measure `systems` in `cases` on `faces`, pictures as [`load_faces`] gives them, with `networks`
/// as well; `progress` is moved along.
pub fn evaluate(
    systems: &mut Systems,
    networks: &mut Networks,
    faces: &[RgbImage],
    cases: &[Case],
    progress: &ProgressBar,
) -> anyhow::Result<Vec<CaseScores>> {
    ensure!(!faces.is_empty(), "there is no face to evaluate with");
    progress.set_length((cases.len() * systems.all().len() * faces.len()) as u64);
    let mut done = Vec::with_capacity(cases.len());
    for case in cases {
        progress.set_message(case.to_string());
        done.push(evaluate_case(systems, networks, faces, case, progress)?);
    }
    progress.finish_and_clear();
    Ok(done)
}

fn evaluate_case(
    systems: &mut Systems,
    networks: &mut Networks,
    faces: &[RgbImage],
    case: &Case,
    progress: &ProgressBar,
) -> anyhow::Result<CaseScores> {
    let all = systems.all();
    let (mut mosaics, mut truths, mut embeddings) = (Vec::new(), Vec::new(), Vec::new());
    let mut made: Vec<(Vec<RgbImage>, Views)> = vec![Default::default(); all.len()];
    for (index, face) in faces.iter().enumerate() {
        let mosaic = case.apply(face)?;
        let truth = mosaic.inside(face);
        let seen = networks.see(face, &truth);
        let truth_seen = seen.with_context(|| format!("face {index}, the truth, {case}"))?;
        for (system, (outputs, views)) in all.iter().zip(&mut made) {
            let picture = systems.make(system, &mosaic)?;
            let output = mosaic.inside(&picture);
            let seen = networks.see(&picture, &output);
            views.add(
                seen.with_context(|| format!("face {index}, {system}, {case}"))?,
                &truth_seen,
            )?;
            outputs.push(output);
            progress.inc(1);
        }
        embeddings.extend(truth_seen.embedding);
        truths.push(truth);
        mosaics.push(mosaic);
    }
    let row = |(system, (outputs, views)): (System, (Vec<RgbImage>, Views))| {
        let scores = score(&truths, &mosaics, &outputs)?;
        let scores = scores.with(&views.scores(&embeddings)?)?;
        Ok(Row { system, scores })
    };
    let rows = all.into_iter().zip(made).map(row);
    Ok(CaseScores {
        case: *case,
        rows: rows.collect::<anyhow::Result<_>>()?,
    })
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
