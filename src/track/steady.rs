//! One region's box and lattice, freed of the jitter of single frames.

use super::edges::Edges;
use super::recent::Recent;
use crate::detect::{Outline, Region};
use crate::frame::Lattice;

/// Frames over which the size of blocks, the angle and the outline are averaged at most.
const LONGEST: usize = 25;

/// Mean angle below which a region is upright, radians: in a part of its frames it was found so.
const LEAST_TURN: f32 = 0.006;

/// What is known of a region.
#[derive(Debug)]
pub(super) struct Steady {
    last: Region,
    edges: Edges,
    /// Width and height of the blocks.
    blocks: Option<Recent<2>>,
    /// 1 for an ellipse, 0 for none; and the angle, radians.
    outline: Recent<2>,
}

impl Steady {
    /// A region that was just found.
    pub(super) fn new(region: &Region) -> Self {
        Self {
            last: *region,
            edges: Edges::new(&region.rect, region.lattice.as_ref()),
            blocks: region
                .lattice
                .map(|lattice| Recent::new(LONGEST, sides(&lattice))),
            outline: Recent::new(LONGEST, outline(region)),
        }
    }

    /// The region was found again.
    pub(super) fn update(&mut self, region: &Region) {
        self.outline.add(outline(region));
        // The box of an ellipse is another one than that of a rectangle.
        let is_whole = region.outline == self.form();
        (self.edges).update(&region.rect, region.lattice.as_ref(), is_whole);
        if let (Some(blocks), Some(lattice)) = (&mut self.blocks, &region.lattice) {
            blocks.add(sides(lattice));
        }
        self.last = *region;
    }

    /// The region is where it was expected, though no more than this lattice was found.
    pub(super) fn keep(&mut self, lattice: &Lattice) {
        self.update(&Region {
            lattice: Some(*lattice),
            ..self.expected()
        });
    }

    /// Where the region should be in the next frame.
    pub(super) fn expected(&self) -> Region {
        Region {
            rect: self.edges.expected(),
            ..self.shown()
        }
    }

    /// The region in this frame.
    pub(super) fn shown(&self) -> Region {
        let [_, turn] = self.outline.mean();
        Region {
            rect: self.edges.rect(),
            lattice: self.last.lattice.map(|lattice| self.lattice(&lattice)),
            outline: self.form(),
            turn: match (turn as f32).abs() < LEAST_TURN {
                true => 0.0,
                false => turn as f32,
            },
            score: self.last.score,
        }
    }

    /// The outline in most frames.
    fn form(&self) -> Outline {
        match self.outline.mean()[0] > 0.5 {
            true => Outline::Ellipse,
            false => Outline::Rectangle,
        }
    }

    /// The lattice as measured last, with blocks of the mean size: about the region's middle, as a
    /// small error of the size is a large one of the phase far away from where it was measured.
    fn lattice(&self, measured: &Lattice) -> Lattice {
        let Some(blocks) = &self.blocks else {
            return *measured;
        };
        let [width, height] = blocks.mean().map(|side| side as f32);
        let [left, top, right, bottom] = self.edges.sides();
        let phase = |(from, to): (f64, f64), phase: f32, old: f32, new: f32| {
            let (old, new) = (f64::from(old.max(1.0)), f64::from(new.max(1.0)));
            // The line nearest to the middle stays where it is.
            let middle = (from + to) / 2.0;
            let line = ((middle - f64::from(phase)) / old).round() * old + f64::from(phase);
            // Rounding to single precision may give the block itself, which is 0 again.
            let phase = line.rem_euclid(new) as f32;
            if phase < new as f32 { phase } else { 0.0 }
        };
        Lattice {
            block_width: width,
            block_height: height,
            phase_x: phase((left, right), measured.phase_x, measured.block_width, width),
            phase_y: phase(
                (top, bottom),
                measured.phase_y,
                measured.block_height,
                height,
            ),
        }
    }
}

/// What is kept of a region's outline.
fn outline(region: &Region) -> [f64; 2] {
    let is_ellipse = region.outline == Outline::Ellipse;
    [f64::from(u8::from(is_ellipse)), region.turn.into()]
}

/// Width and height of a lattice's blocks.
fn sides(lattice: &Lattice) -> [f64; 2] {
    [lattice.block_width.into(), lattice.block_height.into()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Rect;

    fn region(rect: Rect, block: f32, phase: f32) -> Region {
        let lattice = Lattice {
            block_width: block,
            block_height: block,
            phase_x: phase,
            phase_y: phase,
        };
        Region {
            rect,
            lattice: Some(lattice),
            outline: Outline::Rectangle,
            turn: 0.0,
            score: 0.8,
        }
    }

    #[test]
    fn a_still_box_stops_to_tremble() {
        let mut steady = Steady::new(&region(Rect::new(20, 30, 60, 50), 8.0, 4.0));
        let mut shown = Vec::new();
        for frame in 0..30 {
            let (dx, dw) = ([0, 1, -1][frame % 3], [0, -1, 1, 0][frame % 4]);
            let rect = Rect::new(20 + dx, 30, 60u32.saturating_add_signed(dw), 50);
            steady.update(&region(rect, 8.0, 4.0));
            shown.push(steady.shown().rect);
        }
        assert!(
            shown[10..].iter().all(|rect| *rect == shown[29]),
            "{shown:?}"
        );
        assert!(shown[29].iou(&Rect::new(20, 30, 60, 50)) > 0.96);
    }

    #[test]
    fn a_moving_box_is_not_held_back() {
        let mut steady = Steady::new(&region(Rect::new(0, 0, 40, 40), 8.0, 0.0));
        for step in 1..10 {
            let rect = Rect::new(5 * step, 3 * step, 40, 40);
            steady.update(&region(rect, 8.0, 0.0));
            assert_eq!(steady.shown().rect, rect);
            assert_eq!(
                steady.expected().rect,
                Rect::new(5 * step + 5, 3 * step + 3, 40, 40)
            );
        }
        steady.keep(&Lattice::square(8, 0, 0));
        assert_eq!(steady.shown().rect, Rect::new(50, 30, 40, 40));
    }

    #[test]
    fn sizes_of_blocks_add_up_to_a_finer_one() {
        let rect = Rect::new(100, 40, 120, 120);
        let mut steady = Steady::new(&region(rect, 10.6, 3.0));
        for frame in 0..24 {
            let noise = [0.0, 0.2, 0.1, -0.1][frame % 4];
            // The line at 160.0 is measured well in each frame.
            let block: f32 = 10.62 + noise;
            steady.update(&region(rect, block, 160.0_f32.rem_euclid(block)));
        }
        let lattice = steady.shown().lattice.unwrap();
        assert!((lattice.block_width - 10.67).abs() < 0.05, "{lattice:?}");
        let off = (160.0 - lattice.phase_x).rem_euclid(lattice.block_width);
        assert!(off.min(lattice.block_width - off) < 0.1, "{lattice:?}");
        assert!(lattice.phase_x < lattice.block_width && lattice.phase_x >= 0.0);
    }

    #[test]
    fn most_frames_tell_the_outline() {
        let rect = Rect::new(0, 0, 40, 40);
        let seen = |outline| Region {
            outline,
            ..region(rect, 8.0, 0.0)
        };
        let mut steady = Steady::new(&seen(Outline::Ellipse));
        for outline in [Outline::Ellipse, Outline::Rectangle, Outline::Ellipse] {
            steady.update(&seen(outline));
            assert_eq!(steady.shown().outline, Outline::Ellipse);
        }
        for _ in 0..4 {
            steady.update(&seen(Outline::Rectangle));
        }
        assert_eq!(steady.shown().outline, Outline::Rectangle);
    }

    #[test]
    fn a_box_of_another_outline_does_not_count() {
        let still = region(Rect::new(40, 40, 40, 40), 8.0, 0.0);
        let ellipse = Region {
            rect: Rect::new(35, 35, 50, 50),
            outline: Outline::Ellipse,
            ..still
        };
        let mut steady = Steady::new(&still);
        for other in [still, ellipse, still, ellipse] {
            steady.update(&other);
            assert_eq!(steady.shown().rect, still.rect);
        }
    }
}
