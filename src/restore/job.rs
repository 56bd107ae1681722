//! One region on its way through the model: what a network is shown of it, and how its answer goes back.

use super::views::{Views, blend};
use super::{Blend, Target};
use crate::blocks::{LatticePlanes, PLANES, Projector};
use crate::cascade::{ModelFacts, MosaicInput};
use crate::detect::Outline;
use crate::frame::{Cropper, FrameView, FrameViewMut, Lattice, Patch, Rect, patch};

/// A region, and memory for all that is done with it; a job is used again for other regions.
#[derive(Default)]
pub(super) struct Job {
    pub(super) rect: Rect,
    pub(super) lattice: Option<Lattice>,
    pub(super) outline: Outline,
    views: Views,
    cropper: Cropper,
    planes: LatticePlanes,
    projector: Projector,
    observed: Patch,
    restored: Patch,
    close: Patch,
    mask: Vec<f32>,
}

impl Job {
    /// Take `target` up, whose region lies in a frame of `size` (width, height) pixels.
    pub fn set(&mut self, target: &Target, margin: f64, size: (u32, u32)) {
        let region = &target.region;
        self.rect = region.rect;
        self.lattice = region.lattice;
        self.outline = region.outline;
        self.views = Views::of(&self.rect, target.face, margin, size);
    }

    /// Number of pictures that the network is shown.
    pub fn count(&self) -> usize {
        self.views.squares().count()
    }

    /// Read the mosaic, and draw the pictures into `pixelated`, three planes each in the model's range; and into `lattice`, if
    /// that has room, [`PLANES`] planes each.
    pub fn look(
        &mut self,
        frame: &FrameView<'_>,
        facts: &ModelFacts,
        pixelated: &mut [f32],
        lattice: &mut [f32],
    ) {
        let area = facts.size * facts.size;
        let mut lattices = lattice.chunks_exact_mut(PLANES * area);
        let views = self.views;
        let crops = pixelated.chunks_exact_mut(3 * area);
        for (index, (view, crop)) in views.squares().zip(crops).enumerate() {
            self.cropper.crop(frame, &view, facts.size, crop);
            // The first view shows all of the mosaic, unless that ends in a part of a pixel.
            if index == 0 && !self.cropper.seen().copy_part(self.rect, &mut self.observed) {
                patch::read(frame, self.rect, &mut self.observed);
            }
            if let Some(lattice) = &self.lattice
                && facts.mosaic == MosaicInput::Smooth
            {
                self.planes.smooth(&self.observed, lattice, &view, crop);
            }
            if let Some(planes) = lattices.next() {
                match &self.lattice {
                    Some(lattice) => {
                        let unit = facts.range.unit();
                        self.planes
                            .draw(&self.observed, lattice, &view, crop, unit, planes);
                    }
                    None => planes.fill(0.0),
                }
            }
            facts.range.normalise(crop);
        }
    }

    /// The network's answers, three planes each, at the region's own size and with the mosaic's block means.
    pub fn compose(&mut self, facts: &ModelFacts, answers: &mut [f32], projection: f32) {
        let side = facts.output_size();
        facts.range.denormalise(answers);
        let mut answers = answers.chunks_exact(3 * side * side);
        let (whole, rect) = (&self.views.whole, self.rect);
        if let Some(answer) = answers.next() {
            self.cropper
                .uncrop(answer, side, whole, rect, &mut self.restored);
        }
        if let Some((view, answer)) = self.views.close.zip(answers.next())
            && let Some(part) = view.bounds().intersect(&rect)
        {
            self.cropper
                .uncrop(answer, side, &view, part, &mut self.close);
            blend(&mut self.restored, &self.close, &view);
        }
        if let Some(lattice) = &self.lattice {
            self.projector
                .project(&mut self.restored, &self.observed, lattice, projection);
        }
    }

    /// Write the result into the frame.
    pub fn paste(&mut self, frame: &mut FrameViewMut<'_>, settings: &Blend) {
        let layout = frame.layout();
        let size = (layout.width, layout.height);
        let mut mask = std::mem::take(&mut self.mask);
        self.feather(size, settings.alpha, &mut mask);
        patch::write(frame, &self.restored, &mask);
        self.mask = mask;
    }
}
