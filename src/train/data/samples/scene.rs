//! Where a mosaic lies in its frame, and what of the frame a network sees.

use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use super::degradation::Degradation;
use crate::frame::{Lattice, Rect, Square};
use crate::train::data::random::logarithmic;

/// A mosaic in a square frame, in pixels of that frame.
pub struct Scene {
    /// Side of the frame.
    pub side: u32,
    /// The mosaic's box.
    pub mosaic: Rect,
    /// The same as it is detected.
    pub seen: Rect,
    /// What the network sees.
    pub view: Square,
    /// The crop is mosaic from edge to edge.
    pub whole: bool,
}

impl Scene {
    /// A scene at random for crops of `size` pixels that are `margin` times as wide as the mosaic.
    pub fn draw(
        degradation: &Degradation,
        size: usize,
        margin: f64,
        random: &mut Pcg64Mcg,
    ) -> Self {
        let view_side = size as f64 * logarithmic(random, degradation.scale);
        if random.random_bool(degradation.whole) {
            return match degradation.zoom {
                Some(zoom) => Self::zoomed(view_side, zoom, random),
                None => Self::filled(view_side, degradation.jitter, random),
            };
        }
        let longer = (view_side / margin).round().max(8.0);
        let [low, high] = degradation.inner;
        let side = (longer / random.random_range(low..=high)).round();
        let shorter = longer * random.random_range(0.7..=1.0);
        let (width, height) = if random.random_bool(0.5) {
            (longer, shorter)
        } else {
            (shorter, longer)
        };
        let outside = random.random_bool(degradation.outside);
        // Faces are near the middle of their pictures; boxes of strangers are never exact.
        let mut corner = |length: f64| {
            if outside {
                let beyond = 0.3 * length;
                return random
                    .random_range(-beyond..=side - length + beyond)
                    .round() as i32;
            }
            let shift = random.random_range(-0.12..=0.12) * side;
            ((side - length) / 2.0 + shift)
                .round()
                .clamp(0.0, side - length) as i32
        };
        let mosaic = Rect::new(corner(width), corner(height), width as u32, height as u32);
        let side = side as u32;
        // Both hold a pixel: the middle of either lies in the frame.
        let mosaic = mosaic.clamp_to(side, side).unwrap_or(mosaic);
        let seen = detected(&mosaic, random);
        let seen = seen.clamp_to(side, side).unwrap_or(mosaic);
        Self {
            side,
            mosaic,
            seen,
            view: Square::around(&seen, margin).inside(&seen, side, side),
            whole: false,
        }
    }

    /// A crop out of a picture that is `zoom` times as large, and wholly pixelated.
    fn zoomed(view_side: f64, zoom: f64, random: &mut Pcg64Mcg) -> Self {
        let view_side = (view_side.round() as u32).max(16);
        let side = (f64::from(view_side) * zoom).round() as u32;
        let mut offset = || random.random_range(0..=side - view_side) as i32;
        let seen = Rect::new(offset(), offset(), view_side, view_side);
        Self {
            side,
            mosaic: Rect::new(0, 0, side, side),
            seen,
            view: Square::around(&seen, 1.0),
            whole: true,
        }
    }

    /// A crop that is mosaic from edge to edge.
    fn filled(view_side: f64, jitter: f64, random: &mut Pcg64Mcg) -> Self {
        let side = view_side * random.random_range(1.0..=jitter);
        let side = (side.round() as u32).max(16);
        let view_side = (view_side.round() as u32).clamp(16, side);
        let mut offset = || random.random_range(0..=side - view_side) as i32;
        let mosaic = Rect::new(offset(), offset(), view_side, view_side);
        Self {
            side,
            mosaic,
            seen: mosaic,
            view: Square::around(&mosaic, 1.0),
            whole: true,
        }
    }

    /// The same with its mosaic shifted by so many pixels, if it has borders.
    pub(super) fn shifted(&self, shift: [i32; 2]) -> Self {
        let moved = |rect: &Rect| match self.whole {
            true => *rect,
            false => moved(rect, shift, self.side),
        };
        Self {
            mosaic: moved(&self.mosaic),
            seen: moved(&self.seen),
            ..*self
        }
    }
}

/// `rect` shifted by so many pixels, as far as a frame of `side` has room for it.
pub(super) fn moved(rect: &Rect, [x, y]: [i32; 2], side: u32) -> Rect {
    let place = |at: i32, shift: i32, length: u32| {
        (at + shift).clamp(0, (i64::from(side) - i64::from(length)).max(0) as i32)
    };
    Rect {
        x: place(rect.x, x, rect.width),
        y: place(rect.y, y, rect.height),
        ..*rect
    }
}

/// `mosaic` as a detector may see it: each edge off by up to 3 % of the side.
pub(crate) fn detected(mosaic: &Rect, random: &mut Pcg64Mcg) -> Rect {
    let slack = (f64::from(mosaic.width.min(mosaic.height)) * 0.03).ceil() as i32;
    let mut off = || random.random_range(-slack..=slack);
    let (left, top, right, bottom) = (off(), off(), off(), off());
    Rect::new(
        mosaic.x + left,
        mosaic.y + top,
        mosaic.width.saturating_add_signed(right - left).max(8),
        mosaic.height.saturating_add_signed(bottom - top).max(8),
    )
}

/// Square blocks of `block` pixels from the box's corner.
pub(super) fn tiles(block: f64, mosaic: &Rect) -> Lattice {
    let side = block.round().max(2.0);
    let phase = |at: i32| f64::from(at).rem_euclid(side) as f32;
    Lattice {
        block_width: side as f32,
        block_height: side as f32,
        phase_x: phase(mosaic.x),
        phase_y: phase(mosaic.y),
    }
}

/// Blocks of about `block` pixels, mostly square, at the box's corner or anywhere.
pub(super) fn lattice(block: f64, mosaic: &Rect, random: &mut Pcg64Mcg) -> Lattice {
    let width = block.round().max(2.0);
    let aspect = random.random_range(0.8..=1.25);
    let height = if random.random_bool(0.15) {
        (block * aspect).round().max(2.0)
    } else {
        width
    };
    let (x, y) = if random.random_bool(0.5) {
        (f64::from(mosaic.x), f64::from(mosaic.y))
    } else {
        (
            random.random_range(0.0..width).floor(),
            random.random_range(0.0..height).floor(),
        )
    };
    Lattice {
        block_width: width as f32,
        block_height: height as f32,
        phase_x: x.rem_euclid(width) as f32,
        phase_y: y.rem_euclid(height) as f32,
    }
}
