//! Experiments on models: blur, repeated runs, sizes of tiles. Each leaves a table, a plot and all numbers in a folder.
//!
//! What is measured, and how, is in `docs/experiments.md`.

pub mod blur;
pub mod film;
pub mod pairs;
pub(crate) mod results;
pub mod rounds;
pub mod sweep;
mod whole;

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use image::RgbImage;
use indicatif::ProgressBar;

use crate::degrade::smooth::resize;
use crate::evaluate::systems::stem;
use crate::train::data::dataset::Dataset;
use crate::train::data::held_out::HeldOut;

/// A picture of a face with the name that it is paired by: its file's, without folder and ending.
#[derive(Clone, Debug)]
pub struct Face {
    /// The name.
    pub name: String,
    /// A square.
    pub picture: RgbImage,
}

/// The pictures of an experiment.
pub struct Faces {
    /// A folder, a tar file or a list.
    pub path: PathBuf,
    /// Only those that training holds back by this rule.
    pub held_out: Option<HeldOut>,
    /// Most of them, evenly spread.
    pub limit: usize,
    /// Side, pixels: the middle square of each is scaled to it.
    pub side: u32,
}

impl Faces {
    /// Read them.
    pub fn open(&self) -> anyhow::Result<Vec<Face>> {
        let dataset = Dataset::open(&self.path, &ProgressBar::hidden())?;
        let dataset = match &self.held_out {
            Some(rule) => dataset.split(rule).1,
            None => dataset,
        };
        ensure!(
            !dataset.is_empty(),
            "no picture of {} is held back",
            self.path.display()
        );
        let count = dataset.len().min(self.limit.max(1));
        let pick = |i: usize| i * dataset.len() / count;
        (0..count)
            .map(|i| {
                let picture = dataset.picture(pick(i))?;
                let edge = picture.width().min(picture.height());
                let left = (picture.width() - edge) / 2;
                let top = (picture.height() - edge) / 2;
                let square = image::imageops::crop_imm(&picture, left, top, edge, edge).to_image();
                let picture = if edge == self.side {
                    square
                } else {
                    resize(&square, (self.side, self.side)).context("a picture is empty")?
                };
                let name = stem(Path::new(dataset.name(pick(i))));
                Ok(Face { name, picture })
            })
            .collect()
    }
}
