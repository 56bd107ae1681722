//! A small U-shaped network that corrects a picture, told where the mosaic's lattice lies.
//!
//! Residual blocks without normalisation (as in EDSR, Lim et al., 2017) on four or so resolutions, the finest of
//! which is half of the picture's: full resolution costs the most and gives the least. What it adds goes on top
//! of the first stage's picture or, without one, on top of the smooth surface through the block means.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::layers::{Conv, Init, Layers, Padding};
use super::networks::Seen;
use crate::blocks::PLANES;

/// Size of the network; level 0 has half of the picture's resolution, each further level half of that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UShaped {
    /// Channels per level.
    pub widths: Vec<i64>,
    /// Residual blocks per level; on all levels but the last as many again on the way up.
    pub blocks: Vec<usize>,
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
        Ok(())
    }

    /// Read the network into `l`.
    pub fn read<L: Layers>(&self, l: &mut L, seen: &Seen<'_, L::Value>) -> L::Value {
        let (pictures, channels) = match seen.stage1 {
            Some(stage1) => (&l.concat(stage1, seen.pixelated), 6),
            None => (seen.pixelated, 3),
        };
        let x = l.concat(pictures, seen.lattice);
        let channels = channels + PLANES as i64;
        // One convolution over 6×6 pixels at every other pixel: 3×3 over cells of 2×2 pixels.
        let enter = Conv::strided(channels, self.widths[0], 6, 2, 2);
        let x = l.conv("enter", &x, enter);
        let x = self.level(l, x, 0);
        let leave = Conv::same(self.widths[0], 12, 3, Padding::Zero);
        let x = l.conv("leave", &x, leave);
        let detail = l.pixel_shuffle(&x);
        let picture = match seen.stage1 {
            Some(stage1) => l.add(stage1, &detail),
            None => {
                let smooth = l.first_channels(seen.lattice, 3);
                let base = l.add(seen.pixelated, &smooth);
                l.add(&base, &detail)
            }
        };
        l.clamp(&picture)
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
        let width = self.widths[level];
        let conv = Conv::same(width, width, 3, Padding::Zero);
        // A new block changes nothing (as in Fixup, Zhang et al., 2019): a deeper network can start from a shallower one.
        let silent = conv.starting(Init::Normal(0.0));
        for block in 0..self.blocks[level] {
            let name = format!("level{level}.{way}{block}");
            let y = l.conv(&format!("{name}a"), &x, conv);
            let y = l.relu(&y);
            let y = l.conv(&format!("{name}b"), &y, silent);
            x = l.add(&x, &y);
        }
        x
    }
}
