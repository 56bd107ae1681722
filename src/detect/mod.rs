//! Mosaic lattices in a luma plane: rectangle, block size, phase and score of each.

use crate::frame::{Lattice, Rect};

/// A region of a frame that is, or is said to be, pixelated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// The pixelated pixels. May stick out of the frame where a stranger names it.
    pub rect: Rect,
    /// Its grid; None where it was named by someone else and no grid was found in it.
    pub lattice: Option<Lattice>,
    /// Confidence, 0–1.
    pub score: f32,
}

/// An 8-bit luma plane.
#[derive(Clone, Copy, Debug)]
pub struct Luma<'a> {
    /// Samples, row by row.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// What counts as a mosaic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectSettings {
    /// Least score, 0–1.
    pub score_threshold: f32,
    /// Overlap (intersection over union) above which two detections are one.
    pub iou_threshold: f32,
    /// Most regions in one frame.
    pub max_detections: usize,
    /// Least width of a region in pixels.
    pub min_width: u32,
    /// Least height of a region in pixels.
    pub min_height: u32,
}

impl Default for DetectSettings {
    fn default() -> Self {
        Self {
            score_threshold: 0.5,
            iou_threshold: 0.5,
            max_detections: 64,
            min_width: 24,
            min_height: 24,
        }
    }
}

/// Finds mosaics; keeps its scratch memory from frame to frame.
#[derive(Debug, Default)]
pub struct Detector {}

impl Detector {
    /// A detector that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replace `regions` by the mosaics in `luma`, best first.
    pub fn detect(
        &mut self,
        luma: &Luma<'_>,
        settings: &DetectSettings,
        regions: &mut Vec<Region>,
    ) {
        let _ = (luma, settings);
        regions.clear();
    }

    /// The grid inside `rect`, with its score, for regions that someone else named.
    pub fn lattice_in(&mut self, luma: &Luma<'_>, rect: &Rect) -> Option<(Lattice, f32)> {
        let _ = (luma, rect);
        None
    }
}
