//! A frame's restoration: find, run, write. What the task owns while it works.
//!
//! Frames are taken up one after the other and finished in the same order; in between, the model
//! runs on its own thread.

use super::find::Finder;
use super::found::Found;
use super::queue::{Frame, InWork};
use super::settings::FrameSettings;
use crate::cascade::{Batcher, RunError, Ticket, Wake};
use crate::element::caps::PictureError;
use crate::element::metas;
use crate::face_check::FaceCheck;
use crate::frame::{Patch, patch};
use crate::restore::Restoration;
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

/// Why a frame could not be restored.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkError {
    /// The picture cannot be used.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The model failed.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Frames in work at a time where a run takes the crops of one: it is prepared while the one before
/// is in the model.
const PREPARED: usize = 2;

/// Width of the borders that `display` draws, pixels.
const BORDER: u32 = 2;
/// R′, G′, B′ of those borders.
const BORDER_COLOUR: [f32; 3] = [255.0, 210.0, 0.0];

/// What is done for a frame while it is in work.
#[derive(Default)]
struct Draft {
    restoration: Restoration,
    found: Vec<Found>,
    /// For the borders of regions.
    patch: Patch,
    mask: Vec<f32>,
}

/// A frame in work.
struct Begun {
    frame: Frame,
    epoch: u64,
    settings: FrameSettings,
    /// None: nothing is to do, or why it could not be done.
    work: Result<Option<(Draft, Ticket)>, WorkError>,
}

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
}

/// A loaded model with all scratch memory.
pub(super) struct Worker {
    batcher: Arc<Batcher>,
    wake: Wake,
    finder: Finder,
    face_check: Option<FaceCheck>,
    begun: VecDeque<Begun>,
    /// Memory for the next frames.
    spare: Vec<Draft>,
    /// Identities of the regions of the last frame.
    shown: Vec<Option<u32>>,
}

impl Worker {
    /// A worker whose crops go to `batcher`; `wake` is called when some are done. Without a face
    /// check every mosaic counts as a face.
    pub(super) fn new(batcher: Arc<Batcher>, wake: Wake, face_check: Option<FaceCheck>) -> Self {
        Self {
            batcher,
            wake,
            finder: Finder::default(),
            face_check,
            begun: VecDeque::new(),
            spare: Vec::new(),
            shown: Vec::new(),
        }
    }

    /// The model.
    pub(super) fn batcher(&self) -> &Batcher {
        &self.batcher
    }

    /// Regions of upstream's that the last [`Self::begin`] left out, as there were too many.
    pub(super) fn left_out(&self) -> usize {
        self.finder.left_out()
    }

    /// See [`Finder::refused`].
    pub(super) fn refused(&self) -> usize {
        self.finder.refused()
    }

    /// The regions of the last [`Self::begin`].
    pub(super) fn found(&self) -> &[Found] {
        self.finder.found()
    }

    /// Whether those of the frame before the last one were others.
    pub(super) fn has_news(&mut self) -> bool {
        let now = self.finder.found().iter().map(|found| found.id);
        let news = !now.clone().eq(self.shown.iter().copied());
        if news {
            self.shown.clear();
            self.shown.extend(now);
        }
        news
    }

    /// Take up a frame that nothing is to be done for.
    pub(super) fn begin_untouched(&mut self, frame: Frame, epoch: u64, settings: FrameSettings) {
        self.begun.push_back(Begun {
            frame,
            epoch,
            settings,
            work: Ok(None),
        });
    }

    /// Take up a frame: find its regions and hand them to the model. `ahead` gives the frame that
    /// comes next, if it is there.
    pub(super) fn begin(
        &mut self,
        frame: Frame,
        epoch: u64,
        settings: FrameSettings,
        ahead: impl FnOnce() -> Option<Frame>,
    ) {
        let work = self.submit(&frame, &settings, ahead);
        self.begun.push_back(Begun {
            frame,
            epoch,
            settings,
            work,
        });
    }

    fn submit(
        &mut self,
        frame: &Frame,
        settings: &FrameSettings,
        ahead: impl FnOnce() -> Option<Frame>,
    ) -> Result<Option<(Draft, Ticket)>, WorkError> {
        if !self.finder.prepare(&frame.buffer, settings) {
            return Ok(None);
        }
        let mut draft = self.spare.pop().unwrap_or_default();
        let Self {
            batcher,
            finder,
            face_check,
            ..
        } = self;
        let has_work = frame.layout.read(&frame.buffer, |frame| {
            finder.find(&frame, settings, ahead);
            if let Some(face_check) = face_check
                && settings.face_threshold > 0.0
            {
                finder.keep_faces(&frame, face_check, settings.face_threshold)?;
            }
            finder.tell_samplings(&frame);
            let (metadata, takes_lattice) = (batcher.metadata(), batcher.takes_lattice());
            let restoration = &mut draft.restoration;
            Ok::<_, RunError>(restoration.extract(
                &frame,
                finder.targets(),
                metadata,
                takes_lattice,
            ))
        })??;
        if !has_work {
            self.spare.push(draft);
            return Ok(None);
        }
        draft.found.clear();
        draft.found.extend_from_slice(self.finder.found());
        let mut batch = std::mem::take(&mut draft.restoration.batch);
        batch.detail = settings.blend.detail;
        let ticket = (self.batcher).submit(batch, settings.batch_timeout, &self.wake);
        Ok(Some((draft, ticket)))
    }

    /// Finish the oldest frame in work; waits for the model. The frame is made writable only when a
    /// result is there to be written. None: no frame is in work.
    pub(super) fn finish(&mut self) -> Option<Finished> {
        let Begun {
            mut frame,
            epoch,
            settings,
            work,
        } = self.begun.pop_front()?;
        let outcome = match work {
            Ok(None) => Ok(Outcome::Untouched),
            Ok(Some((mut draft, ticket))) => {
                let (batch, result) = ticket.wait();
                draft.restoration.batch = batch;
                let outcome = result
                    .map_err(WorkError::from)
                    .and_then(|()| self.write(&mut frame, &mut draft, &settings));
                self.spare.push(draft);
                outcome
            }
            Err(error) => Err(error),
        };
        Some(Finished {
            frame,
            epoch,
            settings,
            outcome,
        })
    }

    /// Write a result into its frame.
    fn write(
        &self,
        frame: &mut Frame,
        draft: &mut Draft,
        settings: &FrameSettings,
    ) -> Result<Outcome, WorkError> {
        let buffer = frame.buffer.make_mut();
        frame.layout.write(buffer, |mut picture| {
            (draft.restoration).apply(&mut picture, self.batcher.metadata(), &settings.blend);
            if settings.display {
                for Found { region, .. } in &draft.found {
                    let (patch, mask) = (&mut draft.patch, &mut draft.mask);
                    let rect = region.rect;
                    patch::outline(&mut picture, &rect, BORDER, BORDER_COLOUR, patch, mask);
                }
            }
        })?;
        if settings.add_roi_meta {
            for found in &draft.found {
                let method = found.method.as_str();
                metas::attach(
                    buffer,
                    RESTORED_FACE,
                    &found.region,
                    method,
                    found.id,
                    |details| {
                        if let Some(probability) = found.probability {
                            details.set("face-probability", f64::from(probability));
                        }
                    },
                );
            }
        }
        Ok(Outcome::Restored {
            regions: draft.found.len(),
            in_run: draft.restoration.batch.in_run,
            inference_time: draft.restoration.batch.time,
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
        self.batcher.merges() || self.begun.len() < PREPARED
    }

    fn is_ready(&self) -> bool {
        match self.begun.front() {
            Some(Begun {
                work: Ok(Some((_, ticket))),
                ..
            }) => ticket.is_done(),
            Some(_) => true,
            None => false,
        }
    }
}
