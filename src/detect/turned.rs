//! A part of a plane, turned back until the mosaics in it are upright.

use super::plane::{Luma, Plane};
use super::regions::Region;
use crate::frame::{Lattice, Rect, Turn};

/// Width of what is turned around the parts of a mosaic that were found, in parts of their box, and
/// in pixels at least.
const AROUND: (f64, f64) = (0.5, 48.0);

/// A turned part of a plane; keeps its memory.
#[derive(Debug, Default)]
pub(super) struct Turned {
    data: Vec<u8>,
    width: usize,
    height: usize,
    angle: f32,
    turn: Turn,
}

impl Turned {
    /// Turn what is in and around `area` of `plane` back by `angle`, radians.
    pub(super) fn fill(&mut self, plane: &Plane<'_>, area: &Rect, angle: f32) {
        let (width, height) = (f64::from(area.width), f64::from(area.height));
        let rim = (AROUND.0 * width.max(height)).max(AROUND.1);
        // No larger than the plane: whatever was found, the work is bounded.
        let side = |length: f64, limit: usize| ((length + 2.0 * rim) as usize).min(limit);
        (self.width, self.height) = (side(width, plane.width), side(height, plane.height));
        let own = [self.width as f64 / 2.0, self.height as f64 / 2.0];
        (self.angle, self.turn) = (angle, Turn::new(angle, own, middle(area)));
        self.data.clear();
        self.data.reserve(self.width * self.height);
        let [dx, dy] = self.turn.step().map(|step| step as f32);
        for row in 0..self.height {
            // Samples lie in the middle of their pixels.
            let start = self.turn.to_frame([0.5, row as f64 + 0.5]);
            let [x, y] = start.map(|at| at as f32 - 0.5);
            let row = (0..self.width).map(|i| sample(plane, x + dx * i as f32, y + dy * i as f32));
            self.data.extend(row);
        }
    }

    /// What was turned.
    pub(super) fn luma(&self) -> Luma<'_> {
        Luma {
            data: &self.data,
            stride: self.width,
            width: self.width as u32,
            height: self.height as u32,
        }
    }

    /// The angle it was turned back by, radians.
    pub(super) fn angle(&self) -> f32 {
        self.angle
    }

    /// An upright region of this plane as one of the plane that was turned.
    pub(super) fn region(&self, upright: &Region) -> Region {
        let rect = &upright.rect;
        let [width, height] = [rect.width, rect.height].map(f64::from);
        let there = self.turn.to_frame(middle(rect));
        let (sin, cos) = f64::from(self.angle.abs()).sin_cos();
        let sides = [width * cos + height * sin, width * sin + height * cos].map(f64::round);
        let corner = [0, 1].map(|axis| (there[axis] - sides[axis] / 2.0).round() as i32);
        let outer = Rect::new(corner[0], corner[1], sides[0] as u32, sides[1] as u32);
        let lattice = upright
            .lattice
            .map(|lattice| self.lattice(&lattice, &outer));
        Region {
            rect: outer,
            lattice,
            turn: self.angle,
            ..*upright
        }
    }

    /// A lattice of this plane as that of a turned region with the box `outer`, about whose middle
    /// it is turned back.
    pub(super) fn lattice(&self, lattice: &Lattice, outer: &Rect) -> Lattice {
        let about = middle(outer);
        let own = self.turn.to_upright(about);
        let phase = |phase: f32, block: f32, axis: usize| {
            (f64::from(phase) + about[axis] - own[axis]).rem_euclid(f64::from(block)) as f32
        };
        Lattice {
            phase_x: phase(lattice.phase_x, lattice.block_width, 0),
            phase_y: phase(lattice.phase_y, lattice.block_height, 1),
            ..*lattice
        }
    }

    /// Where a region that is turned by this angle is in this plane.
    pub(super) fn upright(&self, region: &Region) -> Rect {
        let (width, height) = region.upright_size();
        let [x, y] = self.turn.to_upright(middle(&region.rect));
        let start = |at: f64, side: u32| (at - f64::from(side) / 2.0).round() as i32;
        Rect::new(start(x, width), start(y, height), width, height)
    }
}

/// The middle of a rectangle, x and y.
fn middle(rect: &Rect) -> [f64; 2] {
    [
        f64::from(rect.x) + f64::from(rect.width) / 2.0,
        f64::from(rect.y) + f64::from(rect.height) / 2.0,
    ]
}

/// What lies at (`x`, `y`), counted from the middle of the first pixel; beyond the plane that of its
/// edge.
#[inline(always)]
fn sample(plane: &Plane<'_>, x: f32, y: f32) -> u8 {
    let place = |at: f32, limit: usize| {
        let at = at.clamp(0.0, (limit - 1) as f32);
        let first = (at as usize).min(limit - 2);
        (first, at - first as f32)
    };
    let ((x, right), (y, lower)) = (place(x, plane.width), place(y, plane.height));
    let [upper_row, lower_row] = [plane.row(y), plane.row(y + 1)].map(|row| {
        let [a, b] = [row[x], row[x + 1]].map(f32::from);
        a + (b - a) * right
    });
    (upper_row + (lower_row - upper_row) * lower + 0.5) as u8
}
