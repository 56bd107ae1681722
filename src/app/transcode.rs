//! What is to be made of a file.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::{Map, Value};

use super::container::Container;
use super::marks;
use super::numbered::Numbered;
use super::pictures::Pictures;
use super::plan::Plan;
use super::progress::Progress;
use super::range::Window;
use super::source::INPUT;
use super::survey::Survey;
use super::{AppError, Encoding, Filters, Input};

/// One file to make.
///
/// ```no_run
/// use std::path::Path;
///
/// use gstdepixelate::app::{self, Filters, Input, NOTICE, RestoreOptions, Transcode, restorer};
///
/// # fn main() -> Result<(), app::AppError> {
/// app::init()?;
/// let options = RestoreOptions::default();
/// let filters = Filters::new(|| restorer(&options));
/// let input = Input::new(Path::new("talk.mp4"));
/// let job = Transcode::new(&input, Path::new("guess.mkv"), &filters, NOTICE);
/// // Another thread may set the flag to stop.
/// job.run(&Default::default(), &mut |_| ())?;
/// # Ok(())
/// # }
/// ```
pub struct Transcode<'a> {
    /// What to read: anything that GStreamer decodes.
    pub input: &'a Input,
    /// What to write; its ending says which container, or which pictures: their name has a place for
    /// a number, as `frame_%05d.png`.
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
        input: &'a Input,
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
        plan: &Plan<'_>,
        cancel: &AtomicBool,
    ) -> Result<Map<String, Value>, AppError> {
        let input = self.input.identity(plan.restored(), cancel)?;
        let mut identity = self.settings.clone();
        identity.insert("input".to_owned(), input.into());
        identity.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
        // Another one may encode in another way.
        identity.insert(
            "gstreamer".to_owned(),
            gst::version_string().as_str().into(),
        );
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

    /// Whether there is an input, and it is not the output.
    pub(super) fn check_paths(&self) -> Result<(), AppError> {
        self.input.check()?;
        let same = |path: &Path| path.canonicalize().ok();
        let input = self.input.path();
        let is_same = same(self.output).is_some_and(|output| Some(output) == same(input));
        let written = Numbered::of(self.output);
        let takes = |file: &PathBuf| written.as_ref().is_some_and(|written| written.names(file));
        if is_same || self.output == input || self.input.files().iter().any(takes) {
            let path = self.output.to_owned();
            return Err(AppError::SameFile { path });
        }
        Ok(())
    }

    /// Pictures are written in one way alone.
    pub(super) fn check_pictures(&self, container: &Container) -> Result<(), AppError> {
        let is_set_up = self.encoding != Encoding::default() || self.smart;
        match container.is_pictures() && is_set_up {
            true => Err(AppError::Unfit(
                "pictures are written whole and without loss: --encoder, what sets it up, and \
                 --smart are for films"
                    .to_owned(),
            )),
            false => Ok(()),
        }
    }

    /// An element's error, as one of the file that it reads or writes.
    pub(super) fn named(&self, error: AppError) -> AppError {
        let path = self.input.path().to_owned();
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

    /// What becomes of the input's streams; warnings tell what is lost.
    pub(super) fn plan<'s>(
        &self,
        survey: &'s Survey,
        container: &Container,
        window: &Window,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Plan<'s>, AppError> {
        let plan = Plan::new(survey, container, window, self.video_track)?;
        let plan = plan.ok_or_else(|| AppError::NoVideo {
            path: self.input.path().to_owned(),
        })?;
        let warnings = self.warnings(survey, &plan, container).into_iter();
        warnings.map(Progress::Warning).for_each(on_progress);
        Ok(plan)
    }

    /// What is to be said before the work: what is lost, what is damaged, what is done on its own.
    fn warnings(&self, survey: &Survey, plan: &Plan<'_>, container: &Container) -> Vec<String> {
        let encoder = self.encoding.encoder.as_deref();
        let encoder = encoder.unwrap_or(container.video_encoder);
        let is_interlaced = self.is_interlaced(plan);
        let pictures = container.is_pictures();
        let mut warnings = plan.losses.clone();
        warnings.extend(pictures.then(|| Pictures::loss(plan.restored())).flatten());
        warnings.extend(marks::lost(
            plan.restored(),
            container,
            encoder,
            is_interlaced,
        ));
        warnings.extend(survey.damage().map(|damage| format!("{INPUT}: {damage}")));
        let is_png = self
            .output
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("png"));
        warnings.extend(
            self.input
                .profile()
                .filter(|_| !is_png)
                .map(|_| "the colour profile of the pictures is left out: .png has it".to_owned()),
        );
        warnings.extend(is_interlaced.then(|| {
            "the video is interlaced: it is restored field by field (--deinterlace makes it progressive)"
                .to_owned()
        }));
        warnings
    }

    /// Whether what goes through the filter is interlaced.
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
