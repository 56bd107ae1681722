//! One region on its way through the model: what a network is shown of it, and how its answer goes back.

use super::views::{Views, blend};
use super::{Blend, Target};
use crate::blocks::{LatticePlanes, PLANES, Projector};
use crate::cascade::{ModelFacts, MosaicInput};
use crate::detect::Outline;
use crate::frame::{Cropper, FrameView, FrameViewMut, Lattice, Patch, Rect, patch};

/// A region, and the mosaic that was read of it; a job is used again for other regions.
#[derive(Default)]
pub(super) struct Job {
    pub(super) rect: Rect,
    pub(super) lattice: Option<Lattice>,
    pub(super) outline: Outline,
    views: Views,
    observed: Patch,
}

/// Memory for the work on one region, used again for others: what stays in the processor's cache is quick to come by.
#[derive(Default)]
pub(super) struct Workbench {
    cropper: Cropper,
    planes: LatticePlanes,
    projector: Projector,
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
        bench: &mut Workbench,
        frame: &FrameView<'_>,
        facts: &ModelFacts,
        pixelated: &mut [f32],
        lattice: &mut [f32],
    ) {
        let area = facts.size * facts.size;
        let mut lattices = lattice.chunks_exact_mut(PLANES * area);
        let views = self.views;
        let crops = pixelated.chunks_exact_mut(3 * area);
        let Workbench {
            cropper, planes, ..
        } = bench;
        for (index, (view, crop)) in views.squares().zip(crops).enumerate() {
            cropper.crop(frame, &view, facts.size, crop);
            // The first view shows all of the mosaic, unless that ends in a part of a pixel.
            if index == 0 && !cropper.seen().copy_part(self.rect, &mut self.observed) {
                patch::read(frame, self.rect, &mut self.observed);
            }
            if let Some(lattice) = &self.lattice
                && facts.mosaic == MosaicInput::Smooth
            {
                planes.smooth(&self.observed, lattice, &view, crop);
            }
            if let Some(told) = lattices.next() {
                match &self.lattice {
                    Some(lattice) => {
                        let unit = facts.range.unit();
                        planes.draw(&self.observed, lattice, &view, crop, unit, told);
                    }
                    None => told.fill(0.0),
                }
            }
            facts.range.normalise(crop);
        }
    }

    /// Put the network's answers, three planes each, onto the bench at the region's own size, with the mosaic's block means.
    pub fn compose(
        &self,
        bench: &mut Workbench,
        facts: &ModelFacts,
        answers: &mut [f32],
        projection: f32,
    ) {
        let Workbench {
            cropper,
            projector,
            restored,
            close,
            ..
        } = bench;
        let side = facts.output_size();
        facts.range.denormalise(answers);
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
        }
    }

    /// Write what is on the bench into the frame.
    pub fn paste(&self, bench: &mut Workbench, frame: &mut FrameViewMut<'_>, settings: &Blend) {
        let layout = frame.layout();
        let size = (layout.width, layout.height);
        self.feather(size, settings.alpha, &mut bench.mask);
        patch::write(frame, &bench.restored, &bench.mask);
    }
}
