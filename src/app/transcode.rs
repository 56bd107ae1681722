//! What is to be made of a file.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use super::plan::Plan;
use super::source::{INPUT, Source};
use super::{AppError, Encoding, Filters};

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
    /// When what is written begins and ends; None: where the input does.
    pub from: Option<gst::ClockTime>,
    /// See [`Self::from`].
    pub to: Option<gst::ClockTime>,
    /// Whether interlaced video is made progressive first.
    pub deinterlace: bool,
    /// How long nothing may come out before that is an error.
    pub patience: Duration,
    /// Whether parts without a face are copied from the input, where its codec can be encoded and
    /// nothing else stands against it; a warning tells where it does.
    pub smart: bool,
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
            from: None,
            to: None,
            deinterlace: false,
            patience: Duration::from_secs(30),
            smart: false,
            part_length: Duration::from_secs(30),
            jobs: 1,
            restart: false,
            settings: Map::new(),
        }
    }

    /// What decides what the parts are.
    pub(super) fn identity(
        &self,
        source: &Source,
        plan: &Plan<'_>,
    ) -> Result<Map<String, Value>, AppError> {
        let input = source.identity(plan.restored());
        let input = input.map_err(|error| AppError::Input {
            path: self.input.to_owned(),
            reason: error.to_string(),
        })?;
        let mut identity = self.settings.clone();
        identity.insert("input".to_owned(), input.into());
        identity.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
        let range = [self.from, self.to].map(|time| time.map(gst::ClockTime::nseconds));
        identity.insert("range".to_owned(), serde_json::json!(range));
        identity.insert("smart".to_owned(), self.smart.into());
        identity.insert(
            "part-length".to_owned(),
            self.part_length.as_secs_f64().into(),
        );
        identity.insert("deinterlace".to_owned(), self.deinterlace.into());
        let encoding = serde_json::to_value(&self.encoding).unwrap_or_default();
        identity.insert("encoding".to_owned(), encoding);
        let ending = self
            .output
            .extension()
            .unwrap_or_default()
            .to_string_lossy();
        identity.insert("container".to_owned(), ending.to_lowercase().into());
        Ok(identity)
    }

    /// Whether there is an input.
    pub(super) fn check_input(&self) -> Result<(), AppError> {
        let path = self.input.to_owned();
        match self.input.is_file() {
            true => Ok(()),
            false => Err(AppError::NoInput { path }),
        }
    }

    /// Whether there is an input, and it is not the output.
    pub(super) fn check_paths(&self) -> Result<(), AppError> {
        self.check_input()?;
        let same = |path: &Path| path.canonicalize().ok();
        if same(self.output).is_some_and(|output| Some(output) == same(self.input)) {
            let path = self.output.to_owned();
            return Err(AppError::SameFile { path });
        }
        Ok(())
    }

    /// An element's error, as one of the file that it reads or writes.
    pub(super) fn named(&self, error: AppError) -> AppError {
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

    /// Whether what goes through the filter is interlaced.
    pub(super) fn is_interlaced(&self, plan: &Plan<'_>) -> bool {
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
