//! A pipeline that is given its packets.

use std::sync::atomic::{AtomicBool, Ordering};

use gst::prelude::*;

use super::AppError;
use super::elements::pad;
use super::run::{Event, Watch, fail, run_watched};

/// Bytes of packets that may wait to be taken.
const WAITING: u64 = 16 << 20;

/// Where packets of this kind enter a pipeline: their times are told by the segments of the samples.
pub(super) fn entry(
    pipeline: &gst::Pipeline,
    name: &str,
    caps: Option<&gst::Caps>,
) -> Result<gst_app::AppSrc, AppError> {
    let entry = gst_app::AppSrc::builder()
        .name(name)
        .format(gst::Format::Time)
        .handle_segment_change(true)
        .max_bytes(WAITING)
        .block(true)
        .build();
    entry.set_caps(caps);
    (pipeline.add(&entry)).map_err(|error| AppError::element(name, error))?;
    pad(entry.upcast_ref(), "src")?.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, stopping);
    Ok(entry)
}

/// Give `sample` to the pipeline; whether it takes more.
pub(super) fn push(entry: &gst_app::AppSrc, sample: &gst::Sample) -> bool {
    let times = sample
        .segment()
        .and_then(|times| times.downcast_ref::<gst::ClockTime>());
    let (Some(times), Some(buffer)) = (times, sample.buffer_owned()) else {
        return true;
    };
    // It would end with the first packet that is shown at the stop, while some that are shown
    // before are yet to come.
    let mut open = times.clone();
    open.set_stop(gst::ClockTime::NONE);
    open.set_duration(times.stop());
    let caps = sample.caps_owned();
    let sample = gst::Sample::builder().buffer(&buffer).segment(&open);
    entry
        .push_sample(&sample.caps_if_some(caps.as_ref()).build())
        .is_ok()
}

/// Put the stop back that [`push`] hid from its entry.
fn stopping(_: &gst::Pad, info: &mut gst::PadProbeInfo<'_>) -> gst::PadProbeReturn {
    if let Some(gst::PadProbeData::Event(event)) = &mut info.data
        && let gst::EventView::Segment(segment) = event.view()
        && let Some(times) = segment.segment().downcast_ref::<gst::ClockTime>()
    {
        let mut times = times.clone();
        times.set_stop(times.duration());
        times.set_duration(gst::ClockTime::NONE);
        *event = gst::event::Segment::builder(&times)
            .seqnum(event.seqnum())
            .build();
    }
    gst::PadProbeReturn::Ok
}

/// Run a pipeline to its end while `feed` pushes packets into `entry`. That is told by its flag to
/// stop; the end of the stream is sent for it.
pub(super) fn run_fed(
    pipeline: &gst::Pipeline,
    entry: &gst_app::AppSrc,
    cancel: &AtomicBool,
    watch: &Watch<'_>,
    feed: impl FnOnce(&AtomicBool) -> Result<(), AppError> + Send,
    on_event: &mut dyn FnMut(Event),
) -> Result<(), AppError> {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let feeding = scope.spawn(|| {
            let fed = feed(&stop);
            match &fed {
                // Refused only while the pipeline is being stopped.
                Ok(()) => _ = entry.end_of_stream(),
                Err(error) => fail(entry.upcast_ref(), error),
            }
            fed
        });
        let played = run_watched(pipeline, cancel, Some(watch), on_event);
        stop.store(true, Ordering::Relaxed);
        let fed = feeding
            .join()
            .unwrap_or_else(|_| Err(AppError::element("packets", "failed")));
        match (played, fed) {
            // What it could not read is nearer to the reason; that it was stopped is none.
            (Err(_), Err(error)) if !matches!(error, AppError::Cancelled) => Err(error),
            (played, _) => played,
        }
    })
}
