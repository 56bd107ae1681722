//! A file made of another: that is surveyed, its parts are made, and joined.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use serde_json::{Map, Value};

use super::container::Container;
use super::cut::{Part, parts, parts_around};
use super::folder::{Finished, Folder};
use super::look::look;
use super::part::{Made, Maker};
use super::partial::PartialFile;
use super::pictures::Pictures;
use super::plan::Plan;
use super::progress::Progress;
use super::range::Window;
use super::record;
use super::smart;
use super::source::Source;
use super::stream::Stream;
use super::survey::Survey;
use super::transcode::Transcode;
use super::workers::Workers;
use super::{AppError, Encoding, Report, RestoredFace};

/// Under which it is kept when there are faces.
const FACES: &str = "faces";

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

impl Transcode<'_> {
    /// Make the file. Until it is complete and was compared with the input it has a temporary name
    /// beside its own. Parts that are finished are kept in the folder `OUTPUT.depixelate` until
    /// then, and are not made again where an earlier run was ended.
    pub fn run(
        &self,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Outcome, AppError> {
        let open = |job: &_| Folder::open(self.output, job, self.restart);
        self.within(open, cancel, on_progress, |work, on_progress| {
            let start = Instant::now();
            let film = work.cut(cancel, on_progress)?;
            let now = work.make(&film, None, cancel, on_progress)?;
            let joined = work.join(&film, now, start, cancel, on_progress);
            if matches!(joined, Ok(_) | Err(AppError::Verification { .. })) {
                // Of what is wrong nothing is used again. What stays takes room, and the film is there.
                if let Err(error) = work.folder.remove() {
                    on_progress(Progress::Warning(format!("{error}: it can be removed")));
                }
            }
            joined
        })
    }

    /// Survey the input, and do `work` in the folder that `open` gives for what decides what the
    /// parts are.
    pub(super) fn within<T, Open, Do>(
        &self,
        open: Open,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
        mut work: Do,
    ) -> Result<T, AppError>
    where
        Open: Fn(&Map<String, Value>) -> Result<Folder, AppError>,
        Do: FnMut(&Work<'_>, &mut dyn FnMut(Progress)) -> Result<T, AppError>,
    {
        self.check_paths()?;
        let container = Container::of(self.output)?;
        // Before anything is read: whether it can be written, and encoded.
        PartialFile::check(self.output)?;
        self.check_pictures(container)?;
        self.encoding.make(container.video_encoder)?;
        self.survey(cancel, &mut |source, survey, window| {
            let plan = self.plan(survey, container, window, on_progress)?;
            if container.is_pictures() {
                Pictures::check(self.output, plan.restored(), window)?;
            }
            let identity = self.identity(&plan, cancel)?;
            let there = Work {
                job: self,
                source,
                survey,
                plan: &plan,
                container,
                folder: open(&identity)?,
                window,
            };
            work(&there, on_progress)
        })
    }

    /// Survey the input, and go on with that.
    pub(super) fn survey<T>(
        &self,
        cancel: &AtomicBool,
        work: &mut dyn FnMut(&Source, &Survey, &Window) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        let window = Window::new(self.from, self.to)?;
        let result = Survey::best(self.input.file(cancel)?, self.patience, cancel)
            .and_then(|(source, survey)| work(&source, &survey, &window));
        result.map_err(|error| self.named(error))
    }

    pub(super) fn maker<'m>(
        &'m self,
        source: &'m Source,
        stream: &'m Stream,
        container: &'m Container,
        encoding: &'m Encoding,
        cancel: &'m AtomicBool,
    ) -> Maker<'m> {
        Maker {
            source,
            stream,
            filters: self.filters,
            encoding,
            container,
            deinterlace: self.deinterlace,
            patience: self.patience,
            is_sound: false,
            cancel,
        }
    }
}

/// How a film is made.
pub(super) struct Cut {
    /// How parts are encoded that are not copied.
    pub(super) encoding: Encoding,
    pub(super) parts: Vec<Part>,
}

/// What there is to do.
pub(super) struct Work<'a> {
    pub(super) job: &'a Transcode<'a>,
    pub(super) source: &'a Source,
    pub(super) survey: &'a Survey,
    pub(super) plan: &'a Plan<'a>,
    pub(super) container: &'static Container,
    pub(super) folder: Folder,
    pub(super) window: &'a Window,
}

impl Work<'_> {
    /// Make those of the film's parts that are not finished: the ones with these numbers, or all.
    /// Gives how many frames were made.
    pub(super) fn make(
        &self,
        film: &Cut,
        only: Option<&[usize]>,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<u64, AppError> {
        let stop = AtomicBool::new(false);
        let workers = Workers {
            maker: self.maker(&film.encoding, &stop),
            parts: &film.parts,
            folder: &self.folder,
            jobs: self.job.jobs,
            frames: self.frames(),
        };
        workers.run(only, cancel, &stop, on_progress)
    }

    /// How many frames there are to make.
    fn frames(&self) -> u64 {
        let index = &self.plan.restored().index;
        self.window.count(index.iter().map(|packet| packet.time))
    }

    /// Times of the film's frames, in the order of its file; nanoseconds of running time.
    pub(super) fn times(&self) -> impl Iterator<Item = i64> {
        let index = &self.plan.restored().index;
        index.iter().filter_map(|packet| packet.time)
    }

    fn maker<'m>(&'m self, encoding: &'m Encoding, stop: &'m AtomicBool) -> Maker<'m> {
        let stream = self.plan.restored();
        Maker {
            is_sound: self.survey.damage().is_none(),
            ..self
                .job
                .maker(self.source, stream, self.container, encoding, stop)
        }
    }

    /// What was made of all parts of the film.
    ///
    /// Fails where some are not finished.
    fn made(&self, film: &Cut) -> Result<Vec<Finished<Made>>, AppError> {
        let numbers = 0..film.parts.len();
        let made: Vec<Option<_>> = numbers.map(|it| self.folder.finished(it)).collect();
        let missing = made.iter().enumerate().filter(|(_, made)| made.is_none());
        let missing: Vec<String> = missing.map(|(number, _)| number.to_string()).collect();
        match missing.is_empty() {
            true => Ok(made.into_iter().flatten().collect()),
            false => Err(AppError::Missing {
                path: self.folder.path().to_owned(),
                numbers: missing.join(", "),
            }),
        }
    }

    /// Join the parts, which are all finished, to the output; `now` frames were made by this run,
    /// which began at `start`.
    pub(super) fn join(
        &self,
        film: &Cut,
        now: u64,
        start: Instant,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Outcome, AppError> {
        let made = self.made(film)?;
        self.write(&film.parts, &made, cancel, on_progress)?;
        let made: Vec<Made> = made.into_iter().map(|part| part.made).collect();
        let frames = made.iter().map(|part| part.frames).sum();
        let tallies = made.iter().map(|part| &part.tally);
        let faces = made.iter().map(|part| (part.frames, &part.faces[..]));
        Ok(Outcome {
            frames,
            faces: record::joined(faces, self.window.start().unsigned_abs()),
            damage: self.survey.damage(),
            report: Report::of(tallies, frames, now, start.elapsed()),
        })
    }

    /// The parts of the film.
    pub(super) fn cut(
        &self,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Cut, AppError> {
        let (job, stream) = (self.job, self.plan.restored());
        if self.frames() == 0 {
            let text = "nothing of the film lies between --from and --to";
            return Err(AppError::Unfit(text.to_owned()));
        }
        let all = || {
            let parts = parts(stream, job.part_length);
            Cut {
                encoding: job.encoding.clone(),
                parts: self.window.cut(parts),
            }
        };
        if !job.smart {
            return Ok(all());
        }
        let encoding = smart::encoding(stream, &job.encoding, self.container, job.deinterlace)?;
        let cut = match encoding {
            Err(reason) => Err(reason),
            Ok(encoding) => {
                let faces = self.faces(&encoding, cancel, on_progress)?;
                // What is cut in two cannot be copied.
                let cuts = self.window.ends();
                let parts = parts_around(&faces, &cuts, stream, job.part_length);
                let cut = |parts| Cut {
                    encoding,
                    parts: self.window.cut(parts),
                };
                parts
                    .map(cut)
                    .ok_or("its times are not in order".to_owned())
            }
        };
        Ok(cut.unwrap_or_else(|reason| {
            let text = format!("nothing is copied, all is encoded: {reason}");
            on_progress(Progress::Warning(text));
            all()
        }))
    }

    /// Between which times there are faces to restore.
    pub(super) fn faces(
        &self,
        encoding: &Encoding,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Vec<(i64, i64)>, AppError> {
        if let Some(times) = self.folder.noted(FACES) {
            return Ok(times);
        }
        let found = look(
            &self.maker(encoding, cancel),
            &Part::all(),
            true,
            on_progress,
        )?;
        let mut times: Vec<(i64, i64)> = Vec::new();
        for (before, behind) in found.between {
            match times.last_mut().filter(|(_, end)| *end > before) {
                Some((_, end)) => *end = behind,
                None => times.push((before, behind)),
            }
        }
        self.folder.note(FACES, &times)?;
        Ok(times)
    }
}
