//! Recipes: every constant of a training run, as a TOML file.

mod check;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::networks::Architecture;
use crate::cascade::Window;
use crate::train::data::held_out::HeldOut;
use crate::train::data::samples::{Degradation, Film};
use crate::train::optim::discriminator::DiscriminatorChoice;
use crate::train::optim::discriminator::patch::PatchGanSize;
use crate::train::optim::losses::GanLoss;
use crate::train::optim::schedule::Schedule;
use crate::train::recipe::{is_one_part, one_part};

/// All constants of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of all random numbers: initial weights, order of the pictures, degradation.
    pub seed: u64,
    /// File of the feature network that perceptual losses and projected discriminators see pictures
    /// by. No part of what a run is: it may lie elsewhere when the run goes on.
    #[serde(default, skip_serializing)]
    pub features: Option<PathBuf>,
    /// Which pictures are held out.
    #[serde(default)]
    pub data: HeldOut,
    /// What the model file promises.
    pub model: Model,
    /// Sizes of the networks.
    pub networks: Networks,
    /// How faces get degraded.
    pub degradation: Degradation,
    /// How films are made of pictures, for networks that are told of neighbouring frames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub film: Option<Film>,
    /// CycleGAN.
    pub stage1: Stage1,
    /// DCEDN.
    pub stage2: Stage2,
}

/// What the model file promises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Side of the crop in pixels, a multiple of 4.
    pub size: usize,
    /// Side of the crop ÷ longer side of the mosaic's box.
    pub margin: f64,
    /// The model file also offers the first stage's picture with the second's colours.
    pub detailed: bool,
    /// The model file stores weights as 16-bit floats, in half of the space.
    pub half: bool,
    /// What the weights are trained on, for the model file.
    pub trained_on: String,
    /// Licence of the weights.
    pub license: String,
}

/// Sizes of the networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Networks {
    /// Generator pixelated → clean; the one that is exported.
    pub generator: Architecture,
    /// Generator clean → pixelated; only unpaired training needs it.
    pub reverse: Architecture,
    /// Both discriminators.
    pub discriminator: DiscriminatorChoice<PatchGanSize>,
    /// The second stage.
    pub dcedn: Architecture,
}

impl Networks {
    /// The neighbouring frames that both are told of.
    pub fn window(&self) -> Window {
        let windows = [&self.generator, &self.dcedn].map(Architecture::window);
        let [first, second] = windows;
        if first.neighbours() > 0 {
            first
        } else {
            second
        }
    }

    /// Whether any exported network looks at the lattice.
    pub fn see_lattice(&self) -> bool {
        self.generator.sees_lattice() || self.dcedn.sees_lattice()
    }
}

/// CycleGAN training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage1 {
    /// Optimiser steps.
    pub steps: u64,
    /// Pictures of each domain in one step.
    pub batch: usize,
    /// Equal parts that a step's pictures are worked off in, one after the other, with gradients
    /// averaged: as many times less memory. A divisor of `batch`.
    #[serde(default = "one_part", skip_serializing_if = "is_one_part")]
    pub accumulate: usize,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Share of the steps before the rate falls linearly to zero.
    pub constant_share: f64,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Standard deviation of the initial weights; without it they start as PyTorch's do.
    pub init: Option<f64>,
    /// Share of the steps before the adversarial terms join.
    pub warmup_share: f64,
    /// Weight of the adversarial terms.
    pub adversarial: f64,
    /// What the discriminators are trained on.
    pub loss: GanLoss,
    /// The discriminator of faces sees each face beside its mosaic (as in pix2pix).
    pub paired_discriminator: bool,
    /// Weight of the distance between features, see [`crate::train::features::relative_l1`].
    #[serde(default)]
    pub perceptual: f64,
    /// Largest norm of the generator's gradient; a larger one is shortened to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// Weight of the cycle terms (L1).
    pub cycle: f64,
    /// Weight of the identity terms (L1), a multiple of `cycle`.
    pub identity: f64,
    /// Weight of the paired term (L1); 0 is the published, unpaired training.
    pub paired: f64,
    /// Weight of the term for texture: the strength of edges and grain, see `texture.rs`.
    pub texture: f64,
    /// Size of the image pools.
    pub pool: usize,
    /// Weight of the squared change of the error from one frame to the next, in films alone.
    #[serde(default, skip_serializing_if = "is_none")]
    pub steady: f64,
    /// Decay of the moving average of the generator's weights.
    pub average: f64,
}

/// DCEDN training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage2 {
    /// Optimiser steps.
    pub steps: u64,
    /// Pictures in one step.
    pub batch: usize,
    /// Equal parts that a step's pictures are worked off in, one after the other, with gradients
    /// averaged: as many times less memory. A divisor of `batch`.
    #[serde(default = "one_part", skip_serializing_if = "is_one_part")]
    pub accumulate: usize,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Share of the steps before the rate falls linearly to zero.
    pub constant_share: f64,
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Adam's L2 weight decay.
    pub weight_decay: f64,
    /// Pictures are cut, turned and mirrored as the degradation says; else they are taken as they
    /// are (published).
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub augmented: bool,
    /// Distance to the clean crop.
    pub loss: Loss,
    /// Weight of the squared distance between colours: means over 16 × 16 pixels.
    pub color: f64,
    /// What the picture with invented detail is trained on, if the network makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detailed: Option<Detailed>,
    /// Weight of the squared change of the error from one frame to the next, in films alone.
    #[serde(default, skip_serializing_if = "is_none")]
    pub steady: f64,
    /// Decay of the moving average of the weights.
    pub average: f64,
}

fn yes() -> bool {
    true
}

fn is_none(weight: &f64) -> bool {
    *weight == 0.0
}

impl Stage2 {
    /// The learning rate over the steps.
    pub fn schedule(&self) -> Schedule {
        Schedule::falling(self.learning_rate, self.steps, self.constant_share)
    }
}

/// What the second stage's picture with invented detail is trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detailed {
    /// Weight of the truest picture's losses beside these: the two share most of the network, which
    /// theirs, being smaller numbers, would not hold.
    pub truth: f64,
    /// Weight of the distance to the clean crop (L1).
    pub paired: f64,
    /// Weight of the distance between features, see [`crate::train::features::relative_l1`].
    pub perceptual: f64,
    /// Weight of the adversarial terms, which join slowly.
    pub adversarial: f64,
    /// The losses are of the picture whose blocks have the mosaic's means, as the element shows it.
    pub projected: bool,
    /// Largest norm of the whole gradient; a larger one is shortened to it.
    pub clip: f64,
}

impl Recipe {
    /// Side of the restored picture ÷ side of the crop.
    pub fn scale(&self) -> usize {
        self.networks.dcedn.scale()
    }
}

impl Stage1 {
    /// The learning rate over the steps.
    pub fn schedule(&self) -> Schedule {
        Schedule::falling(self.learning_rate, self.steps, self.constant_share)
    }

    /// Whether a generator of the other direction is part of it.
    pub fn is_unpaired(&self) -> bool {
        self.cycle > 0.0
    }

    /// Whether faces of other pictures are needed.
    pub fn needs_others(&self) -> bool {
        self.is_unpaired() || !self.paired_discriminator
    }
}

/// A distance between pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Mean absolute difference.
    L1,
    /// Mean squared difference.
    Mse,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::recipe::RecipeText;

    const PUBLISHED: &str = include_str!("../../../../../recipes/published.toml");

    #[test]
    fn the_recipes_at_hand_are_valid() {
        let default = Recipe::parse(Recipe::DEFAULT).unwrap();
        assert_eq!(Recipe::parse(&default.to_toml().unwrap()).unwrap(), default);
        let published = Recipe::parse(PUBLISHED).unwrap();
        assert_eq!(published.model.size, 256);
        let (width, blocks) = (64, 9);
        let generator = Architecture::Resnet { width, blocks };
        assert_eq!(published.networks.generator, generator);
    }

    #[test]
    fn mistakes_are_named() {
        let parse = |from, to| {
            assert!(Recipe::DEFAULT.contains(from), "{from}");
            let error = Recipe::parse(&Recipe::DEFAULT.replacen(from, to, 1)).unwrap_err();
            format!("{error:#}")
        };
        let error = parse("margin =", "margins =");
        assert!(
            error.contains("model.margins; did you mean model.margin?"),
            "{error}"
        );
        assert!(parse("size = 128", "size = 130").contains("model.size is 130"));
        assert!(parse("jitter = 1", "jitter = 0").contains("degradation.jitter"));
        assert!(parse("[degradation]", "[degradation").contains("line"));
    }

    #[test]
    fn single_keys_are_changed() {
        let read = |changes: &[&str]| {
            let changes: Vec<String> = changes.iter().map(|c| (*c).to_owned()).collect();
            Recipe::read_with(None, &changes).map_err(|error| format!("{error:#}"))
        };
        let recipe = read(&[
            "stage1.steps=7",
            "stage2.loss = mse",
            "degradation.scale=[1.0, 2.0]",
        ]);
        let recipe = recipe.unwrap();
        assert_eq!(recipe.stage1.steps, 7);
        assert_eq!(recipe.stage2.loss, Loss::Mse);
        assert_eq!(recipe.degradation.scale, [1.0, 2.0]);
        let error = read(&["stage1.step=7"]).unwrap_err();
        assert!(error.contains("did you mean stage1.steps?"), "{error}");
        // A section may be new.
        let recipe = read(&["data.held_out=['a_']"]).unwrap();
        assert_eq!(recipe.data.held_out, ["a_"]);
        let error = read(&["data.hold_out=['a_']"]).unwrap_err();
        assert!(error.contains("did you mean data.held_out?"), "{error}");
        assert!(read(&["seed.steps=7"]).unwrap_err().contains("no section"));
        assert!(read(&["stage9.steps=7"]).unwrap_err().contains("stage9"));
        assert!(read(&["steps"]).unwrap_err().contains("key=value"));
        assert!(read(&["model.size=130"]).unwrap_err().contains("130"));
    }
}
