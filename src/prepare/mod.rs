//! Faces cut out of a folder of pictures, as the data sets of faces were made: found, checked,
//! cropped, written down.

mod journal;
mod measure;
mod names;
mod run;
mod sheet;
mod summary;

pub use self::run::prepare;
pub use self::summary::Summary;

use serde::{Deserialize, Serialize};

/// Folder of the crops in that of a run.
pub const CROPS: &str = "faces";
/// Contact sheet there.
pub const SHEET: &str = "sheet.png";

/// What is cut out, and what left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Side of the crops, pixels.
    pub side: u32,
    /// Side of the square ÷ longer side of the face's box; None is 1.6, and where faces are
    /// straightened as large as in FFHQ.
    pub margin: Option<f64>,
    /// Turn faces upright, as far as there are landmarks.
    pub align: bool,
    /// Least score of the finder, 0–1.
    pub min_score: f32,
    /// Most that a crop is enlarged by.
    pub max_enlargement: f64,
    /// Least share of a crop, 0–1, that lies in its picture.
    pub min_inside: f64,
    /// Least variance of the Laplacian at 128 pixels, luma 0–255; 0 takes all.
    pub min_sharpness: f64,
    /// Least probability by the face check, 0–1; 0 asks nothing.
    pub min_face: f32,
}
