//! By how much the lines of a lattice are slanted: a mosaic in a film that was turned later.
//!
//! From strip to strip the lines of a turned lattice move on, and so does the angle of the
//! profile's spectrum at their frequency.

use std::f32::consts::TAU;

use super::comb::Comb;
use super::plane::Span2;
use super::steps::{Ridges, STRIP};
use crate::frame::Rect;

/// Strips across either axis from which a slant can be told.
const LEAST_STRIPS: usize = 3;
/// Largest slant of a lattice whose blocks can be followed, radians.
pub(super) const MOST: f32 = 0.12;
/// Least slant of a lattice that is turned back, radians.
pub(super) const LEAST_SLANT: f32 = 0.01;
/// Difference of the slants of two parts of one mosaic at most, radians.
pub(super) const SAME_SLANT: f32 = 0.03;
/// Windows side by side that must tell the same slant.
const LEAST_WITNESSES: usize = 3;
/// Most windows that are asked.
const MOST_WITNESSES: usize = 48;
/// Largest difference of both axes' slants, radians, and the same in parts of the slant.
const DISAGREE: (f32, f32) = (0.012, 0.35);

/// Tells slants; keeps its memory.
#[derive(Debug, Default)]
pub(super) struct Slant {
    /// The spectrum of each strip at the lines' frequency.
    sums: Vec<[f32; 2]>,
    /// Windows and their slants.
    witnesses: Vec<(Rect, f32)>,
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

    /// The slant that most of `windows` tell that lie side by side, and what is around them.
    pub(super) fn most(
        &mut self,
        ridges: &Ridges,
        windows: &[(Span2, [Comb; 2])],
    ) -> Option<(Rect, f32)> {
        let mut witnesses = std::mem::take(&mut self.witnesses);
        witnesses.clear();
        witnesses.extend(
            windows
                .iter()
                .take(MOST_WITNESSES)
                .filter_map(|(area, combs)| {
                    let slant = self.of(ridges, area, combs)?;
                    (slant.abs() >= LEAST_SLANT).then(|| (area.rect(), slant))
                }),
        );
        let agreeing = |(at, slant): &(Rect, f32)| {
            let (at, slant) = (*at, *slant);
            let near = move |(other, _): &&(Rect, f32)| {
                let reach = (at.width + other.width) as i32;
                (at.x - other.x).abs() < reach && (at.y - other.y).abs() < reach
            };
            let same = move |(_, other): &&(Rect, f32)| (slant - other).abs() < SAME_SLANT;
            witnesses.iter().filter(near).filter(same)
        };
        let most = witnesses.iter().max_by_key(|one| agreeing(one).count());
        let told = most.filter(|one| agreeing(one).count() >= LEAST_WITNESSES);
        let told = told.and_then(|one| {
            let sum: f32 = agreeing(one).map(|(_, slant)| slant).sum();
            let all = agreeing(one)
                .map(|(area, _)| *area)
                .reduce(|a, b| a.union(&b))?;
            Some((all, sum / agreeing(one).count() as f32))
        });
        self.witnesses = witnesses;
        told
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
