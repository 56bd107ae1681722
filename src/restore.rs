//! All of restoration for one frame, without GStreamer: crop, run, project, paste.
//!
//! The two halves are apart so that a caller needs no writable frame before a result is there.

mod feather;

use crate::blocks::{LatticePlanes, PLANES, Projector};
use crate::cascade::{Backend, CascadeError, Crops, MosaicInput};
use crate::detect::{Outline, Region};
use crate::frame::{Cropper, FrameView, FrameViewMut, Lattice, Patch, Rect, Square, patch};

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
            detail: 0.5,
            projection: 1.0,
            alpha: 1.0,
        }
    }
}

/// A region on its way through the model.
#[derive(Debug)]
struct Job {
    rect: Rect,
    view: Square,
    lattice: Option<Lattice>,
    outline: Outline,
}

/// Restores the regions of a frame as one batch; keeps its memory from frame to frame.
pub struct Restorer {
    backend: Box<dyn Backend>,
    cropper: Cropper,
    planes: LatticePlanes,
    projector: Projector,
    jobs: Vec<Job>,
    /// The mosaics of the jobs; may hold more, for later frames.
    observed: Vec<Patch>,
    /// The crops of the jobs, planar, in the model's range.
    pixelated: Vec<f32>,
    /// What is known of their lattices, if the model wants it.
    lattice: Vec<f32>,
    output: Vec<f32>,
    restored: Patch,
    mask: Vec<f32>,
}

impl Restorer {
    /// A restorer that runs `backend`.
    pub fn new(backend: Box<dyn Backend>) -> Self {
        Self {
            backend,
            cropper: Cropper::default(),
            planes: LatticePlanes::default(),
            projector: Projector::default(),
            jobs: Vec::new(),
            observed: Vec::new(),
            pixelated: Vec::new(),
            lattice: Vec::new(),
            output: Vec::new(),
            restored: Patch::default(),
            mask: Vec::new(),
        }
    }

    /// The model behind this restorer.
    pub fn backend(&self) -> &dyn Backend {
        self.backend.as_ref()
    }

    /// Crop `regions` out of `frame` and run them as one batch. The results stay inside until [`Self::apply`].
    ///
    /// Regions are cut to the frame; what lies outside it altogether is left out.
    pub fn infer(
        &mut self,
        frame: &FrameView<'_>,
        regions: &[Region],
        detail: f32,
    ) -> Result<(), CascadeError> {
        let facts = self.backend.facts();
        let (size, margin, range) = (facts.size, facts.margin, facts.range);
        let smooth = facts.mosaic == MosaicInput::Smooth;
        let layout = frame.layout();
        self.jobs.clear();
        for region in regions {
            if let Some(region) = region.clamp_to(layout.width, layout.height) {
                let rect = region.rect;
                self.jobs.push(Job {
                    rect,
                    view: Square::around(&rect, margin).inside(&rect, layout.width, layout.height),
                    lattice: region.lattice,
                    outline: region.outline,
                });
            }
        }
        if self.jobs.is_empty() {
            return Ok(());
        }
        let area = size * size;
        let planes = if self.backend.takes_lattice() {
            PLANES * area
        } else {
            0
        };
        self.pixelated.resize(self.jobs.len() * 3 * area, 0.0);
        self.lattice.resize(self.jobs.len() * planes, 0.0);
        if self.observed.len() < self.jobs.len() {
            self.observed.resize_with(self.jobs.len(), Patch::default);
        }
        for (index, (job, observed)) in self.jobs.iter().zip(&mut self.observed).enumerate() {
            let crop = &mut self.pixelated[index * 3 * area..][..3 * area];
            self.cropper.crop(frame, &job.view, size, crop);
            patch::read(frame, job.rect, observed);
            let planes = &mut self.lattice[index * planes..][..planes];
            match &job.lattice {
                Some(lattice) => {
                    if smooth {
                        self.planes.smooth(observed, lattice, &job.view, crop);
                    }
                    let unit = range.unit();
                    self.planes
                        .draw(observed, lattice, &job.view, crop, unit, planes);
                }
                None => planes.fill(0.0),
            }
            range.normalise(crop);
        }
        let crops = Crops {
            count: self.jobs.len(),
            pixelated: &self.pixelated,
            lattice: &self.lattice,
        };
        let result = self.backend.run(crops, detail, &mut self.output);
        if result.is_err() {
            self.jobs.clear();
        }
        result
    }

    /// Write the results of the last [`Self::infer`] into the same frame. Pixels outside the regions stay as
    /// they are, those between an ellipse and its box among them, but for chroma samples that a region's border shares with its neighbours.
    pub fn apply(&mut self, frame: &mut FrameViewMut<'_>, blend: &Blend) {
        let facts = self.backend.facts();
        let (side, range) = (facts.output_size(), facts.range);
        let layout = *frame.layout();
        let tensors = self.output.chunks_exact_mut(3 * side * side);
        for ((job, observed), tensor) in self.jobs.iter().zip(&self.observed).zip(tensors) {
            range.denormalise(tensor);
            let restored = &mut self.restored;
            self.cropper
                .uncrop(tensor, side, &job.view, job.rect, restored);
            if let Some(lattice) = &job.lattice {
                self.projector
                    .project(restored, observed, lattice, blend.projection);
            }
            let size = (layout.width, layout.height);
            job.feather(size, blend.alpha, &mut self.mask);
            patch::write(frame, restored, &self.mask);
        }
        self.jobs.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::{ModelFacts, ValueRange};
    use crate::degrade::mosaic::{Fill, pixelate};
    use crate::frame::Layout;

    /// Answers every mosaic with one colour, and counts its runs.
    struct Painter {
        facts: ModelFacts,
        colour: [f32; 3],
    }

    impl Painter {
        fn boxed(colour: [f32; 3]) -> Box<dyn Backend> {
            let facts = ModelFacts {
                size: 32,
                scale: 2,
                range: ValueRange::Unit,
                margin: 1.3,
                mosaic: MosaicInput::Blocks,
                blocks: (2.0, 8.0),
                trained_on: String::new(),
                license: String::new(),
            };
            Box::new(Self { facts, colour })
        }
    }

    impl Backend for Painter {
        fn facts(&self) -> &ModelFacts {
            &self.facts
        }

        fn execution_provider(&self) -> &str {
            "none"
        }

        fn takes_lattice(&self) -> bool {
            true
        }

        fn run(
            &mut self,
            crops: Crops<'_>,
            _: f32,
            out: &mut Vec<f32>,
        ) -> Result<(), CascadeError> {
            let (input, count) = (crops.pixelated, crops.count);
            assert_eq!(crops.lattice.len(), count * PLANES * 32 * 32);
            assert!(crops.lattice.iter().all(|v| (-1.0..=2.0).contains(v)));
            assert_eq!(input.len(), count * 3 * 32 * 32);
            assert!(input.iter().all(|v| (0.0..=1.0).contains(v)));
            out.clear();
            for _ in 0..count {
                for value in self.colour {
                    out.extend(std::iter::repeat_n(value, 64 * 64));
                }
            }
            Ok(())
        }
    }

    fn region(rect: Rect, lattice: Option<Lattice>) -> Region {
        Region {
            rect,
            lattice,
            outline: Outline::Rectangle,
            score: 1.0,
        }
    }

    fn restore(data: &mut [u8], side: u32, regions: &[Region], blend: &Blend, colour: [f32; 3]) {
        let layout = Layout::rgb(side, side);
        let stride = side as usize * 3;
        let mut restorer = Restorer::new(Painter::boxed(colour));
        let view = FrameView::packed(&layout, data, stride).unwrap();
        restorer.infer(&view, regions, blend.detail).unwrap();
        let mut frame = FrameViewMut::packed(&layout, data, stride).unwrap();
        restorer.apply(&mut frame, blend);
    }

    const NONE: Blend = Blend {
        detail: 0.0,
        projection: 0.0,
        alpha: 1.0,
    };

    #[test]
    fn the_inside_is_painted_and_the_outside_is_not() {
        let before: Vec<u8> = (0..60 * 60 * 3).map(|i| (i % 251) as u8).collect();
        let mut data = before.clone();
        let rects = [Rect::new(5, 6, 20, 24), Rect::new(40, 40, 40, 40)];
        restore(
            &mut data,
            60,
            &rects.map(|r| region(r, None)),
            &NONE,
            [1.0, 0.0, 0.5],
        );
        for (i, (now, was)) in data.iter().zip(&before).enumerate() {
            let (x, y) = (i as i64 / 3 % 60, i as i64 / 180);
            let inside = |r: &Rect| {
                (i64::from(r.x)..r.right()).contains(&x)
                    && (i64::from(r.y)..r.bottom()).contains(&y)
            };
            if !rects.iter().any(inside) {
                assert_eq!(now, was, "{x},{y}");
            }
        }
        let pixel = |x: usize, y: usize| &data[(y * 60 + x) * 3..][..3];
        assert_eq!(pixel(15, 18), [255, 0, 128]);
        // No soft edge where the frame ends.
        assert_eq!(pixel(59, 59), [255, 0, 128]);
    }

    #[test]
    fn corners_beyond_an_ellipse_stay_as_they_are() {
        let before: Vec<u8> = (0..60 * 60 * 3).map(|i| (i % 251) as u8).collect();
        let mut data = before.clone();
        let ellipse = Region {
            outline: Outline::Ellipse,
            ..region(Rect::new(6, 10, 48, 40), Some(Lattice::square(4, 6, 10)))
        };
        restore(&mut data, 60, &[ellipse], &NONE, [1.0, 0.0, 0.5]);
        let radius = |x: usize, y: usize, rim: f32| {
            let (dx, dy) = (x as f32 + 0.5 - 30.0, y as f32 + 0.5 - 30.0);
            (dx / (24.0 + rim)).hypot(dy / (20.0 + rim))
        };
        for y in 0..60 {
            for x in 0..60 {
                let at = 3 * (60 * y + x);
                let now = &data[at..at + 3];
                if radius(x, y, 4.0) > 1.0 {
                    assert_eq!(now, &before[at..at + 3], "{x},{y}");
                } else if radius(x, y, -2.0) < 1.0 {
                    assert_eq!(now, [255, 0, 128], "{x},{y}");
                }
            }
        }
        assert!(radius(6, 10, 4.0) > 1.0 && radius(53, 49, 4.0) > 1.0);
    }

    #[test]
    fn projection_puts_the_colour_of_the_mosaic_right() {
        let mut data = vec![0; 48 * 48 * 3];
        for pixel in data.chunks_exact_mut(3) {
            pixel.copy_from_slice(&[200, 120, 90]);
        }
        let rect = Rect::new(8, 8, 32, 32);
        let lattice = Lattice::square(8, 8, 8);
        let layout = Layout::rgb(48, 48);
        let mut frame = FrameViewMut::packed(&layout, &mut data, 144).unwrap();
        pixelate(&mut frame, &rect, &lattice, Fill::TileMean);
        let regions = [region(rect, Some(lattice))];
        restore(&mut data, 48, &regions, &Blend::default(), [0.2, 0.2, 0.2]);
        assert!(data.chunks_exact(3).all(|pixel| pixel == [200, 120, 90]));
    }

    #[test]
    fn alpha_of_zero_and_regions_outside_change_nothing() {
        let before = vec![77; 20 * 20 * 3];
        let mut data = before.clone();
        let none = Blend { alpha: 0.0, ..NONE };
        restore(
            &mut data,
            20,
            &[region(Rect::new(2, 2, 9, 9), None)],
            &none,
            [1.0; 3],
        );
        let outside = [
            Rect::new(-50, 0, 50, 50),
            Rect::new(20, 20, 5, 5),
            Rect::default(),
        ];
        restore(
            &mut data,
            20,
            &outside.map(|r| region(r, None)),
            &NONE,
            [1.0; 3],
        );
        restore(&mut data, 20, &[], &NONE, [1.0; 3]);
        assert_eq!(data, before);
    }

    #[test]
    fn hostile_regions_are_cut_to_the_frame() {
        let mut data = vec![9; 3];
        let all = Rect::new(i32::MIN, i32::MIN, u32::MAX, u32::MAX);
        restore(
            &mut data,
            1,
            &vec![region(all, Some(Lattice::square(4, 0, 0))); 40],
            &NONE,
            [1.0; 3],
        );
        assert_eq!(data, [255; 3]);
        restore(&mut data, 1, &[region(all, None)], &NONE, [f32::NAN; 3]);
        assert_eq!(data, [0; 3]);
    }
}
