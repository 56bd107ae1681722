//! Animated pictures (GIF, PNG, WebP), which GStreamer does not play to an end, as films.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

use image::codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::{
    AnimationDecoder, DynamicImage, Frame, Frames, ImageFormat, ImageReader, ImageResult, Limits,
};

use super::AppError;
use super::lossless::{Picture, film};
use crate::stills::limited;

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
    let open = || {
        let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
        Ok::<_, AppError>(BufReader::new(file))
    };
    // Its decoders make all pictures of those that can be seen through, and a film is of one kind.
    let mut is_opaque = true;
    let all = read(open()?, format, &mut |frame| {
        is_opaque &= frame.buffer().pixels().all(|pixel| pixel[3] == u8::MAX);
        is_opaque && !cancel.load(Ordering::Relaxed)
    });
    all.map_err(|error| unreadable(error.to_string()))?;
    let (file, (sender, frames)) = (open()?, sync_channel(WAITING));
    let reading = std::thread::spawn(move || {
        read(file, format, &mut |frame| {
            // Whoever waits for frames may have stopped.
            sender.send(picture(frame, is_opaque)).is_ok()
        })
    });
    let film = match frames.recv() {
        // In name: each picture has its own time.
        Ok(first) => {
            let lasts = first.lasts.mseconds().clamp(1, 10_000);
            let rate = gst::Fraction::new(1000, lasts as i32);
            Some(film(first, frames, rate, cancel)?)
        }
        Err(_) => None,
    };
    match reading.join() {
        Ok(Ok(())) => Ok(film),
        Ok(Err(error)) => Err(unreadable(error.to_string())),
        Err(_) => Err(unreadable("its reader failed".to_owned())),
    }
}

/// Give the frames of an animation to `take` as long as it wants more; of a picture that is none
/// nothing.
fn read(
    file: BufReader<File>,
    format: ImageFormat,
    take: &mut dyn FnMut(Frame) -> bool,
) -> ImageResult<()> {
    let mut give = |all: Frames<'_>| {
        for frame in all {
            if !take(frame?) {
                break;
            }
        }
        Ok(())
    };
    match format {
        ImageFormat::Gif => give(limited(GifDecoder::new(file)?)?.into_frames()),
        ImageFormat::Png => {
            let decoder = limited(PngDecoder::with_limits(file, Limits::default())?)?;
            match decoder.is_apng()? {
                true => give(decoder.apng()?.into_frames()),
                false => Ok(()),
            }
        }
        _ => {
            let decoder = limited(WebPDecoder::new(file)?)?;
            match decoder.has_animation() {
                true => give(decoder.into_frames()),
                false => Ok(()),
            }
        }
    }
}

fn picture(frame: Frame, is_opaque: bool) -> Picture {
    let (numerator, denominator) = frame.delay().numer_denom_ms();
    let nanoseconds = u64::from(numerator) * 1_000_000 / u64::from(denominator.max(1));
    let picture = DynamicImage::ImageRgba8(frame.into_buffer());
    Picture {
        picture: match is_opaque {
            true => picture.into_rgb8().into(),
            false => picture,
        },
        lasts: match nanoseconds {
            0 => USUAL,
            nanoseconds => gst::ClockTime::from_nseconds(nanoseconds),
        },
    }
}
