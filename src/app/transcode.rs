//! A file decoded, sent through an element, and encoded into another.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gst::prelude::*;

use super::animation::as_film;
use super::branches::{decoder, name_colors, name_speakers, put_in_order};
use super::container::Container;
use super::counters::Counters;
use super::elements::{chain, make, pad, set};
use super::plan::{Plan, Use};
use super::record::{RESTORED_FACE, Record, RestoredFace};
use super::run::{Event, Watch, fail, run_watched};
use super::source::{INPUT, Opened, Source};
use super::stream::{Kind, Stream, stream_id};
use super::survey::{Survey, sink};
use super::verify::verify;
use super::{AppError, Encoding, Writer};

/// One file to make.
///
/// ```no_run
/// use std::path::Path;
///
/// use gstdepixelate::app::{self, NOTICE, RestoreOptions, Transcode, restorer};
///
/// # fn main() -> Result<(), app::AppError> {
/// app::init()?;
/// let filter = restorer(&RestoreOptions::default())?;
/// let job = Transcode::new(Path::new("talk.mp4"), Path::new("guess.mkv"), &filter, NOTICE);
/// // Another thread may set the flag to stop.
/// job.run(&Default::default(), &mut |_| ())?;
/// # Ok(())
/// # }
/// ```
pub struct Transcode<'a> {
    /// What to read: anything that GStreamer decodes.
    pub input: &'a Path,
    /// What to write; its ending says which container.
    pub output: &'a Path,
    /// What the frames go through: raw video in and out.
    pub filter: &'a gst::Element,
    /// A comment for the file's tags; that of the input stays before it.
    pub comment: &'a str,
    /// What the video is encoded with.
    pub encoding: Encoding,
    /// The video track that goes through the filter, counted from 1; None: that which a player
    /// would show.
    pub video_track: Option<usize>,
    /// Whether interlaced video is made progressive first.
    pub deinterlace: bool,
    /// How long nothing may come out before that is an error.
    pub patience: Duration,
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

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Frames of the restored track.
    pub frames: u64,
    /// The faces in them.
    pub faces: Vec<RestoredFace>,
    /// Why the input is taken for damaged; what could be read of it was restored.
    pub damage: Option<String>,
}

/// What streaming threads leave for the caller.
#[derive(Default)]
struct Shared {
    counters: Arc<Counters>,
    error: Mutex<Option<AppError>>,
}

impl<'a> Transcode<'a> {
    /// A job with all else at its default.
    pub fn new(
        input: &'a Path,
        output: &'a Path,
        filter: &'a gst::Element,
        comment: &'a str,
    ) -> Self {
        Self {
            input,
            output,
            filter,
            comment,
            encoding: Encoding::default(),
            video_track: None,
            deinterlace: false,
            patience: Duration::from_secs(30),
        }
    }

    /// Make the file. Until it is complete and was compared with the input it has a temporary name
    /// beside its own; a failure leaves nothing.
    pub fn run(
        &self,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Outcome, AppError> {
        self.check_paths()?;
        let pipeline = gst::Pipeline::with_name("depixelate");
        let container = Container::of(self.output)?;
        // Before anything is read: whether it can be written, and encoded.
        let mut writer = Writer::new(&pipeline, self.output)?;
        let encoder = self.encoding.make(container.video_encoder)?;
        let film = as_film(self.input, cancel)?;
        let input = film.as_deref().unwrap_or(self.input);
        let survey = Survey::best(input, self.patience, cancel);
        let (source, survey) = survey.map_err(|error| self.named(error))?;
        let plan = Plan::new(&survey, container, self.video_track)?;
        let plan = plan.ok_or_else(|| AppError::NoVideo {
            path: self.input.to_owned(),
        })?;
        let damage = survey.damage();
        let mut warnings = plan.losses.clone();
        warnings.extend(damage.iter().map(|damage| format!("{INPUT}: {damage}")));
        warnings.extend(writer.describe(&survey, self.comment));
        warnings.extend(self.is_interlaced(&plan).then(|| {
            "the video is interlaced: moving faces are restored badly (--deinterlace)".to_owned()
        }));
        for warning in warnings {
            on_progress(Progress::Warning(warning));
        }
        let shared = Arc::new(Shared::default());
        let record = Record::of(&pad(self.filter, "src")?, RESTORED_FACE);
        let (encoder, encoded) = writer.video(encoder)?;
        shared
            .counters
            .count(&encoded, |counters| &counters.encoded);
        let targets = self.targets(&pipeline, &writer, &plan, encoder, &shared)?;
        let opened = open(&source, &pipeline, targets, &shared)?;
        let played = self.play(
            &pipeline,
            &opened,
            &shared,
            survey.end(),
            cancel,
            on_progress,
        );
        let written = played.and_then(|()| writer.mend());
        written.map_err(|error| self.named(error))?;
        let frames = shared.counters.decoded.load(Ordering::Relaxed);
        match verify(writer.temporary(), &plan, frames, self.patience, cancel)? {
            None => writer.finish()?,
            Some(reason) => {
                return Err(AppError::Verification {
                    path: self.output.to_owned(),
                    reason,
                    kept: writer.keep_unverified()?,
                });
            }
        }
        Ok(Outcome {
            frames,
            faces: Record::faces(&record),
            damage,
        })
    }

    /// Run the pipeline to its end.
    fn play(
        &self,
        pipeline: &gst::Pipeline,
        opened: &Opened,
        shared: &Shared,
        end: gst::ClockTime,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<(), AppError> {
        let counters = &shared.counters;
        let watch = Watch {
            start: &|| opened.start(),
            done: &|| counters.sum(),
            stuck: &|| counters.stuck().to_owned(),
            patience: self.patience,
        };
        let result = run_watched(pipeline, cancel, Some(&watch), &mut |event| {
            on_progress(match event {
                Event::Warning(text) => Progress::Warning(text),
                Event::Tick => Progress::At {
                    frames: counters.encoded.load(Ordering::Relaxed),
                    position: gst::ClockTime::from_nseconds(
                        counters.position.load(Ordering::Relaxed),
                    ),
                    duration: Some(end),
                },
            });
        });
        // What a callback met is nearer to the reason.
        let callback = shared.error.lock().ok().and_then(|mut error| error.take());
        callback.map_or(result, Err)
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

    /// An element's error, as one of the file that it reads or writes.
    fn named(&self, error: AppError) -> AppError {
        let path = self.input.to_owned();
        match error {
            AppError::Element { element, reason } if element.starts_with(INPUT) => {
                AppError::Input { path, reason }
            }
            AppError::Input { reason, .. } => AppError::Input { path, reason },
            AppError::Element { element, reason } if element == super::writer::SINK => {
                AppError::Output {
                    path: self.output.to_owned(),
                    reason: std::io::Error::other(reason),
                }
            }
            error => error,
        }
    }

    fn is_interlaced(&self, plan: &Plan<'_>) -> bool {
        let modes = plan
            .uses
            .iter()
            .take(1)
            .flat_map(|(stream, _)| &stream.caps);
        let mode = |caps: &gst::Caps| {
            let caps = caps.structure(0)?;
            Some(caps.get::<String>("interlace-mode").ok()? != "progressive")
        };
        !self.deinterlace && modes.filter_map(mode).any(|interlaced| interlaced)
    }

    /// The pads that take the packets of each stream, by its id.
    fn targets(
        &self,
        pipeline: &gst::Pipeline,
        writer: &Writer,
        plan: &Plan<'_>,
        encoder: gst::Pad,
        shared: &Arc<Shared>,
    ) -> Result<HashMap<String, gst::Pad>, AppError> {
        let mut encoder = Some(encoder);
        let mut targets = HashMap::new();
        for (number, (stream, becomes)) in plan.uses.iter().enumerate() {
            let target = match (becomes, encoder.take()) {
                (Use::Restored, Some(encoder)) => {
                    let frames = self.video_branch(pipeline, stream, &encoder, shared)?;
                    decoder(pipeline, &format!("{INPUT}-video"), frames, name_colors)?
                }
                (Use::Along(way), _) if stream.kind == Kind::Audio && way.is_encoded() => {
                    let name = format!("{INPUT}-audio-{number}");
                    decoder(pipeline, &name, writer.encoded_audio()?, name_speakers)?
                }
                (Use::Along(way), _) => writer.copied(stream.kind, way)?,
                _ => continue,
            };
            targets.insert(stream.id.clone(), target);
        }
        Ok(targets)
    }

    /// From decoded frames to the encoder; returns the pad for the frames.
    fn video_branch(
        &self,
        pipeline: &gst::Pipeline,
        stream: &Stream,
        encoder: &gst::Pad,
        shared: &Arc<Shared>,
    ) -> Result<gst::Pad, AppError> {
        let mut elements = vec![make("queue")?];
        if self.deinterlace {
            elements.push(make("deinterlace")?);
        }
        elements.push(make("videoconvert")?);
        if stream.caps.len() > 1
            && let Some((width, height)) = stream.size()
        {
            // One track has one size; what has another later is fitted into it.
            let (scale, size) = (make("videoscale")?, make("capsfilter")?);
            let first = stream.first_caps().and_then(|caps| caps.structure(0));
            let pixel = first.and_then(|first| first.get("pixel-aspect-ratio").ok());
            let pixel = pixel.unwrap_or(gst::Fraction::new(1, 1));
            let caps = format!(
                "video/x-raw, width=(int){width}, height=(int){height}, \
                 pixel-aspect-ratio=(fraction){}/{}",
                pixel.numer(),
                pixel.denom()
            );
            set(&size, "caps", &caps)?;
            elements.extend([scale, size]);
        }
        let turned = stream.tags.get::<gst::tags::ImageOrientation>();
        if turned.is_some_and(|turned| turned.get() != "rotate-0") {
            // Telephones film sideways and leave a tag: a face has to be upright to be restored.
            let flip = make("videoflip")?;
            set(&flip, "video-direction", "auto")?;
            elements.extend([flip, make("videoconvert")?]);
        }
        elements.push(self.filter.clone());
        chain(pipeline, &elements.iter().collect::<Vec<_>>())?;
        let first = pad(&elements[0], "sink")?;
        put_in_order(&first);
        shared.counters.count(&first, |counters| &counters.decoded);
        let last = pad(self.filter, "src")?;
        shared.counters.count(&last, |counters| &counters.restored);
        let for_position = Arc::clone(shared);
        last.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            if let Some(position) = info.buffer().and_then(|buffer| buffer.pts()) {
                let latest = &for_position.counters.position;
                latest.store(position.nseconds(), Ordering::Relaxed);
            }
            gst::PadProbeReturn::Ok
        });
        (last.link(encoder)).map_err(|error| AppError::element(&self.filter.name(), error))?;
        Ok(first)
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

/// Open the input, with its streams on their ways to `targets`.
fn open(
    source: &Source,
    pipeline: &gst::Pipeline,
    targets: HashMap<String, gst::Pad>,
    shared: &Arc<Shared>,
) -> Result<Opened, AppError> {
    let (weak, shared) = (pipeline.downgrade(), Arc::clone(shared));
    source.open(pipeline, move |parser, pad| {
        let Some(pipeline) = weak.upgrade() else {
            return;
        };
        if let Err(error) = connect(&pipeline, pad, &targets, &shared) {
            shared.fail(parser, error);
        }
    })
}

/// Send a stream of the parser where it belongs.
fn connect(
    pipeline: &gst::Pipeline,
    stream: &gst::Pad,
    targets: &HashMap<String, gst::Pad>,
    shared: &Arc<Shared>,
) -> Result<(), AppError> {
    let target = targets.get(&stream_id(stream));
    let target = match target.filter(|target| !target.is_linked()) {
        Some(target) => {
            if Kind::of_pad(stream) == Kind::Video {
                shared.counters.count(stream, |counters| &counters.packets);
            }
            target.clone()
        }
        None => sink(pipeline)?,
    };
    (stream.link(&target))
        .map(|_| ())
        .map_err(|error| AppError::element(INPUT, error))
}
