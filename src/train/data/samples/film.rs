//! Films made of single pictures: a head that moves before its background, and a lattice that stands
//! in the frame, follows the head, or jumps with its box.
//!
//! All frames of a film are drawn with the same chance, but for the noise: what differs is where
//! things are.

use anyhow::ensure;
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use crate::train::data::random::logarithmic;

/// Frames of a film that a batch has, one after the other: an error that changes shows in two.
pub(crate) const MOMENTS: usize = 2;

/// How films are made of pictures. Lengths are shares of the crop's side, changes are per frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Film {
    /// Share of films in which nothing moves.
    pub still: f64,
    /// Slowest and fastest head; drawn evenly on a logarithmic scale.
    pub speed: [f64; 2],
    /// Largest turn, degrees.
    pub turn: f64,
    /// Largest change of size, a share.
    pub zoom: f64,
    /// Largest movement of lids, lips and the like against the head.
    pub expression: f64,
    /// Least share of the head's movement that the background makes.
    pub parallax: f64,
    /// Largest deviation of the camera's shake, and the share of films that have some.
    pub shake: f64,
    /// Share of films with shake.
    pub shaken: f64,
    /// Largest change of the light, a share.
    pub light: f64,
    /// Shares of lattices that follow the head, and that jump with their boxes; others stand in the
    /// frame.
    pub follows: f64,
    /// See [`Self::follows`].
    pub jumps: f64,
    /// Share of films whose neighbours are not known at all.
    pub alone: f64,
    /// Share of films of which only the past is known.
    pub past: f64,
    /// Share of single neighbours that are lost in the others.
    pub lost: f64,
}

impl Film {
    /// An error for numbers that make no film.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let shares = [
            ("still", self.still),
            ("parallax", self.parallax),
            ("shaken", self.shaken),
            ("follows", self.follows),
            ("jumps", self.jumps),
            ("follows and film.jumps together", self.follows + self.jumps),
            ("alone", self.alone),
            ("past", self.past),
            ("alone and film.past together", self.alone + self.past),
            ("lost", self.lost),
        ];
        for (name, share) in shares {
            ensure!(
                (0.0..=1.0).contains(&share),
                "film.{name} is {share}; it must lie in 0 … 1"
            );
        }
        let changes = [
            ("turn", self.turn, 45.0),
            ("zoom", self.zoom, 0.2),
            ("expression", self.expression, 0.2),
            ("shake", self.shake, 0.2),
            ("light", self.light, 0.2),
        ];
        for (name, change, most) in changes {
            ensure!(
                (0.0..=most).contains(&change),
                "film.{name} is {change}; it must lie in 0 … {most}"
            );
        }
        let [low, high] = self.speed;
        ensure!(
            0.0 < low && low <= high && high <= 0.3,
            "film.speed is {low} … {high}; it must rise and lie above 0 and at most at 0.3"
        );
        Ok(())
    }
}

/// What a lattice keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeps {
    Frame,
    Head,
    Box,
}

/// A part of the face that moves for itself: it swings around its place.
#[derive(Clone, Copy, Debug)]
struct Swing {
    /// Its middle and its radius, shares of the frame's side.
    middle: [f64; 2],
    radius: f64,
    /// Furthest from its place.
    reach: [f64; 2],
    /// Radians at the first frame, and per frame.
    phase: f64,
    rate: f64,
}

/// How a film moves; lengths are shares of its frames' sides.
#[derive(Clone, Debug)]
pub(super) struct Motion {
    /// Frames.
    count: usize,
    /// The head's, and how it changes per frame.
    speed: [f64; 2],
    acceleration: [f64; 2],
    /// Radians per frame.
    turn: f64,
    /// The logarithm of the factor per frame.
    zoom: f64,
    parallax: f64,
    swings: Vec<Swing>,
    /// For each frame.
    shake: Vec<[f64; 2]>,
    /// For each frame, −0.5 … 0.5 of a block.
    jumps: Vec<[f64; 2]>,
    light: f64,
    keeps: Keeps,
    /// Seed of the noise.
    seed: u64,
}

impl Motion {
    /// A motion at random for `count` frames in which the crop covers `crop` of the side.
    pub(super) fn draw(film: &Film, count: usize, crop: f64, random: &mut Pcg64Mcg) -> Self {
        let still = random.random_bool(film.still);
        let moving = if still { 0.0 } else { 1.0 };
        let around =
            |most: f64, random: &mut Pcg64Mcg| moving * most * random.random_range(-1.0..=1.0);
        let angle = random.random_range(0.0..std::f64::consts::TAU);
        let pace = moving * crop * logarithmic(random, film.speed);
        let (sin, cos) = angle.sin_cos();
        // Heads seldom go up and down as fast as they go to the side.
        let speed = [pace * cos, 0.6 * pace * sin];
        let acceleration = [(); 2].map(|()| around(0.3 * pace, random));
        let shaken = !still && random.random_bool(film.shaken);
        let shake = if shaken { crop * film.shake } else { 0.0 };
        let place = random.random_range(0.0..1.0);
        let keeps = match place {
            it if it < film.follows => Keeps::Head,
            it if it < film.follows + film.jumps => Keeps::Box,
            _ => Keeps::Frame,
        };
        let swings = (0..3)
            .map(|_| Swing {
                middle: [
                    random.random_range(0.3..0.7),
                    random.random_range(0.3..0.75),
                ],
                radius: crop * random.random_range(0.06..0.18),
                reach: [
                    around(0.4 * crop * film.expression, random),
                    around(crop * film.expression, random),
                ],
                phase: random.random_range(0.0..std::f64::consts::TAU),
                rate: random.random_range(0.1..1.2),
            })
            .collect();
        let each = |most: f64, random: &mut Pcg64Mcg| -> Vec<[f64; 2]> {
            let one =
                |random: &mut Pcg64Mcg| [(); 2].map(|()| most * random.random_range(-1.0..=1.0));
            (0..count).map(|_| one(random)).collect()
        };
        Self {
            count,
            speed,
            acceleration,
            turn: around(film.turn.to_radians(), random),
            zoom: around(film.zoom, random),
            parallax: random.random_range(film.parallax..=1.0),
            swings,
            shake: each(shake, random),
            jumps: each(0.5, random),
            light: around(film.light, random),
            keeps,
            seed: random.random(),
        }
    }

    /// Its frames.
    pub(super) fn poses(&self) -> impl Iterator<Item = Pose<'_>> {
        (0..self.count).map(|frame| Pose {
            motion: self,
            frame,
        })
    }
}

/// A frame of a film.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pose<'a> {
    motion: &'a Motion,
    frame: usize,
}

impl Pose<'_> {
    /// Frames since the middle of the film, where the picture is as it is.
    fn time(&self) -> f64 {
        self.frame as f64 - (self.motion.count - 1) as f64 / 2.0
    }

    /// Where the head has gone, shares of the side.
    fn head(&self) -> [f64; 2] {
        let time = self.time();
        let at = |axis: usize| {
            let Motion {
                speed,
                acceleration,
                ..
            } = self.motion;
            speed[axis] * time + acceleration[axis] * time * time / 2.0
        };
        let shake = self.motion.shake[self.frame];
        [at(0) + shake[0], at(1) + shake[1]]
    }

    /// Factor of the light.
    pub(super) fn light(&self) -> f64 {
        (self.motion.light * self.time()).exp()
    }

    /// Seed of the noise.
    pub(super) fn noise(&self) -> (u64, u64) {
        (self.motion.seed, self.frame as u64)
    }

    /// How far the mosaic's box lies from where it is in the middle of the film, whole pixels of a
    /// frame of `side`. Blocks are `block` pixels wide. A box whose lattice stands goes along by whole
    /// blocks.
    pub(super) fn shift(&self, side: u32, block: f64) -> [i32; 2] {
        let head = self.head().map(|it| it * f64::from(side));
        let jump = self.motion.jumps[self.frame];
        let step = block.round().max(1.0);
        [0, 1].map(|axis| match self.motion.keeps {
            Keeps::Frame => ((head[axis] / step).round() * step) as i32,
            Keeps::Head => head[axis].round() as i32,
            Keeps::Box => (head[axis] + jump[axis] * step).round() as i32,
        })
    }

    /// Whether the lattice is shifted as the box is.
    pub(super) fn shifts_lattice(&self) -> bool {
        self.motion.keeps != Keeps::Frame
    }

    /// Where a place in the frame is in the picture, both shares of the side.
    fn source(&self, at: [f64; 2]) -> [f64; 2] {
        let Motion {
            turn,
            zoom,
            parallax,
            swings,
            ..
        } = self.motion;
        let (time, head) = (self.time(), self.head());
        let shake = self.motion.shake[self.frame];
        let (sin, cos) = (turn * time).sin_cos();
        let size = (zoom * time).exp();
        // The head turns and grows around its own middle.
        let [x, y] = [0, 1].map(|axis| at[axis] - 0.5 - head[axis]);
        let turned = [(cos * x + sin * y) / size, (cos * y - sin * x) / size];
        let from_middle = (x * x + y * y).sqrt();
        let near = 1.0 - ((from_middle - 0.3) / 0.2).clamp(0.0, 1.0);
        let weight = parallax + (1.0 - parallax) * near * near * (3.0 - 2.0 * near);
        let mut source = [0, 1].map(|axis| {
            let rigid = turned[axis] + 0.5;
            let still = at[axis] - shake[axis];
            still + weight * (rigid - still)
        });
        let there = source;
        for swing in swings {
            let off = [0, 1].map(|axis| there[axis] - swing.middle[axis]);
            let distance = (off[0] * off[0] + off[1] * off[1]) / (swing.radius * swing.radius);
            if distance < 9.0 {
                let now = (swing.phase + swing.rate * time).sin() * (-distance / 2.0).exp();
                source[0] -= swing.reach[0] * now;
                source[1] -= swing.reach[1] * now;
            }
        }
        source
    }

    /// The picture `frame`, packed R′G′B′ of `side` × `side`, as it is at this time.
    pub(super) fn warp(&self, frame: &[u8], side: u32) -> Vec<u8> {
        let size = f64::from(side);
        let mut warped = Vec::with_capacity(frame.len());
        for y in 0..side {
            for x in 0..side {
                let at = [x, y].map(|it| (f64::from(it) + 0.5) / size);
                let source = self.source(at).map(|it| it * size - 0.5);
                warped.extend(cubic(frame, side as usize, source));
            }
        }
        warped
    }
}

/// The Catmull–Rom interpolation of a packed R′G′B′ picture of `side` × `side` at a place in pixels;
/// beyond its edges they go on.
fn cubic(frame: &[u8], side: usize, at: [f64; 2]) -> [u8; 3] {
    let last = side as i64 - 1;
    let taps = |at: f64| {
        let first = at.floor();
        let t = (at - first) as f32;
        let (t2, t3) = (t * t, t * t * t);
        let weights = [
            0.5 * (2.0 * t2 - t - t3),
            0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
            0.5 * (4.0 * t2 + t - 3.0 * t3),
            0.5 * (t3 - t2),
        ];
        let places = [-1, 0, 1, 2].map(|step| (first as i64 + step).clamp(0, last) as usize);
        (places, weights)
    };
    let ((columns, across), (rows, down)) = (taps(at[0]), taps(at[1]));
    let mut sum = [0.0f32; 3];
    for (row, down) in rows.into_iter().zip(down) {
        for (column, across) in columns.into_iter().zip(across) {
            let pixel = &frame[3 * (row * side + column)..][..3];
            let weight = down * across;
            for (sum, value) in sum.iter_mut().zip(pixel) {
                *sum += weight * f32::from(*value);
            }
        }
    }
    sum.map(|value| (value + 0.5).clamp(0.0, 255.0) as u8)
}

/// Which neighbours of a frame are known, in the order of `count` of them, the first `behind` of which
/// are in the past.
pub(super) fn known(film: &Film, behind: usize, count: usize, random: &mut Pcg64Mcg) -> Vec<bool> {
    let kind: f64 = random.random_range(0.0..1.0);
    (0..count)
        .map(|place| {
            let lost = random.random_bool(film.lost);
            let hidden = kind < film.alone || (kind < film.alone + film.past && place >= behind);
            !(lost || hidden)
        })
        .collect()
}

#[cfg(test)]
mod tests;
