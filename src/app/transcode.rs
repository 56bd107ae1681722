//! A file decoded, sent through an element, and encoded into another.

use super::elements::{chain, make, pad};
use super::run::{Event, fail, run};
use super::{AppError, Writer};
use gst::glib;
use gst::prelude::*;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Name of the decoder in the pipeline, by which its errors are known.
const INPUT: &str = "input";

/// One file to make.
///
/// ```no_run
/// use std::path::Path;
///
/// use gstdepixelate::app::{self, NOTICE, RestoreOptions, Transcode, restorer};
///
/// # fn main() -> Result<(), app::AppError> {
/// app::init()?;
/// let job = Transcode {
///     input: Path::new("talk.mp4"),
///     output: Path::new("guess.mkv"),
///     filter: &restorer(&RestoreOptions::default())?,
///     crf: 18,
///     comment: NOTICE,
/// };
/// // Another thread may set the flag to stop.
/// job.run(&Default::default(), &mut |_| ())
/// # }
/// ```
pub struct Transcode<'a> {
    /// What to read: anything that GStreamer decodes.
    pub input: &'a Path,
    /// What to write; its ending says which container.
    pub output: &'a Path,
    /// What the frames go through: raw video in and out.
    pub filter: &'a gst::Element,
    /// Quality of the H.264 video: 0 best, 50 worst.
    pub crf: u32,
    /// A comment for the file's tags.
    pub comment: &'a str,
}

/// How far the work is.
#[derive(Debug)]
pub enum Progress {
    /// Where the encoder is.
    At {
        /// Frames so far.
        frames: u64,
        /// Time stamp of the last one.
        position: gst::ClockTime,
        /// Length of the input where it is known.
        duration: Option<gst::ClockTime>,
    },
    /// Something is not as it should be, but the work goes on.
    Warning(String),
}

/// What streaming threads leave for the caller.
#[derive(Default)]
struct Shared {
    frames: AtomicU64,
    position: AtomicU64,
    has_video: AtomicBool,
    error: Mutex<Option<AppError>>,
}

impl Transcode<'_> {
    /// Make the file. Until it is complete it has a temporary name beside its own; a failure leaves
    /// nothing.
    pub fn run(
        &self,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<(), AppError> {
        self.check_paths()?;
        let pipeline = gst::Pipeline::with_name("depixelate");
        let writer = Arc::new(Writer::new(&pipeline, self.output, self.comment)?);
        let shared = Arc::new(Shared::default());
        let video = self.video_branch(&pipeline, &writer, &shared)?;
        let decoder = self.decoder(&pipeline, &writer, &shared, video)?;
        let result = run(&pipeline, cancel, &mut |event| {
            on_progress(match event {
                Event::Warning(text) => Progress::Warning(text),
                Event::Tick => Progress::At {
                    frames: shared.frames.load(Ordering::Relaxed),
                    position: gst::ClockTime::from_nseconds(
                        shared.position.load(Ordering::Relaxed),
                    ),
                    duration: decoder.query_duration(),
                },
            });
        });
        let callback = shared.error.lock().ok().and_then(|mut error| error.take());
        match callback.map_or(result, Err) {
            Ok(()) => writer.finish(),
            Err(AppError::Element { element, reason }) if element == INPUT => {
                let path = self.input.to_owned();
                Err(AppError::Input { path, reason })
            }
            Err(error) => Err(error),
        }
    }

    fn check_paths(&self) -> Result<(), AppError> {
        if !self.input.is_file() {
            let path = self.input.to_owned();
            return Err(AppError::NoInput { path });
        }
        let same = |path: &Path| path.canonicalize().ok();
        if same(self.output).is_some_and(|output| Some(output) == same(self.input)) {
            let path = self.output.to_owned();
            return Err(AppError::SameFile { path });
        }
        Ok(())
    }

    /// From decoded frames to the muxer; returns the pad for the frames.
    fn video_branch(
        &self,
        pipeline: &gst::Pipeline,
        writer: &Writer,
        shared: &Arc<Shared>,
    ) -> Result<gst::Pad, AppError> {
        // Telephones film sideways and leave a tag: a face has to be upright to be restored.
        let (queue, flip, convert) = (make("queue")?, make("videoflip")?, make("videoconvert")?);
        super::elements::set(&flip, "video-direction", "auto")?;
        chain(pipeline, &[&queue, &flip, &convert, self.filter])?;
        let encoder = writer.video(self.crf)?;
        let counter = Arc::clone(shared);
        encoder.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            let position = info.buffer().and_then(|buffer| buffer.pts());
            if let Some(position) = position {
                (counter.position).store(position.nseconds(), Ordering::Relaxed);
            }
            counter.frames.fetch_add(1, Ordering::Relaxed);
            gst::PadProbeReturn::Ok
        });
        (pad(self.filter, "src")?.link(&encoder))
            .map_err(|error| AppError::element(&self.filter.name(), error))?;
        pad(&queue, "sink")
    }

    /// The decoder. It shows all its pads before data flows, so that the muxer knows all streams
    /// from the start.
    fn decoder(
        &self,
        pipeline: &gst::Pipeline,
        writer: &Arc<Writer>,
        shared: &Arc<Shared>,
        video: gst::Pad,
    ) -> Result<gst::Element, AppError> {
        let decoder = make("uridecodebin")?;
        let path = self.input.canonicalize().unwrap_or(self.input.to_owned());
        let uri = glib::filename_to_uri(&path, None)
            .map_err(|error| AppError::element(INPUT, error.message()))?;
        let mut caps = decoder.property::<gst::Caps>("caps");
        for codec in writer.audio_caps() {
            caps.make_mut().append(codec.clone());
        }
        decoder.set_properties(&[("name", &INPUT), ("uri", &uri), ("caps", &caps)]);
        chain(pipeline, &[&decoder])?;

        let streams = Streams {
            pipeline: pipeline.downgrade(),
            writer: Arc::downgrade(writer),
            video,
        };
        let for_pads = Arc::clone(shared);
        decoder.connect_pad_added(move |decoder, pad| {
            if let Err(error) = streams.connect(pad, &for_pads) {
                for_pads.fail(decoder, error);
            }
        });
        let (for_end, path) = (Arc::clone(shared), self.input.to_owned());
        decoder.connect_no_more_pads(move |decoder| {
            if !for_end.has_video.load(Ordering::Relaxed) {
                let path = path.clone();
                for_end.fail(decoder, AppError::NoVideo { path });
            }
        });
        Ok(decoder)
    }
}

impl Shared {
    /// Keep an error for the caller, and end the run.
    fn fail(&self, element: &gst::Element, error: AppError) {
        fail(element, &error);
        if let Ok(mut slot) = self.error.lock() {
            slot.get_or_insert(error);
        }
    }
}

/// Where decoded streams go. Holds nothing alive: the decoder holds it.
struct Streams {
    pipeline: glib::WeakRef<gst::Pipeline>,
    writer: std::sync::Weak<Writer>,
    video: gst::Pad,
}

impl Streams {
    /// The first video is restored, all audio is taken along, anything else (subtitles, cover
    /// pictures) is left out.
    fn connect(&self, stream: &gst::Pad, shared: &Shared) -> Result<(), AppError> {
        let (Some(pipeline), Some(writer)) = (self.pipeline.upgrade(), self.writer.upgrade())
        else {
            return Ok(());
        };
        let caps = stream.current_caps().unwrap_or(stream.query_caps(None));
        let media = caps.structure(0).map_or("", |structure| structure.name());
        let target = if media == "video/x-raw" && !self.video.is_linked() {
            shared.has_video.store(true, Ordering::Relaxed);
            self.video.clone()
        } else if media.starts_with("audio/") {
            writer.audio(&caps)?
        } else {
            let sink = make("fakesink")?;
            sink.set_property("async", false);
            chain(&pipeline, &[&sink])?;
            (sink.sync_state_with_parent())
                .map_err(|error| AppError::element(&sink.name(), error))?;
            pad(&sink, "sink")?
        };
        (stream.link(&target))
            .map(|_| ())
            .map_err(|error| AppError::element(INPUT, format!("{media}: {error}")))
    }
}
