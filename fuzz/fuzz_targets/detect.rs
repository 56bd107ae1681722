//! Frames from strangers: any size, stride and content, with mosaics in them or not; two frames in
//! a row, as a tracker remembers the first.

#![no_main]

use arbitrary::Arbitrary;
use gstdepixelate::detect::{DetectSettings, Luma};
use gstdepixelate::track::MosaicTracker;
use libfuzzer_sys::fuzz_target;

/// Sides of frames are below this, pixels.
const LARGEST: usize = 640;

#[derive(Arbitrary, Debug)]
struct Frame {
    /// Windows of large blocks have 384 pixels.
    width: u16,
    height: u16,
    padding: u8,
    /// Cell sizes of a lattice drawn over everything, in halves of a pixel.
    block: (u8, u8),
    phase: (u8, u8),
    /// By how much its lines are slanted, in parts of 512.
    slant: i8,
    /// Levels of the cells, and noise on top.
    levels: Vec<u8>,
    noise: u8,
}

#[derive(Arbitrary, Debug)]
struct Input {
    frames: [Frame; 2],
    least: u8,
    interval: u8,
}

impl Frame {
    fn size(&self) -> (usize, usize) {
        (usize::from(self.width) % LARGEST, usize::from(self.height) % LARGEST)
    }

    fn draw(&self) -> (Vec<u8>, usize) {
        let (width, height) = self.size();
        let stride = width + usize::from(self.padding % 8);
        let slant = isize::from(self.slant);
        let cell = |at: usize, beside: isize, block: u8, phase: u8| {
            let at = at as isize + beside / 512;
            // Blocks of up to 127 pixels.
            let block = isize::from(block.max(1)) * 2;
            ((4 * at + isize::from(phase)).div_euclid(block)) as usize
        };
        let level = |i: usize| {
            let (x, y) = (i % stride.max(1), i / stride.max(1));
            let column = cell(x, slant * y as isize, self.block.0, self.phase.0);
            let row = cell(y, -slant * x as isize, self.block.1, self.phase.1);
            let index = column.wrapping_mul(31).wrapping_add(row.wrapping_mul(17));
            let index = index % self.levels.len().max(1);
            let level = self.levels.get(index).copied().unwrap_or(0);
            level.wrapping_add((i * 7919 % 251) as u8 % self.noise.max(1))
        };
        ((0..stride * height).map(level).collect(), stride)
    }
}

fuzz_target!(|input: Input| {
    let mut follower = MosaicTracker::new();
    let settings = DetectSettings {
        score_threshold: f32::from(input.least) / 255.0,
        min_width: 8,
        min_height: 8,
        ..DetectSettings::default()
    };
    for frame in &input.frames {
        let (data, stride) = frame.draw();
        let (width, height) = frame.size();
        let luma = Luma {
            data: &data,
            stride,
            width: width as u32,
            height: height as u32,
        };
        for tracked in follower.next(&luma, &settings, input.interval.into()) {
            let rect = tracked.region.rect;
            assert!(rect.x >= 0 && rect.right() <= width as i64, "{rect:?}");
            assert!(rect.y >= 0 && rect.bottom() <= height as i64, "{rect:?}");
            let lattice = tracked.region.lattice.expect("a detected region has one");
            assert!(lattice.block_width > 0.0 && lattice.block_height > 0.0);
            assert!((0.0..=lattice.block_width).contains(&lattice.phase_x));
            assert!((0.0..=lattice.block_height).contains(&lattice.phase_y));
        }
    }
});
