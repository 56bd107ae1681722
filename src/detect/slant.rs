//! By how much the lines of a lattice are slanted: a mosaic in a film that was turned later.
//!
//! From strip to strip the lines of a turned lattice move on, and so does the angle of the
//! profile's spectrum at their frequency.

use std::f32::consts::TAU;

use super::comb::Comb;
use super::plane::Span2;
use super::steps::{Ridges, STRIP};

/// Strips across either axis from which a slant can be told.
const LEAST_STRIPS: usize = 3;
/// Largest slant of a lattice whose blocks can be followed, radians.
pub(super) const MOST: f32 = 0.12;
/// Largest difference of both axes' slants, radians, and the same in parts of the slant.
const DISAGREE: (f32, f32) = (0.012, 0.35);

/// Tells slants; keeps its memory.
#[derive(Debug, Default)]
pub(super) struct Slant {
    /// The spectrum of each strip at the lines' frequency.
    sums: Vec<[f32; 2]>,
}

impl Slant {
    /// The angle by which the lattice of the lines `combs` (x, y) in `area` is turned, radians,
    /// clockwise; None where both axes do not tell the same.
    pub(super) fn of(&mut self, ridges: &Ridges, area: &Span2, combs: &[Comb; 2]) -> Option<f32> {
        let (a, weight_a) = self.drift(ridges, area, 0, combs[0].period)?;
        let (b, weight_b) = self.drift(ridges, area, 1, combs[1].period)?;
        // Going down, lines across x move to the left; going right, lines across y move down.
        let a = -a;
        let mean = (a * weight_a + b * weight_b) / (weight_a + weight_b);
        let agree = (a - b).abs() <= DISAGREE.0 + DISAGREE.1 * mean.abs();
        (agree && mean.abs() <= MOST).then(|| mean.atan())
    }

    /// How far lines with the spacing `period` across `axis` move per pixel along them, and how
    /// much that weighs.
    fn drift(
        &mut self,
        ridges: &Ridges,
        area: &Span2,
        axis: usize,
        period: f32,
    ) -> Option<(f32, f32)> {
        let (lines, along) = (area.axis(axis), area.axis(1 - axis));
        let strips = along.start.div_ceil(STRIP)..along.end / STRIP;
        if strips.len() < LEAST_STRIPS {
            return None;
        }
        self.sums.clear();
        self.sums.extend(strips.map(|strip| {
            let ridges = (lines.start..lines.end).zip(ridges.strip(axis, strip, lines));
            let ridges = ridges.filter(|(_, ridge)| *ridge > 0);
            ridges.fold([0.0, 0.0], |[re, im], (at, ridge)| {
                let (sin, cos) = (TAU * at as f32 / period).sin_cos();
                [re + f32::from(ridge) * cos, im + f32::from(ridge) * sin]
            })
        }));
        // The mean turn from one strip to the next one, then that over half of all strips: of the
        // whole turns in it the first one tells.
        let (one, lag) = (self.turn(1), self.sums.len() / 2);
        let far = self.turn(lag);
        let far = far + TAU * ((one * lag as f32 - far) / TAU).round();
        let drift = far / TAU * period / (lag * STRIP) as f32;
        Some((drift, (self.sums.len() * lag) as f32))
    }

    /// The mean angle from one strip to the one `lag` strips on, radians.
    fn turn(&self, lag: usize) -> f32 {
        let pairs = self.sums.iter().zip(&self.sums[lag..]);
        let [re, im] = pairs.fold([0.0, 0.0], |[re, im], (a, b)| {
            [
                re + a[0] * b[0] + a[1] * b[1],
                im + a[0] * b[1] - a[1] * b[0],
            ]
        });
        im.atan2(re)
    }
}
