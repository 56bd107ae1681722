//! How films are restored: clips of people whose faces are found, pixelated, coded and restored.
//!
//! Faces that show are found by a network of the user's. The mosaics' places and lattices are found as
//! the element finds them; bicubic interpolation, which all is compared with, is told of them.

mod beside;
pub(crate) mod job;
mod mosaics;
mod restored;
mod score;
mod sheet;
pub(crate) mod table;

use serde::Serialize;

pub(crate) use mosaics::{Keeps, Mosaics};

/// What was measured of one film, pixelated in one way.
#[derive(Debug, Serialize)]
pub(crate) struct FilmScores {
    /// The clip's name.
    pub clip: String,
    /// What its lattice keeps to.
    pub keeps: Keeps,
    /// Blocks across the mosaic, about.
    pub across: u32,
    /// One row for each way of restoring.
    pub rows: Vec<FilmRow>,
}

/// How one way of restoring does.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FilmRow {
    /// Its name.
    pub name: String,
    /// PSNR inside the mosaics, dB, the mean over the frames.
    pub psnr: f64,
    /// SSIM inside the mosaics, the mean over the frames.
    pub ssim: f64,
    /// See [`crate::metrics::unsteadiness`]; grey levels.
    pub unsteadiness: f64,
    /// The same ÷ bicubic interpolation's.
    pub flicker: f64,
    /// What remains of a frame when the next one is carried back by the truth's motion, grey levels;
    /// the truth's own is what the motion does not explain.
    pub warped: f64,
    /// Frames that were left as they are, since no mosaic was found in them.
    pub left: usize,
}
