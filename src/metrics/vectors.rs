//! Two pairs of 64×64 pictures whose figures were computed with other programs: PSNR, SSIM and UQI
//! with `sewar` 0.4.10, colour with an independent CIEDE2000, the rest with NumPy and SciPy from
//! the definitions.

use super::Picture;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

const SIDE: usize = 64;

/// A picture and a changed copy of it.
pub(super) struct Pair {
    side: usize,
    a: Vec<u8>,
    b: Vec<u8>,
}

impl Pair {
    /// Steep wrapping ramps, and small differences of period 17.
    pub(super) fn p1() -> Self {
        Self::ramps(SIDE).checked([1_596_672, 1_595_861], [110, 150, 190], [115, 145, 192])
    }

    /// The pattern of [`Self::p1`] on a square of any size.
    pub(super) fn ramps(side: usize) -> Self {
        Self::new(
            side,
            |x, y, c| ((3 * x + 5 * y + 40 * c) % 256) as f64,
            |a, x, y, c| a + ((x * y + 7 * c) % 17) as f64 - 8.0,
        )
    }

    /// Soft waves, and a constant added to each channel.
    pub(super) fn p2() -> Self {
        use std::f64::consts::TAU;
        let pair = Self::new(
            SIDE,
            |x, y, c| {
                let (x, y, c) = (x as f64, y as f64, c as f64);
                127.5 + 100.0 * (TAU * x / 64.0 + c).sin() * (TAU * y / 32.0).cos()
            },
            |a, _, _, c| a + 10.0 + 5.0 * c as f64,
        );
        pair.checked([1_566_919, 1_751_239], [92, 121, 156], [102, 136, 176])
    }

    fn new(
        side: usize,
        a: impl Fn(usize, usize, usize) -> f64,
        b: impl Fn(f64, usize, usize, usize) -> f64,
    ) -> Self {
        let byte = |v: f64| v.round().clamp(0.0, 255.0) as u8;
        let places = || (0..side * side * 3).map(|i| (i / 3 % side, i / 3 / side, i % 3));
        let a: Vec<u8> = places().map(|(x, y, c)| byte(a(x, y, c))).collect();
        let b = (places().zip(&a))
            .map(|((x, y, c), &a)| byte(b(f64::from(a), x, y, c)))
            .collect();
        Self { side, a, b }
    }

    /// Compare sums of bytes and the pixel in row 10, column 20 with what the reference had.
    fn checked(self, sums: [u64; 2], pixel_a: [u8; 3], pixel_b: [u8; 3]) -> Self {
        let sum = |data: &[u8]| data.iter().map(|&v| u64::from(v)).sum::<u64>();
        let at = (10 * SIDE + 20) * 3;
        assert_eq!([sum(&self.a), sum(&self.b)], sums);
        assert_eq!(
            (&self.a[at..at + 3], &self.b[at..at + 3]),
            (&pixel_a[..], &pixel_b[..])
        );
        self
    }

    pub(super) fn pictures(&self) -> (Picture<'_>, Picture<'_>) {
        let picture = |data| Picture::new(self.side, self.side, data).unwrap();
        (picture(&self.a), picture(&self.b))
    }
}

/// The bytes of a picture whose pixels are `pixel(x, y)`.
pub(super) fn painted(
    width: usize,
    height: usize,
    pixel: impl Fn(usize, usize) -> [u8; 3],
) -> Vec<u8> {
    let places = (0..width * height).map(|i| (i % width, i / width));
    places.flat_map(|(x, y)| pixel(x, y)).collect()
}

/// Bytes of white noise.
pub(super) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut data = vec![0; length];
    Xoshiro256PlusPlus::seed_from_u64(seed).fill_bytes(&mut data);
    data
}

/// Fail, and say both numbers, where they lie further apart than `tolerance`.
#[track_caller]
pub(super) fn assert_close(actual: f64, expected: f64, tolerance: f64) {
    let difference = (actual - expected).abs();
    assert!(
        difference <= tolerance,
        "{actual} is not {expected} ± {tolerance}"
    );
}
