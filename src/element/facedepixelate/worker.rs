//! A frame's restoration: find, run, write. What the task owns while it works.
//!
//! Frames are taken up one after the other and finished in the same order; in between, the model
//! runs on its own thread.

use super::draft::Draft;
use super::fields::Fields;
use super::find::Finder;
use super::found::Found;
use super::queue::{Frame, InWork};
use super::settings::FrameSettings;
use crate::cascade::{Batcher, RunError, Ticket, Wake};
use crate::element::caps::PictureError;
use crate::element::metas;
use crate::face_check::FaceCheck;
use crate::frame::{Field, FrameView, Parity};
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

/// Pictures of a frame that the model works on.
type Drafts = Vec<(Draft, Option<Ticket>)>;

/// A frame in work.
struct Begun {
    frame: Frame,
    epoch: u64,
    settings: FrameSettings,
    /// None, if nothing is to do, or why it could not be done.
    work: Result<Drafts, WorkError>,
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
    fields: Fields,
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
            fields: Fields::default(),
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

    /// The regions of the last [`Self::begin`]; those of its second field, if there are two.
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
            work: Ok(Drafts::new()),
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
    ) -> Result<Drafts, WorkError> {
        let mut work = Drafts::new();
        if !self.finder.prepare(&frame.buffer, settings) {
            return Ok(work);
        }
        let ahead = |look: Look<'_>| show_next(ahead(), look);
        frame.layout.read(&frame.buffer, |picture| {
            match frame.layout.first_field(&frame.buffer) {
                None => self.submit_frame(&picture, settings, ahead, &mut work),
                Some(first) => self.submit_fields(&picture, first, settings, ahead, &mut work),
            }
        })??;
        Ok(work)
    }

    fn submit_frame(
        &mut self,
        frame: &FrameView<'_>,
        settings: &FrameSettings,
        ahead: impl FnOnce(Look<'_>),
        work: &mut Drafts,
    ) -> Result<(), RunError> {
        self.look_at(frame, settings, ahead)?;
        let mut draft = self.spare.pop().unwrap_or_default();
        draft.take(frame, None);
        draft.found.extend_from_slice(self.finder.found());
        self.hand_in(draft, frame, settings, work);
        Ok(())
    }

    /// The same for two fields, of which `first` was there first.
    fn submit_fields(
        &mut self,
        frame: &FrameView<'_>,
        first: Parity,
        settings: &FrameSettings,
        ahead: impl FnOnce(Look<'_>),
        work: &mut Drafts,
    ) -> Result<(), RunError> {
        let [mut one, mut other, mut whole] =
            [Some(first), Some(first.other()), None].map(|parity| {
                let mut draft = self.spare.pop().unwrap_or_default();
                draft.take(frame, parity);
                draft
            });
        self.look_at(&one.picture(frame), settings, |look| {
            look(&other.picture(frame));
        })?;
        one.found.extend_from_slice(self.finder.found());
        self.look_at(&other.picture(frame), settings, ahead)?;
        other.found.extend_from_slice(self.finder.found());
        (self.fields).join(frame, &mut one.found, &mut other.found, &mut whole.found);
        // In this order they are written: fields hold what was around them before.
        for draft in [one, other, whole] {
            self.hand_in(draft, frame, settings, work);
        }
        Ok(())
    }

    /// Find the regions of a picture, the faces among them, and what their blocks are.
    fn look_at(
        &mut self,
        picture: &FrameView<'_>,
        settings: &FrameSettings,
        ahead: impl FnOnce(Look<'_>),
    ) -> Result<(), RunError> {
        let finder = &mut self.finder;
        finder.find(picture, settings, ahead);
        if let Some(face_check) = &mut self.face_check
            && settings.face_threshold > 0.0
        {
            finder.keep_faces(picture, face_check, settings.face_threshold)?;
        }
        finder.tell_samplings(picture);
        Ok(())
    }

    /// Hand a draft whose regions are known to the model, if there is something to do.
    fn hand_in(
        &mut self,
        mut draft: Draft,
        frame: &FrameView<'_>,
        settings: &FrameSettings,
        work: &mut Drafts,
    ) {
        if settings.look_only && !draft.found.is_empty() {
            work.push((draft, None));
            return;
        }
        match draft.submit(frame, settings, &self.batcher, &self.wake) {
            Some(ticket) => work.push((draft, Some(ticket))),
            None => self.spare.push(draft),
        }
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
            Ok(work) if work.is_empty() => Ok(Outcome::Untouched),
            Ok(work) => {
                let mut failure = None;
                let wait = |(mut draft, ticket): (Draft, Option<Ticket>)| {
                    if let Some(ticket) = ticket {
                        let (batch, result) = ticket.wait();
                        draft.restoration.batch = batch;
                        failure = failure.take().or(result.err());
                    }
                    draft
                };
                let mut drafts: Vec<Draft> = work.into_iter().map(wait).collect();
                let outcome = match failure {
                    Some(error) => Err(error.into()),
                    None => self.write(&mut frame, &mut drafts, &settings),
                };
                self.spare.extend(drafts);
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
        self.batcher.merges() || self.begun.len() < PREPARED
    }

    fn is_ready(&self) -> bool {
        match self.begun.front() {
            Some(Begun { work: Ok(work), .. }) => work
                .iter()
                .all(|(_, ticket)| ticket.as_ref().is_none_or(Ticket::is_done)),
            Some(_) => true,
            None => false,
        }
    }
}

/// What looks at a picture.
type Look<'a> = &'a mut dyn FnMut(&FrameView<'_>);

/// Show `look` the picture that comes next: a frame, or the first one of its fields.
fn show_next(next: Option<Frame>, look: Look<'_>) {
    let is_cut = |next: &Frame| next.buffer.flags().contains(gst::BufferFlags::DISCONT);
    let Some(next) = next.filter(|next| !is_cut(next)) else {
        return;
    };
    // One that cannot be read tells nothing; it is warned of when its turn comes.
    let _ = (next.layout).read(&next.buffer, |frame| {
        match next.layout.first_field(&next.buffer) {
            None => look(&frame),
            Some(first) => {
                let mut field = Field::default();
                field.take(&frame, first);
                look(&field.view(frame.layout()));
            }
        }
    });
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
