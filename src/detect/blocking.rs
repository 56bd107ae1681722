//! The coder's own lattice. Low bit rates leave blocks of 4, 8, 16 or 32 pixels that are flat and
//! sharp like those of a mosaic, but faint, and all over the frame.

use std::f32::consts::TAU;

use super::plane::{Plane, Span2};
use super::steps::Ridges;

/// Spacing of the coder's lines that are looked for, pixels.
const LINES: usize = 8;
/// A region fills the frame where less than one in so many of its pixels lies outside.
const FILLS: usize = 8;

/// What is around a region.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Setting {
    /// Share of the ridges that lie on the coder's lines, both ways, 0–1.
    pub(super) coder: f32,
    /// Ridges per pixel, mean of both ways.
    pub(super) busy: f32,
}

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

    /// The setting of a region that covers `area`.
    pub(super) fn setting(&mut self, plane: &Plane<'_>, ridges: &Ridges, area: &Span2) -> Setting {
        let whole = plane.span();
        let frame = match self.frame {
            Some(frame) => frame,
            None => self.sums(ridges, &whole),
        };
        self.frame = Some(frame);
        let beyond = whole.area() - area.area();
        // A region that fills the frame is its own setting.
        let (inside, pixels) = if FILLS * beyond < whole.area() {
            ([[0; LINES]; 2], whole.area())
        } else {
            (self.sums(ridges, area), beyond)
        };
        let outside = [0, 1].map(|axis| -> [f32; LINES] {
            std::array::from_fn(|at| frame[axis][at].saturating_sub(inside[axis][at]) as f32)
        });
        let all: f32 = outside.iter().flatten().sum();
        Setting {
            coder: in_step(&outside[0]).min(in_step(&outside[1])),
            busy: all / (2 * pixels) as f32,
        }
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
