//! What a recipe lets the model file of a restorer promise.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::ranges::check_ranges;
use crate::cascade::{ModelMetadata, MosaicInput, ValueRange, Window};

/// The section `[model]` of restorers whose size stands elsewhere in their recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// Side of the crop ÷ longer side of the mosaic's box.
    pub margin: f64,
    /// Smallest and largest block of mosaics that it is meant for, crop pixels.
    pub blocks: [f32; 2],
    /// What the weights are trained on.
    pub trained_on: String,
    /// Licence of the weights.
    pub license: String,
}

impl ModelCard {
    /// An error for promises that make no sense about crops of `size` pixels.
    pub fn check(&self, size: usize) -> anyhow::Result<()> {
        check_ranges(&[("model.margin", self.margin, [1.0, 4.0])])?;
        let [low, high] = self.blocks;
        ensure!(
            low >= 1.0 && low <= high && high <= size as f32 / 2.0,
            "model.blocks is {low} … {high}; it must rise and lie in 1 … {}",
            size / 2
        );
        Ok(())
    }

    /// What the model file says about itself: that of a network of smooth mosaics of `size` pixels,
    /// which enlarges them by `scale`.
    pub fn metadata(&self, size: usize, scale: usize, range: ValueRange) -> ModelMetadata {
        ModelMetadata {
            size,
            scale,
            range,
            margin: self.margin,
            mosaic: MosaicInput::Smooth,
            blocks: self.blocks.into(),
            trained_on: self.trained_on.clone(),
            license: self.license.clone(),
            multiple: None,
            window: Window::default(),
        }
    }
}
