//! Randomness that depends on a seed and a number alone, so that a resumed run goes on as an
//! uninterrupted one.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Randomness of sample `index` of a stream.
pub(crate) fn generator(seed: u64, stream: u64, index: u64) -> Pcg64Mcg {
    let mut mixed = Pcg64Mcg::seed_from_u64(seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let salt: u64 = mixed.random();
    Pcg64Mcg::seed_from_u64(salt.wrapping_add(index))
}

/// The picture of sample `index`: every epoch shows each picture once, in an order of its own.
pub(crate) fn shuffled(length: usize, seed: u64, stream: u64, index: u64) -> usize {
    let epoch = index / length as u64;
    let mut order: Vec<u32> = (0..length as u32).collect();
    order.shuffle(&mut generator(seed, stream + 100, epoch));
    order[(index % length as u64) as usize] as usize
}

/// Uniform on a logarithmic scale.
pub(crate) fn logarithmic(random: &mut Pcg64Mcg, [low, high]: [f64; 2]) -> f64 {
    random.random_range(low.ln()..=high.ln()).exp()
}
