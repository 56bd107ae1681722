//! A film as numbered pictures.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use exr::prelude::{
    Encoding, Image, Layer, LayerAttributes, SpecificChannels, Text, Vec2, WritableImage,
};
use gst::prelude::*;
use gst_video::VideoFrameExt;

use super::branches::{decoder, name_colors};
use super::elements::{chain, make, pad};
use super::numbered::Numbered;
use super::range::Window;
use super::run::fail;
use super::samples::Samples;
use super::source::{INPUT, Source};
use super::stream::Stream;
use super::{AppError, NOTICE};
use crate::files;

/// Frames that may wait.
const WAITING: u32 = 2;

/// By how much the times of frames differ as containers round them, nanoseconds.
const ROUNDING: i64 = 2_000_000;

/// Where pictures are written, and what is written into each.
pub(super) struct Pictures<'a> {
    pub(super) path: &'a Path,
    /// The number of the first one.
    pub(super) first: u64,
    /// What their colours mean, as ICC has it.
    pub(super) profile: Option<&'a [u8]>,
}

/// A frame, ready to be written.
struct Frame {
    width: u32,
    height: u32,
    has_alpha: bool,
    pixels: Pixels,
}

/// Red, green, blue, and opacity where there is one.
enum Pixels {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
}

impl Pictures<'_> {
    /// An error where one file is not enough for what lies in `window`, or cannot hold its light.
    pub(super) fn check(path: &Path, stream: &Stream, window: &Window) -> Result<(), AppError> {
        let unfit = |reason: String| {
            let path = path.display();
            Err(AppError::Unfit(format!("{path}: {reason}")))
        };
        let frames = window.count(stream.index.iter().map(|packet| packet.time));
        if frames > 1 && Numbered::of(path).is_none() {
            return unfit(format!(
                "the film has {frames} frames, and the name no place for a number, as in \
                 frame_%05d.png"
            ));
        }
        let colors = stream.first_caps().and_then(|caps| {
            let colors = caps.structure(0)?.get::<String>("colorimetry").ok()?;
            colors.parse::<gst_video::VideoColorimetry>().ok()
        });
        let wide = [
            gst_video::VideoTransferFunction::Smpte2084,
            gst_video::VideoTransferFunction::AribStdB67,
        ];
        match colors.is_some_and(|colors| wide.contains(&colors.transfer())) && is_exr(path) {
            true => {
                unfit("light beyond white would be lost: .png keeps the film's values".to_owned())
            }
            false => Ok(()),
        }
    }

    /// What pictures do not tell of a film.
    pub(super) fn loss(stream: &Stream) -> Option<String> {
        let times = stream.index.iter().filter_map(|packet| packet.time);
        let mut times: Vec<i64> = times.collect();
        times.sort_unstable();
        let lengths = || times.windows(2).map(|two| two[1] - two[0]);
        let is_even = lengths().max().unwrap_or(0) - lengths().min().unwrap_or(0) <= ROUNDING;
        (!is_even).then(|| {
            "the frames are shown for different times: pictures do not tell for how long".to_owned()
        })
    }

    /// Write the frames of the film at `film`; returns how many there were. Each file
    /// is whole, or not there.
    pub(super) fn write(
        &self,
        film: &Path,
        patience: Duration,
        cancel: &AtomicBool,
    ) -> Result<u64, AppError> {
        let samples = Samples::new("pictures", WAITING, patience, cancel)?;
        let (convert, form) = (make("videoconvert")?, make("capsfilter")?);
        // Its ways to eight bits are short cuts, some values off.
        let caps = gst::Caps::builder("video/x-raw").field("format", "ARGB64");
        convert.set_property_from_str("dither", "none");
        form.set_property("caps", caps.build());
        let pipeline = &samples.pipeline;
        chain(pipeline, &[&convert, &form])?;
        (form.link(samples.end())).map_err(|error| AppError::element("pictures", error))?;
        let frames = pad(&convert, "sink")?;
        let packets = decoder(pipeline, &format!("{INPUT}-video"), frames, name_colors)?;
        let opened = Source::new(film).open(pipeline, move |parser, stream| {
            // There is no other one.
            if let Err(error) = stream.link(&packets) {
                fail(parser, &AppError::element(INPUT, error));
            }
        })?;
        samples.start(&opened);
        let mut count = 0;
        while let Some(sample) = samples.next()? {
            let before = pad(&convert, "sink")?.current_caps();
            let before = before.and_then(|caps| gst_video::VideoInfo::from_caps(&caps).ok());
            let frame = before
                .and_then(|before| frame(&sample, &before))
                .ok_or_else(|| AppError::element("pictures", "a frame cannot be read"))?;
            let path = self.file(count);
            let written = self
                .encode(&frame)
                .and_then(|bytes| files::write(&path, bytes));
            written.map_err(|error| AppError::Output {
                path,
                reason: std::io::Error::other(format!("{error:#}")),
            })?;
            count += 1;
        }
        Ok(count)
    }

    /// The name of the picture that has `count` before it.
    fn file(&self, count: u64) -> PathBuf {
        let numbered = Numbered::of(self.path);
        numbered.map_or(self.path.to_owned(), |numbered| {
            numbered.file(self.first.saturating_add(count))
        })
    }

    fn encode(&self, frame: &Frame) -> anyhow::Result<Vec<u8>> {
        match is_exr(self.path) {
            true => frame.exr(),
            false => frame.png(self.profile),
        }
    }
}

impl Frame {
    /// As PNG, with a comment that says what it is.
    fn png(&self, profile: Option<&[u8]>) -> anyhow::Result<Vec<u8>> {
        let mut info = png::Info::with_size(self.width, self.height);
        info.icc_profile = profile.map(|profile| profile.to_vec().into());
        info.color_type = match self.has_alpha {
            true => png::ColorType::Rgba,
            false => png::ColorType::Rgb,
        };
        info.bit_depth = match self.pixels {
            Pixels::Bytes(_) => png::BitDepth::Eight,
            Pixels::Words(_) => png::BitDepth::Sixteen,
        };
        let mut file = Vec::new();
        let mut encoder = png::Encoder::with_info(&mut file, info)?;
        encoder.add_text_chunk("Comment".to_owned(), NOTICE.to_owned())?;
        let mut writer = encoder.write_header()?;
        match &self.pixels {
            Pixels::Bytes(bytes) => writer.write_image_data(bytes)?,
            Pixels::Words(words) => {
                let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
                writer.write_image_data(&bytes)?;
            }
        }
        writer.finish()?;
        Ok(file)
    }

    /// As OpenEXR: the light of the values by the curve of sRGB, with a comment that says what it
    /// is.
    fn exr(&self) -> anyhow::Result<Vec<u8>> {
        let (width, channels) = (self.width as usize, 3 + usize::from(self.has_alpha));
        let value = |Vec2(x, y): Vec2<usize>, channel: usize| {
            let at = (y * width + x) * channels + channel;
            match &self.pixels {
                Pixels::Bytes(bytes) => f32::from(bytes[at]) / 255.0,
                Pixels::Words(words) => f32::from(words[at]) / 65535.0,
            }
        };
        let color = |at| [0, 1, 2].map(|channel| light(value(at, channel)));
        let size = (self.width as usize, self.height as usize);
        let attributes = LayerAttributes {
            comments: Some(Text::from(NOTICE)),
            ..LayerAttributes::default()
        };
        let mut file = Cursor::new(Vec::new());
        match self.has_alpha {
            false => {
                let pixels = SpecificChannels::rgb(|at| <(f32, f32, f32)>::from(color(at)));
                let layer = Layer::new(size, attributes, Encoding::default(), pixels);
                Image::from_layer(layer).write().to_buffered(&mut file)?;
            }
            true => {
                let pixels = SpecificChannels::rgba(|at| {
                    // OpenEXR's colours are as bright as they are opaque.
                    let (opacity, color) = (value(at, 3), color(at));
                    let [red, green, blue] = color.map(|light| light * opacity);
                    (red, green, blue, opacity)
                });
                let layer = Layer::new(size, attributes, Encoding::default(), pixels);
                Image::from_layer(layer).write().to_buffered(&mut file)?;
            }
        }
        Ok(file.into_inner())
    }
}

fn is_exr(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    ending.eq_ignore_ascii_case("exr")
}

/// The light of a value of sRGB. Source: IEC 61966-2-1.
fn light(value: f32) -> f32 {
    match value <= 0.04045 {
        true => value / 12.92,
        false => ((value + 0.055) / 1.055).powf(2.4),
    }
}

/// What is in a sample, which was decoded as `before`; None where that is not what was asked for.
fn frame(sample: &gst::Sample, before: &gst_video::VideoInfo) -> Option<Frame> {
    let info = gst_video::VideoInfo::from_caps(sample.caps()?).ok()?;
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(sample.buffer()?, &info).ok()?;
    let (stride, data) = (*frame.plane_stride().first()?, frame.plane_data(0).ok()?);
    let rows = data.chunks(usize::try_from(stride).ok()?.max(1));
    let width = 8 * info.width() as usize;
    let rows = rows.take(info.height() as usize);
    let rows = rows.filter_map(|row| row.get(..width));
    let (has_alpha, is_deep) = (before.has_alpha(), before.comp_depth(0) > 8);
    let pixels = rows.flat_map(|row| row.chunks_exact(8));
    let words = pixels.flat_map(|pixel| words(pixel, has_alpha));
    Some(Frame {
        width: info.width(),
        height: info.height(),
        has_alpha,
        pixels: match is_deep {
            true => Pixels::Words(words.collect()),
            false => Pixels::Bytes(words.map(byte).collect()),
        },
    })
}

/// Sixteen bits as eight: the nearest.
fn byte(word: u16) -> u8 {
    ((u32::from(word) + 128) / 257) as u8
}

/// Red, green, blue, and opacity if that is wanted, of a pixel that begins with the latter.
fn words(pixel: &[u8], has_alpha: bool) -> impl Iterator<Item = u16> {
    let word = |at: usize| u16::from_ne_bytes([pixel[2 * at], pixel[2 * at + 1]]);
    let all = [word(1), word(2), word(3), word(0)];
    all.into_iter().take(3 + usize::from(has_alpha))
}
