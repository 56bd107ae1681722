//! Experiment `tile-size`: mosaics from fine to coarse, and what systems make of them.

use std::collections::BTreeMap;

use anyhow::ensure;
use image::RgbImage;
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde::Serialize;

use super::Face;
use super::pairs::assert_near;
use super::results::markdown;
use crate::cascade::Model;
use crate::degrade::mosaic::Fill;
use crate::diagram::{Curve, Panel};
use crate::evaluate::cases::{Case, FACE_SHARE, Pixelated, Setting};
use crate::evaluate::summary::{Scores, Summary, picture, summarise};
use crate::evaluate::versions::{Version, Versions};
use crate::frame::{Lattice, Rect};
use crate::metrics::{MetricsError, consistency, de_mean, psnr, ssim_gauss};

/// Sides of the tiles, pixels.
pub const TILES: [u32; 7] = [4, 6, 8, 12, 16, 19, 24];

/// Measures with their decimals, in the order of the table.
const MEASURES: [(&str, usize); 4] = [
    ("psnr", 2),
    ("ssim_gauss", 3),
    ("de_mean", 2),
    ("consistency", 1),
];

/// One system at one kind of mosaic.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The mosaic.
    #[serde(flatten)]
    pub case: Case,
    /// Tiles across a face.
    pub cells: f64,
    /// The system's name.
    pub system: String,
    /// By the names of the measures; gains are over bicubic interpolation of the tiles' means.
    pub measures: BTreeMap<&'static str, Summary>,
}

/// How a system's name ends where its output was corrected by the mosaic's means.
const PROJECTED: &str = ", projected";

/// What came out.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Number of faces.
    pub faces: usize,
    /// Side of the pictures, pixels.
    pub side: u32,
    /// Mosaic by mosaic, system by system.
    pub rows: Vec<Row>,
}

/// Compare `models` on `faces` with tiles of the sides `tiles`, pixels.
pub fn run(
    models: &[(String, Model)],
    faces: &[Face],
    tiles: &[u32],
    progress: &ProgressBar,
) -> anyhow::Result<Outcome> {
    let side = faces.first().map_or(0, |face| face.picture.width());
    for tile in tiles {
        ensure!(
            (2..=side / 2).contains(tile),
            "tiles of {tile} pixels make no mosaic of pictures of {side}"
        );
    }
    let cases = [Fill::TileMean, Fill::TileBlur]
        .into_iter()
        .flat_map(|fill| {
            tiles.iter().map(move |&block| Case {
                setting: Setting::Whole,
                block,
                fill,
            })
        });
    let cases: Vec<Case> = cases.collect();
    let mut opened = Vec::new();
    for (name, model) in models {
        opened.push((name, model.has_stage1(), Versions::new(model)?));
    }
    progress.set_length((cases.len() * faces.len()) as u64);
    let mut rows = Vec::new();
    for case in cases {
        let mut made: Vec<(String, Vec<Scores>)> = Vec::new();
        let mut batch: Vec<(Pixelated, Vec<(String, RgbImage)>)> = Vec::new();
        for face in faces {
            let mosaic = case.apply(&face.picture)?;
            assert_near(&face.name, &mosaic.picture, &face.picture)?;
            let outputs = outputs(&mut opened, &mosaic)?;
            batch.push((mosaic, outputs));
            progress.inc(1);
        }
        let each: Vec<Vec<Scores>> = (faces, &batch)
            .into_par_iter()
            .map(|(face, (mosaic, outputs))| {
                let score = |(_, output): &(String, RgbImage)| one(output, &face.picture, mosaic);
                outputs.iter().map(score).collect()
            })
            .collect::<Result<_, MetricsError>>()?;
        for (index, (system, _)) in batch.first().map_or(&[][..], |it| &it.1).iter().enumerate() {
            let scores = each.iter().map(|scores| scores[index].clone()).collect();
            made.push((system.clone(), scores));
        }
        let bicubic = made
            .iter()
            .find(|(name, _)| name == Version::Bicubic.name());
        let start = bicubic.map(|(_, scores)| scores.clone());
        for (system, scores) in made {
            rows.push(Row {
                case,
                cells: FACE_SHARE * f64::from(side) / f64::from(case.block),
                system,
                measures: summarise(&scores, start.as_deref())?,
            });
        }
    }
    progress.finish_and_clear();
    Ok(Outcome {
        faces: faces.len(),
        side,
        rows,
    })
}

/// What all systems make of a mosaic.
fn outputs(
    models: &mut [(&String, bool, Versions)],
    mosaic: &Pixelated,
) -> anyhow::Result<Vec<(String, RgbImage)>> {
    let mut outputs = Vec::new();
    for (number, (model, has_stage1, versions)) in models.iter_mut().enumerate() {
        if number == 0 {
            for version in [Version::Pixelated, Version::Bicubic] {
                outputs.push((version.name().to_owned(), versions.make(version, mosaic)?));
            }
        }
        let stage1 = has_stage1.then(|| (format!("{model}, stage 1"), Version::Stage1));
        let alone = ((*model).clone(), Version::Restored);
        let played = (format!("{model}{PROJECTED}"), Version::Truest);
        for (name, version) in stage1.into_iter().chain([alone, played]) {
            outputs.push((name, versions.make(version, mosaic)?));
        }
    }
    Ok(outputs)
}

fn one(output: &RgbImage, truth: &RgbImage, mosaic: &Pixelated) -> Result<Scores, MetricsError> {
    let (output, truth) = (picture(output)?, picture(truth)?);
    let observed = picture(&mosaic.picture)?;
    let rect = Rect::new(0, 0, mosaic.rect.width, mosaic.rect.height);
    let lattice = Lattice::square(mosaic.block, 0, 0);
    Ok(Scores::from([
        ("psnr", psnr(&output, &truth)?),
        ("ssim_gauss", ssim_gauss(&output, &truth)?),
        ("de_mean", de_mean(&output, &truth)?),
        (
            "consistency",
            consistency(&output, &observed, &rect, &lattice, mosaic.fill)?.psnr,
        ),
    ]))
}

fn name_of(fill: Fill) -> &'static str {
    match fill {
        Fill::TileMean => "tile mean",
        Fill::TileBlur => "tile blur",
    }
}

impl Outcome {
    /// The table.
    pub fn table(&self) -> String {
        let mut heads: Vec<String> = ["system", "fill", "tile, px", "cells per face"]
            .map(str::to_owned)
            .into();
        heads.extend(MEASURES.map(|(name, _)| name.to_owned()));
        heads.push("psnr above bicubic (95 %)".to_owned());
        let row = |row: &Row| {
            let mut cells = vec![
                row.system.clone(),
                name_of(row.case.fill).to_owned(),
                row.case.block.to_string(),
                format!("{:.1}", row.cells),
            ];
            cells.extend(MEASURES.map(|(name, digits)| {
                let summary = row.measures.get(name);
                summary.map_or("–".to_owned(), |summary| summary.text(digits))
            }));
            let gain = row.measures.get("psnr").and_then(|psnr| psnr.gain);
            cells.push(gain.map_or("–".to_owned(), |[mean, low, high]| {
                format!("{mean:+.2} ({low:+.2} … {high:+.2})")
            }));
            cells
        };
        let rows: Vec<Vec<String>> = self.rows.iter().map(row).collect();
        format!(
            "{} faces of {1}×{1} pixels, mean ± standard deviation\n\n{2}\n",
            self.faces,
            self.side,
            markdown(&heads, &rows)
        )
    }

    /// The main measures over the number of cells across a face.
    pub fn panels(&self) -> Vec<Panel> {
        let mut systems: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !systems.contains(&row.system.as_str()) {
                systems.push(&row.system);
            }
        }
        let is_projected = |system: &str| system.ends_with(PROJECTED);
        let inputs = [Version::Pixelated, Version::Bicubic].map(Version::name);
        let is_input = |system: &str| inputs.contains(&system);
        let mut panels = Vec::new();
        for fill in [Fill::TileMean, Fill::TileBlur] {
            for (name, what) in [("psnr", "PSNR, dB"), ("ssim_gauss", "SSIM")] {
                for (projected, how) in [(true, "with projection"), (false, "the networks alone")] {
                    let shown = systems
                        .iter()
                        .filter(|system| is_input(system) || is_projected(system) == projected);
                    let curve = |system: &&str| {
                        let rows = self.rows.iter();
                        let mine =
                            rows.filter(|row| row.system == *system && row.case.fill == fill);
                        let point = |row: &Row| Some((row.cells, row.measures.get(name)?.mean));
                        Curve {
                            name: system.trim_end_matches(PROJECTED).to_owned(),
                            points: mine.filter_map(point).collect(),
                        }
                    };
                    panels.push(Panel {
                        title: format!("Mosaics by {}, {how}: {what}", name_of(fill)),
                        axes: ["cells across the face", name],
                        curves: shown.map(curve).collect(),
                    });
                }
            }
        }
        panels
    }
}
