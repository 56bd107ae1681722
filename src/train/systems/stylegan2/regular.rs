//! What keeps StyleGAN2 regular: R1 of the discriminator, path length of the generator. Both need
//! the derivative of a derivative.

use tch::{Kind, Tensor};

use crate::train::nn::layers::{Kept, Parameters};
use crate::train::optim::trained::TrainedNetwork;
use crate::train::run::memory::Demand;

/// What a pass keeps whose way back is itself gone back, in passes (a guess).
const TWICE: f64 = 3.0;
/// Weight of the latest batch in the mean path length.
const PATH_DECAY: f64 = 0.01;

/// An optimiser whose network has an extra step every so many steps: what makes up for it (Karras
/// et al., 2020).
pub(crate) fn lazy(
    name: &'static str,
    weights: Parameters,
    learning_rate: f64,
    betas: [f64; 2],
    every: Option<u64>,
) -> TrainedNetwork {
    let share = every.map_or(1.0, |every| every as f64 / (every as f64 + 1.0));
    let betas = betas.map(|beta| beta.powf(share));
    TrainedNetwork::new(name, weights, learning_rate * share, betas)
}

/// What the memory of a training is with both regularisers, those of the generator and the
/// discriminator with these weights: the way back is itself gone back, once for half of the
/// pictures and once for all.
pub(crate) fn with_penalties(
    demand: Demand,
    [generator, discriminator]: [&Kept; 2],
    [path, r1]: [f64; 2],
) -> Demand {
    let twice = |weight: f64, share| if weight > 0.0 { TWICE * share } else { 0.0 };
    demand
        .half(&[(generator, twice(path, 0.5))])
        .half(&[(discriminator, twice(r1, 1.0))])
}

/// Mean of ‖∇ₓ D(x)‖² over pictures (Mescheder et al., 2018). `pictures` are a leaf that wants its
/// gradient; `scores` are the discriminator's of them.
pub(crate) fn gradient_penalty(scores: &Tensor, pictures: &Tensor) -> Tensor {
    let sum = scores.sum(Kind::Float);
    let slopes = Tensor::run_backward(&[&sum], &[pictures], true, true);
    let axes: &[i64] = &[1, 2, 3];
    let square = slopes[0].square();
    square
        .sum_dim_intlist(axes, false, Kind::Float)
        .mean(Kind::Float)
}

/// How long a step in a style's source is as a step in the picture, per picture: ‖J_wᵀ y‖ for noise
/// y of N(0, 1)/√(H·W), over the sources `w` of all layers the root of the mean of squares.
pub(crate) fn path_lengths(pictures: &Tensor, w: &[Tensor]) -> Tensor {
    let size = pictures.size();
    let noise = pictures.randn_like() / ((size[2] * size[3]) as f64).sqrt();
    let sum = (pictures * noise).sum(Kind::Float);
    let slopes = Tensor::run_backward(&[&sum], w, true, true);
    let features: &[i64] = &[1];
    let squares: Vec<Tensor> = slopes
        .iter()
        .map(|slope| slope.square().sum_dim_intlist(features, false, Kind::Float))
        .collect();
    let layers: &[i64] = &[0];
    let mean = Tensor::stack(&squares, 0).mean_dim(layers, false, Kind::Float);
    // Keeps the root's slope finite.
    (mean + 1e-12).sqrt()
}

/// Mean squared distance of `lengths` to their mean so far, which takes them in: those of one of so
/// many `parts` of a step.
pub(crate) fn path_penalty(lengths: &Tensor, mean: &mut f64, parts: usize) -> Tensor {
    let now = lengths.detach().mean(Kind::Float).double_value(&[]);
    let weight = 1.0 - (1.0 - PATH_DECAY).powf(1.0 / parts as f64);
    *mean += weight * (now - *mean);
    (lengths - *mean).square().mean(Kind::Float)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn the_penalty_of_a_known_slope() {
        let options = (Kind::Float, Device::Cpu);
        let pictures = Tensor::rand([2, 3, 4, 4], options).set_requires_grad(true);
        // D(x) = Σ x²/2 has the slope x.
        let axes: &[i64] = &[1, 2, 3];
        let scores = pictures.square().sum_dim_intlist(axes, false, Kind::Float) / 2.0;
        let penalty = gradient_penalty(&scores, &pictures);
        let expected = pictures.square().sum(Kind::Float) / 2.0;
        assert!((&penalty - &expected).abs().double_value(&[]) < 1e-4);
        // Its own gradient is 2x over the number of pictures.
        penalty.backward();
        let difference = pictures.grad() - pictures.detach();
        assert!(difference.abs().max().double_value(&[]) < 1e-5);
    }

    #[test]
    fn path_lengths_of_a_known_jacobian() {
        tch::manual_seed(4);
        let options = (Kind::Float, Device::Cpu);
        // Every pixel of a picture is 3·w: Jᵀy = 3·Σ y, whose square has the mean 9·48/16.
        let w = Tensor::rand([4000, 1], options).set_requires_grad(true);
        let pictures = (&w * 3.0)
            .view([4000, 1, 1, 1])
            .expand([4000, 3, 4, 4], false);
        let lengths = path_lengths(&pictures, &[w]);
        let mean = lengths.square().mean(Kind::Float).double_value(&[]);
        assert!((mean - 27.0).abs() < 2.5, "{mean}");
        let mut running = 0.0;
        let penalty = path_penalty(&lengths, &mut running, 1);
        let expected = 0.01 * lengths.mean(Kind::Float).double_value(&[]);
        assert!((running - expected).abs() < 1e-6);
        // As many parts move it as far.
        let mut in_parts = 0.0;
        (0..8).for_each(|_| drop(path_penalty(&lengths, &mut in_parts, 8)));
        assert!((in_parts - expected).abs() < 1e-6, "{in_parts}");
        assert!(penalty.double_value(&[]) > 0.0);
    }
}
