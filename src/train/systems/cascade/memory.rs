//! What the trainings of both stages want of memory.

use super::networks::Architecture;
use super::recipe::Recipe;
use super::stage_io::StageInputs;
use crate::blocks::PLANES;
use crate::train::features;
use crate::train::nn::layers::Kept;
use crate::train::optim::discriminator::patch::patch_gan;
use crate::train::run::memory::{Demand, Role};

/// What is kept of a pass through a stage.
fn kept(network: &Architecture, side: i64, is_second: bool) -> Kept {
    Kept::of(|l| {
        let [first, pixelated] = [(); 2].map(|()| l.entry(&[3, side, side]));
        let lattice = l.entry(&[PLANES as i64, side, side]);
        let window = network.window().planes() as i64;
        let neighbours = (window > 0).then(|| l.entry(&[window, side, side]));
        let inputs = StageInputs {
            stage1: is_second.then_some(&first),
            pixelated: &pixelated,
            lattice: &lattice,
            neighbours: neighbours.as_ref(),
        };
        network.pictures(l, &inputs);
    })
}

impl Recipe {
    fn side(&self) -> i64 {
        self.model.size as i64
    }

    /// Numbers of a sample: mosaic, what is known of its lattice and of its neighbours, truth.
    fn samples(&self) -> i64 {
        let scale = self.scale() as i64;
        let told = PLANES + self.networks.window().planes();
        (3 + told as i64 + 3 * scale * scale) * self.side() * self.side()
    }

    /// What is kept of the feature network, if features are looked at.
    fn seen_features(&self, perceptual: f64) -> Kept {
        match perceptual > 0.0 || self.networks.discriminator.projected().is_some() {
            true => features::kept(self.features.as_deref(), self.side()),
            false => Kept::default(),
        }
    }

    /// The first stage. Unpaired, each generator's picture, the way back of the other's and what it
    /// makes of its own domain are kept at once.
    pub(super) fn memory_of_first(&self) -> Demand {
        let (s, side) = (&self.stage1, self.side());
        let generator = kept(&self.networks.generator, side, false);
        let features = self.seen_features(s.perceptual);
        let own = self.networks.discriminator.own().map(|size| {
            Kept::of(|l| {
                let channels = if s.paired_discriminator { 6 } else { 3 };
                let picture = l.entry(&[channels, side, side]);
                patch_gan(l, &picture, channels, *size);
            })
        });
        let discriminator = own.unwrap_or_default();
        let other = if s.is_unpaired() { 3 * side * side } else { 0 };
        let mut demand = Demand::of_samples(self.samples() + other)
            .network(&generator, Role::Averaged)
            .network(&discriminator, Role::Trained)
            .network(&features, Role::Fixed)
            .half(&[(&generator, 1.0), (&discriminator, 1.0), (&features, 1.0)])
            .half(&[(&discriminator, 2.0)]);
        if s.is_unpaired() {
            let reverse = kept(&self.networks.reverse, side, false);
            let times = if s.identity > 0.0 { 3.0 } else { 2.0 };
            demand = demand
                .network(&reverse, Role::Trained)
                .network(&discriminator, Role::Trained)
                .half(&[
                    (&generator, times),
                    (&reverse, times),
                    (&discriminator, 2.0),
                ]);
        }
        demand
    }

    /// The second stage, whose picture with invented detail is looked at twice.
    pub(super) fn memory_of_second(&self) -> Demand {
        let side = self.side();
        let first = kept(&self.networks.generator, side, false);
        let dcedn = kept(&self.networks.dcedn, side, true);
        let detailed =
            (self.stage2.detailed.as_ref()).filter(|_| self.networks.dcedn.has_detailed());
        let features = detailed.map_or_else(Kept::default, |it| self.seen_features(it.perceptual));
        Demand::of_samples(self.samples())
            .network(&first, Role::Fixed)
            .network(&dcedn, Role::Averaged)
            .network(&features, Role::Fixed)
            .half(&[(&dcedn, 1.0), (&features, 2.0)])
    }
}
