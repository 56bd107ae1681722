//! The command `evaluate`: faces in, evaluations out.

use std::path::PathBuf;

use anyhow::Context;
use image::RgbImage;
use indicatif::{ProgressBar, ProgressStyle};

use super::cases::{Case, Setting};
use super::clips::clips;
use super::networks::{self, Networks};
use super::overlap::overlap;
use super::systems::{Systems, open_models};
use super::{Evaluation, Named, evaluate, load_faces, open_faces, page, sheet};
use crate::cascade::Model;
use crate::degrade::mosaic::Fill;
use crate::train::data::dataset::Dataset;
use crate::train::data::held_out::HeldOut;

/// Faces on a page.
const DRAWN: usize = 3;
/// Enlargement on a page.
const ZOOM: u32 = 2;

/// The faces to evaluate with.
pub struct Faces {
    /// A folder or a tar file.
    pub path: PathBuf,
    /// Only those that training holds back by this rule.
    pub held_out: Option<HeldOut>,
    /// Most faces that are taken.
    pub limit: usize,
    /// Warn of faces that are in this set as well.
    pub trained_with: Option<PathBuf>,
}

/// What is done to the faces, and measured of what becomes of them.
#[derive(Clone, Debug)]
pub struct Options {
    /// Sizes of blocks, pixels; all if there is none.
    pub blocks: Vec<u32>,
    /// Where a mosaic lies that leaves some of the picture.
    pub inner: Setting,
    /// Side of the pictures, pixels; without it that of the largest that a model gives.
    pub side: Option<u32>,
    /// Networks to measure with.
    pub networks: networks::Files,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            inner: Setting::FACE,
            side: None,
            networks: networks::Files::default(),
        }
    }
}

/// Models, evaluated on the same faces.
pub struct Evaluated {
    /// All numbers.
    pub evaluation: Evaluation,
    sheets: Vec<(String, RgbImage)>,
}

impl Evaluated {
    /// An HTML page with all of it.
    pub fn page(&self) -> anyhow::Result<String> {
        page::html(&self.evaluation, &self.sheets)
    }
}

/// Evaluate the models in `files`, or the bundled one if there is none. All see the same pictures,
/// of `options.side`.
pub fn models(files: &[PathBuf], faces: &Faces, options: &Options) -> anyhow::Result<Evaluated> {
    let models = open_models(files)?;
    let mut networks = Networks::open(&options.networks)?;
    let dataset = faces.open()?;
    let mut cases = Case::all(options.inner);
    let blocks = &options.blocks;
    cases.retain(|case| blocks.is_empty() || blocks.contains(&case.block));
    let sides = models
        .iter()
        .map(|(_, model)| model.metadata().output_size());
    let side = options
        .side
        .unwrap_or(sides.max().unwrap_or_default() as u32);
    let pictures = load_faces(&dataset, faces.limit, side)?;
    let mut systems = Systems::new(&models)?;
    let named = |(name, model): &(String, Model)| Named {
        name: name.clone(),
        file: model.name().to_owned(),
    };
    let evaluation = Evaluation {
        models: models.iter().map(named).collect(),
        faces: format!("{} of {}, {side} px", pictures.len(), dataset.fingerprint()),
        embedding: networks.embedding(),
        features: networks.features(),
        cases: evaluate(&mut systems, &mut networks, &pictures, &cases, &bar()?)?,
        clips: clips(&mut systems, &pictures)?,
    };
    let drawn: Vec<Case> = cases.iter().copied().filter(is_drawn).collect();
    let columns = sheet::columns(&systems);
    let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
    let mut sheets = Vec::new();
    for (index, face) in pictures.iter().take(DRAWN).enumerate() {
        let picture = sheet::sheet(&mut systems, face, &drawn, ZOOM)?;
        let caption = format!("face {index}: {}, truth", columns.join(", "));
        sheets.push((caption, picture));
    }
    Ok(Evaluated { evaluation, sheets })
}

fn is_drawn(case: &Case) -> bool {
    case.fill == Fill::TileMean && case.setting == Setting::Whole
}

impl Faces {
    fn open(&self) -> anyhow::Result<Dataset> {
        let dataset = open_faces(&self.path, self.held_out.as_ref())?;
        if let Some(trained_with) = &self.trained_with {
            let mut training = Dataset::open(trained_with, &ProgressBar::hidden())?;
            if let Some(rule) = self
                .held_out
                .as_ref()
                .filter(|_| *trained_with == self.path)
            {
                training = training.split(rule).0;
            }
            warn_of_twins(&overlap(&dataset, &training)?);
        }
        Ok(dataset)
    }
}

fn warn_of_twins(twins: &[(String, String)]) {
    if twins.is_empty() {
        return;
    }
    eprintln!(
        "warning: {} pictures look like one that the model was trained with; its scores will be too good:",
        twins.len()
    );
    for (name, twin) in twins {
        eprintln!("  {name} like {twin}");
    }
}

/// A progress bar whose length is set later.
pub(crate) fn bar() -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}, {eta} left")
        .context("the progress bar's template is wrong")?;
    Ok(ProgressBar::new(0).with_style(style))
}
