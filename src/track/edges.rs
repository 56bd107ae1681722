//! The edges of a region's box, freed of what single frames get wrong.
//!
//! The lattice of a mosaic is found to a part of a pixel, its border is not: before an even wall its
//! last blocks look like the wall, and coding smears lines beyond it. So edges are compared in
//! coordinates that go along with the lattice, in which those of a mosaic hardly ever change; and one
//! that jumps outwards, to where no line of the lattice is, must be seen there again.

use super::recent::Recent;
use crate::frame::{Lattice, Rect};

/// Largest distance of an edge from its mean that counts as jitter, pixels: two pixels, as the mean
/// is no whole number.
const JITTER: f64 = 2.5;
/// Frames over which edges are averaged at most.
const LONGEST: usize = 25;
/// The last of these, whose median says where an edge is until another place is believed.
const NOW: usize = 5;
/// Earlier frames that are asked whether they saw an edge in a new place too, and how many must have.
const ASKED: (usize, usize) = (3, 2);
/// Largest difference between the movements of opposite edges of a box that moves, pixels.
const ALIKE: f64 = 1.0;
/// Largest distance to the lattice's nearest line of an edge that lies on it, pixels.
const ON_LINE: f64 = 0.5;
/// Least movement of a lattice, pixels: less is noise, or adds up.
const LEAST_STEP: f64 = 0.5;

/// Left, top, right, bottom, pixels.
type Sides = [f64; 4];

/// Where a box is.
#[derive(Debug)]
pub(super) struct Edges {
    /// Sides less the way that the region has come.
    seen: Recent<4>,
    /// That way, pixels.
    way: [f64; 2],
    /// Its last step: movement from frame to frame.
    step: [f64; 2],
    /// A line of the lattice across each axis, when the way last grew.
    lines: Option<[f64; 2]>,
    /// Sides in this frame.
    shown: Sides,
}

impl Edges {
    /// Those of a box that was just found.
    pub(super) fn new(rect: &Rect, lattice: Option<&Lattice>) -> Self {
        let sides = sides(rect);
        Self {
            seen: Recent::new(LONGEST, sides),
            way: [0.0; 2],
            step: [0.0; 2],
            lines: lattice
                .map(|lattice| [0, 1].map(|axis| line(lattice, axis, middle(&sides, axis)))),
            shown: sides,
        }
    }

    /// In this frame the box was found at `rect`. False for `is_whole`: it is the box of something
    /// else around the same middle, so that only its movement counts.
    pub(super) fn update(&mut self, rect: &Rect, lattice: Option<&Lattice>, is_whole: bool) {
        let mut now = sides(rect);
        if !is_whole {
            let shift = [0, 1].map(|axis| (middle(&now, axis) - middle(&self.shown, axis)).round());
            now = std::array::from_fn(|side| self.shown[side] + shift[side % 2]);
        }
        for axis in [0, 1] {
            self.go(axis, self.step_to(&now, axis, lattice), lattice);
        }
        self.seen
            .add(std::array::from_fn(|side| now[side] - self.way[side % 2]));
        let held = self.seen.median_of_last::<NOW>();
        let outwards = |side: usize| {
            let beyond = now[side] - self.way[side % 2] - held[side];
            if side < 2 { -beyond } else { beyond }
        };
        self.shown = std::array::from_fn(|side| {
            let is_on_line = lattice.is_some_and(|lattice| {
                (line(lattice, side % 2, now[side]) - now[side]).abs() <= ON_LINE
            });
            // No mosaic grows by a block on both sides at once.
            let is_alone = outwards((side + 2) % 4) <= JITTER;
            let is_believed = outwards(side) <= JITTER || is_on_line && is_alone;
            self.settled(side, held[side], is_believed) + self.way[side % 2]
        });
    }

    /// Left, top, right and bottom edge in this frame, pixels.
    pub(super) fn sides(&self) -> Sides {
        self.shown
    }

    /// The box in this frame.
    pub(super) fn rect(&self) -> Rect {
        rect_of(&self.shown)
    }

    /// Where the box should be in the next frame.
    pub(super) fn expected(&self) -> Rect {
        let sides = std::array::from_fn(|side| self.shown[side] + self.step[side % 2]);
        rect_of(&sides)
    }

    /// How far along an axis the box has come, if it is at `now`.
    fn step_to(&self, now: &Sides, axis: usize, lattice: Option<&Lattice>) -> f64 {
        let moves = [axis, axis + 2].map(|side| now[side] - self.shown[side]);
        let common = (moves[0] + moves[1]) / 2.0;
        let is_alike = (moves[0] - moves[1]).abs() <= ALIKE;
        let by_lattice = self.lattice_step(&moves, axis, lattice);
        match is_alike && common.abs() > JITTER && (common - by_lattice).abs() > ALIKE {
            // Its lattice stands, and the box is moved over it.
            true => common.round(),
            false => by_lattice,
        }
    }

    /// How far the lattice has come: whole blocks are added so that it fits the edges' `moves` best.
    fn lattice_step(&self, moves: &[f64; 2], axis: usize, lattice: Option<&Lattice>) -> f64 {
        let Some((lattice, lines)) = lattice.zip(self.lines) else {
            return 0.0;
        };
        let block = f64::from(block_of(lattice, axis)).max(1.0);
        let least = line(lattice, axis, lines[axis]) - lines[axis];
        let least = if least.abs() < LEAST_STEP { 0.0 } else { least };
        let blocks = moves.map(|it| ((it - least) / block).round());
        let cost = |step: f64| moves.iter().map(|it| (it - step).abs()).sum::<f64>();
        let steps = [0.0, blocks[0], blocks[1]].map(|blocks| least + blocks * block);
        steps
            .into_iter()
            .fold(least, |best, step| match cost(step) < cost(best) - 1e-6 {
                true => step,
                false => best,
            })
    }

    fn go(&mut self, axis: usize, step: f64, lattice: Option<&Lattice>) {
        self.step[axis] = step;
        self.way[axis] += step;
        if let Some(lines) = &mut self.lines {
            lines[axis] += step;
            if let Some(lattice) = lattice.filter(|_| step != 0.0) {
                lines[axis] = line(lattice, axis, lines[axis]);
            }
        }
    }

    /// Where a side is, less the way: where it was seen last, if that `is_believed` or was seen
    /// before, and where it is `held` to be if not.
    fn settled(&self, side: usize, held: f64, is_believed: bool) -> f64 {
        let places = || self.seen.latest().map(|sides| sides[side]);
        let Some(now) = places().next() else {
            return held;
        };
        let is_near = |place: f64, other: f64| (place - other).abs() <= JITTER;
        let earlier = places().skip(1).take(ASKED.0);
        let is_seen_again = earlier.filter(|place| is_near(*place, now)).count() >= ASKED.1;
        let centre = match is_near(now, held) || !(is_believed || is_seen_again) {
            true => held,
            false => now,
        };
        let near = places().filter(|place| is_near(*place, centre));
        let (sum, count) = near.fold((0.0, 0.0), |(sum, count), place| (sum + place, count + 1.0));
        if count > 0.0 { sum / count } else { centre }
    }
}

/// The place of the lattice's line across `axis` that is nearest to `place`.
fn line(lattice: &Lattice, axis: usize, place: f64) -> f64 {
    let phase = f64::from([lattice.phase_x, lattice.phase_y][axis]);
    let block = f64::from(block_of(lattice, axis)).max(1.0);
    ((place - phase) / block).round() * block + phase
}

fn block_of(lattice: &Lattice, axis: usize) -> f32 {
    [lattice.block_width, lattice.block_height][axis]
}

/// The middle between `sides` across an axis.
fn middle(sides: &Sides, axis: usize) -> f64 {
    (sides[axis] + sides[axis + 2]) / 2.0
}

fn sides(rect: &Rect) -> Sides {
    [
        f64::from(rect.x),
        f64::from(rect.y),
        rect.right() as f64,
        rect.bottom() as f64,
    ]
}

fn rect_of(sides: &Sides) -> Rect {
    let [left, top, right, bottom] = sides.map(f64::round);
    Rect::new(
        left as i32,
        top as i32,
        (right - left).max(1.0) as u32,
        (bottom - top).max(1.0) as u32,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: u32 = 11;

    /// What is shown for boxes (left, right) with lattices of [`BLOCK`] at these phases.
    fn shown(frames: &[(i32, i32, i32)]) -> Vec<(i32, i32)> {
        let rect = |(left, right, _): (i32, i32, i32)| {
            Rect::new(left, 22, (right - left) as u32, 11 * BLOCK)
        };
        let lattice = |(_, _, phase): (i32, i32, i32)| Lattice::square(BLOCK, phase, 0);
        let mut edges = Edges::new(&rect(frames[0]), Some(&lattice(frames[0])));
        let mut shown = vec![(edges.rect().x, edges.rect().right() as i32)];
        for frame in &frames[1..] {
            edges.update(&rect(*frame), Some(&lattice(*frame)), true);
            shown.push((edges.rect().x, edges.rect().right() as i32));
        }
        shown
    }

    #[test]
    fn an_edge_that_jumps_outwards_for_a_frame_stays() {
        let mut frames = vec![(44, 165, 0); 12];
        frames[5].1 = 172;
        frames[8].0 = 37;
        // By a block, but on both sides.
        frames[10] = (33, 176, 0);
        assert_eq!(shown(&frames), [(44, 165); 12]);
    }

    #[test]
    fn what_it_does_not_cover_is_not_touched() {
        let mut frames = vec![(44, 165, 0); 12];
        frames[5].1 = 150;
        assert_eq!(shown(&frames)[5], (44, 150));
        assert_eq!(shown(&frames)[6], (44, 165));
    }

    #[test]
    fn a_new_place_is_believed_on_a_line_or_when_it_is_seen_again() {
        // A block more.
        let mut frames = vec![(44, 165, 0); 8];
        frames[4..].fill((44, 176, 0));
        assert_eq!(shown(&frames)[4], (44, 176));
        frames[4..].fill((44, 172, 0));
        let seen = shown(&frames);
        assert_eq!(seen[4..], [(44, 165), (44, 165), (44, 172), (44, 172)]);
    }

    #[test]
    fn a_box_that_takes_its_lattice_along_is_not_held_back() {
        let step = |frame: i32| frame * 3 + i32::from(frame > 6) * 9;
        let frames: Vec<_> = (0..12)
            .map(|frame| (44 + step(frame), 170 + step(frame), step(frame) % 11))
            .collect();
        let boxes: Vec<_> = frames.iter().map(|frame| (frame.0, frame.1)).collect();
        assert_eq!(shown(&frames), boxes);
        // One edge of which is found wrong.
        let mut wrong = frames;
        wrong[9].1 += 9;
        wrong[4].0 -= 5;
        assert_eq!(shown(&wrong), boxes);
    }

    #[test]
    fn a_box_that_goes_by_whole_blocks_is_not_held_back() {
        let frames: Vec<_> = (0..12)
            .map(|frame| (44 + frame / 3 * 11, 165 + (frame + 1) / 3 * 11, 0))
            .collect();
        let boxes: Vec<_> = frames.iter().map(|frame| (frame.0, frame.1)).collect();
        assert_eq!(shown(&frames), boxes);
    }
}
