//! How many neighbours of a frame the model is told of, and which frames are neighbours.

use super::queue::Frame;
use crate::cascade::Window;
use crate::element::caps::StreamLayout;
use std::sync::Arc;

/// Time from a frame to the next one, in frames, above which some are missing between them.
const LONGEST_STEP: u64 = 4;

/// What a model wants, and what the element is set to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Neighbours {
    model: Window,
    /// Most frames on either side; None leaves it to the model.
    most: Option<usize>,
}

impl Neighbours {
    /// For a model with this window; `property` is −1 where that is taken as it is.
    pub(super) fn new(property: i32, model: Window) -> Self {
        Self {
            model,
            most: usize::try_from(property).ok(),
        }
    }

    /// Whether it matters if the pipeline is live.
    pub(super) fn depends_on_pipeline(&self) -> bool {
        self.most.is_none() && self.model.ahead > 0
    }

    /// Which frames around its own a model is told of. Unless it was asked for, a live pipeline
    /// waits for none.
    pub(super) fn window(&self, is_live: bool) -> Window {
        let Window { behind, ahead, .. } = self.model;
        match self.most {
            Some(most) => Window {
                behind: behind.min(most),
                ahead: ahead.min(most),
                ..self.model
            },
            None if is_live => Window {
                ahead: 0,
                ..self.model
            },
            None => self.model,
        }
    }
}

/// Tells whether a frame is the neighbour of the one before.
#[derive(Default)]
pub(super) struct Succession {
    last: Option<Place>,
}

struct Place {
    epoch: u64,
    layout: Arc<StreamLayout>,
    time: Option<gst::ClockTime>,
    duration: gst::ClockTime,
}

impl Succession {
    /// No frame that comes is the neighbour of one that was there.
    pub(super) fn end(&mut self) {
        self.last = None;
    }

    /// Whether the next frame, `frame` of `epoch`, is the last one's neighbour: nothing was flushed
    /// away or is missing between them, and both are of one stream with the same caps.
    pub(super) fn goes_on(&mut self, frame: &Frame, epoch: u64) -> bool {
        let own = frame.buffer.duration().unwrap_or_default();
        let now = Place {
            epoch,
            layout: Arc::clone(&frame.layout),
            time: frame.buffer.pts(),
            duration: own.max(frame.layout.frame_duration()),
        };
        let is_disjoint = frame.buffer.flags().contains(gst::BufferFlags::DISCONT);
        let before = self.last.replace(now).filter(|_| !is_disjoint);
        let (Some(before), Some(now)) = (before, &self.last) else {
            return false;
        };
        let step = before.time.zip(now.time).map(|(before, now)| {
            // Of what is played backwards, times fall.
            before.max(now).saturating_sub(before.min(now))
        });
        let longest = before
            .duration
            .max(now.duration)
            .saturating_mul(LONGEST_STEP);
        before.epoch == now.epoch
            && Arc::ptr_eq(&before.layout, &now.layout)
            && step.is_none_or(|step| step <= longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_property_and_the_pipeline_limit_the_window() {
        let window = |behind, ahead| Window {
            behind,
            ahead,
            step: 2,
        };
        let model = window(3, 1);
        for (property, is_live, expected) in [
            (-1, false, model),
            (-1, true, window(3, 0)),
            (0, false, window(0, 0)),
            (1, false, window(1, 1)),
            (2, true, window(2, 1)),
            (4, false, model),
        ] {
            let neighbours = Neighbours::new(property, model);
            assert_eq!(neighbours.window(is_live), expected, "{property} {is_live}");
        }
        assert!(Neighbours::new(-1, model).depends_on_pipeline());
        assert!(!Neighbours::new(-1, window(3, 0)).depends_on_pipeline());
        assert!(!Neighbours::new(1, model).depends_on_pipeline());
    }
}
