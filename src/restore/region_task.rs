//! One region on its way through the model: what a network is shown of it, and how its answer goes
//! back.

use super::upright::Upright;
use super::views::{Views, blend};
use crate::blocks::{
    LatticePlanes, NEIGHBOUR_PLANES, Overlay, PLANES, Projector, Sampling, Surface,
};
use crate::cascade::{ModelMetadata, MosaicInput};
use crate::detect::{Outline, Region};
use crate::frame::{Cropper, FrameView, FrameViewMut, Lattice, Patch, Rect, Square, Tone, patch};

/// How a result goes back into its frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blend {
    /// From the model's truest picture (0) to its sharpest (1).
    pub detail: f32,
    /// Strength of the block-mean projection, 0–1.
    pub projection: f32,
    /// Weight of the restored over the original picture, 0–1.
    pub alpha: f32,
}

impl Default for Blend {
    fn default() -> Self {
        Self {
            detail: 1.0,
            projection: 1.0,
            alpha: 1.0,
        }
    }
}

/// A region that is to be restored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// The region.
    pub region: Region,
    /// Its identity from frame to frame, if it is followed.
    pub id: Option<u32>,
    /// The square of the face in it, as large as those of the model's training, where that is
    /// known.
    pub face: Option<Square>,
    /// The square around its box, steadier than that from frame to frame, where it is followed.
    pub around: Option<Square>,
    /// What the colours of its blocks are.
    pub sampling: Sampling,
}

impl From<Region> for Target {
    fn from(region: Region) -> Self {
        Self {
            region,
            id: None,
            face: None,
            around: None,
            sampling: Sampling::Mean,
        }
    }
}

/// A region, and the mosaic that was read of it; a task is used again for other regions.
#[derive(Default)]
pub(super) struct RegionTask {
    pub(super) rect: Rect,
    pub(super) lattice: Option<Lattice>,
    pub(super) outline: Outline,
    pub(super) id: Option<u32>,
    /// Which of a frame's targets it is.
    pub(super) target: usize,
    /// Whether what the model made of it can be shown.
    pub(super) is_sound: bool,
    sampling: Sampling,
    views: Views,
    observed: Patch,
    /// The same as a surface, where the lattice is known and it was not taken.
    pub(super) surface: Surface,
    /// How a network is shown that; None for ordinary video.
    tone: Option<Tone>,
    overlay: Overlay,
    /// Whether the region is turned; then all of the above is in the small frame of `upright`.
    pub(super) is_turned: bool,
    upright: Upright,
}

/// Memory for the work on one region, used again for others: what stays in the processor's cache is
/// quick to come by.
#[derive(Default)]
pub(super) struct Scratch {
    cropper: Cropper,
    planes: LatticePlanes,
    projector: Projector,
    shown: Patch,
    restored: Patch,
    close: Patch,
    mask: Vec<f32>,
    weights: Vec<f32>,
}

impl RegionTask {
    /// Take `target` up, whose region lies in a frame of `size` (width, height) pixels.
    pub(super) fn set(&mut self, target: &Target, margin: f64, size: (u32, u32)) {
        self.is_turned = target.region.is_turned();
        let (region, face, around, size) = if self.is_turned {
            let (region, face) = self.upright.set(&target.region, target.face, margin, size);
            (region, face, None, self.upright.size())
        } else {
            (target.region, target.face, target.around, size)
        };
        self.rect = region.rect;
        self.lattice = region.lattice;
        self.outline = region.outline;
        self.id = target.id;
        self.sampling = target.sampling;
        self.overlay.clear();
        self.views = Views::of(&self.rect, around, face, margin, size);
    }

    /// Number of pictures that the network is shown.
    pub(super) fn count(&self) -> usize {
        self.views.squares().count()
    }

    /// Read the mosaic, and draw the pictures into `pixelated`, three planes each in the model's
    /// range; and into `lattice`, if that has room, [`PLANES`] planes each.
    pub(super) fn extract(
        &mut self,
        scratch: &mut Scratch,
        frame: &FrameView<'_>,
        metadata: &ModelMetadata,
        pixelated: &mut [f32],
        lattice: &mut [f32],
    ) {
        let transfer = frame.layout().transfer;
        let (layout, small);
        let frame = if self.is_turned {
            self.upright.fill(frame, &mut scratch.restored);
            layout = self.upright.layout();
            small = FrameView::packed(&layout, self.upright.data(), 3 * layout.width as usize)
                .expect("the small frame holds its rows");
            &small
        } else {
            frame
        };
        let area = metadata.size * metadata.size;
        let mut lattices = lattice.chunks_exact_mut(PLANES * area);
        let views = self.views;
        let crops = pixelated.chunks_exact_mut(3 * area);
        let Scratch {
            cropper,
            planes,
            shown,
            ..
        } = scratch;
        for (index, (view, crop)) in views.squares().zip(crops).enumerate() {
            cropper.crop(frame, &view, metadata.size, crop);
            // The first view shows all of the mosaic, unless that ends in a part of a pixel.
            if index == 0 && !cropper.seen().copy_part(self.rect, &mut self.observed) {
                patch::read(frame, self.rect, &mut self.observed);
            }
            if let Some(lattice) = self.lattice.filter(|_| index == 0) {
                self.overlay.lift(&mut self.observed, &lattice);
            }
            if index == 0 {
                self.tone = Tone::of(transfer, self.observed.values());
                let shown = show(&self.observed, self.rect, self.tone.as_ref(), shown);
                match &self.lattice {
                    Some(lattice) => self.surface.read(shown, lattice),
                    None => self.surface.clear(),
                }
            }
            if let Some(tone) = &self.tone {
                tone.show(crop);
            }
            if metadata.mosaic == MosaicInput::Smooth {
                planes.smooth(&self.surface, &view, crop);
            }
            if let Some(told) = lattices.next() {
                let unit = metadata.range.unit();
                planes.draw(&self.surface, &view, crop, unit, told);
            }
            metadata.range.normalize(crop);
        }
    }

    /// Draw what neighbouring frames show of the mosaic into `told`, the planes of the model's window
    /// for each picture; `find` gives it for an offset in frames.
    pub(super) fn tell_neighbours<'a>(
        &self,
        scratch: &mut Scratch,
        metadata: &ModelMetadata,
        find: impl Fn(isize) -> Option<&'a Surface>,
        told: &mut [f32],
    ) {
        let Some(own) = find(0) else {
            return;
        };
        let area = metadata.size * metadata.size;
        let pictures = told.chunks_exact_mut(metadata.window.planes() * area);
        for (view, told) in self.views.squares().zip(pictures) {
            let neighbours = told.chunks_exact_mut(NEIGHBOUR_PLANES * area);
            for (offset, told) in metadata.window.offsets().zip(neighbours) {
                let Some(surface) = find(offset) else {
                    continue;
                };
                scratch.planes.draw_neighbour(own, surface, &view, told);
                let (colours, others) = told.split_at_mut(3 * area);
                metadata.range.normalize(colours);
                let is_there = &others[3 * area..];
                for (colour, is_there) in colours.iter_mut().zip(is_there.iter().cycle()) {
                    if *is_there == 0.0 {
                        *colour = 0.0;
                    }
                }
            }
        }
    }

    /// Put the network's answers, three planes each, onto the bench at the region's own size, with
    /// the mosaic's block means.
    pub(super) fn compose(
        &self,
        scratch: &mut Scratch,
        metadata: &ModelMetadata,
        answers: &mut [f32],
        projection: f32,
    ) {
        let Scratch {
            cropper,
            projector,
            restored,
            close,
            ..
        } = scratch;
        let side = metadata.output_size();
        metadata.range.denormalise(answers);
        if let Some(tone) = &self.tone {
            tone.bring_back(answers);
        }
        let mut answers = answers.chunks_exact(3 * side * side);
        let (whole, rect) = (&self.views.whole, self.rect);
        if let Some(answer) = answers.next() {
            cropper.uncrop(answer, side, whole, rect, restored);
        }
        if let Some((view, answer)) = self.views.close.zip(answers.next())
            && let Some(part) = view.bounds().intersect(&rect)
        {
            cropper.uncrop(answer, side, &view, part, close);
            blend(restored, close, &view);
        }
        if let Some(lattice) = &self.lattice {
            projector.project(restored, &self.observed, lattice, projection);
            // What a block shows may lie around its corner, not around its middle.
            let shift = |side: f32| (side * self.sampling.shift()) as usize;
            if self.sampling != Sampling::Mean {
                restored.shift(shift(lattice.block_width), shift(lattice.block_height));
            }
        }
    }

    /// Write what is on the bench into the frame.
    pub(super) fn paste(
        &self,
        scratch: &mut Scratch,
        frame: &mut FrameViewMut<'_>,
        settings: &Blend,
    ) {
        let layout = frame.layout();
        let size = match self.is_turned {
            true => self.upright.size(),
            false => (layout.width, layout.height),
        };
        let Scratch {
            restored,
            close,
            mask,
            weights,
            ..
        } = scratch;
        self.feather(size, settings.alpha, mask);
        self.overlay.spare(mask);
        if self.is_turned {
            let face = (&*restored, &mask[..]);
            self.upright.paste(frame, face, close, weights);
        } else {
            patch::write(frame, restored, mask);
        }
    }
}

/// What a network is shown of the mosaic `observed` in `rect`; `memory` is for that.
fn show<'a>(
    observed: &'a Patch,
    rect: Rect,
    tone: Option<&Tone>,
    memory: &'a mut Patch,
) -> &'a Patch {
    let Some(tone) = tone else { return observed };
    observed.copy_part(rect, memory);
    tone.show(memory.values_mut());
    memory
}
