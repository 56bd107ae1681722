//! A frame that is in work, and how far the work is.

use super::draft::Draft;
use super::queue::Frame;
use super::settings::FrameSettings;
use crate::cascade::{RunError, Ticket};
use crate::element::caps::PictureError;

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

/// How far the work on a picture of a frame is.
pub(super) enum Progress {
    /// Nothing of it goes to the model.
    Looked,
    /// Its crops wait to be told of neighbouring frames.
    Waiting,
    /// They are with the model.
    Running(Ticket),
}

/// Pictures of a frame that the model works on.
pub(super) type Drafts = Vec<(Draft, Progress)>;

/// A frame in work.
pub(super) struct Begun {
    /// The frame.
    pub frame: Frame,
    /// When it came in, see [`super::queue::Work`].
    pub epoch: u64,
    /// What it is restored with.
    pub settings: FrameSettings,
    /// Its number among the moments.
    pub number: u64,
    /// None, if nothing is to do, or why it could not be done.
    pub work: Result<Drafts, WorkError>,
}

impl Begun {
    fn progress(&self) -> impl Iterator<Item = &Progress> {
        self.work.iter().flatten().map(|(_, progress)| progress)
    }

    /// Whether it has crops that wait.
    pub(super) fn is_waiting(&self) -> bool {
        self.progress().any(|it| matches!(it, Progress::Waiting))
    }

    /// Whether it can go out without a wait.
    pub(super) fn is_done(&self) -> bool {
        self.progress().all(|progress| match progress {
            Progress::Looked => true,
            Progress::Waiting => false,
            Progress::Running(ticket) => ticket.is_done(),
        })
    }
}
