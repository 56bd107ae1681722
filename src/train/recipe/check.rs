//! What a recipe's constants must be.

use anyhow::{Context, bail, ensure};

use super::{Damage, Recipe};
use crate::train::networks::{Architecture, Discriminator};

impl Recipe {
    /// An error for constants that make no sense, or not together.
    pub fn check(&self) -> anyhow::Result<()> {
        let size = self.model.size;
        let networks = [&self.networks.generator, &self.networks.dcedn];
        for (name, network) in ["generator", "dcedn"].into_iter().zip(networks) {
            network
                .check()
                .with_context(|| format!("networks.{name}"))?;
        }
        let multiples = networks.map(Architecture::side_multiple);
        let multiple = multiples.into_iter().fold(4, usize::max);
        ensure!(
            (16..=1024).contains(&size) && size.is_multiple_of(multiple),
            "model.size is {size}; it must be a multiple of {multiple} from 16 to 1024"
        );
        let judges = &self.networks.discriminator;
        judges.check(size).context("networks.discriminator")?;
        ensure!(
            matches!(judges, Discriminator::Patch(_)) || !self.stage1.is_unpaired(),
            "networks.discriminator is projected, which has no counterpart for mosaics: stage1.cycle must be 0"
        );
        ensure!(
            self.networks.generator.scale() == 1,
            "networks.generator makes pictures of the crop's size: only networks.dcedn can be fine"
        );
        ensure!(
            self.stage2.detailed.is_some() || !self.networks.dcedn.has_detailed(),
            "networks.dcedn is fine, and stage2.detailed does not say how its detail is trained"
        );
        let margin = self.model.margin;
        ensure!(
            (1.0..=4.0).contains(&margin),
            "model.margin is {margin}; it must lie in 1 … 4"
        );
        let [low, high] = self.damage.blocks;
        ensure!(
            low >= 1.0 && low <= high && high <= size as f32 / 2.0,
            "damage.blocks is {low} … {high}; it must rise and lie in 1 … model.size / 2"
        );
        self.damage.check()?;
        for (name, batch, steps) in [
            ("stage1", self.stage1.batch, self.stage1.steps),
            ("stage2", self.stage2.batch, self.stage2.steps),
        ] {
            ensure!(batch > 0, "{name}.batch is 0; it must be at least 1");
            ensure!(steps > 0, "{name}.steps is 0; it must be at least 1");
        }
        Ok(())
    }
}

impl Damage {
    /// An error for constants that make no sense.
    pub fn check(&self) -> anyhow::Result<()> {
        let damage = self;
        for (name, share) in [
            ("whole", damage.whole),
            ("unknown", damage.unknown),
            ("tile_blur", damage.tile_blur),
            ("outside", damage.outside),
            ("ellipse", damage.ellipse),
            ("turned", damage.turned),
            ("scaled", damage.scaled),
            ("blur", damage.blur),
            ("video", damage.video),
            ("recompress", damage.recompress),
        ] {
            ensure!(
                (0.0..=1.0).contains(&share),
                "damage.{name} is {share}; it must lie in 0 … 1"
            );
        }
        for (name, [low, high], limit) in [
            ("inner", damage.inner, 1.0),
            ("scale", damage.scale, 16.0),
            ("scaling", damage.scaling, 4.0),
            ("gain", damage.gain, 4.0),
            ("gamma", damage.gamma, 4.0),
            ("jitter", [1.0, damage.jitter], 4.0),
        ] {
            if !(low > 0.0 && low <= high && high <= limit) {
                bail!("damage.{name} is {low} … {high}; it must rise and lie in 0 … {limit}");
            }
        }
        for (name, limit, largest) in [
            ("soft", 64.0, damage.soft),
            ("noise", 64.0, damage.noise),
            ("turn", 180.0, damage.turn),
        ] {
            ensure!(
                (0.0..=limit).contains(&largest),
                "damage.{name} is {largest}; it must lie in 0 … {limit}"
            );
        }
        let [low, high] = damage.quantiser;
        ensure!(
            low >= 0.0 && low <= high && high <= 51.0,
            "damage.quantiser is {low} … {high}; it must rise and lie in 0 … 51"
        );
        let [worst, best] = damage.quality;
        ensure!(
            (1..=best).contains(&worst) && best <= 100,
            "damage.quality is {worst} … {best}; it must rise and lie in 1 … 100"
        );
        Ok(())
    }
}
