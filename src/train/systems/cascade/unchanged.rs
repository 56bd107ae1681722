//! What stands in place of a first stage where there is none: the second one is shown the mosaic
//! twice. So it is seen what the first one is worth.

use super::export::Cascade;
use super::recipe::Recipe;
use crate::train::nn::layers::{Layers, Parameters};
use crate::train::nn::network::{Network, Port};
use crate::train::recipe::RecipeText;
use crate::train::run::model_file::model_file;

/// Gives pictures as they come.
struct Unchanged;

impl Network for Unchanged {
    fn inputs(&self, side: i64) -> Vec<Port> {
        vec![Port::picture(side)]
    }

    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value {
        l.scale(&inputs[0], 1.0)
    }
}

/// The model file of a restorer that changes nothing, for a second stage of `recipe`.
pub(super) fn unchanged(recipe: &Recipe) -> anyhow::Result<Vec<u8>> {
    let none = Parameters::new();
    let cascade = Cascade {
        recipe,
        stage1: &none,
        stage2: None,
    };
    model_file(
        &Unchanged,
        &none,
        &cascade.metadata(),
        &recipe.to_metadata()?,
    )
}
