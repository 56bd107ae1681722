//! The coder's own lattice. Low bit rates leave blocks of 4, 8, 16 or 32 pixels that are flat and sharp like
//! those of a mosaic, but faint, and all over the frame.

use std::f32::consts::TAU;

use super::comb::Comb;
use super::plane::{Plane, Span2};
use super::score::Evidence;
use super::steps::Ridges;

/// Spacing of the coder's lines that are looked for, pixels.
const LINES: usize = 8;
/// Share of the ridges outside a region that lies on the coder's lines where these are visible.
const VISIBLE: f32 = 0.1;
/// Least difference of neighbouring blocks that no coder leaves, levels.
const STRONG: f32 = 8.0;

/// Weighs the coder's lines; keeps its memory, and the sums of one frame.
#[derive(Debug, Default)]
pub(super) struct Blocking {
    frame: Option<[Sums; 2]>,
    profiles: [Vec<u32>; 2],
}

/// Ridges at each place within the coder's lines.
type Sums = [u64; LINES];

impl Blocking {
    /// Forget the last frame.
    pub(super) fn reset(&mut self) {
        self.frame = None;
    }

    /// Whether the lattice `combs` in `area` may well be the coder's.
    pub(super) fn explains(
        &mut self,
        plane: &Plane<'_>,
        ridges: &Ridges,
        area: &Span2,
        combs: &[Comb; 2],
        evidence: &Evidence,
    ) -> bool {
        let is_coders = |comb: &Comb| {
            let parts = comb.period / 4.0;
            (parts - parts.round()).abs() < 0.02 * parts
        };
        #[cfg(feature = "trace")]
        {
            let frame = self.frame.unwrap_or_else(|| self.sums(ridges, &plane.span()));
            self.frame = Some(frame);
            let inside = self.sums(ridges, area);
            let v = [0, 1].map(|axis| {
                let outside: [f32; LINES] =
                    std::array::from_fn(|at| frame[axis][at].saturating_sub(inside[axis][at]) as f32);
                (in_step(&outside), outside.iter().sum::<f32>() / (plane.width * plane.height) as f32)
            });
            eprintln!("TRACE coder {v:?}");
        }
        let faint = evidence.contrast[0].min(evidence.contrast[1]) < STRONG;
        if !(faint && combs.iter().any(is_coders)) {
            return false;
        }
        let frame = self.frame.unwrap_or_else(|| self.sums(ridges, &plane.span()));
        self.frame = Some(frame);
        let inside = self.sums(ridges, area);
        [0, 1].into_iter().all(|axis| {
            let outside: [f32; LINES] =
                std::array::from_fn(|at| frame[axis][at].saturating_sub(inside[axis][at]) as f32);
            in_step(&outside) >= VISIBLE
        })
    }

    fn sums(&mut self, ridges: &Ridges, area: &Span2) -> [Sums; 2] {
        ridges.profiles(area, &mut self.profiles);
        [0, 1].map(|axis| {
            let mut sums = [0; LINES];
            for (&value, at) in self.profiles[axis].iter().zip(area.axis(axis).start..) {
                sums[at % LINES] += u64::from(value);
            }
            sums
        })
    }
}

/// Part of the ridges that is in step with the coder's lines or with those half as far apart, 0–1.
fn in_step(sums: &[f32; LINES]) -> f32 {
    let total: f32 = sums.iter().sum();
    let power = |turns: usize| {
        let (mut re, mut im) = (0.0, 0.0);
        for (at, &value) in sums.iter().enumerate() {
            let angle = TAU * (turns * at) as f32 / LINES as f32;
            re += value * angle.cos();
            im += value * angle.sin();
        }
        re.hypot(im)
    };
    power(1).max(power(2)) / total.max(1.0)
}
