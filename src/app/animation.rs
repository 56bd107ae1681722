//! Animated pictures (GIF, PNG, WebP), which GStreamer does not play to an end, as films.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use gst::prelude::*;
use image::codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::{AnimationDecoder, Frame, Frames, ImageFormat, ImageReader, ImageResult};

use super::AppError;
use super::elements::{chain, make};
use super::run::{fail, run};

/// Decoded frames that may wait.
const WAITING: usize = 4;
/// How long a frame is shown that says no time, as browsers do it.
const USUAL: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// The animated picture at `path` as a film without loss, in a temporary file; None where it is
/// none.
pub(super) fn as_film(
    path: &Path,
    cancel: &AtomicBool,
) -> Result<Option<tempfile::TempPath>, AppError> {
    let unreadable = |reason: String| AppError::Input {
        path: path.to_owned(),
        reason,
    };
    let format = ImageReader::open(path).and_then(|reader| reader.with_guessed_format());
    let format = format
        .map_err(|error| unreadable(error.to_string()))?
        .format();
    let kinds = [ImageFormat::Gif, ImageFormat::Png, ImageFormat::WebP];
    let Some(format) = format.filter(|format| kinds.contains(format)) else {
        return Ok(None);
    };
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let (sender, frames) = sync_channel(WAITING);
    let reading = std::thread::spawn(move || read(BufReader::new(file), format, &sender));
    let film = match frames.recv() {
        Ok(first) => Some(write(first, frames, cancel)?),
        Err(_) => None,
    };
    match reading.join() {
        Ok(Ok(())) => Ok(film),
        Ok(Err(error)) => Err(unreadable(error.to_string())),
        Err(_) => Err(unreadable("its reader failed".to_owned())),
    }
}

/// Send the frames of an animation; of a picture that is none nothing.
fn read(file: BufReader<File>, format: ImageFormat, frames: &SyncSender<Frame>) -> ImageResult<()> {
    let send = |all: Frames<'_>| {
        for frame in all {
            // Whoever waits for frames may have stopped.
            if frames.send(frame?).is_err() {
                break;
            }
        }
        Ok(())
    };
    match format {
        ImageFormat::Gif => send(GifDecoder::new(file)?.into_frames()),
        ImageFormat::Png => {
            let decoder = PngDecoder::new(file)?;
            match decoder.is_apng()? {
                true => send(decoder.apng()?.into_frames()),
                false => Ok(()),
            }
        }
        _ => {
            let decoder = WebPDecoder::new(file)?;
            match decoder.has_animation() {
                true => send(decoder.into_frames()),
                false => Ok(()),
            }
        }
    }
}

/// Write frames into a file without loss.
fn write(
    first: Frame,
    others: Receiver<Frame>,
    cancel: &AtomicBool,
) -> Result<tempfile::TempPath, AppError> {
    let (width, height) = first.buffer().dimensions();
    let pipeline = gst::Pipeline::with_name("animation");
    let file = tempfile::Builder::new().suffix(".mkv").tempfile();
    let file = file
        .map_err(|error| AppError::element("animation", error))?
        .into_temp_path();
    // In name: each frame has its own time.
    let first_lasts = duration(&first).mseconds().clamp(1, 10_000);
    let rate = gst::Fraction::new(1000, first_lasts as i32);
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "RGBA")
        .field("width", width as i32)
        .field("height", height as i32)
        .field("framerate", rate)
        .build();
    let source = gst_app::AppSrc::builder()
        .caps(&caps)
        .format(gst::Format::Time)
        .build();
    let mut next = Some(first);
    let mut start = gst::ClockTime::ZERO;
    let callbacks = gst_app::AppSrcCallbacks::builder().need_data(move |source, _| {
        let Some(frame) = next.take().or_else(|| others.recv().ok()) else {
            // Refused only while the pipeline is being stopped, as below.
            let _ = source.end_of_stream();
            return;
        };
        if frame.buffer().dimensions() != (width, height) {
            fail(
                source.upcast_ref(),
                &AppError::element("animation", "frames of several sizes"),
            );
            return;
        }
        let duration = duration(&frame);
        let mut buffer = gst::Buffer::from_mut_slice(frame.into_buffer().into_raw());
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(start);
            buffer.set_duration(duration);
        }
        start += duration;
        let _ = source.push_buffer(buffer);
    });
    source.set_callbacks(callbacks.build());
    let rest = ["videoconvert", "avenc_ffv1", "matroskamux", "filesink"];
    let rest = rest.into_iter().map(make).collect::<Result<Vec<_>, _>>()?;
    rest[3].set_property("location", file.to_path_buf());
    let mut all = vec![source.upcast_ref::<gst::Element>()];
    all.extend(&rest);
    chain(&pipeline, &all)?;
    run(&pipeline, cancel, &mut |_| {})?;
    Ok(file)
}

/// How long a frame is shown.
fn duration(frame: &Frame) -> gst::ClockTime {
    let (numerator, denominator) = frame.delay().numer_denom_ms();
    let nanoseconds = u64::from(numerator) * 1_000_000 / u64::from(denominator.max(1));
    match nanoseconds {
        0 => USUAL,
        nanoseconds => gst::ClockTime::from_nseconds(nanoseconds),
    }
}
