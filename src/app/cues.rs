//! What [`crate::cues`] say, told to the element that restores; and what it did, as markers.

use std::sync::{Arc, Mutex, PoisonError};

use gst::prelude::*;
use gst_controller::prelude::*;
use gst_controller::{DirectControlBinding, InterpolationControlSource, InterpolationMode};
use gst_video::VideoRegionOfInterestMeta;

use super::{AppError, RestoredFace};
use crate::cues::{Cue, Cues, FrameRate, Kind, Marker, TimeRange};
use crate::frame::Rect;

/// Types of the metas by which `facedepixelate` is told of a frame's rectangles.
const RESTORE: &str = "restore";
const EXCLUDE: &str = "exclude";

/// Tell of the rectangles of each frame that passes `pad`, the sink pad of a `facedepixelate`, by
/// its position in the stream. Frames without any pass as they are. The probe goes with its id.
pub fn attach(pad: &gst::Pad, cues: Arc<Cues>) -> Option<gst::PadProbeId> {
    let memory = Mutex::new(Vec::new());
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        if let Some(buffer) = info.buffer_mut()
            && let Some(time) = stream_time(pad, buffer)
        {
            let mut here = memory.lock().unwrap_or_else(PoisonError::into_inner);
            cues.at(time.nseconds(), &mut here);
            if !here.is_empty() {
                let buffer = buffer.make_mut();
                here.iter().for_each(|cue| tell(buffer, cue));
            }
        }
        gst::PadProbeReturn::Ok
    })
}

/// Add the meta for a rectangle.
fn tell(buffer: &mut gst::BufferRef, cue: &Cue) {
    let kind = match cue.kind {
        Kind::Restore => RESTORE,
        Kind::Exclude => EXCLUDE,
    };
    let rect = &cue.rect;
    // Corners beyond the left and upper edge wrap around, and back where they are read.
    let place = (rect.x as u32, rect.y as u32, rect.width, rect.height);
    let mut meta = VideoRegionOfInterestMeta::add(buffer, kind, place);
    let params = gst::Structure::builder(kind).field("track-id", cue.id);
    meta.add_param(params.build());
}

/// Let a `facedepixelate` restore in `ranges` of its film only, there with weight `alpha` (0–1);
/// other frames pass untouched. `rate` is that of the film, if it is constant: a frame belongs to a
/// range that begins nearest to it. What limited the element before is forgotten.
pub fn limit(
    element: &gst::Element,
    ranges: &[TimeRange],
    rate: Option<FrameRate>,
    alpha: f32,
) -> Result<(), AppError> {
    let failed = |what: &str| AppError::element(&element.name(), what);
    let early = rate.map_or(0, |rate| rate.half_frame());
    let edge = |time: u64| gst::ClockTime::from_nseconds(time.saturating_sub(early));
    let source = InterpolationControlSource::new();
    source.set_mode(InterpolationMode::None);
    let mut edges = vec![(gst::ClockTime::ZERO, 0.0)];
    for range in TimeRange::merged(ranges) {
        edges.extend([
            (edge(range.start), f64::from(alpha)),
            (edge(range.end), 0.0),
        ]);
    }
    for (time, alpha) in edges {
        if !source.set(time, alpha) {
            return Err(failed("takes no value for a time"));
        }
    }
    let binding = DirectControlBinding::new(element, "alpha", &source);
    let added = element.add_control_binding(&binding);
    added.map_err(|error| failed(&error.to_string()))
}

/// Have a `facedepixelate` leave alone what it finds in `rects`, in all frames.
pub fn exclude(element: &gst::Element, rects: &[Rect]) {
    let size = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
    let list = rects.iter().map(|rect| {
        let numbers = [rect.x, rect.y, size(rect.width), size(rect.height)];
        gst::Array::new(numbers).to_send_value()
    });
    element.set_property("exclude", gst::Array::from_values(list));
}

/// Markers of where faces were restored. `rate` is that of the film, if it is constant: a face is
/// there until its last frame ends.
pub fn markers(faces: &[RestoredFace], rate: Option<FrameRate>) -> Vec<Marker> {
    let frame = rate.map_or(0, |rate| rate.time_of(1));
    let marker = |(number, face): (usize, &RestoredFace)| Marker {
        start: face.times[0],
        end: face.times[1].saturating_add(frame),
        name: format!("restored face {number}"),
    };
    (1..).zip(faces).map(marker).collect()
}

/// Where in the film a frame is that passes `pad`.
fn stream_time(pad: &gst::Pad, buffer: &gst::BufferRef) -> Option<gst::ClockTime> {
    let segment = pad.sticky_event::<gst::event::Segment>(0)?;
    let times = segment.segment().downcast_ref::<gst::ClockTime>()?;
    times.to_stream_time(buffer.pts())
}
