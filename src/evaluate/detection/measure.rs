//! What the detector makes of scenes, and what that is worth.

use serde::Serialize;

use super::scenes::Truth;
use crate::detect::{DetectSettings, Detector, Luma, Region};
use crate::evaluate::codec::LumaPlane;

/// Least overlap (intersection over union) of a region that was found with the mosaic that it
/// stands for.
const OVERLAP: f64 = 0.4;

/// A scene as the detector sees it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// What was drawn.
    pub truth: Option<Truth>,
    /// The region that stands for it.
    pub hit: Option<Region>,
    /// Regions that stand for nothing.
    pub wrong: Vec<Region>,
}

impl Found {
    /// Run the detector over a scene.
    pub(crate) fn look(detector: &mut Detector, plane: &LumaPlane, truth: Option<Truth>) -> Self {
        let luma = Luma {
            data: &plane.data,
            stride: plane.width as usize,
            width: plane.width,
            height: plane.height,
        };
        let mut regions = Vec::new();
        detector.detect(&luma, &DetectSettings::default(), &mut regions);
        let overlap = |region: &Region| truth.map_or(0.0, |truth| region.rect.iou(&truth.rect));
        let best = regions
            .iter()
            .copied()
            .filter(|region| overlap(region) >= OVERLAP)
            .max_by(|a, b| overlap(a).total_cmp(&overlap(b)));
        regions.retain(|region| Some(*region) != best);
        Self {
            truth,
            hit: best,
            wrong: regions,
        }
    }

    /// Whether something is wrong with it.
    pub(crate) fn is_miss(&self) -> bool {
        !self.wrong.is_empty() || (self.truth.is_some() && self.hit.is_none())
    }
}

/// Figures of a group of scenes. Those of boxes and lattices are medians over what was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// Scenes.
    pub scenes: usize,
    /// Mosaics that were drawn.
    pub mosaics: usize,
    /// Those of them that were found.
    pub found: usize,
    /// Regions that stand for nothing.
    pub wrong: usize,
    /// Intersection over union of the boxes.
    pub iou: Option<f64>,
    /// Error of the block's sides, as a share of them.
    pub block_error: Option<f64>,
    /// Distance of the lines from where they were drawn, at the middle of the mosaic, pixels.
    pub phase_error: Option<f64>,
}

impl Summary {
    /// Sum up.
    pub(crate) fn of(results: &[Found]) -> Self {
        let pairs: Vec<(Truth, Region)> = results
            .iter()
            .filter_map(|found| Some((found.truth?, found.hit?)))
            .collect();
        let lattices = pairs
            .iter()
            .filter_map(|(truth, hit)| Some((truth, hit.lattice?)));
        let errors = lattices.flat_map(|(truth, found)| {
            let (rect, drawn) = (truth.rect, truth.lattice);
            let middle = |from: i32, length: u32| f64::from(from) + f64::from(length) / 2.0;
            let x = (
                found.block_width,
                found.phase_x,
                drawn.block_width,
                drawn.phase_x,
            );
            let y = (
                found.block_height,
                found.phase_y,
                drawn.block_height,
                drawn.phase_y,
            );
            [
                error(x, middle(rect.x, rect.width)),
                error(y, middle(rect.y, rect.height)),
            ]
        });
        let (blocks, phases): (Vec<f64>, Vec<f64>) = errors.unzip();
        Self {
            scenes: results.len(),
            mosaics: results.iter().filter(|found| found.truth.is_some()).count(),
            found: pairs.len(),
            wrong: results.iter().map(|found| found.wrong.len()).sum(),
            iou: median(
                pairs
                    .iter()
                    .map(|(truth, hit)| hit.rect.iou(&truth.rect))
                    .collect(),
            ),
            block_error: median(blocks),
            phase_error: median(phases),
        }
    }

    /// Share of the mosaics that were found; None without any.
    pub(crate) fn recall(&self) -> Option<f64> {
        (self.mosaics > 0).then(|| self.found as f64 / self.mosaics as f64)
    }
}

/// Relative error of a spacing, and the distance of the nearest lines at `middle`.
fn error((found, phase, drawn, truth): (f32, f32, f32, f32), middle: f64) -> (f64, f64) {
    let [found, phase, drawn, truth] = [found, phase, drawn, truth].map(f64::from);
    let near = |block: f64, phase: f64| ((middle - phase) / block).round() * block + phase;
    let off = (near(found, phase) - near(drawn, truth)).rem_euclid(drawn);
    ((found - drawn).abs() / drawn, off.min(drawn - off))
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Outline;
    use crate::frame::{Lattice, Rect};

    #[test]
    fn figures_of_known_results() {
        let truth = Truth {
            rect: Rect::new(10, 10, 100, 100),
            lattice: Lattice::square(10, 0, 0),
        };
        let region = |rect, block: f32, phase: f32| Region {
            rect,
            lattice: Some(Lattice {
                block_width: block,
                block_height: 10.0,
                phase_x: phase,
                phase_y: 0.0,
            }),
            outline: Outline::Rectangle,
            turn: 0.0,
            score: 1.0,
        };
        let results = [
            Found {
                truth: Some(truth),
                hit: Some(region(Rect::new(10, 10, 100, 50), 11.0, 5.0)),
                wrong: Vec::new(),
            },
            Found {
                truth: Some(truth),
                hit: None,
                wrong: vec![region(Rect::new(300, 0, 50, 50), 8.0, 0.0)],
            },
            Found {
                truth: None,
                hit: None,
                wrong: Vec::new(),
            },
        ];
        let summary = Summary::of(&results);
        assert_eq!((summary.scenes, summary.mosaics, summary.found), (3, 2, 1));
        assert_eq!((summary.wrong, summary.recall()), (1, Some(0.5)));
        assert_eq!(summary.iou, Some(0.5));
        // The upper of two: x is off by a tenth, y by nothing.
        assert!((summary.block_error.unwrap() - 0.1).abs() < 1e-6);
        assert!((summary.phase_error.unwrap() - 0.0).abs() < 1e-6);
        assert!(results[1].is_miss() && !results[0].is_miss());
        assert_eq!(Summary::of(&[]).recall(), None);
    }
}
