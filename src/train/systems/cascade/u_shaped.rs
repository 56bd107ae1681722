//! A small U-shaped network that corrects a picture, told where the mosaic's lattice lies.
//!
//! Residual blocks without normalisation (as in EDSR, Lim et al., 2017) on four or so resolutions,
//! the finest of which is half of the picture's: full resolution costs the most and gives the
//! least. What it adds goes on top of the first stage's picture or, without one, on top of the
//! smooth surface through the block means.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::stage_io::{Pictures, StageInputs};
use crate::blocks::PLANES;
use crate::cascade::{FURTHEST, Window};
use crate::train::nn::layers::{Conv, Grid, Init, Layers, Padding};

/// Size of the network; level 0 has half of the picture's resolution, each further level half of
/// that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UShaped {
    /// Channels per level.
    pub widths: Vec<i64>,
    /// Residual blocks per level; on all levels but the last as many again on the way up.
    pub blocks: Vec<usize>,
    /// In a second stage: two pictures of twice the crop's side, the truest and one with invented
    /// detail. Without it one picture of the crop's side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fine: Option<Fine>,
    /// What it makes of neighbouring frames, if it is told of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighbours: Option<Neighbours>,
}

/// The neighbouring frames that a network is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Neighbours {
    /// Neighbours before the mosaic's own frame.
    pub behind: usize,
    /// Neighbours that come after.
    pub ahead: usize,
    /// Frames from each to the next.
    pub step: usize,
}

impl Neighbours {
    /// The frames that it is told of.
    pub fn window(&self) -> Window {
        Window {
            behind: self.behind,
            ahead: self.ahead,
            step: self.step,
        }
    }
}

/// What a network has at the crop's own resolution and above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fine {
    /// Channels at the crop's resolution.
    pub width: i64,
    /// Residual blocks there.
    pub blocks: usize,
}

impl UShaped {
    /// An error for sizes that make no network.
    pub fn check(&self) -> anyhow::Result<()> {
        let levels = self.widths.len();
        ensure!(
            (1..=6).contains(&levels) && self.blocks.len() == levels,
            "widths and blocks must list 1 to 6 levels, both as many"
        );
        ensure!(
            self.widths.iter().all(|width| (1..=1024).contains(width)),
            "widths must lie in 1 … 1024"
        );
        if let Some(neighbours) = self.neighbours {
            ensure!(
                (1..=8).contains(&neighbours.window().neighbours())
                    && neighbours.step > 0
                    && neighbours
                        .step
                        .saturating_mul(neighbours.behind.max(neighbours.ahead))
                        <= FURTHEST,
                "neighbours.behind and neighbours.ahead must add up to 1 … 8, and neighbours.step lead no further than {FURTHEST} frames away"
            );
        }
        if let Some(fine) = self.fine {
            ensure!(
                (1..=256).contains(&fine.width) && fine.blocks <= 16,
                "fine has width {} and {} blocks; they must lie in 1 … 256 and 0 … 16",
                fine.width,
                fine.blocks
            );
        }
        Ok(())
    }

    /// Side of the pictures ÷ side of the crop.
    pub fn scale(&self) -> usize {
        if self.fine.is_some() { 2 } else { 1 }
    }

    /// Read the network into `l`.
    pub fn read<L: Layers>(
        &self,
        l: &mut L,
        inputs: &StageInputs<'_, L::Value>,
    ) -> Pictures<L::Value> {
        let (pictures, channels) = match inputs.stage1 {
            Some(stage1) => (&l.concat(stage1, inputs.pixelated), 6),
            None => (inputs.pixelated, 3),
        };
        let x = l.concat(pictures, inputs.lattice);
        let channels = channels + PLANES as i64;
        // One convolution over 6×6 pixels at every other pixel: 3×3 over cells of 2×2 pixels.
        let enter = Conv::strided(channels, self.widths[0], 6, 2, 2);
        let x = l.conv("enter", &x, enter);
        let x = match self.neighbours.zip(inputs.neighbours) {
            Some((size, planes)) => self.told(l, &x, size, planes),
            None => x,
        };
        let x = self.level(l, x, 0);
        let detail = self.leave(l, "leave", &x, None);
        let picture = match inputs.stage1 {
            Some(stage1) => l.add(stage1, &detail),
            None => {
                let smooth = l.first_channels(inputs.lattice, 3);
                let base = l.add(inputs.pixelated, &smooth);
                l.add(&base, &detail)
            }
        };
        match (self.fine, inputs.stage1) {
            (Some(fine), Some(stage1)) => self.enlarged(l, fine, &x, [&picture, stage1]),
            _ => Pictures {
                restored: l.clamp(&picture),
                detailed: None,
            },
        }
    }

    /// The features `x` with what neighbouring frames add. At first that is nothing: the network can
    /// start from one that was told of none. Where heads are drawn at their places, frames differ by
    /// parts of a block: on a coarser level that would be lost.
    fn told<L: Layers>(
        &self,
        l: &mut L,
        x: &L::Value,
        size: Neighbours,
        planes: &L::Value,
    ) -> L::Value {
        let channels = size.window().planes() as i64;
        let enter = Conv::strided(channels, self.widths[0], 6, 2, 2);
        let told = l.conv("neighbours", planes, enter.starting(Init::Normal(0.0)));
        l.add(x, &told)
    }

    /// Four maps of features become the 2×2 pixels of one of a picture.
    fn leave<L: Layers>(
        &self,
        l: &mut L,
        name: &str,
        x: &L::Value,
        init: Option<Init>,
    ) -> L::Value {
        let conv = Conv::same(self.widths[0], 12, 3, Padding::Zero);
        let x = l.conv(name, x, Conv { init, ..conv });
        l.pixel_shuffle(&x)
    }

    /// Both pictures at twice the crop's side: the truest one, which is `picture` at the crop's,
    /// and one that keeps what the first stage invented, both from the features `x`. What is new
    /// here starts silent: they are `picture` and `stage1`, enlarged.
    fn enlarged<L: Layers>(
        &self,
        l: &mut L,
        fine: Fine,
        x: &L::Value,
        [picture, stage1]: [&L::Value; 2],
    ) -> Pictures<L::Value> {
        let silent = Init::Normal(0.0);
        let y = residual(l, "detailed0", x, self.widths[0]);
        let detail = self.leave(l, "detailed.leave", &y, Some(silent));
        let detailed = l.add(stage1, &detail);
        let widen = Conv::same(self.widths[0], 4 * fine.width, 3, Padding::Zero);
        let y = l.conv("fine.enter", &y, widen);
        let mut y = l.pixel_shuffle(&y);
        for block in 0..fine.blocks {
            y = residual(l, &format!("fine.block{block}"), &y, fine.width);
        }
        let mut leave = |name: &str, picture: &L::Value| {
            let conv = Conv::same(fine.width, 12, 3, Padding::Zero).starting(silent);
            let detail = l.conv(name, &y, conv);
            let detail = l.pixel_shuffle(&detail);
            let picture = l.bilinear(picture, 2, Grid::HalfPixel);
            let picture = l.add(&picture, &detail);
            l.clamp(&picture)
        };
        Pictures {
            restored: leave("fine.restored", picture),
            detailed: Some(leave("fine.detailed", &detailed)),
        }
    }

    /// Blocks of `level`, the levels below, blocks again.
    fn level<L: Layers>(&self, l: &mut L, x: L::Value, level: usize) -> L::Value {
        let width = self.widths[level];
        let x = self.blocks_of(l, x, level, "down");
        let Some(&below) = self.widths.get(level + 1) else {
            return x;
        };
        let halve = Conv::strided(width, below, 3, 2, 1);
        let y = l.conv(&format!("level{level}.halve"), &x, halve);
        let y = self.level(l, y, level + 1);
        let narrow = Conv::same(below, width, 1, Padding::Zero);
        let y = l.conv(&format!("level{level}.double"), &y, narrow);
        let y = l.upsample(&y);
        let x = l.add(&x, &y);
        self.blocks_of(l, x, level, "up")
    }

    fn blocks_of<L: Layers>(
        &self,
        l: &mut L,
        mut x: L::Value,
        level: usize,
        way: &str,
    ) -> L::Value {
        for block in 0..self.blocks[level] {
            let name = format!("level{level}.{way}{block}");
            x = residual(l, &name, &x, self.widths[level]);
        }
        x
    }
}

/// A residual block. A new one changes nothing (as in Fixup, Zhang et al., 2019): a deeper network
/// can start from a shallower one.
fn residual<L: Layers>(l: &mut L, name: &str, x: &L::Value, width: i64) -> L::Value {
    let conv = Conv::same(width, width, 3, Padding::Zero);
    let y = l.conv(&format!("{name}a"), x, conv);
    let y = l.relu(&y);
    let y = l.conv(&format!("{name}b"), &y, conv.starting(Init::Normal(0.0)));
    l.add(x, &y)
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::*;
    use crate::train::nn::layers::{Declare, Forward, Measure, Parameters};
    use crate::train::recipe::RecipeText;
    use crate::train::systems::cascade::networks::Architecture;
    use crate::train::systems::cascade::recipe::Recipe;

    /// Second stage with two levels and two pictures.
    fn small() -> UShaped {
        UShaped {
            widths: vec![8, 8],
            blocks: vec![1, 1],
            fine: Some(Fine {
                width: 4,
                blocks: 1,
            }),
            neighbours: None,
        }
    }

    fn weights(network: &UShaped) -> Parameters {
        tch::manual_seed(2);
        let inputs = StageInputs {
            stage1: Some(&()),
            pixelated: &(),
            lattice: &(),
            neighbours: Some(&()),
        };
        Declare::parameters(Init::KaimingUniform, Device::Cpu, |l| {
            network.read(l, &inputs);
        })
    }

    /// What a second stage makes of some first stage's picture, and that.
    fn pictures(network: &UShaped, weights: &Parameters) -> (Pictures<Tensor>, Tensor) {
        let options = (Kind::Float, Device::Cpu);
        let picture = || Tensor::rand([1, 3, 16, 16], options) - 0.5;
        let (stage1, pixelated) = (picture(), picture());
        let lattice = Tensor::rand([1, PLANES as i64, 16, 16], options) - 0.5;
        let inputs = StageInputs {
            stage1: Some(&stage1),
            pixelated: &pixelated,
            lattice: &lattice,
            neighbours: None,
        };
        let made = network.read(&mut Forward(weights), &inputs);
        (made, stage1)
    }

    #[test]
    fn an_untrained_network_enlarges_what_it_is_given() {
        let network = small();
        let (made, stage1) = pictures(&network, &weights(&network));
        assert_eq!(made.restored.size(), [1, 3, 32, 32]);
        let enlarged = stage1.upsample_bilinear2d([32; 2], false, None, None);
        assert_eq!(made.detailed.unwrap(), enlarged);
    }

    #[test]
    fn what_detail_costs_does_not_reach_the_truest_pictures_last_layer() {
        let network = small();
        let weights = weights(&network);
        let detailed = pictures(&network, &weights).0.detailed.unwrap();
        detailed.square().sum(Kind::Float).backward();
        assert!(!weights["leave.weight"].grad().defined());
        for learns in ["detailed.leave.weight", "fine.detailed.weight"] {
            let slope = weights[learns].grad().abs().max().double_value(&[]);
            assert!(slope > 0.0, "{learns}");
        }
    }

    #[test]
    fn cost_of_the_bundled_cascade() {
        let recipe = Recipe::parse(include_str!("../../../../recipes/bundled-5.toml")).unwrap();
        let sides = |c| vec![c, 128, 128];
        let (picture, lattice) = (sides(3), sides(PLANES as i64));
        let neighbours = sides(recipe.networks.window().planes() as i64);
        let mut l = Measure::default();
        let networks = [&recipe.networks.generator, &recipe.networks.dcedn];
        for (network, stage1) in networks.into_iter().zip([None, Some(&picture)]) {
            let Architecture::UShaped(network) = network else {
                panic!("{network:?}");
            };
            let inputs = StageInputs {
                stage1,
                pixelated: &picture,
                lattice: &lattice,
                neighbours: Some(&neighbours),
            };
            network.read(&mut l, &inputs);
        }
        assert_eq!(l.parameters, 2_858_988 + 4_994_208);
        assert_eq!(l.operations, 2_841_640_960);
    }
}
