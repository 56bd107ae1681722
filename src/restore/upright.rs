//! A region that is turned in its frame: its surroundings are turned back, restored as a small
//! upright frame of their own, and the face is turned into the frame again.

use crate::detect::Region;
use crate::frame::{FrameView, FrameViewMut, Lattice, Layout, Patch, Rect, Square, Turn, patch};

/// Side of the small frame ÷ that of the square which the network sees of it, which may be moved.
const ROOM: f64 = 1.3;

/// The surroundings of a turned region; keeps its memory.
#[derive(Default)]
pub(super) struct Upright {
    /// The box around the region in its frame.
    outer: Rect,
    turn: Turn,
    side: u32,
    /// Packed RGB of the small frame.
    data: Vec<u8>,
}

impl Upright {
    /// Take up `region`, which is turned in a frame of `size` (width, height) pixels, and the square
    /// of the face in it, if that is known, for a network that sees squares `margin` times as wide
    /// as mosaics. Returns both as they are in the small frame, which is no larger than the other.
    pub(super) fn set(
        &mut self,
        region: &Region,
        face: Option<Square>,
        margin: f64,
        size: (u32, u32),
    ) -> (Region, Option<Square>) {
        let (width, height) = region.upright_size();
        let longer = width.max(height);
        let middle = |start: i32, length: u32| f64::from(start) + f64::from(length) / 2.0;
        let there = [
            middle(region.rect.x, region.rect.width),
            middle(region.rect.y, region.rect.height),
        ];
        let seen = face.map_or(0.0, |face| {
            let off = [0, 1].map(|axis| (face.middle()[axis] - there[axis]).abs());
            face.side + 2.0 * off[0].max(off[1])
        });
        let side = (ROOM * margin * f64::from(longer)).max(seen).ceil() as u32;
        self.side = side.min(size.0.max(size.1)).max(longer);
        self.outer = region.rect;
        let place = |length: u32| ((self.side - length) / 2) as i32;
        let rect = Rect::new(place(width), place(height), width, height);
        let here = [middle(rect.x, width), middle(rect.y, height)];
        self.turn = Turn::new(region.turn, here, there);
        let phase = |phase: f32, block: f32, axis: usize| {
            let block = f64::from(block).max(1.0);
            (f64::from(phase) + here[axis] - there[axis]).rem_euclid(block) as f32
        };
        let upright = Region {
            rect,
            turn: 0.0,
            lattice: region.lattice.map(|lattice| Lattice {
                phase_x: phase(lattice.phase_x, lattice.block_width, 0),
                phase_y: phase(lattice.phase_y, lattice.block_height, 1),
                ..lattice
            }),
            ..*region
        };
        let face = face.map(|face| {
            let [x, y] = self.turn.to_upright(face.middle());
            Square {
                x: x - face.side / 2.0,
                y: y - face.side / 2.0,
                ..face
            }
        });
        (upright, face)
    }

    /// Width and height of the small frame, pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        (self.side, self.side)
    }

    /// Turn the surroundings in `frame` back; `source` is memory for them.
    pub(super) fn fill(&mut self, frame: &FrameView<'_>, source: &mut Patch) {
        let side = f64::from(self.side);
        let corners = [[0.0, 0.0], [side, 0.0], [0.0, side], [side, side]];
        let corners = corners.map(|corner| self.turn.to_frame(corner));
        let range = |axis: usize| {
            let places = corners.iter().map(|corner| corner[axis]);
            let low = places.clone().fold(f64::MAX, f64::min).floor() - 1.0;
            (
                low as i32,
                (places.fold(f64::MIN, f64::max) + 2.0 - low) as u32,
            )
        };
        let ((x, width), (y, height)) = (range(0), range(1));
        patch::read(frame, Rect::new(x, y, width, height), source);
        self.data.clear();
        self.data
            .reserve(3 * self.side as usize * self.side as usize);
        for row in 0..self.side {
            for column in 0..self.side {
                let at = [f64::from(column) + 0.5, f64::from(row) + 0.5];
                let [x, y] = self.turn.to_frame(at);
                let between = Between::new(source, x, y);
                let color = [0, 1, 2].map(|c| (between.of(source.plane(c)) + 0.5) as u8);
                self.data.extend(color);
            }
        }
    }

    /// The small frame.
    pub(super) fn layout(&self) -> Layout {
        Layout::rgb(self.side, self.side)
    }

    /// The bytes of the small frame, row by row without padding.
    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }

    /// Blend `restored`, a part of the small frame, into `frame` by the weights of `mask`. `there`
    /// and `weights` are memory for it.
    pub(super) fn paste(
        &self,
        frame: &mut FrameViewMut<'_>,
        (restored, mask): (&Patch, &[f32]),
        there: &mut Patch,
        weights: &mut Vec<f32>,
    ) {
        let layout = frame.layout();
        let Some(outer) = self.outer.clamp_to(layout.width, layout.height) else {
            return;
        };
        there.reset(outer);
        weights.clear();
        let rect = restored.rect();
        let (right, bottom) = (rect.right() as f64, rect.bottom() as f64);
        let pixels = (0..outer.height).flat_map(|y| (0..outer.width).map(move |x| (x, y)));
        for (index, (x, y)) in pixels.enumerate() {
            let at = [
                f64::from(outer.x) + f64::from(x) + 0.5,
                f64::from(outer.y) + f64::from(y) + 0.5,
            ];
            let [x, y] = self.turn.to_upright(at);
            let inside =
                (f64::from(rect.x)..right).contains(&x) && (f64::from(rect.y)..bottom).contains(&y);
            if !inside {
                weights.push(0.0);
                continue;
            }
            let between = Between::new(restored, x, y);
            weights.push(between.of(mask));
            for channel in 0..3 {
                there.plane_mut(channel)[index] = between.of(restored.plane(channel));
            }
        }
        patch::write(frame, there, weights);
    }
}

/// A place between four pixels of a patch.
struct Between {
    first: usize,
    /// To the pixel at the right, and to the one below.
    steps: [usize; 2],
    shares: [f32; 2],
}

impl Between {
    /// The place (`x`, `y`) in frame coordinates; beyond the patch that at its edge.
    fn new(patch: &Patch, x: f64, y: f64) -> Self {
        let rect = patch.rect();
        let place = |at: f64, start: i32, length: u32| {
            let last = f64::from(length.max(1) - 1);
            let at = (at - 0.5 - f64::from(start)).clamp(0.0, last);
            let first = at as usize;
            let step = usize::from((first as f64) < last);
            (first, step, (at - first as f64) as f32)
        };
        let width = rect.width as usize;
        let (x, right, x_share) = place(x, rect.x, rect.width);
        let (y, below, y_share) = place(y, rect.y, rect.height);
        Self {
            first: y * width + x,
            steps: [right, below * width],
            shares: [x_share, y_share],
        }
    }

    /// The value there, of `plane` in the patch's order of pixels.
    fn of(&self, plane: &[f32]) -> f32 {
        let [right, below] = self.steps;
        let row = |start: usize| {
            let (a, b) = (plane[start], plane[start + right]);
            a + (b - a) * self.shares[0]
        };
        let (upper, lower) = (row(self.first), row(self.first + below));
        upper + (lower - upper) * self.shares[1]
    }
}
