//! The parts of a film become its file, which is compared with what it was made from.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::cut::Part;
use super::folder::Finished;
use super::join::Join;
use super::part::Made;
use super::partial::PartialFile;
use super::pictures::Pictures;
use super::progress::Progress;
use super::verify::{Written, verify};
use super::work::Work;
use super::{AppError, Writer};

/// Packets behind a part that was made, which are decoded with it to see that they fit.
const BEHIND: usize = 32;

impl Work<'_> {
    /// Write the output of the parts, and compare it with the input.
    pub(super) fn write(
        &self,
        parts: &[Part],
        made: &[Finished<Made>],
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
    fn pictures(
        &self,
        path: &Path,
        made: &[Finished<Made>],
        cancel: &AtomicBool,
    ) -> Result<(), AppError> {
        let (job, input) = (self.job, self.job.input);
        let times = self.plan.restored().index.iter();
        let times = times.filter_map(|packet| packet.time);
        let before = times.filter(|time| *time < self.window.start()).count() as u64;
        let pictures = Pictures {
            path: job.output,
            first: input.first().map_or(1, |first| first + before),
            profile: input.profile(),
        };
        let frames: u64 = made.iter().map(|part| part.made.frames).sum();
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
        made: &[Finished<Made>],
        along: HashMap<String, u64>,
        cancel: &AtomicBool,
    ) -> Result<Option<String>, AppError> {
        let (mut ranges, mut start) = (Vec::new(), 0);
        for (part, made) in parts.iter().zip(made) {
            let end = start + made.made.times.len();
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
            frames: made.iter().map(|part| part.made.frames).sum(),
            made: ranges,
            along,
        };
        verify(path, self.plan, &written, self.job.patience, cancel)
    }
}
