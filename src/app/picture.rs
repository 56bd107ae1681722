//! A decoded frame as a picture.

use gst_video::prelude::*;
use image::RgbImage;

/// A decoded frame.
#[derive(Debug)]
pub struct Frame {
    /// When it is shown, nanoseconds; see [`Film`](super::Film).
    pub time: u64,
    /// For how long, nanoseconds, where that is known.
    pub length: Option<u64>,
    /// What it shows.
    pub picture: RgbImage,
    /// Frame rate and shape of its pixels are among this.
    pub info: gst_video::VideoInfo,
}

/// The frame in `sample`, times earlier by `shift`; None where it has none, or lies before 0.
pub(super) fn frame(sample: &gst::Sample, shift: i64) -> Option<Frame> {
    let times = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
    let buffer = sample.buffer()?;
    let position = times.to_stream_time(buffer.pts())?.nseconds();
    let info = gst_video::VideoInfo::from_caps(sample.caps()?).ok()?;
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info).ok()?;
    let (stride, row) = (
        usize::try_from(frame.plane_stride()[0]).ok()?,
        3 * info.width() as usize,
    );
    let mut data = Vec::with_capacity(row * info.height() as usize);
    for padded in frame.plane_data(0).ok()?.chunks(stride) {
        data.extend_from_slice(&padded[..row.min(padded.len())]);
    }
    Some(Frame {
        time: position.checked_add_signed(-shift)?,
        length: buffer.duration().map(gst::ClockTime::nseconds),
        picture: RgbImage::from_raw(info.width(), info.height(), data)?,
        info,
    })
}
