//! A frame's restoration: find, run, write. What the task owns while it works.
//!
//! Frames are taken up one after the other and finished in the same order; in between, they wait
//! for those that come after them, as far as the model is told of such, and the model runs on its
//! own thread.

use super::begun::{Begun, Drafts, Progress, WorkError};
use super::draft::Draft;
use super::found::Found;
use super::look::Looker;
use super::neighbours::Succession;
use super::queue::{Frame, InWork};
use super::settings::FrameSettings;
use crate::cascade::{Batcher, Client, Wake};
use crate::element::metas;
use crate::face_check::FaceCheck;
use crate::restore::Moments;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Type of the metas on restored regions.
pub(super) const RESTORED_FACE: &str = "restored-face";

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is the same buffer as before.
    Untouched,
    /// Regions were restored.
    Restored {
        /// Their number.
        regions: usize,
        /// Crops in the run of the model that they were part of.
        in_run: usize,
        /// Time of that run.
        inference_time: Duration,
    },
}

/// Frames in work at a time where a run takes the crops of one, beside those that wait for what
/// comes: it is prepared while the one before is in the model.
const PREPARED: usize = 2;

/// A frame that is ready to go out.
pub(super) struct Finished {
    /// The frame.
    pub frame: Frame,
    /// When it came in, see [`super::queue::Work`].
    pub epoch: u64,
    /// What it was restored with.
    pub settings: FrameSettings,
    /// What became of it.
    pub outcome: Result<Outcome, WorkError>,
    /// Regions that stay as they are, as the model's answer is no number.
    pub unsound: usize,
}

/// A loaded model with all scratch memory.
pub(super) struct Worker {
    batcher: Arc<Batcher>,
    wake: Wake,
    /// Who the batcher works for.
    client: Client,
    looker: Looker,
    succession: Succession,
    moments: Moments,
    begun: VecDeque<Begun>,
    /// Memory for the next frames.
    spare: Vec<Draft>,
    /// Memory for what crops are told of neighbouring frames: only those with the model need it.
    told: Vec<Vec<f32>>,
}

impl Worker {
    /// A worker whose crops go to `batcher`; `wake` is called when some are done. Without a face
    /// check every mosaic counts as a face.
    pub(super) fn new(
        batcher: Arc<Batcher>,
        client: Client,
        wake: Wake,
        face_check: Option<FaceCheck>,
    ) -> Self {
        Self {
            moments: Moments::new(batcher.metadata().window),
            looker: Looker::new(face_check, batcher.metadata().most_regions()),
            batcher,
            client,
            wake,
            succession: Succession::default(),
            begun: VecDeque::new(),
            spare: Vec::new(),
            told: Vec::new(),
        }
    }

    /// The model.
    pub(super) fn batcher(&self) -> &Batcher {
        &self.batcher
    }

    /// Whether the model can be run.
    pub(super) fn is_sound(&self) -> bool {
        !self.batcher.is_broken() && !self.client.has_given_up()
    }

    /// What was seen in the last [`Self::begin`].
    pub(super) fn looker(&mut self) -> &mut Looker {
        &mut self.looker
    }

    /// No frame that comes is the neighbour of one that was there.
    pub(super) fn end_succession(&mut self) {
        self.succession.end();
    }

    /// Take up a frame that nothing is to be done for.
    pub(super) fn begin_untouched(&mut self, frame: Frame, epoch: u64, settings: FrameSettings) {
        self.follow(&frame, epoch);
        let number = self.moments.pass();
        self.begun.push_back(Begun {
            frame,
            epoch,
            settings,
            number,
            work: Ok(Drafts::new()),
        });
        self.submit_due();
    }

    /// Take up a frame: find its regions, cut them out, and hand those to the model whose neighbours
    /// are known by now. `ahead` gives the frame that comes next, if it is there.
    pub(super) fn begin(
        &mut self,
        frame: Frame,
        epoch: u64,
        settings: FrameSettings,
        ahead: impl FnOnce() -> Option<Frame>,
    ) {
        self.follow(&frame, epoch);
        let (work, number) = self.draft(&frame, &settings, ahead);
        self.begun.push_back(Begun {
            frame,
            epoch,
            settings,
            number,
            work,
        });
        self.submit_due();
    }

    /// See whether `frame` is the neighbour of the one before.
    fn follow(&mut self, frame: &Frame, epoch: u64) {
        if !self.succession.goes_on(frame, epoch) {
            self.moments.begin_anew();
        }
    }

    /// Find the regions of `frame` and cut them out; keep what it shows of them, and give its number.
    fn draft(
        &mut self,
        frame: &Frame,
        settings: &FrameSettings,
        ahead: impl FnOnce() -> Option<Frame>,
    ) -> (Result<Drafts, WorkError>, u64) {
        let Self {
            batcher,
            looker,
            spare,
            moments,
            ..
        } = self;
        let (mut drafts, mut unused, mut failure) = (Drafts::new(), Vec::new(), None);
        let looked = looker.look(frame, settings, ahead, spare, &mut |mut draft, view| {
            if settings.look_only {
                match draft.found.is_empty() {
                    true => unused.push(draft),
                    false => drafts.push((draft, Progress::Looked)),
                }
                return;
            }
            match draft.extract(view, batcher) {
                Ok(true) => drafts.push((draft, Progress::Waiting)),
                Ok(false) => unused.push(draft),
                Err(error) => failure = Some(error),
            }
        });
        spare.append(&mut unused);
        if looker.finder().is_cut() {
            moments.begin_anew();
        }
        // What the fields of interlaced frames show lies in frames of their own.
        let is_one = frame.layout.first_field(&frame.buffer).is_none();
        let number = match &mut drafts[..] {
            [(draft, Progress::Waiting)] if is_one => draft.restoration.leave_to(moments),
            _ => moments.pass(),
        };
        let work = looked.and_then(|()| failure.map_or(Ok(drafts), |error| Err(error.into())));
        (work, number)
    }

    /// Hand the crops to the model that wait for no frame any more.
    fn submit_due(&mut self) {
        let last = self.moments.last();
        for index in 0..self.begun.len() {
            let begun = &self.begun[index];
            let awaited = begun.number + begun.frame.window.frames_ahead() as u64;
            if begun.is_waiting() && last >= Some(awaited) {
                self.submit(index);
            }
        }
    }

    /// Hand the crops of a frame in work to the model, told what is known of its neighbours.
    fn submit(&mut self, index: usize) {
        let begun = &mut self.begun[index];
        let mut failure = None;
        for (draft, progress) in begun.work.iter_mut().flatten() {
            if !matches!(progress, Progress::Waiting) {
                continue;
            }
            draft.restoration.batch.neighbours = self.told.pop().unwrap_or_default();
            let told = draft.restoration.tell_neighbours(
                &self.moments,
                begun.number,
                begun.frame.window,
                self.batcher.metadata(),
            );
            match told {
                Ok(()) => {
                    let (model, wake) = (&self.batcher, &self.wake);
                    let ticket = draft.submit(&begun.settings, model, wake, &self.client);
                    *progress = Progress::Running(ticket);
                }
                Err(error) => failure = Some(error),
            }
        }
        if let Some(error) = failure {
            begun.work = Err(error.into());
        }
    }

    /// Finish the oldest frame in work; waits for the model. If it waits for frames itself, it does
    /// without them, or without the model if it is not wanted any more. The frame is made writable
    /// only when a result is there to be written. None: no frame is in work.
    pub(super) fn finish(&mut self, is_wanted: impl FnOnce(u64) -> bool) -> Option<Finished> {
        let oldest = self.begun.front()?;
        if oldest.is_waiting() && is_wanted(oldest.epoch) {
            self.submit(0);
        }
        let Begun {
            mut frame,
            epoch,
            settings,
            work,
            ..
        } = self.begun.pop_front()?;
        let mut unsound = 0;
        let outcome = match work {
            Ok(work) if work.is_empty() => Ok(Outcome::Untouched),
            Ok(work) => {
                let (mut failure, mut is_done) = (None, true);
                let wait = |(mut draft, progress): (Draft, Progress)| {
                    match progress {
                        Progress::Looked => {}
                        Progress::Waiting => is_done = false,
                        Progress::Running(ticket) => {
                            let (batch, result) = ticket.wait();
                            draft.restoration.batch = batch;
                            match result {
                                Ok(()) => unsound += draft.judge(self.batcher.metadata()),
                                Err(error) => failure = failure.take().or(Some(error)),
                            }
                        }
                    }
                    draft
                };
                let mut drafts: Vec<Draft> = work.into_iter().map(wait).collect();
                let outcome = match failure {
                    Some(error) => Err(error.into()),
                    None if !is_done || drafts.iter().all(|draft| draft.found.is_empty()) => {
                        Ok(Outcome::Untouched)
                    }
                    None => self.write(&mut frame, &mut drafts, &settings),
                };
                self.keep(drafts);
                outcome
            }
            Err(error) => Err(error),
        };
        Some(Finished {
            frame,
            epoch,
            settings,
            outcome,
            unsound,
        })
    }

    /// Keep the memory of `drafts` for others.
    fn keep(&mut self, mut drafts: Vec<Draft>) {
        for draft in &mut drafts {
            let told = std::mem::take(&mut draft.restoration.batch.neighbours);
            if told.capacity() > 0 {
                self.told.push(told);
            }
        }
        self.spare.append(&mut drafts);
    }

    /// Write results into their frame.
    fn write(
        &self,
        frame: &mut Frame,
        drafts: &mut [Draft],
        settings: &FrameSettings,
    ) -> Result<Outcome, WorkError> {
        let buffer = frame.buffer.make_mut();
        if !settings.look_only {
            frame.layout.write(buffer, |mut picture| {
                for draft in &mut *drafts {
                    draft.write(&mut picture, self.batcher.metadata(), settings);
                }
            })?;
        }
        if settings.add_roi_meta {
            let mut told: Vec<&Found> = Vec::new();
            for found in drafts.iter().flat_map(|draft| &draft.found) {
                if !told.iter().any(|other| other.is_same(found)) {
                    attach(buffer, found);
                    told.push(found);
                }
            }
        }
        // What was only looked at did not run.
        let ran = drafts.iter().filter(|_| !settings.look_only);
        let batches = ran.map(|draft| &draft.restoration.batch);
        Ok(Outcome::Restored {
            regions: drafts.iter().map(|draft| draft.found.len()).sum(),
            in_run: batches.clone().map(|batch| batch.in_run).max().unwrap_or(0),
            inference_time: batches.map(|batch| batch.time).sum(),
        })
    }

    /// Drop all frames in work; returns their number.
    pub(super) fn abandon(&mut self) -> usize {
        self.begun.drain(..).count()
    }
}

impl InWork for Worker {
    fn count(&self) -> usize {
        self.begun.len()
    }

    fn has_room(&self) -> bool {
        let oldest = self.begun.front();
        let waiting = oldest.map_or(0, |begun| begun.frame.window.frames_ahead());
        self.batcher.merges() || self.begun.len() < PREPARED + waiting
    }

    fn is_ready(&self) -> bool {
        self.begun.front().is_some_and(Begun::is_done)
    }

    fn looks_ahead(&self) -> bool {
        (self.begun.iter()).any(|begun| begun.frame.window.ahead > 0 && begun.is_waiting())
    }
}

/// Attach a meta for a restored region.
fn attach(buffer: &mut gst::BufferRef, found: &Found) {
    let (region, method) = (&found.region, found.method.as_str());
    metas::attach(buffer, RESTORED_FACE, region, method, found.id, |details| {
        if let Some(probability) = found.probability {
            details.set("face-probability", f64::from(probability));
        }
    });
}
