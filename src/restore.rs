//! All of restoration for one frame, without GStreamer: crop, run, project, paste.
//!
//! The two halves are apart so that a caller needs no writable frame before a result is there.

mod feather;
mod job;
mod views;

use crate::blocks::PLANES;
use crate::cascade::{Backend, Batch, CascadeError, Crops, ModelFacts};
use crate::detect::Region;
use crate::frame::{FrameView, FrameViewMut, Layout, Square};
use job::Job;

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

/// A region that is to be restored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// The region.
    pub region: Region,
    /// The square of the face in it, as large as those of the model's training, where that is known.
    pub face: Option<Square>,
}

impl From<Region> for Target {
    fn from(region: Region) -> Self {
        Self { region, face: None }
    }
}

/// The regions of one frame on their way through a model; keeps its memory for other frames.
#[derive(Default)]
pub struct Restoration {
    /// Those of the last [`Self::look`]; more may wait for later frames.
    jobs: Vec<Job>,
    count: usize,
    /// The pictures of the jobs, and what a model makes of them.
    pub batch: Batch,
}

impl Restoration {
    /// Crop the regions of `targets` out of `frame`, for a model with these `facts` that does or does not take the lattice.
    /// False: there is nothing to run.
    ///
    /// Regions are cut to the frame; what lies outside it altogether is left out.
    pub fn look(
        &mut self,
        frame: &FrameView<'_>,
        targets: &[Target],
        facts: &ModelFacts,
        takes_lattice: bool,
    ) -> bool {
        let pictures = self.take_up(targets, frame.layout(), facts.margin);
        let area = facts.size * facts.size;
        let planes = if takes_lattice { PLANES * area } else { 0 };
        self.batch.count = pictures;
        self.batch.pixelated.resize(pictures * 3 * area, 0.0);
        self.batch.lattice.resize(pictures * planes, 0.0);
        let mut crops = &mut self.batch.pixelated[..];
        let mut lattices = &mut self.batch.lattice[..];
        let jobs = self.jobs[..self.count].iter_mut().map(|job| {
            let (crop, lattice);
            (crop, crops) = std::mem::take(&mut crops).split_at_mut(job.count() * 3 * area);
            (lattice, lattices) = std::mem::take(&mut lattices).split_at_mut(job.count() * planes);
            (job, crop, lattice)
        });
        in_parallel(jobs, |(job, crop, lattice)| {
            job.look(frame, facts, crop, lattice);
        });
        pictures > 0
    }

    /// Make jobs of `targets`; gives the number of their pictures.
    fn take_up(&mut self, targets: &[Target], layout: &Layout, margin: f64) -> usize {
        let size = (layout.width, layout.height);
        self.count = 0;
        let mut pictures = 0;
        for target in targets {
            let Some(region) = target.region.clamp_to(size.0, size.1) else {
                continue;
            };
            if self.count == self.jobs.len() {
                self.jobs.push(Job::default());
            }
            let job = &mut self.jobs[self.count];
            job.set(&Target { region, ..*target }, margin, size);
            pictures += job.count();
            self.count += 1;
        }
        pictures
    }

    /// Write the faces in [`Self::batch`] into the frame of the last [`Self::look`]. Pixels outside the regions stay as
    /// they are, those between an ellipse and its box among them, but for chroma samples that a region's border shares
    /// with its neighbours.
    pub fn apply(&mut self, frame: &mut FrameViewMut<'_>, facts: &ModelFacts, blend: &Blend) {
        let answer = 3 * facts.output_size() * facts.output_size();
        let mut answers = &mut self.batch.faces[..];
        let jobs = self.jobs[..self.count].iter_mut().map(|job| {
            let own;
            (own, answers) = std::mem::take(&mut answers).split_at_mut(job.count() * answer);
            (job, own)
        });
        in_parallel(jobs, |(job, answers)| {
            job.compose(facts, answers, blend.projection);
        });
        for job in &mut self.jobs[..self.count] {
            job.paste(frame, blend);
        }
        self.count = 0;
    }
}

/// Do all of `jobs`, several at a time where there are several.
fn in_parallel<T: Send>(jobs: impl Iterator<Item = T> + Send, work: impl Fn(T) + Sync) {
    let mut jobs = jobs;
    let Some(first) = jobs.next() else { return };
    match jobs.next() {
        None => work(first),
        Some(second) => rayon::scope(|scope| {
            for job in [first, second].into_iter().chain(jobs) {
                let work = &work;
                scope.spawn(move |_| work(job));
            }
        }),
    }
}

/// Restores frames one after the other with a model of its own.
pub struct Restorer {
    backend: Box<dyn Backend>,
    restoration: Restoration,
}

impl Restorer {
    /// A restorer that runs `backend`.
    pub fn new(backend: Box<dyn Backend>) -> Self {
        Self {
            backend,
            restoration: Restoration::default(),
        }
    }

    /// Crop the regions of `targets` out of `frame` and run them as one batch. The results stay inside until
    /// [`Self::apply`].
    pub fn infer(
        &mut self,
        frame: &FrameView<'_>,
        targets: &[Target],
        detail: f32,
    ) -> Result<(), CascadeError> {
        let Self {
            backend,
            restoration,
        } = self;
        let takes_lattice = backend.takes_lattice();
        if !restoration.look(frame, targets, backend.facts(), takes_lattice) {
            return Ok(());
        }
        let Batch {
            count,
            pixelated,
            lattice,
            faces,
            ..
        } = &mut restoration.batch;
        let crops = Crops {
            count: *count,
            pixelated,
            lattice,
        };
        let result = backend.run(crops, detail, faces);
        if result.is_err() {
            restoration.count = 0;
        }
        result
    }

    /// Write the results of the last [`Self::infer`] into the same frame, see [`Restoration::apply`].
    pub fn apply(&mut self, frame: &mut FrameViewMut<'_>, blend: &Blend) {
        self.restoration.apply(frame, self.backend.facts(), blend);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::{MosaicInput, ValueRange};
    use crate::degrade::mosaic::{Fill, pixelate};
    use crate::detect::Outline;
    use crate::frame::{Lattice, Rect};

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
        let targets: Vec<_> = regions.iter().map(|&region| region.into()).collect();
        restorer.infer(&view, &targets, blend.detail).unwrap();
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
