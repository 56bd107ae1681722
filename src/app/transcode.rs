//! A file decoded, sent through an element, and encoded into another.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::animation::as_film;
use super::container::Container;
use super::cut::parts;
use super::folder::Folder;
use super::join::Join;
use super::part::{Made, Maker};
use super::partial::PartialFile;
use super::plan::Plan;
use super::progress::Progress;
use super::record::joined;
use super::source::{INPUT, Source};
use super::survey::Survey;
use super::verify::verify;
use super::workers::Workers;
use super::{AppError, Encoding, Filters, Report, RestoredFace, Writer};

/// One file to make.
///
/// ```no_run
/// use std::path::Path;
///
/// use gstdepixelate::app::{self, Filters, NOTICE, RestoreOptions, Transcode, restorer};
///
/// # fn main() -> Result<(), app::AppError> {
/// app::init()?;
/// let options = RestoreOptions::default();
/// let filters = Filters::new(|| restorer(&options));
/// let job = Transcode::new(Path::new("talk.mp4"), Path::new("guess.mkv"), &filters, NOTICE);
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
    /// What the frames go through.
    pub filters: &'a Filters<'a>,
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
    /// Least length of the parts that the film is made in: so much is lost when the work is ended.
    pub part_length: Duration,
    /// How many parts of the film are made at a time.
    pub jobs: usize,
    /// Whether parts that are finished are thrown away.
    pub restart: bool,
    /// What else decides what is made, such as how the filters are set: parts that were made with
    /// something else are not taken for parts of this film.
    pub settings: Map<String, Value>,
}

/// What was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Frames of the restored track.
    pub frames: u64,
    /// The faces in them.
    pub faces: Vec<RestoredFace>,
    /// Why the input is taken for damaged; what could be read of it was restored.
    pub damage: Option<String>,
    /// What was counted.
    pub report: Report,
}

impl<'a> Transcode<'a> {
    /// A job with all else at its default.
    pub fn new(
        input: &'a Path,
        output: &'a Path,
        filters: &'a Filters<'a>,
        comment: &'a str,
    ) -> Self {
        Self {
            input,
            output,
            filters,
            comment,
            encoding: Encoding::default(),
            video_track: None,
            deinterlace: false,
            patience: Duration::from_secs(30),
            part_length: Duration::from_secs(30),
            jobs: 1,
            restart: false,
            settings: Map::new(),
        }
    }

    /// Make the file. Until it is complete and was compared with the input it has a temporary name
    /// beside its own. Parts that are finished are kept in the folder `OUTPUT.depixelate` until
    /// then, and are not made again where an earlier run was ended.
    pub fn run(
        &self,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Outcome, AppError> {
        self.check_paths()?;
        let container = Container::of(self.output)?;
        // Before anything is read: whether it can be written, and encoded.
        PartialFile::check(self.output)?;
        self.encoding.make(container.video_encoder)?;
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
        let folder = Folder::open(self.output, &self.identity(&source, &plan)?, self.restart)?;
        let pipeline = gst::Pipeline::with_name("depixelate");
        let file = PartialFile::within(folder.path(), self.output)?;
        let mut writer = Writer::into(&pipeline, container, file)?;
        warnings.extend(writer.describe(&survey, self.comment));
        warnings.extend(self.is_interlaced(&plan).then(|| {
            "the video is interlaced: moving faces are restored badly (--deinterlace)".to_owned()
        }));
        for warning in warnings {
            on_progress(Progress::Warning(warning));
        }
        let start = Instant::now();
        let made = self.parts(&source, &plan, container, &folder, cancel, on_progress);
        let (made, now) = match made {
            Ok(made) => made,
            Err(error) => {
                folder.remove_if_empty();
                return Err(self.named(error));
            }
        };
        let join = Join {
            pipeline: &pipeline,
            source: &source,
            plan: &plan,
            folder: &folder,
            parts: &made,
            patience: self.patience,
        };
        let joined_parts = join.run(&writer, cancel, &mut |text| {
            on_progress(Progress::Warning(text));
        });
        let written = joined_parts.and_then(|()| writer.mend());
        written.map_err(|error| self.named(error))?;
        let frames = made.iter().map(|part| part.frames).sum();
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
        folder.remove()?;
        let tallies = made.iter().map(|part| &part.tally);
        Ok(Outcome {
            frames,
            faces: joined(made.iter().map(|part| (part.frames, part.faces.as_slice()))),
            damage,
            report: Report::of(tallies, frames, now, start.elapsed()),
        })
    }

    /// Make the parts of the restored track, or take those that are there; how many frames were
    /// made comes with them.
    fn parts(
        &self,
        source: &Source,
        plan: &Plan<'_>,
        container: &Container,
        folder: &Folder,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<(Vec<Made>, u64), AppError> {
        let (stream, stop) = (plan.restored(), AtomicBool::new(false));
        let workers = Workers {
            maker: Maker {
                source,
                stream,
                filters: self.filters,
                encoding: &self.encoding,
                container,
                deinterlace: self.deinterlace,
                patience: self.patience,
                cancel: &stop,
            },
            parts: &parts(stream, self.part_length),
            folder,
            jobs: self.jobs,
            frames: stream.packets,
        };
        workers.run(cancel, &stop, on_progress)
    }

    /// What decides what the parts are.
    fn identity(&self, source: &Source, plan: &Plan<'_>) -> Result<Map<String, Value>, AppError> {
        let input = source.identity(plan.restored());
        let input = input.map_err(|error| AppError::Input {
            path: self.input.to_owned(),
            reason: error.to_string(),
        })?;
        let mut identity = self.settings.clone();
        identity.insert("input".to_owned(), input.into());
        identity.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
        identity.insert("part-length".to_owned(), self.part_length.as_secs_f64().into());
        identity.insert("deinterlace".to_owned(), self.deinterlace.into());
        let encoding = serde_json::to_value(&self.encoding).unwrap_or_default();
        identity.insert("encoding".to_owned(), encoding);
        let ending = self.output.extension().unwrap_or_default().to_string_lossy();
        identity.insert("container".to_owned(), ending.to_lowercase().into());
        Ok(identity)
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
}
