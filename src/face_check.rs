//! Whether a mosaic covers a face: a plate, a logo or a screen may be pixelated as well.
//!
//! A small network looks at a small picture of the mosaic and what is around it; single pixels say nothing that the blocks
//! do not. Where few blocks are left nobody can tell, and the answer is yes. `depixelate-train face-check` makes the weights.

use crate::cascade::{CascadeError, Numbers, PlainSession, Runtime};
use crate::detect::Region;
use crate::frame::{Cropper, FrameView, Square};

/// Side of the small picture, pixels.
pub const SIDE: usize = 32;
/// Side of what it shows ÷ longer side of the mosaic's box.
pub const MARGIN: f64 = 1.3;
/// Blocks across the shorter side of a mosaic from which on it is judged.
pub const FEWEST_BLOCKS: f32 = 8.0;
/// The bundled network.
pub const MODEL: &[u8] = include_bytes!("../models/face-check.onnx");

/// Names in the model's file.
const INPUT: &str = "picture";
const OUTPUT: &str = "output";
/// Weight of a frame in the opinion of a region that is followed.
const NEWS: f32 = 0.15;
/// Regions that are followed at a time; the oldest opinion goes first.
const MOST: usize = 256;

/// Tells faces from anything else; keeps its memory from frame to frame.
pub struct FaceCheck {
    session: PlainSession,
    cropper: Cropper,
    input: Numbers,
    /// Logits of regions that are followed, with their identities.
    opinions: Vec<(u32, f32)>,
}

impl FaceCheck {
    /// The bundled network, on one thread of the CPU.
    pub fn bundled(runtime: &Runtime) -> Result<Self, CascadeError> {
        Self::new(runtime, MODEL)
    }

    /// The network in the bytes of an ONNX file.
    pub fn new(runtime: &Runtime, onnx: &[u8]) -> Result<Self, CascadeError> {
        Ok(Self {
            session: PlainSession::new(runtime, onnx)?,
            cropper: Cropper::default(),
            input: Numbers {
                shape: vec![0, 3, SIDE as i64, SIDE as i64],
                data: Vec::new(),
            },
            opinions: Vec::new(),
        })
    }

    /// Keep those of `regions` that are faces with a probability of `threshold` (0–1) at least. `look` gives the region and,
    /// if it is followed, its identity; None is kept whatever it shows.
    pub fn retain<T>(
        &mut self,
        frame: &FrameView<'_>,
        threshold: f32,
        regions: &mut Vec<T>,
        look: impl Fn(&T) -> Option<(Region, Option<u32>)>,
    ) -> Result<(), CascadeError> {
        let is_judged = |item: &T| look(item).filter(|(region, _)| has_blocks(region));
        self.input.data.clear();
        for (region, _) in regions.iter().filter_map(is_judged) {
            self.add(frame, &region);
        }
        if self.input.data.is_empty() {
            return Ok(());
        }
        self.input.shape[0] = (self.input.data.len() / (3 * SIDE * SIDE)) as i64;
        let output = self.session.run(&[(INPUT, &self.input)], OUTPUT)?;
        let mut logits = output.data.iter();
        let least = (threshold / (1.0 - threshold).max(1e-6)).ln();
        regions.retain(|item| {
            let Some((_, id)) = is_judged(item) else {
                return true;
            };
            let Some(&logit) = logits.next() else {
                return true;
            };
            id.map_or(logit, |id| self.opinion(id, logit)) >= least
        });
        Ok(())
    }

    /// The next picture of the batch.
    fn add(&mut self, frame: &FrameView<'_>, region: &Region) {
        let layout = frame.layout();
        let start = self.input.data.len();
        self.input.data.resize(start + 3 * SIDE * SIDE, 0.0);
        let crop = &mut self.input.data[start..];
        let view = Square::around(&region.rect, MARGIN);
        let view = view.inside(&region.rect, layout.width, layout.height);
        self.cropper.crop(frame, &view, SIDE, crop);
        for value in crop {
            *value = *value / 127.5 - 1.0;
        }
    }

    /// What is thought of the region `id` now that a frame says `logit`.
    fn opinion(&mut self, id: u32, logit: f32) -> f32 {
        if let Some((_, opinion)) = self.opinions.iter_mut().find(|(known, _)| *known == id) {
            *opinion += NEWS * (logit - *opinion);
            return *opinion;
        }
        if self.opinions.len() == MOST {
            self.opinions.remove(0);
        }
        self.opinions.push((id, logit));
        logit
    }
}

/// Whether a region has blocks enough to be judged.
fn has_blocks(region: &Region) -> bool {
    region.lattice.is_some_and(|lattice| {
        let across = region.rect.width as f32 / lattice.block_width;
        let down = region.rect.height as f32 / lattice.block_height;
        across.min(down) >= FEWEST_BLOCKS
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::runtime;
    use crate::degrade::mosaic::{Fill, pixelate};
    use crate::detect::Outline;
    use crate::frame::{FrameViewMut, Lattice, Layout, Rect};

    const RECT: Rect = Rect::new(32, 32, 96, 96);

    fn region(block: u32) -> Region {
        Region {
            rect: RECT,
            lattice: Some(Lattice::square(block, 32, 32)),
            outline: Outline::Rectangle,
            score: 1.0,
        }
    }

    /// Stripes of two colours behind a mosaic: nothing like a face.
    fn stripes(block: u32) -> Vec<u8> {
        let pixel = |i: usize| match (i % 160 / 20 + i / 160 / 30) % 2 {
            0 => [20, 60, 200],
            _ => [240, 240, 60],
        };
        let mut data: Vec<u8> = (0..160 * 160).flat_map(pixel).collect();
        let layout = Layout::rgb(160, 160);
        let mut frame = FrameViewMut::packed(&layout, &mut data, 480).unwrap();
        pixelate(
            &mut frame,
            &RECT,
            &Lattice::square(block, 32, 32),
            Fill::TileMean,
        );
        data
    }

    fn kept(threshold: f32, block: u32, id: Option<u32>) -> usize {
        let data = stripes(block);
        let layout = Layout::rgb(160, 160);
        let frame = FrameView::packed(&layout, &data, 480).unwrap();
        let mut check = FaceCheck::bundled(runtime::load_for_program().unwrap()).unwrap();
        let mut regions = vec![region(block)];
        for _ in 0..2 {
            check
                .retain(&frame, threshold, &mut regions, |&region| {
                    Some((region, id))
                })
                .unwrap();
        }
        regions.len()
    }

    #[test]
    fn stripes_are_no_face() {
        assert_eq!(kept(0.5, 8, None), 0);
        assert_eq!(kept(0.5, 8, Some(3)), 0);
    }

    #[test]
    fn nothing_is_said_of_a_few_blocks_or_at_no_threshold() {
        assert_eq!(kept(0.5, 16, None), 1);
        assert_eq!(kept(0.0, 8, None), 1);
    }
}
