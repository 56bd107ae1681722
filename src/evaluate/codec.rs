//! Pictures through a video codec and back, in memory; and the frames of clips.

use std::path::Path;

use anyhow::{Context, anyhow};
use gst::prelude::*;
use gst_video::prelude::*;
use image::RgbImage;

/// What damages pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Codec {
    /// Nothing but the way to Y′CbCr.
    None,
    /// x264 at a constant rate factor.
    H264(u32),
    /// The same without deblocking filter, as its fastest preset has it.
    H264Fast(u32),
    /// x265 at a constant rate factor.
    Hevc(u32),
    /// Motion JPEG at a quality of 1–100.
    Jpeg(u32),
}

impl Codec {
    /// Encoder and decoder, as in a launch line.
    fn line(self) -> String {
        match self {
            Self::None => "identity".to_owned(),
            Self::H264(crf) => format!("x264enc pass=qual quantizer={crf} ! avdec_h264"),
            Self::H264Fast(crf) => {
                format!("x264enc pass=qual quantizer={crf} speed-preset=ultrafast ! avdec_h264")
            }
            Self::Hevc(crf) => {
                format!("x265enc option-string=\"crf={crf}:log-level=error\" ! avdec_h265")
            }
            Self::Jpeg(quality) => format!("jpegenc quality={quality} ! jpegdec"),
        }
    }
}

/// A luma plane, 8 bit, without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LumaPlane {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Samples, row by row.
    pub data: Vec<u8>,
}

/// Send packed R′G′B′ `pictures`, all of `width` × `height`, through `codec` as the frames of one
/// clip; returns their luma.
pub(crate) fn recode(
    pictures: &[Vec<u8>],
    width: u32,
    height: u32,
    codec: Codec,
) -> anyhow::Result<Vec<LumaPlane>> {
    let pipeline = coded(
        pictures.iter().map(Vec::as_slice),
        (width, height),
        codec,
        "I420",
    )?;
    collect(&pipeline, usize::MAX, luma)
}

/// Send `pictures`, all of one size, through `codec` as the frames of one clip.
pub(crate) fn recode_pictures(
    pictures: &[RgbImage],
    codec: Codec,
) -> anyhow::Result<Vec<RgbImage>> {
    let size = pictures.first().map(RgbImage::dimensions);
    let Some(size) = size else {
        return Ok(Vec::new());
    };
    let frames = pictures.iter().map(|picture| picture.as_raw().as_slice());
    collect(&coded(frames, size, codec, "RGB")?, usize::MAX, picture)
}

/// A pipeline that gives packed R′G′B′ frames of this size after `codec`, in `format`.
fn coded<'a>(
    pictures: impl Iterator<Item = &'a [u8]>,
    (width, height): (u32, u32),
    codec: Codec,
    format: &str,
) -> anyhow::Result<gst::Pipeline> {
    let line = format!(
        "appsrc name=source format=time ! videoconvert ! video/x-raw,format=I420 ! {} \
         ! videoconvert ! video/x-raw,format={format} ! appsink name=sink sync=false",
        codec.line()
    );
    let pipeline = launch(&line)?;
    feed(&part(&pipeline, "source")?, pictures, (width, height))?;
    Ok(pipeline)
}

/// Let `source` give packed R′G′B′ frames of this size, 25 per second, and end.
pub(super) fn feed<'a>(
    source: &gst_app::AppSrc,
    pictures: impl Iterator<Item = &'a [u8]>,
    (width, height): (u32, u32),
) -> anyhow::Result<()> {
    let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::Rgb, width, height)
        .fps((25, 1))
        .build()
        .context("appsrc")?;
    let caps = info.to_caps().context("appsrc")?;
    source.set_caps(Some(&caps));
    // All of it waits in the source: a test's clips have few frames.
    source.set_max_bytes(0);
    for (number, picture) in (0..).zip(pictures) {
        let mut buffer = gst::Buffer::from_mut_slice(padded(picture, &info));
        let stamped = buffer.make_mut();
        stamped.set_pts(gst::ClockTime::from_mseconds(40 * number));
        stamped.set_duration(gst::ClockTime::from_mseconds(40));
        source.push_buffer(buffer).context("appsrc")?;
    }
    source.end_of_stream().context("appsrc")?;
    Ok(())
}

/// Luma of the first frames of a clip after another pass through `codec`, `most` at most.
pub(crate) fn clip(path: &Path, most: usize, codec: Codec) -> anyhow::Result<Vec<LumaPlane>> {
    let line = format!(
        "{} ! videoconvert ! video/x-raw,format=I420 ! {} ! videoconvert",
        decoded(path)?,
        codec.line()
    );
    planes(&line, most)
}

/// The first frames of a clip, `most` at most.
pub(crate) fn clip_pictures(path: &Path, most: usize) -> anyhow::Result<Vec<RgbImage>> {
    let line = format!(
        "{} ! videoconvert ! video/x-raw,format=RGB ! appsink name=sink sync=false",
        decoded(path)?
    );
    collect(&launch(&line)?, most, picture)
}

/// What decodes a file, as in a launch line.
fn decoded(path: &Path) -> anyhow::Result<String> {
    let absolute = path.canonicalize();
    let absolute = absolute.with_context(|| path.display().to_string())?;
    let uri = gst::glib::filename_to_uri(absolute, None)?;
    Ok(format!("uridecodebin uri=\"{uri}\""))
}

/// Luma of the first frames of what a launch line makes, `most` at most.
pub(crate) fn planes(line: &str, most: usize) -> anyhow::Result<Vec<LumaPlane>> {
    let line = format!("{line} ! video/x-raw,format=I420 ! appsink name=sink sync=false");
    collect(&launch(&line)?, most, luma)
}

fn launch(line: &str) -> anyhow::Result<gst::Pipeline> {
    let made = gst::parse::launch(line).with_context(|| line.to_owned())?;
    made.downcast()
        .map_err(|_| anyhow!("{line}: is no pipeline"))
}

fn part<T: IsA<gst::Element>>(pipeline: &gst::Pipeline, name: &str) -> anyhow::Result<T> {
    let element = pipeline.by_name(name).and_downcast::<T>();
    element.with_context(|| format!("{name}: is missing"))
}

/// Rows as long as GStreamer wants them.
fn padded(picture: &[u8], info: &gst_video::VideoInfo) -> Vec<u8> {
    let stride = info.stride()[0] as usize;
    let mut out = vec![0; info.size()];
    let rows = picture.chunks_exact(3 * info.width() as usize);
    for (to, from) in out.chunks_mut(stride).zip(rows) {
        to[..from.len()].copy_from_slice(from);
    }
    out
}

/// Play a pipeline to its end and take of what comes to its sink what `read` reads.
fn collect<T>(
    pipeline: &gst::Pipeline,
    most: usize,
    read: fn(&gst::Sample) -> Option<T>,
) -> anyhow::Result<Vec<T>> {
    let sink = part::<gst_app::AppSink>(pipeline, "sink")?;
    sink.set_property("max-buffers", 4u32);
    let started = pipeline.set_state(gst::State::Playing);
    let mut frames = Vec::new();
    let mut failed = started.context("pipeline").err();
    while failed.is_none() && frames.len() < most {
        let Ok(sample) = sink.pull_sample() else {
            break;
        };
        match read(&sample) {
            Some(frame) => frames.push(frame),
            None => failed = Some(anyhow!("appsink: a frame cannot be read")),
        }
    }
    let error = pipeline
        .bus()
        .and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]));
    if let Some(gst::MessageView::Error(error)) = error.as_ref().map(|message| message.view()) {
        let name = error.src().map(|source| source.name().to_string());
        failed = Some(anyhow!("{}: {}", name.unwrap_or_default(), error.error()));
    }
    // Stopping what has ended or failed: nothing is lost when that fails, too.
    let _ = pipeline.set_state(gst::State::Null);
    match failed {
        Some(error) => Err(error),
        None => Ok(frames),
    }
}

fn luma(sample: &gst::Sample) -> Option<LumaPlane> {
    let (width, height, data) = first_plane(sample, 1)?;
    Some(LumaPlane {
        width,
        height,
        data,
    })
}

fn picture(sample: &gst::Sample) -> Option<RgbImage> {
    let (width, height, data) = first_plane(sample, 3)?;
    RgbImage::from_raw(width, height, data)
}

/// Width, height and bytes of the first plane, which has so many of them for each pixel.
fn first_plane(sample: &gst::Sample, bytes: usize) -> Option<(u32, u32, Vec<u8>)> {
    let info = gst_video::VideoInfo::from_caps(sample.caps()?).ok()?;
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(sample.buffer()?, &info).ok()?;
    let (width, stride) = (info.width() as usize, frame.plane_stride()[0] as usize);
    let rows = frame
        .plane_data(0)
        .ok()?
        .chunks(stride)
        .take(info.height() as usize);
    let data = rows.flat_map(|row| &row[..bytes * width]).copied();
    Some((info.width(), info.height(), data.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_back_in_order_and_a_little_worse() {
        crate::app::init().unwrap();
        let picture = |level: u8| -> Vec<u8> {
            (0..3 * 70 * 50)
                .map(|i| level + ((i / 3 % 70) * (i / 210)) as u8 % 60)
                .collect()
        };
        let pictures = [30, 90, 150].map(picture);
        let clean = recode(&pictures, 70, 50, Codec::None).unwrap();
        for codec in [Codec::H264(20), Codec::H264Fast(30), Codec::Jpeg(70)] {
            let coded = recode(&pictures, 70, 50, codec).unwrap();
            assert_eq!(coded.len(), 3, "{codec:?}");
            for (coded, clean) in coded.iter().zip(&clean) {
                assert_eq!((coded.width, coded.height), (70, 50));
                let pairs = coded.data.iter().zip(&clean.data);
                let off: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
                assert!(off > 0 && off < 70 * 50 * 12, "{codec:?}: {off}");
            }
        }
        assert!(clip(Path::new("/nowhere/clip.mp4"), 3, Codec::None).is_err());
        assert!(planes("videotestsrc num-buffers=2 ! no-such-element", 3).is_err());
        assert_eq!(planes("videotestsrc num-buffers=2", 9).unwrap().len(), 2);
    }
}
