//! All of restoration for one frame, without GStreamer: find, crop, run, project, paste.
//!
//! [`Restorer`] does it for one picture after the other, [`Film`] for those of a film. [`Restoration`] is what lies on both sides
//! of the model, for a caller that runs the model elsewhere; its two halves are apart so that no
//! writable frame is needed before a result is there.

mod by_hand;
mod feather;
mod film;
mod moments;
mod mosaic;
mod region_task;
mod restorer;
#[cfg(test)]
mod tests;
mod upright;
mod views;

use crate::blocks::PLANES;
use crate::cascade::{Batch, ModelMetadata, RunError, Window, make_room};
use crate::detect::Region;
use crate::frame::{FrameView, FrameViewMut, Layout};
pub use by_hand::{is_covered, is_excluded, is_mostly_within};
pub use film::{Film, Restored};
pub use moments::Moments;
pub use mosaic::Mosaic;
pub use region_task::{Blend, Target};
use region_task::{RegionTask, Scratch};
pub use restorer::Restorer;

/// The regions of one frame on their way through a model; keeps its memory for other frames.
#[derive(Default)]
pub struct Restoration {
    /// Those of the last [`Self::extract`]; more may wait for later frames.
    tasks: Vec<RegionTask>,
    count: usize,
    /// Width and height of its frame.
    size: (u32, u32),
    /// Targets whose faces cannot be shown.
    unsound: Vec<usize>,
    /// As many as regions are worked on at a time.
    scratches: Vec<Scratch>,
    /// The pictures of the tasks, and what a model makes of them.
    pub batch: Batch,
}

impl Restoration {
    /// Crop the regions of `targets` out of `frame`, for a model with these `facts` that does or
    /// does not take the lattice. False: there is nothing to run.
    ///
    /// Regions are cut to the frame; what lies outside it altogether is left out.
    pub fn extract(
        &mut self,
        frame: &FrameView<'_>,
        targets: &[Target],
        metadata: &ModelMetadata,
        takes_lattice: bool,
    ) -> Result<bool, RunError> {
        let pictures = self.take_up(targets, frame.layout(), metadata.margin);
        let area = metadata.size * metadata.size;
        let planes = if takes_lattice { PLANES * area } else { 0 };
        self.batch.count = pictures;
        self.batch.neighbours.clear();
        let lengths = [pictures * 3 * area, pictures * planes];
        let batch = &mut self.batch;
        if let Err(error) = resize(&mut batch.pixelated, lengths[0])
            .and_then(|()| resize(&mut batch.lattice, lengths[1]))
        {
            (self.count, self.batch.count) = (0, 0);
            return Err(error);
        }
        let mut crops = &mut self.batch.pixelated[..];
        let mut lattices = &mut self.batch.lattice[..];
        for tasks in self.tasks[..self.count].chunks_mut(self.scratches.len().max(1)) {
            let work = tasks
                .iter_mut()
                .zip(&mut self.scratches)
                .map(|(task, scratch)| {
                    let crop = split_off(&mut crops, task.count() * 3 * area);
                    let lattice = split_off(&mut lattices, task.count() * planes);
                    (task, scratch, crop, lattice)
                });
            in_parallel(work, |(task, scratch, crop, lattice)| {
                task.extract(scratch, frame, metadata, crop, lattice);
            });
        }
        Ok(pictures > 0)
    }

    /// Leave to `moments`, as those of the next frame, the mosaics of the last [`Self::extract`].
    /// Returns the frame's number.
    pub fn leave_to(&mut self, moments: &mut Moments) -> u64 {
        moments.take(self.size, &mut self.tasks[..self.count])
    }

    /// Draw what the `window` around the frame of the last [`Self::extract`] shows of its mosaics:
    /// it is number `number` of `moments`, which it was left to. Of what lies outside the window, or is not
    /// known, there are zeros.
    pub fn tell_neighbours(
        &mut self,
        moments: &Moments,
        number: u64,
        window: Window,
        metadata: &ModelMetadata,
    ) -> Result<(), RunError> {
        let within = -(window.frames_behind() as isize)..=window.frames_ahead() as isize;
        let find = |index: usize, offset: isize| {
            let offset = Some(offset).filter(|offset| within.contains(offset));
            offset.and_then(|offset| moments.find(number, index, offset))
        };
        self.batch.neighbours.clear();
        let is_known = |index| {
            metadata
                .window
                .offsets()
                .any(|it| find(index, it).is_some())
        };
        if !(0..self.count).any(is_known) {
            return Ok(());
        }
        let crop = metadata.window.planes() * metadata.size * metadata.size;
        resize(&mut self.batch.neighbours, self.batch.count * crop)?;
        let mut told = &mut self.batch.neighbours[..];
        let (at_a_time, mut tasks) = (self.scratches.len().max(1), (0..).zip(&self.tasks));
        for _ in (0..self.count).step_by(at_a_time) {
            let some = tasks.by_ref().take(at_a_time);
            let work = some
                .zip(&mut self.scratches)
                .map(|((index, task), scratch)| {
                    let told = split_off(&mut told, task.count() * crop);
                    (index, task, scratch, told)
                });
            in_parallel(work, |(index, task, scratch, told)| {
                task.tell_neighbours(scratch, metadata, |offset| find(index, offset), told);
            });
        }
        Ok(())
    }

    /// Make tasks of `targets`; returns the number of their pictures.
    fn take_up(&mut self, targets: &[Target], layout: &Layout, margin: f64) -> usize {
        let size = (layout.width, layout.height);
        (self.size, self.count) = (size, 0);
        self.unsound.clear();
        let mut pictures = 0;
        for (index, target) in targets.iter().enumerate() {
            let Some(region) = target.region.clamp_to(size.0, size.1) else {
                continue;
            };
            if self.count == self.tasks.len() {
                self.tasks.push(RegionTask::default());
            }
            let task = &mut self.tasks[self.count];
            task.set(&Target { region, ..*target }, margin, size);
            task.target = index;
            pictures += task.count();
            self.count += 1;
        }
        let scratches = self.count.min(rayon::current_num_threads());
        while self.scratches.len() < scratches {
            self.scratches.push(Scratch::default());
        }
        pictures
    }

    /// See which of the faces in [`Self::batch`] can be shown: a model may answer with what is no
    /// number. The others are no more to be applied; returns which of the targets of the last
    /// [`Self::extract`] those are.
    pub fn judge(&mut self, metadata: &ModelMetadata) -> &[usize] {
        let answer = 3 * metadata.output_size() * metadata.output_size();
        let mut answers = &self.batch.faces[..];
        self.unsound.clear();
        for task in &mut self.tasks[..self.count] {
            let (own, others) = answers.split_at(task.count() * answer);
            answers = others;
            task.is_sound = are_finite(own);
            if !task.is_sound {
                self.unsound.push(task.target);
            }
        }
        &self.unsound
    }

    /// What the last [`Self::judge`] said.
    pub fn unsound(&self) -> &[usize] {
        &self.unsound
    }

    /// Write the faces in [`Self::batch`] that [`Self::judge`] found sound into the frame of the last
    /// [`Self::extract`]. Pixels
    /// outside the regions stay as they are, those between an ellipse and its box among them, but
    /// for chroma samples that a region's border shares with its neighbours.
    pub fn apply(&mut self, frame: &mut FrameViewMut<'_>, metadata: &ModelMetadata, blend: &Blend) {
        let answer = 3 * metadata.output_size() * metadata.output_size();
        let mut answers = &mut self.batch.faces[..];
        for tasks in self.tasks[..self.count].chunks(self.scratches.len().max(1)) {
            let work = tasks
                .iter()
                .zip(&mut self.scratches)
                .map(|(task, scratch)| {
                    let own = split_off(&mut answers, task.count() * answer);
                    (task, scratch, own)
                });
            in_parallel(work, |(task, scratch, answers)| {
                if task.is_sound {
                    task.compose(scratch, metadata, answers, blend.projection);
                }
            });
            for (task, scratch) in tasks.iter().zip(&mut self.scratches) {
                if task.is_sound {
                    task.paste(scratch, frame, blend);
                }
            }
        }
        self.count = 0;
    }
}

/// The regions of `targets` but for those that are `unsound`.
fn sound_regions(targets: &[Target], unsound: &[usize]) -> Vec<Region> {
    let targets = targets.iter().enumerate();
    let sound = targets.filter(|(index, _)| !unsound.contains(index));
    sound.map(|(_, target)| target.region).collect()
}

/// Whether all of `numbers` are: infinities are none.
fn are_finite(numbers: &[f32]) -> bool {
    let all = |some: &[f32]| some.iter().fold(true, |all, it| all & it.is_finite());
    numbers.chunks(256).all(all)
}

/// Make `numbers` so many, if there is memory for that.
fn resize(numbers: &mut Vec<f32>, count: usize) -> Result<(), RunError> {
    make_room(numbers, count.saturating_sub(numbers.len()))?;
    numbers.resize(count, 0.0);
    Ok(())
}

/// The first `count` of `values`, which loses them.
fn split_off<'a>(values: &mut &'a mut [f32], count: usize) -> &'a mut [f32] {
    let first;
    (first, *values) = std::mem::take(values).split_at_mut(count);
    first
}

/// Do all of `tasks`, several at a time where there are several.
fn in_parallel<T: Send>(tasks: impl Iterator<Item = T> + Send, work: impl Fn(T) + Sync) {
    let mut tasks = tasks;
    let Some(first) = tasks.next() else { return };
    match tasks.next() {
        None => work(first),
        Some(second) => rayon::scope(|scope| {
            for task in [first, second].into_iter().chain(tasks) {
                let work = &work;
                scope.spawn(move |_| work(task));
            }
        }),
    }
}
