//! The cascade's own discriminators, which see patches of pixels.

use tch::{Device, Kind, Tensor};

use super::recipe::Recipe;
use crate::train::nn::layers::{Declare, Init, Parameters, Training};
use crate::train::nn::precision::Precision;
use crate::train::optim::discriminator::patch::{Norm, PatchGanSize, patch_gan};
use crate::train::optim::discriminator::{Adversary, Discriminator};
use crate::train::optim::trained::TrainedNetwork;

/// A discriminator of the cascade's own kind.
pub(super) type Patches = Discriminator<PatchGanSize>;

/// What helps against one that has run away.
const REMEDY: &str = "a smaller stage1.adversarial, then narrower discriminators";

/// An untrained PatchGAN; `name` is its own in checkpoints.
pub(super) fn patch_discriminator(
    name: &'static str,
    size: PatchGanSize,
    recipe: &Recipe,
    device: Device,
    precision: Precision,
) -> Patches {
    let settings = &recipe.stage1;
    let channels = if settings.paired_discriminator { 6 } else { 3 };
    let init = settings.init.map_or(Init::KaimingUniform, Init::Normal);
    let weights = Declare::parameters(init, device, |l| {
        patch_gan(l, &(), channels, size);
    });
    let trained = TrainedNetwork::new(name, weights, settings.learning_rate, settings.betas);
    let trained = match size.norm {
        Norm::Spectral => trained.spectral(|name| name.ends_with(".weight")),
        Norm::Instance | Norm::Batch => trained,
    };
    let scores = move |size: &PatchGanSize, weights: &Parameters, pictures: &Tensor| {
        let weights = precision.of(weights);
        let scores = patch_gan(&mut Training(&weights), pictures, channels, *size);
        scores.to_kind(Kind::Float)
    };
    let adversary = Adversary::Own(size, trained);
    let one = Discriminator::new(name, adversary, settings.loss, REMEDY, scores);
    one.weighted(0.5).pooled(settings.pool)
}
