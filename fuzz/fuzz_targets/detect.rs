//! Frames from strangers: any size, stride and content, with mosaics in them or not; two frames in
//! a row, as a tracker remembers the first.

#![no_main]

use arbitrary::Arbitrary;
use gstdepixelate::detect::{DetectSettings, Luma};
use gstdepixelate::track::MosaicTracker;
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Frame {
    width: u8,
    height: u8,
    padding: u8,
    /// Cell sizes of a lattice drawn over everything, in quarters of a pixel.
    block: (u8, u8),
    phase: (u8, u8),
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
    fn draw(&self) -> (Vec<u8>, usize) {
        let stride = usize::from(self.width) + usize::from(self.padding % 8);
        let cell = |at: usize, block: u8, phase: u8| {
            (4 * at + usize::from(phase)) / usize::from(block.max(1))
        };
        let level = |i: usize| {
            let (x, y) = (i % stride.max(1), i / stride.max(1));
            let column = cell(x, self.block.0, self.phase.0);
            let row = cell(y, self.block.1, self.phase.1);
            let index = (column * 31 + row * 17) % self.levels.len().max(1);
            let level = self.levels.get(index).copied().unwrap_or(0);
            level.wrapping_add((i * 7919 % 251) as u8 % self.noise.max(1))
        };
        ((0..stride * usize::from(self.height)).map(level).collect(), stride)
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
        let luma = Luma {
            data: &data,
            stride,
            width: frame.width.into(),
            height: frame.height.into(),
        };
        for tracked in follower.next(&luma, &settings, input.interval.into()) {
            let rect = tracked.region.rect;
            assert!(rect.x >= 0 && rect.right() <= i64::from(frame.width), "{rect:?}");
            assert!(rect.y >= 0 && rect.bottom() <= i64::from(frame.height), "{rect:?}");
            let lattice = tracked.region.lattice.expect("a detected region has one");
            assert!(lattice.block_width > 0.0 && lattice.block_height > 0.0);
            assert!((0.0..=lattice.block_width).contains(&lattice.phase_x));
            assert!((0.0..=lattice.block_height).contains(&lattice.phase_y));
        }
    }
});
