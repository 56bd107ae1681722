//! A model that sees a picture from edge to edge, without a mosaic in it.

use crate::cascade::Model;
use crate::whole::{Levels, Network, Planes, Settings};

/// Runs a model on whole pictures, on the best execution provider there is.
pub(super) struct Whole(Network);

impl Whole {
    pub(super) fn new(model: &Model) -> anyhow::Result<Self> {
        Ok(Self(Network::new(model, &Settings::default())?))
    }

    /// What the model makes of a picture, at `size`. Only what comes out in another size is scaled;
    /// a model at ×1 whose sides are open scales nothing.
    pub(super) fn run(
        &mut self,
        picture: &impl Levels,
        size: [usize; 2],
    ) -> anyhow::Result<Planes> {
        let mut made = self.0.run(picture)?.at(size)?;
        for value in &mut made.data {
            *value = value.clamp(0.0, 255.0);
        }
        Ok(made)
    }
}
