//! Numbers drawn into frames, which survive a coder: black and white squares in the upper left.

use image::{Rgb, RgbImage};

/// Side of a square in pixels: as large as a coder's own blocks.
const SIDE: u32 = 16;
/// Squares of a number.
const BITS: u32 = 12;

/// Draw `number` into `frame`.
pub fn draw(frame: &mut RgbImage, number: u32) {
    for bit in 0..BITS {
        let level = if number >> bit & 1 == 1 { 235 } else { 16 };
        for y in 0..SIDE {
            for x in 0..SIDE {
                frame.put_pixel(bit * SIDE + x, y, Rgb([level; 3]));
            }
        }
    }
}

/// The number in a luma plane whose rows lie `stride` bytes apart.
pub fn read(luma: &[u8], stride: usize) -> u32 {
    let middle = |bit: u32| (SIDE / 2) as usize * stride + (bit * SIDE + SIDE / 2) as usize;
    let is_set = |bit: &u32| luma.get(middle(*bit)).is_some_and(|&level| level > 125);
    (0..BITS).filter(is_set).map(|bit| 1 << bit).sum()
}

/// How large a frame must be, and how many frames can be told apart.
pub const LEAST_SIZE: (u32, u32) = (BITS * SIDE, SIDE);
pub const MOST_FRAMES: u32 = 1 << BITS;
