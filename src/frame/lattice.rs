//! The grid of a mosaic.

/// A regular grid of blocks in frame coordinates.
///
/// Vertical lines stand at `phase_x + k · block_width` for whole k, horizontal ones likewise; coordinates are
/// those of pixel edges (0 is the frame's left or top edge). Block sizes may be fractional: a clip that was
/// scaled after pixelation has such.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lattice {
    /// Width of a block in pixels, above zero.
    pub block_width: f32,
    /// Height of a block in pixels, above zero.
    pub block_height: f32,
    /// Position of one vertical line, pixels; in 0 … `block_width`.
    pub phase_x: f32,
    /// Position of one horizontal line, pixels; in 0 … `block_height`.
    pub phase_y: f32,
}

impl Lattice {
    /// A grid of square blocks with one corner at (`x`, `y`).
    pub fn square(block: u32, x: i32, y: i32) -> Self {
        let block = block.max(1);
        Self {
            block_width: block as f32,
            block_height: block as f32,
            phase_x: x.rem_euclid(block as i32) as f32,
            phase_y: y.rem_euclid(block as i32) as f32,
        }
    }
}
