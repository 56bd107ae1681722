//! The soft edge of what is pasted: along the sides of a region, or along the ellipse in it.

use super::region_task::RegionTask;
use crate::detect::Outline;
use crate::frame::Rect;

/// Width of the soft edge ÷ block size. A mosaic ends abruptly: what a wider edge leaves of it is
/// seen.
const FEATHER: f32 = 0.05;
/// Limits of the soft edge, pixels; at the lower one it is none.
const FEATHER_LIMITS: (f32, f32) = (1.0, 2.0);
/// Blocks beyond an ellipse that are restored too: its box is only known to a part of a block, and
/// some tools pixelate each block that it cuts.
const RIM: f32 = 0.5;

impl RegionTask {
    /// Width and height of a block, pixels; where no lattice is known, those of a mosaic of twelve
    /// blocks.
    fn block(&self) -> (f32, f32) {
        let side = self.rect.width.min(self.rect.height) as f32 / 12.0;
        self.lattice.map_or((side, side), |lattice| {
            (lattice.block_width, lattice.block_height)
        })
    }

    /// Weights of the region's pixels: `alpha` inside, falling towards the edges of the region, but
    /// not towards those of the frame.
    pub(super) fn feather(&self, (width, height): (u32, u32), alpha: f32, mask: &mut Vec<f32>) {
        let rect = &self.rect;
        let block = self.block();
        let soft = (block.0.min(block.1) * FEATHER).clamp(FEATHER_LIMITS.0, FEATHER_LIMITS.1);
        let alpha = alpha.clamp(0.0, 1.0);
        let weight = |at: u32, length: u32, low_edge: bool, high_edge: bool| {
            let ramp = |distance: u32| ((distance as f32 + 1.0) / soft).min(1.0);
            let low = if low_edge { 1.0 } else { ramp(at) };
            let high = if high_edge {
                1.0
            } else {
                ramp(length - 1 - at)
            };
            low.min(high)
        };
        let (left, right) = (rect.x <= 0, rect.right() >= i64::from(width));
        let (top, bottom) = (rect.y <= 0, rect.bottom() >= i64::from(height));
        mask.clear();
        mask.extend((0..rect.width).map(|x| weight(x, rect.width, left, right)));
        // All rows are the first one, weighed.
        for y in 1..rect.height {
            let down = alpha * weight(y, rect.height, top, bottom);
            mask.extend_from_within(..rect.width as usize);
            let start = mask.len() - rect.width as usize;
            mask[start..].iter_mut().for_each(|value| *value *= down);
        }
        let down = alpha * weight(0, rect.height, top, bottom);
        mask[..rect.width as usize]
            .iter_mut()
            .for_each(|value| *value *= down);
        if self.outline == Outline::Ellipse {
            cut_corners(rect, RIM * block.0.max(block.1), soft, mask);
        }
    }
}

/// Weigh down the pixels of `rect` that lie beyond the ellipse in it: none up to `rim` pixels away
/// less `soft`, all from `rim` on.
fn cut_corners(rect: &Rect, rim: f32, soft: f32, mask: &mut [f32]) {
    let half = (rect.width as f32 / 2.0, rect.height as f32 / 2.0);
    for (y, row) in mask.chunks_exact_mut(rect.width as usize).enumerate() {
        let dy = y as f32 + 0.5 - half.1;
        for (x, weight) in row.iter_mut().enumerate() {
            let dx = x as f32 + 0.5 - half.0;
            let radius = (dx / half.0).hypot(dy / half.1);
            // Along the ray from the middle; on no side shorter than the distance to the ellipse.
            let beyond = dx.hypot(dy) * (1.0 - 1.0 / radius);
            if beyond > 0.0 {
                *weight *= ((rim - beyond) / soft).clamp(0.0, 1.0);
            }
        }
    }
}
