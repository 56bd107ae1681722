//! A frame's restoration: find, run, write. What the task owns while it works.

use super::find::{Finder, Found};
use super::queue::Frame;
use super::settings::FrameSettings;
use crate::cascade::{Backend, CascadeError};
use crate::element::caps::{PictureError, StreamLayout};
use crate::element::metas;
use crate::face_check::FaceCheck;
use crate::restore::Restorer;
use std::time::{Duration, Instant};

/// Type of the metas on restored regions.
pub const RESTORED_FACE: &str = "restored-face";

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is the same buffer as before.
    Untouched,
    /// Regions were restored.
    Restored {
        /// Their number.
        regions: usize,
        /// Time inside the model and around it.
        inference_time: Duration,
    },
}

/// Why a frame could not be restored.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The picture cannot be used.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The model failed.
    #[error(transparent)]
    Cascade(#[from] CascadeError),
}

/// A loaded model with all scratch memory.
pub struct Worker {
    restorer: Restorer,
    finder: Finder,
    face_check: Option<FaceCheck>,
    /// Identities of the regions of the last frame.
    shown: Vec<Option<u32>>,
}

impl Worker {
    /// A worker that runs `backend`. Without a face check every mosaic counts as a face.
    pub fn new(backend: Box<dyn Backend>, face_check: Option<FaceCheck>) -> Self {
        Self {
            restorer: Restorer::new(backend),
            finder: Finder::default(),
            face_check,
            shown: Vec::new(),
        }
    }

    /// The execution provider in use.
    pub fn execution_provider(&self) -> &str {
        self.restorer.backend().execution_provider()
    }

    /// Regions of upstream's that the last [`Self::restore`] left out, as there were too many.
    pub fn left_out(&self) -> usize {
        self.finder.left_out()
    }

    /// The regions of the last [`Self::restore`].
    pub fn found(&self) -> &[Found] {
        self.finder.found()
    }

    /// Whether they are others than those that this was last asked about.
    pub fn has_news(&mut self) -> bool {
        let now = self.finder.found().iter().map(|found| found.id);
        let news = !now.clone().eq(self.shown.iter().copied());
        if news {
            self.shown.clear();
            self.shown.extend(now);
        }
        news
    }

    /// Restore the regions of `buffer`. It is mapped for reading first, and made writable only when a result is
    /// there to be written. `ahead` gives the frame that comes next, if it is there.
    pub fn restore(
        &mut self,
        buffer: &mut gst::Buffer,
        layout: &StreamLayout,
        settings: &FrameSettings,
        ahead: impl FnOnce() -> Option<Frame>,
    ) -> Result<Outcome, WorkError> {
        if !self.finder.prepare(buffer, settings) {
            return Ok(Outcome::Untouched);
        }
        let Self {
            restorer,
            finder,
            face_check,
            ..
        } = self;
        let inference_time = layout.read(buffer, |frame| -> Result<_, CascadeError> {
            finder.find(&frame, settings, ahead);
            if let Some(face_check) = face_check
                && settings.face_threshold > 0.0
            {
                finder.keep_faces(&frame, face_check, settings.face_threshold)?;
            }
            let targets = finder.targets();
            if targets.is_empty() {
                return Ok(None);
            }
            let start = Instant::now();
            restorer.infer(&frame, targets, settings.blend.detail)?;
            Ok(Some(start.elapsed()))
        })??;
        let Some(inference_time) = inference_time else {
            return Ok(Outcome::Untouched);
        };
        let buffer = buffer.make_mut();
        layout.write(buffer, |mut frame| {
            restorer.apply(&mut frame, &settings.blend);
        })?;
        if settings.add_roi_meta {
            for found in finder.found() {
                let method = found.method.as_str();
                metas::attach(buffer, RESTORED_FACE, &found.region, method, found.id);
            }
        }
        Ok(Outcome::Restored {
            regions: finder.found().len(),
            inference_time,
        })
    }
}
