//! What the sink pad knows of the stream.

use super::neighbours::Neighbours;
use super::stats::FrameTimes;
use crate::cascade::Window;
use crate::element::caps::StreamLayout;
use std::sync::Arc;

/// The stream as far as it has come in. The task needs none of it: each frame carries its own.
#[derive(Default)]
pub(super) struct Stream {
    /// The current caps.
    pub(super) layout: Option<Arc<StreamLayout>>,
    pub(super) segment: gst::FormattedSegment<gst::ClockTime>,
    /// What the model is told of other frames.
    pub(super) neighbours: Neighbours,
    /// The pipeline is live, as upstream says.
    pub(super) is_live: bool,
    /// What this element adds to the pipeline's latency; None before caps are known.
    pub(super) latency: Option<gst::ClockTime>,
    /// A warning about frames that pass unchanged was posted.
    pub(super) warned: bool,
    /// One about too many regions was.
    pub(super) crowded: bool,
    /// One about answers that are no numbers was.
    pub(super) unsound: bool,
}

impl Stream {
    /// Which frames around its own the model is told of.
    pub(super) fn window(&self) -> Window {
        self.neighbours.window(self.is_live)
    }

    pub(super) fn times_of(&self, buffer: &gst::BufferRef) -> FrameTimes {
        let pts = buffer.pts();
        FrameTimes {
            running_time: pts.and_then(|pts| self.segment.to_running_time(pts)),
            stream_time: pts.and_then(|pts| self.segment.to_stream_time(pts)),
        }
    }
}
