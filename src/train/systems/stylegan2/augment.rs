//! Adaptive augmentation of what the discriminator sees (Karras et al., 2020, "Training GANs with
//! limited data").
//!
//! Real and fake pictures are mirrored, moved, turned, stretched and coloured, each with
//! probability p; p rises while the discriminator overfits. All moves of a picture are one matrix,
//! and so are its colours.

mod colours;
mod controller;
mod geometry;
mod numbers;
#[cfg(test)]
mod tests;

use rand_pcg::Pcg64Mcg;
use tch::Tensor;

pub(crate) use controller::Controller;
pub(crate) use controller::Settings;

/// Pictures `[N, 3, S, S]` of −1 … 1, augmented each by its own randomness with probability `p`.
/// Gradients pass through once.
pub(crate) fn augment(x: &Tensor, p: f64, random: &mut Pcg64Mcg) -> Tensor {
    if p <= 0.0 {
        return x.shallow_clone();
    }
    let (count, side) = (x.size()[0], x.size()[3]);
    let moves: Vec<_> = (0..count)
        .map(|_| geometry::geometry(p, side, random))
        .collect();
    let changes: Vec<_> = (0..count).map(|_| colours::colours(p, random)).collect();
    colours::mixed(&geometry::moved(x, &moves), &changes)
}
