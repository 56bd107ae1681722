//! A file made of another: that is surveyed, its parts are made, joined, and compared with what they
//! were made from.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::animation::as_film;
use super::container::Container;
use super::counters::Counters;
use super::cut::{Part, parts, parts_around};
use super::folder::Folder;
use super::join::Join;
use super::part::{Made, Maker};
use super::partial::PartialFile;
use super::plan::Plan;
use super::progress::Progress;
use super::record::joined;
use super::smart;
use super::source::{INPUT, Source};
use super::survey::Survey;
use super::transcode::Transcode;
use super::verify::{Restored, verify};
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
        warnings.extend(self.is_interlaced(&plan).then(|| {
            "the video is interlaced: moving faces are restored badly (--deinterlace)".to_owned()
        }));
        for warning in warnings {
            on_progress(Progress::Warning(warning));
        }
        let start = Instant::now();
        let folder = Folder::open(self.output, &self.identity(&source, &plan)?, self.restart)?;
        let work = Work {
            job: self,
            source: &source,
            survey: &survey,
            plan: &plan,
            container,
            folder: &folder,
        };
        let film = work
            .run(cancel, on_progress)
            .map_err(|error| self.named(error));
        if matches!(film, Ok(_) | Err(AppError::Verification { .. })) {
            // Of what is wrong nothing is used again.
            folder.remove()?;
        }
        let Film { parts, now } = film?;
        let frames = parts.iter().map(|part| part.frames).sum();
        Ok(Outcome {
            frames,
            faces: joined(
                parts
                    .iter()
                    .map(|part| (part.frames, part.faces.as_slice())),
            ),
            damage,
            report: Report::of(
                parts.iter().map(|part| &part.tally),
                frames,
                now,
                start.elapsed(),
            ),
        })
    }
}

/// What there is to do.
struct Work<'a> {
    job: &'a Transcode<'a>,
    source: &'a Source,
    survey: &'a Survey,
    plan: &'a Plan<'a>,
    container: &'static Container,
    folder: &'a Folder,
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
            frames: self.plan.restored().packets,
        };
        let (made, now) = workers.run(cancel, &stop, on_progress)?;
        self.join(&parts, &made, cancel, on_progress)?;
        Ok(Film { parts: made, now })
    }

    fn maker<'a>(&'a self, encoding: &'a Encoding, stop: &'a AtomicBool) -> Maker<'a> {
        Maker {
            source: self.source,
            stream: self.plan.restored(),
            filters: self.job.filters,
            encoding,
            container: self.container,
            deinterlace: self.job.deinterlace,
            patience: self.job.patience,
            cancel: stop,
        }
    }

    /// The parts of the film, and how those are encoded that are not copied.
    fn cut(
        &self,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<(Encoding, Vec<Part>), AppError> {
        let (job, stream) = (self.job, self.plan.restored());
        let all = || (job.encoding.clone(), parts(stream, job.part_length));
        if !job.smart {
            return Ok(all());
        }
        let encoding = smart::encoding(stream, &job.encoding, self.container, job.deinterlace)?;
        let cut = match encoding {
            Err(reason) => Err(reason),
            Ok(encoding) => {
                let faces = self.faces(&encoding, cancel, on_progress)?;
                let parts = parts_around(&faces, stream, job.part_length);
                parts
                    .map(|parts| (encoding, parts))
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
        let counters = Arc::new(Counters::default());
        let total = self.plan.restored().packets;
        let looked = self
            .maker(encoding, cancel)
            .look(true, &counters, &mut |told| {
                on_progress(match told {
                    Some(text) => Progress::Warning(text),
                    None => Progress::Looked {
                        frames: counters.packets.load(Ordering::Relaxed).min(total),
                        total,
                    },
                });
            })?;
        let mut times: Vec<(i64, i64)> = Vec::new();
        for (before, behind) in looked {
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
        let lost = writer.describe(self.survey, self.job.comment);
        let mut on_warning = |text| on_progress(Progress::Warning(text));
        lost.into_iter().for_each(&mut on_warning);
        let join = Join {
            pipeline: &pipeline,
            source: self.source,
            plan: self.plan,
            folder: self.folder,
            parts: made,
            several: parts.iter().any(|part| part.copied),
            patience: self.job.patience,
        };
        join.run(&writer, cancel, &mut on_warning)?;
        writer.mend()?;
        match self.difference(writer.temporary(), parts, made, cancel)? {
            None => writer.finish(),
            Some(reason) => Err(AppError::Verification {
                path: output.to_owned(),
                reason,
                kept: writer.keep_unverified()?,
            }),
        }
    }

    fn difference(
        &self,
        path: &Path,
        parts: &[Part],
        made: &[Made],
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
        let restored = Restored {
            frames: made.iter().map(|part| part.frames).sum(),
            made: ranges,
        };
        verify(path, self.plan, &restored, self.job.patience, cancel)
    }
}
