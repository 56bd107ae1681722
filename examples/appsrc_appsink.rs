//! Frames in memory through the element, and back into memory: `appsrc → facedepixelate → appsink`.
//!
//! ```sh
//! cargo run --release --example appsrc_appsink -- frame1.png frame2.png restored/
//! ```
//!
//! The pictures are frames of one stream, so that a face keeps still from one to the next. What the
//! program has in [`Faces`] goes into any other that gets frames from elsewhere.
//!
//! A restored face is a guess: it shows nobody's identity.

use anyhow::{Context, bail, ensure};
use gst::prelude::*;
use gst_video::prelude::*;
use gst_video::{VideoFormat, VideoFrameRef, VideoInfo};
use gstdepixelate::{app, files};
use image::{ImageFormat, RgbImage};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Frames per second. The element needs a rate only to tell its latency.
const RATE: i32 = 25;
/// The longest that a frame may take; a model that is loaded for the first time included.
const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(60);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("appsrc_appsink: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let Some((folder, pictures)) = arguments.split_last().filter(|(_, rest)| !rest.is_empty())
    else {
        bail!("pictures are needed, and last the folder to write to");
    };
    std::fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    let mut faces = None;
    for path in pictures {
        let picture = read(path)?;
        let faces = match &mut faces {
            Some(faces) => faces,
            None => faces.insert(Faces::new(picture.dimensions())?),
        };
        let restored = faces
            .restore(&picture)
            .with_context(|| format!("{}", path.display()))?;
        let name = path.file_name().context("a picture has a name")?;
        let to = folder.join(name).with_extension("png");
        let mut bytes = std::io::Cursor::new(Vec::new());
        restored.write_to(&mut bytes, ImageFormat::Png)?;
        files::write(&to, bytes.into_inner()).with_context(|| format!("{}", to.display()))?;
        println!("{}: a guess, which proves nobody's identity", to.display());
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<RgbImage> {
    let picture =
        image::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(picture.into_rgb8())
}

/// A stream of frames of one size, and the pipeline that they go through.
struct Faces {
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    sink: gst_app::AppSink,
    info: VideoInfo,
    count: u64,
}

impl Faces {
    /// A pipeline that plays, for frames of `size` (width, height).
    fn new((width, height): (u32, u32)) -> anyhow::Result<Self> {
        // This program has the plugin in it; one that has not sets GST_PLUGIN_PATH.
        app::init()?;
        let info = VideoInfo::builder(VideoFormat::Rgb, width, height)
            .fps(gst::Fraction::new(RATE, 1))
            .build()?;
        let source = gst_app::AppSrc::builder()
            .caps(&info.to_caps()?)
            .format(gst::Format::Time)
            .build();
        // A frame's answer is waited for before the next one comes.
        let element = gst::ElementFactory::make("facedepixelate")
            .property("neighbours", 0)
            .build()?;
        // Frames are taken as soon as they are there.
        let sink = gst_app::AppSink::builder().sync(false).build();
        let pipeline = gst::Pipeline::new();
        let chain = [source.upcast_ref(), &element, sink.upcast_ref()];
        pipeline.add_many(chain)?;
        gst::Element::link_many(chain)?;
        let faces = Self {
            pipeline,
            source,
            sink,
            info,
            count: 0,
        };
        match faces.pipeline.set_state(gst::State::Playing) {
            Ok(_) => Ok(faces),
            Err(_) => Err(faces.error()),
        }
    }

    /// `picture` as the next frame of the stream, with its mosaics restored.
    fn restore(&mut self, picture: &RgbImage) -> anyhow::Result<RgbImage> {
        let (width, height) = (self.info.width(), self.info.height());
        ensure!(
            picture.dimensions() == (width, height),
            "all frames of a stream have one size, here {width} x {height}"
        );
        let frame = self.frame(picture)?;
        self.source.push_buffer(frame).map_err(|_| self.error())?;
        let sample = self.sink.try_pull_sample(PATIENCE);
        let sample = sample.ok_or_else(|| self.error())?;
        let buffer = sample.buffer().context("a sample has a buffer")?;
        let frame = VideoFrameRef::from_buffer_ref_readable(buffer, &self.info)?;
        let stride = frame.plane_stride()[0] as usize;
        let rows = frame.plane_data(0)?.chunks(stride).take(height as usize);
        let pixels = rows.flat_map(|row| &row[..3 * width as usize]).copied();
        RgbImage::from_raw(width, height, pixels.collect()).context("a frame has all its pixels")
    }

    /// A buffer with `picture`; rows of GStreamer's RGB begin at multiples of four bytes.
    fn frame(&mut self, picture: &RgbImage) -> anyhow::Result<gst::Buffer> {
        let mut buffer = gst::Buffer::with_size(self.info.size())?;
        let held = buffer.make_mut();
        let length = gst::ClockTime::SECOND / RATE as u64;
        held.set_pts(length * self.count);
        held.set_duration(length);
        self.count += 1;
        let mut frame = VideoFrameRef::from_buffer_ref_writable(held, &self.info)?;
        let stride = frame.plane_stride()[0] as usize;
        let row = 3 * self.info.width() as usize;
        let rows = frame.plane_data_mut(0)?.chunks_mut(stride);
        for (to, from) in rows.zip(picture.as_raw().chunks(row)) {
            to[..row].copy_from_slice(from);
        }
        drop(frame);
        Ok(buffer)
    }

    /// What the pipeline said went wrong.
    fn error(&self) -> anyhow::Error {
        let bus = self.pipeline.bus();
        let message = bus.and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]));
        match message.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Error(error)) => anyhow::anyhow!("{}", error.error()),
            _ => anyhow::anyhow!("no frame came for {} seconds", PATIENCE.seconds()),
        }
    }
}

impl Drop for Faces {
    fn drop(&mut self) {
        // Always succeeds on the way down.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
