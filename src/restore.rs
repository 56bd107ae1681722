//! All of restoration for one frame, without GStreamer: crop, run, project, paste.
//!
//! The two halves are apart so that a caller needs no writable frame before a result is there.

mod feather;
mod job;
#[cfg(test)]
mod tests;
mod views;

use crate::blocks::PLANES;
use crate::cascade::{Backend, Batch, CascadeError, Crops, ModelFacts};
use crate::detect::Region;
use crate::frame::{FrameView, FrameViewMut, Layout, Square};
use job::{Job, Workbench};

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
    /// As many as regions are worked on at a time.
    benches: Vec<Workbench>,
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
        for jobs in self.jobs[..self.count].chunks_mut(self.benches.len().max(1)) {
            let work = jobs.iter_mut().zip(&mut self.benches).map(|(job, bench)| {
                let crop = split_off(&mut crops, job.count() * 3 * area);
                let lattice = split_off(&mut lattices, job.count() * planes);
                (job, bench, crop, lattice)
            });
            in_parallel(work, |(job, bench, crop, lattice)| {
                job.look(bench, frame, facts, crop, lattice);
            });
        }
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
        let benches = self.count.min(rayon::current_num_threads());
        while self.benches.len() < benches {
            self.benches.push(Workbench::default());
        }
        pictures
    }

    /// Write the faces in [`Self::batch`] into the frame of the last [`Self::look`]. Pixels outside the regions stay as
    /// they are, those between an ellipse and its box among them, but for chroma samples that a region's border shares
    /// with its neighbours.
    pub fn apply(&mut self, frame: &mut FrameViewMut<'_>, facts: &ModelFacts, blend: &Blend) {
        let answer = 3 * facts.output_size() * facts.output_size();
        let mut answers = &mut self.batch.faces[..];
        for jobs in self.jobs[..self.count].chunks(self.benches.len().max(1)) {
            let work = jobs.iter().zip(&mut self.benches).map(|(job, bench)| {
                let own = split_off(&mut answers, job.count() * answer);
                (job, bench, own)
            });
            in_parallel(work, |(job, bench, answers)| {
                job.compose(bench, facts, answers, blend.projection);
            });
            for (job, bench) in jobs.iter().zip(&mut self.benches) {
                job.paste(bench, frame, blend);
            }
        }
        self.count = 0;
    }
}

/// The first `count` of `values`, which loses them.
fn split_off<'a>(values: &mut &'a mut [f32], count: usize) -> &'a mut [f32] {
    let first;
    (first, *values) = std::mem::take(values).split_at_mut(count);
    first
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
