//! A file made of another: that is surveyed, its parts are made, joined, and compared with what they
//! were made from.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::container::Container;
use super::counters::Counters;
use super::cut::{Part, parts, parts_around};
use super::folder::Folder;
use super::join::Join;
use super::part::{Found, Made, Maker};
use super::partial::PartialFile;
use super::pictures::Pictures;
use super::plan::Plan;
use super::progress::Progress;
use super::range::Window;
use super::record::joined;
use super::smart;
use super::source::Source;
use super::stream::Stream;
use super::survey::Survey;
use super::transcode::Transcode;
use super::verify::{Written, verify};
use super::workers::Workers;
use super::{AppError, Encoding, Report, RestoredFace, Writer};

/// Packets behind a part that was made, which are decoded with it to see that they fit.
const BEHIND: usize = 32;
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

/// What would be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// Frames that were looked at.
    pub frames: u64,
    /// The faces in them; times are those of the input.
    pub faces: Vec<RestoredFace>,
    /// Why the input is taken for damaged.
    pub damage: Option<String>,
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
            let start = Instant::now();
            let folder = Folder::open(self.output, &self.identity(&plan, cancel)?, self.restart)?;
            let work = Work {
                job: self,
                source,
                survey,
                plan: &plan,
                container,
                folder: &folder,
                window,
            };
            let film = work.run(cancel, on_progress);
            if matches!(film, Ok(_) | Err(AppError::Verification { .. })) {
                // Of what is wrong nothing is used again.
                folder.remove()?;
            }
            let Film { parts, now } = film?;
            let frames = parts.iter().map(|part| part.frames).sum();
            let tallies = parts.iter().map(|part| &part.tally);
            let faces = parts
                .iter()
                .map(|part| (part.frames, part.faces.as_slice()));
            Ok(Outcome {
                frames,
                faces: joined(faces, window.start().unsigned_abs()),
                damage: survey.damage(),
                report: Report::of(tallies, frames, now, start.elapsed()),
            })
        })
    }

    /// Look at all frames for faces to restore, and make nothing.
    pub fn look(
        &self,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Looked, AppError> {
        self.input.check()?;
        let container = Container::of(self.output)?;
        self.survey(cancel, &mut |source, survey, window| {
            let plan = self.plan(survey, container, window, on_progress)?;
            let parts = window.cut(vec![Part::all()]);
            let maker = Maker {
                is_sound: survey.damage().is_none(),
                ..self.maker(source, plan.restored(), container, &self.encoding, cancel)
            };
            let found = look(&maker, &parts[0], false, on_progress)?;
            Ok(Looked {
                frames: found.frames,
                faces: joined([(found.frames, &found.faces[..])].into_iter(), 0),
                damage: survey.damage(),
            })
        })
    }

    /// Survey the input, and go on with that.
    fn survey<T>(
        &self,
        cancel: &AtomicBool,
        work: &mut dyn FnMut(&Source, &Survey, &Window) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        let window = Window::new(self.from, self.to)?;
        let result = Survey::best(self.input.file(cancel)?, self.patience, cancel)
            .and_then(|(source, survey)| work(&source, &survey, &window));
        result.map_err(|error| self.named(error))
    }

    fn maker<'m>(
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

/// Look for faces, and tell how far that is.
fn look(
    maker: &Maker<'_>,
    part: &Part,
    quickly: bool,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Found, AppError> {
    let counters = Arc::new(Counters::default());
    let total = maker.stream.packets;
    maker.look(part, quickly, &counters, &mut |told| {
        on_progress(match told {
            Some(text) => Progress::Warning(text),
            None => Progress::Looked {
                frames: counters.packets.load(Ordering::Relaxed).min(total),
                total,
            },
        });
    })
}

/// What there is to do.
struct Work<'a> {
    job: &'a Transcode<'a>,
    source: &'a Source,
    survey: &'a Survey,
    plan: &'a Plan<'a>,
    container: &'static Container,
    folder: &'a Folder,
    window: &'a Window,
}

/// What was made of a film.
struct Film {
    /// Its parts.
    parts: Vec<Made>,
    /// How many of its frames were made by this run.
    now: u64,
}

impl Work<'_> {
    /// Do it.
    fn run(
        &self,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Film, AppError> {
        let (encoding, parts) = self.cut(cancel, on_progress)?;
        let stop = AtomicBool::new(false);
        let workers = Workers {
            maker: self.maker(&encoding, &stop),
            parts: &parts,
            folder: self.folder,
            jobs: self.job.jobs,
            frames: self.frames(),
        };
        let (made, now) = workers.run(cancel, &stop, on_progress)?;
        self.join(&parts, &made, cancel, on_progress)?;
        Ok(Film { parts: made, now })
    }

    /// How many frames there are to make.
    fn frames(&self) -> u64 {
        let index = &self.plan.restored().index;
        self.window.count(index.iter().map(|packet| packet.time))
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

    /// The parts of the film, and how those are encoded that are not copied.
    fn cut(
        &self,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<(Encoding, Vec<Part>), AppError> {
        let (job, stream) = (self.job, self.plan.restored());
        if self.frames() == 0 {
            let text = "nothing of the film lies between --from and --to";
            return Err(AppError::Unfit(text.to_owned()));
        }
        let all = || {
            let parts = parts(stream, job.part_length);
            (job.encoding.clone(), self.window.cut(parts))
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
                parts
                    .map(|parts| (encoding, self.window.cut(parts)))
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
    fn faces(
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

    /// Join the parts to the output, and compare it with the input.
    fn join(
        &self,
        parts: &[Part],
        made: &[Made],
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<(), AppError> {
        let pipeline = gst::Pipeline::with_name("depixelate");
        let output = self.job.output;
        let file = PartialFile::within(self.folder.path(), output)?;
        let mut writer = Writer::into(&pipeline, self.container, file)?;
        let lost = writer.describe(self.survey, self.window, self.job.comment);
        writer.add(self.plan);
        let mut on_warning = |text| on_progress(Progress::Warning(text));
        lost.into_iter().for_each(&mut on_warning);
        let join = Join {
            pipeline: &pipeline,
            source: self.source,
            plan: self.plan,
            folder: self.folder,
            parts: made,
            several: parts.iter().any(|part| part.copied),
            window: self.window,
            patience: self.job.patience,
        };
        let along = join.run(&writer, cancel, &mut on_warning)?;
        writer.mend()?;
        match self.difference(writer.temporary(), parts, made, along, cancel)? {
            None if self.container.is_pictures() => self.pictures(writer.temporary(), made, cancel),
            None => writer.finish(),
            Some(reason) => Err(AppError::Verification {
                path: output.to_owned(),
                reason,
                kept: writer.keep_unverified()?,
            }),
        }
    }

    /// Write the film at `path` as pictures.
    fn pictures(&self, path: &Path, made: &[Made], cancel: &AtomicBool) -> Result<(), AppError> {
        let (job, input) = (self.job, self.job.input);
        let times = self.plan.restored().index.iter();
        let times = times.filter_map(|packet| packet.time);
        let before = times.filter(|time| *time < self.window.start()).count() as u64;
        let pictures = Pictures {
            path: job.output,
            first: input.first().map_or(1, |first| first + before),
            profile: input.profile(),
        };
        let frames: u64 = made.iter().map(|part| part.frames).sum();
        let written = pictures.write(path, job.patience, cancel)?;
        match written == frames {
            true => Ok(()),
            false => Err(AppError::element(
                "pictures",
                format!("{frames} frames were made, {written} written"),
            )),
        }
    }

    fn difference(
        &self,
        path: &Path,
        parts: &[Part],
        made: &[Made],
        along: HashMap<String, u64>,
        cancel: &AtomicBool,
    ) -> Result<Option<String>, AppError> {
        let (mut ranges, mut start) = (Vec::new(), 0);
        for (part, made) in parts.iter().zip(made) {
            let end = start + made.times.len();
            if !part.copied {
                ranges.push(start..end + BEHIND);
            }
            start = end;
        }
        // Each packet once.
        for next in 1..ranges.len() {
            ranges[next - 1].end = ranges[next - 1].end.min(ranges[next].start);
        }
        let written = Written {
            frames: made.iter().map(|part| part.frames).sum(),
            made: ranges,
            along,
        };
        verify(path, self.plan, &written, self.job.patience, cancel)
    }
}
