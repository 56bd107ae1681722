//! Experiments on models: blur, repeated runs, sizes of tiles. Each leaves a table, a plot and all
//! numbers in a folder.
//!
//! What is measured, and how, is in `docs/experiments.md`.

pub mod blur;
pub mod film;
pub mod pairs;
pub(crate) mod results;
pub mod rounds;
mod sheet;
pub mod sweep;
mod whole;

use std::path::{Path, PathBuf};

use image::RgbImage;

use crate::evaluate::systems::stem;
use crate::evaluate::{face, open_faces, spread};
use crate::train::data::held_out::HeldOut;

/// A picture of a face with the name that it is paired by: its file's, without folder and ending.
#[derive(Clone, Debug)]
pub struct Face {
    /// The name.
    pub name: String,
    /// A square, or a photograph of any shape.
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
    /// Side, pixels: the middle square of each is scaled to it. Without it they stay as they are.
    pub side: Option<u32>,
}

impl Faces {
    /// Read them.
    pub fn open(&self) -> anyhow::Result<Vec<Face>> {
        let dataset = open_faces(&self.path, self.held_out.as_ref())?;
        let places = spread(&dataset, self.limit).into_iter();
        let faces = places.map(|place| {
            Ok(Face {
                name: stem(Path::new(dataset.name(place))),
                picture: match self.side {
                    Some(side) => face(&dataset, place, side)?,
                    None => dataset.picture(place)?,
                },
            })
        });
        faces.collect()
    }
}
