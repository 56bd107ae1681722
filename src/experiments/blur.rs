//! Experiment `blur`: blurred faces, and what systems make of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use image::RgbImage;
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde::Serialize;

use super::Face;
use super::pairs::{assert_near, by_name};
use super::results::markdown;
use super::sheet::{found_again, share, sheet};
use super::whole::Whole;
use crate::cascade::Model;
use crate::degrade::smooth::resize;
use crate::degrade::stack::stack_blur;
use crate::diagram::{Curve, Panel};
use crate::evaluate::summary::{Scores, Summary, picture, summarise};
use crate::metrics::{
    MS_SSIM_SIDE, MetricsError, de_mean, de_pixel_blurred, gmsd, ms_ssim, psnr, sharpness_ratio,
    ssim_gauss, ssim_uniform, uqi, uqi_sewar,
};
use crate::whole::Levels;

/// Radii of the published comparison's kind of blur, pixels.
pub const RADII: [u32; 3] = [4, 8, 16];

/// Measures with their decimals, in the order of the table.
const MEASURES: [(&str, usize); 10] = [
    ("psnr", 2),
    ("ssim_uniform", 3),
    ("ssim_gauss", 3),
    ("ms_ssim", 3),
    ("uqi", 3),
    ("uqi_sewar", 3),
    ("gmsd", 3),
    ("de_mean", 2),
    ("de_pixel", 2),
    ("sharpness_ratio", 2),
];

/// Name of the blurred picture itself in the rows.
const INPUT: &str = "input";

/// What is compared.
pub struct Settings {
    /// Radii of the stack blur, pixels.
    pub radii: Vec<u32>,
    /// Pictures that others blurred, instead; paired by name.
    pub blurred: Option<PathBuf>,
    /// Names of systems with folders of what they made; paired by name. For one radius or
    /// [`Self::blurred`].
    pub made: Vec<(String, PathBuf)>,
}

/// One system at one blur.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Radius, pixels; none for pictures that others blurred.
    pub radius: Option<u32>,
    /// The system's name.
    pub system: String,
    /// By the names of the measures; gains are over the blurred picture.
    pub measures: BTreeMap<&'static str, Summary>,
    /// Share of faces that are nearest to their own original by local binary patterns; none for
    /// pictures of several sizes.
    pub rank1: Option<f64>,
}

/// What came out.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Number of faces.
    pub faces: usize,
    /// [`Row::rank1`] of blind guesses.
    pub chance: f64,
    /// Blur by blur, system by system.
    pub rows: Vec<Row>,
    /// The first face: a row for each blur, across the truth, the input and what each system made.
    #[serde(skip)]
    pub sheet: RgbImage,
}

/// Compare `models` on `faces`.
pub fn run(
    models: &[(String, Model)],
    faces: &[Face],
    settings: &Settings,
    progress: &ProgressBar,
) -> anyhow::Result<Outcome> {
    let blurs: Vec<Option<u32>> = match &settings.blurred {
        Some(_) => vec![None],
        None => settings.radii.iter().copied().map(Some).collect(),
    };
    ensure!(
        settings.made.is_empty() || blurs.len() == 1,
        "pictures made by others belong to one blur: name one radius, or the blurred pictures"
    );
    let made: Vec<(&String, Vec<RgbImage>)> = settings
        .made
        .iter()
        .map(|(name, folder)| Ok((name, by_name(faces, folder)?)))
        .collect::<anyhow::Result<_>>()?;
    progress.set_length((blurs.len() * models.len() * faces.len()) as u64);
    let truths: Vec<RgbImage> = faces.iter().map(|face| face.picture.clone()).collect();
    let (mut rows, mut shown) = (Vec::new(), Vec::new());
    for radius in blurs {
        let blurred = blurred(faces, radius, settings)?;
        let mut systems = vec![(INPUT.to_owned(), blurred.clone())];
        let reach = radius.unwrap_or(RADII[1]);
        let sharpened: anyhow::Result<_> = blurred.iter().map(|p| sharpened(p, reach)).collect();
        systems.push(("bicubic sharpening".to_owned(), sharpened?));
        for (name, model) in models {
            let mut whole = Whole::new(model)?;
            let mut outputs = Vec::with_capacity(blurred.len());
            for picture in &blurred {
                outputs.push(whole.run(picture, picture.size())?.picture());
                progress.inc(1);
            }
            systems.push((name.clone(), outputs));
        }
        for (name, outputs) in &made {
            systems.push(((*name).clone(), outputs.clone()));
        }
        let firsts = systems.iter().map(|(_, outputs)| outputs);
        let firsts = std::iter::once(&truths).chain(firsts);
        shown.push(firsts.filter_map(|it| it.first().cloned()).collect());
        let start = scores(&blurred, &truths)?;
        for (system, outputs) in systems {
            let each = scores(&outputs, &truths)?;
            let gained = (system != INPUT).then_some(start.as_slice());
            rows.push(Row {
                radius,
                system,
                measures: summarise(&each, gained)?,
                rank1: found_again(&outputs, &truths)?,
            });
        }
    }
    progress.finish_and_clear();
    Ok(Outcome {
        faces: faces.len(),
        chance: 1.0 / faces.len() as f64,
        rows,
        sheet: sheet(&shown),
    })
}

/// The blurred faces; each is nearer to its original than a flat picture.
fn blurred(
    faces: &[Face],
    radius: Option<u32>,
    settings: &Settings,
) -> anyhow::Result<Vec<RgbImage>> {
    let Some(radius) = radius else {
        let folder = settings.blurred.as_ref().context("no blurred pictures")?;
        return by_name(faces, folder);
    };
    faces
        .iter()
        .map(|face| {
            let blurred = stack_blur(&face.picture, radius);
            assert_near(&face.name, &blurred, &face.picture)?;
            Ok(blurred)
        })
        .collect()
}

/// Unsharp masking: what bicubic interpolation (Catmull–Rom) of every (`reach` + 1)-th pixel cannot
/// show, twice.
fn sharpened(picture: &RgbImage, reach: u32) -> anyhow::Result<RgbImage> {
    let size = picture.dimensions();
    let small = [size.0, size.1].map(|side| side.div_ceil(reach + 1));
    let coarse = resize(picture, (small[0], small[1])).and_then(|it| resize(&it, size));
    let mut sharp = picture.clone();
    let coarse = coarse.context("a picture is empty")?;
    for (value, coarse) in sharp.iter_mut().zip(coarse.as_raw()) {
        let twice = 2 * i16::from(*value) - i16::from(*coarse);
        *value = twice.clamp(0, 255) as u8;
    }
    Ok(sharp)
}

fn scores(outputs: &[RgbImage], truths: &[RgbImage]) -> Result<Vec<Scores>, MetricsError> {
    outputs
        .par_iter()
        .zip(truths)
        .map(|(output, truth)| one(output, truth))
        .collect()
}

fn one(output: &RgbImage, truth: &RgbImage) -> Result<Scores, MetricsError> {
    let (output, truth) = (picture(output)?, picture(truth)?);
    let mut scores = Scores::from([
        ("psnr", psnr(&output, &truth)?),
        ("ssim_uniform", ssim_uniform(&output, &truth)?),
        ("ssim_gauss", ssim_gauss(&output, &truth)?),
        ("uqi", uqi(&output, &truth)?),
        ("uqi_sewar", uqi_sewar(&output, &truth)?),
        ("gmsd", gmsd(&output, &truth)?),
        ("de_mean", de_mean(&output, &truth)?),
        ("de_pixel", de_pixel_blurred(&output, &truth)?.mean),
        ("sharpness_ratio", sharpness_ratio(&output, &truth)?),
    ]);
    if truth.width().min(truth.height()) >= MS_SSIM_SIDE {
        scores.insert("ms_ssim", ms_ssim(&output, &truth)?);
    }
    Ok(scores)
}

impl Outcome {
    /// The table.
    pub fn table(&self) -> String {
        let mut heads = vec!["system".to_owned(), "radius, px".to_owned()];
        heads.extend(MEASURES.map(|(name, _)| name.to_owned()));
        heads.push("psnr above input (95 %)".to_owned());
        heads.push(format!("rank 1 (chance {:.2})", self.chance));
        let row = |row: &Row| {
            let mut cells = vec![row.system.clone()];
            cells.push(row.radius.map_or("files".to_owned(), |r| r.to_string()));
            cells.extend(MEASURES.map(|(name, digits)| {
                let summary = row.measures.get(name);
                summary.map_or("–".to_owned(), |summary| summary.text(digits))
            }));
            let gain = row.measures.get("psnr").and_then(|psnr| psnr.gain);
            cells.push(gain.map_or("–".to_owned(), |[mean, low, high]| {
                format!("{mean:+.2} ({low:+.2} … {high:+.2})")
            }));
            cells.push(share(row.rank1));
            cells
        };
        let rows: Vec<Vec<String>> = self.rows.iter().map(row).collect();
        format!(
            "{} faces, mean ± standard deviation\n\n{}\n",
            self.faces,
            markdown(&heads, &rows)
        )
    }

    /// PSNR and SSIM over the radius.
    pub fn panels(&self) -> Vec<Panel> {
        let mut systems: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !systems.contains(&row.system.as_str()) {
                systems.push(&row.system);
            }
        }
        let panel = |title: &str, name: &'static str| Panel {
            title: title.to_owned(),
            axes: ["radius of the blur, pixels", name],
            curves: systems
                .iter()
                .map(|system| {
                    let rows = self.rows.iter().filter(|row| row.system == *system);
                    let point = |row: &Row| {
                        let radius = row.radius.map_or(0.0, f64::from);
                        Some((radius, row.measures.get(name)?.mean))
                    };
                    Curve {
                        name: (*system).to_owned(),
                        points: rows.filter_map(point).collect(),
                    }
                })
                .collect(),
        };
        vec![
            panel("Blurred faces: PSNR, dB", "psnr"),
            panel("Blurred faces: SSIM (Gaussian window)", "ssim_gauss"),
        ]
    }
}
