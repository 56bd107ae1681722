//! What a recipe's constants must be.

use anyhow::{Context, ensure};

use super::Recipe;
use crate::train::recipe::{BUNDLED, RecipeText, check_parts, common_keys};
use crate::train::systems::cascade::networks::Architecture;

impl RecipeText for Recipe {
    const DEFAULT: &'static str = BUNDLED;

    common_keys!(features);

    fn check(&self) -> anyhow::Result<()> {
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
        let discriminators = &self.networks.discriminator;
        discriminators
            .check(|own| own.check(size))
            .context("networks.discriminator")?;
        ensure!(
            discriminators.own().is_some() || !self.stage1.is_unpaired(),
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
        let [low, high] = self.degradation.blocks;
        ensure!(
            low >= 1.0 && low <= high && high <= size as f32 / 2.0,
            "degradation.blocks is {low} … {high}; it must rise and lie in 1 … model.size / 2"
        );
        self.degradation.check()?;
        let (first, second) = (&self.stage1, &self.stage2);
        check_parts("stage1", first.batch, first.accumulate)?;
        check_parts("stage2", second.batch, second.accumulate)?;
        for (name, steps) in [("stage1", first.steps), ("stage2", second.steps)] {
            ensure!(steps > 0, "{name}.steps is 0; it must be at least 1");
        }
        Ok(())
    }
}
