//! What a recipe's constants must be.

use anyhow::{Context, ensure};

use super::Recipe;
use crate::train::data::samples::MOMENTS;
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
        self.check_film()?;
        let (first, second) = (&self.stage1, &self.stage2);
        check_parts("stage1", first.batch, first.accumulate)?;
        check_parts("stage2", second.batch, second.accumulate)?;
        for (name, steps) in [("stage1", first.steps), ("stage2", second.steps)] {
            ensure!(steps > 0, "{name}.steps is 0; it must be at least 1");
        }
        Ok(())
    }
}

impl Recipe {
    /// That films are made where networks are told of neighbouring frames, and only there.
    fn check_film(&self) -> anyhow::Result<()> {
        let networks = [&self.networks.generator, &self.networks.dcedn];
        let windows = networks.map(Architecture::window);
        let window = self.networks.window();
        ensure!(
            windows
                .into_iter()
                .all(|it| it.neighbours() == 0 || it == window),
            "networks.generator and networks.dcedn are told of other frames: neighbours.behind and neighbours.ahead must agree"
        );
        ensure!(
            (window.neighbours() > 0) == self.film.is_some(),
            "networks that are told of neighbours need the section [film], and it needs such networks"
        );
        let Some(film) = &self.film else {
            ensure!(
                self.stage1.steady == 0.0 && self.stage2.steady == 0.0,
                "stage1.steady and stage2.steady are for films: add the section [film]"
            );
            return Ok(());
        };
        film.check()?;
        ensure!(
            !self.stage1.needs_others(),
            "films are paired: stage1.cycle must be 0, and stage1.paired_discriminator true"
        );
        ensure!(
            self.stage1.steady >= 0.0 && self.stage2.steady >= 0.0,
            "stage1.steady and stage2.steady must not be negative"
        );
        let moments = self.moments();
        for (name, batch, parts) in [
            ("stage1", self.stage1.batch, self.stage1.accumulate),
            ("stage2", self.stage2.batch, self.stage2.accumulate),
        ] {
            ensure!(
                (batch / parts).is_multiple_of(moments),
                "{name}.batch / {name}.accumulate must be a multiple of {moments}: each film gives {moments} frames"
            );
        }
        Ok(())
    }

    /// Frames of each film in a batch, one after the other.
    pub fn moments(&self) -> usize {
        if self.film.is_some() { MOMENTS } else { 1 }
    }
}
