//! Recipes: every constant of a training, as a TOML file.

mod bundled;
mod model_card;
mod ranges;
mod text;

pub use bundled::BUNDLED;
pub use model_card::ModelCard;
pub use ranges::{check_betas, check_parts, check_ranges, is_one_part, one_part};

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use serde::Serialize;
use serde::de::DeserializeOwned;
use text::{meant_key, table_of, table_with};
use toml::Table;

use crate::train::data::held_out::HeldOut;

/// A recipe: what is in its text, and what all recipes have in common.
pub trait RecipeText: Clone + PartialEq + Serialize + DeserializeOwned {
    /// The recipe that is taken where none is named, a TOML text.
    const DEFAULT: &'static str;

    /// An error for constants that make no sense, or not together.
    fn check(&self) -> anyhow::Result<()>;

    /// Seed of all random numbers.
    fn seed(&self) -> u64;

    /// Which pictures are held out.
    fn data(&self) -> &HeldOut;

    /// Where the recipe names the file of a feature network; none for a training that has no use
    /// for one.
    fn features(&mut self) -> Option<&mut Option<PathBuf>>;

    /// The recipe file, or the default one, with single keys changed: each of `changes` is
    /// `key=value` such as `train.steps=100`, the value written as in TOML.
    fn read_with(path: Option<&Path>, changes: &[String]) -> anyhow::Result<Self> {
        let (name, table) = table_with(path, Self::DEFAULT, changes)?;
        from_table(table).context(name)
    }

    /// Read and check a recipe file.
    fn read(path: &Path) -> anyhow::Result<Self> {
        Self::read_with(Some(path), &[])
    }

    /// Check a recipe's text.
    fn parse(text: &str) -> anyhow::Result<Self> {
        from_table(table_of(text, None)?)
    }

    /// The text of this recipe.
    fn to_toml(&self) -> anyhow::Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }

    /// The same for a model file, which does not tell where on this machine the feature network
    /// lies.
    fn to_metadata(&self) -> anyhow::Result<String> {
        let mut recipe = self.clone();
        if let Some(features) = recipe.features() {
            *features = None;
        }
        recipe.to_toml()
    }
}

/// What [`RecipeText`] asks for of a recipe that has the keys `seed` and `data`: they, and the key
/// that names the file of a feature network where there is one.
macro_rules! common_keys {
    ($($($feature_file:ident).+)?) => {
        fn seed(&self) -> u64 {
            self.seed
        }

        fn data(&self) -> &crate::train::data::held_out::HeldOut {
            &self.data
        }

        fn features(&mut self) -> Option<&mut Option<std::path::PathBuf>> {
            [$(&mut self.$($feature_file).+)?].into_iter().next()
        }
    };
}
pub(crate) use common_keys;

fn from_table<R: RecipeText>(table: Table) -> anyhow::Result<R> {
    let written = table.clone();
    let recipe: R = table.try_into().map_err(|error: toml::de::Error| {
        meant_key(&error, &written, R::DEFAULT).unwrap_or_else(|| anyhow!(error))
    })?;
    recipe.check()?;
    Ok(recipe)
}

#[cfg(test)]
pub mod tests {
    use super::RecipeText;

    /// That the text of `recipe` reads as that recipe.
    pub fn assert_round_trip<R: RecipeText + std::fmt::Debug>(recipe: &R) {
        assert_eq!(&R::parse(&recipe.to_toml().unwrap()).unwrap(), recipe);
    }

    /// That each change of the default recipe, `key=value`, is refused with a message that has the
    /// text beside it.
    pub fn assert_refused<R: RecipeText + std::fmt::Debug>(cases: &[(&str, &str)]) {
        for &(change, named) in cases {
            let error = R::read_with(None, &[change.to_owned()]).unwrap_err();
            assert!(format!("{error:#}").contains(named), "{change}: {error:#}");
        }
    }
}
