//! What is done with one picture.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde::Serialize;

use super::jobs::Job;
use crate::app::{AppError, NOTICE};
use crate::cascade::panic_text;
use crate::files;
use crate::frame::{FrameViewMut, Patch, patch};
use crate::report::StillSheet;
use crate::restore::{Mosaic, Restorer, Target};
use crate::stills::{Format, Still, StillError};

/// A mosaic of a picture that is upright.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Face {
    /// Left and upper edge, width and height, pixels.
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Width and height of its blocks, pixels, if there are any.
    pub(super) blocks: Option<[f32; 2]>,
    /// Confidence that it is a mosaic, 0–1; None where somebody named it.
    pub(super) score: Option<f32>,
    /// Probability that it covers a face, 0–1, if that was asked.
    pub(super) probability: Option<f32>,
}

/// What became of a picture, or would.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Made {
    /// What was restored.
    pub(super) faces: Vec<Face>,
    /// What does not seem to cover a face.
    pub(super) refused: Vec<Face>,
    /// Whether the file is the same, byte for byte.
    pub(super) copied: bool,
    /// What is not in the output, or may not have been found, in words.
    pub(super) warnings: Vec<String>,
}

/// Makes pictures, one after the other.
pub(super) struct Maker {
    pub(super) restorer: Restorer,
    /// Quality of JPEG, 1–100.
    pub(super) quality: u8,
    pub(super) watermark: bool,
    pub(super) sheet: Option<StillSheet>,
}

impl Maker {
    /// Look at one picture, and make what is asked for of it. `before` is called with what was restored
    /// before the picture gets its name.
    pub(super) fn make(
        &mut self,
        job: &Job,
        before: impl FnOnce(&Made) -> anyhow::Result<()>,
    ) -> anyhow::Result<Made> {
        let still = guarded(|| Still::open(&job.input));
        let mut still = still.map_err(|reason| unreadable(&job.input, reason))?;
        let mosaics = still.edit(|frame| self.restorer.look(&frame.as_view()));
        let mosaics = mosaics.map_err(|error| unreadable(&job.input, error))??;
        let (restored, refused): (Vec<Mosaic>, Vec<Mosaic>) =
            mosaics.iter().partition(|mosaic| mosaic.is_face);
        let mut made = Made {
            faces: restored.iter().map(Face::of).collect(),
            refused: refused.iter().map(Face::of).collect(),
            ..Made::default()
        };
        if self.restorer.is_crowded() {
            let most = self.restorer.detect.max_detections;
            made.warnings.push(format!(
                "more than {most} mosaics are not looked for in a picture: others, if there are any, \
                 stay as they are; --regions names them"
            ));
        }
        let Some(output) = &job.output else {
            self.show_found(job, &still, &mosaics);
            return Ok(made);
        };
        let format = format(&job.input, output, still.format());
        if restored.is_empty() && format == still.format() {
            made.copied = true;
            before(&made)?;
            write(output, still.bytes())?;
            return Ok(made);
        }
        self.restore(job, &mut still, &restored)?;
        let notice = (!restored.is_empty()).then_some(NOTICE);
        let encoded = still.encode(format, self.quality, notice);
        let encoded = encoded.map_err(|error| {
            let reason = std::io::Error::other(error.to_string());
            output_error(output, reason)
        })?;
        made.warnings.extend(encoded.losses);
        before(&made)?;
        write(output, &encoded.bytes)?;
        Ok(made)
    }

    /// Restore `mosaics` in `still`, and put them on the sheet.
    fn restore(&mut self, job: &Job, still: &mut Still, mosaics: &[Mosaic]) -> anyhow::Result<()> {
        if mosaics.is_empty() {
            return Ok(());
        }
        let tiles = |sheet: &Option<StillSheet>, still: &Still| -> Vec<_> {
            let tile = |mosaic: &Mosaic| {
                let sheet = sheet.as_ref()?;
                sheet.tile(still.picture(), &mosaic.region().rect)
            };
            mosaics.iter().map(tile).collect()
        };
        let before = tiles(&self.sheet, still);
        let (restorer, watermark) = (&mut self.restorer, self.watermark);
        let done = still.edit(|frame| -> anyhow::Result<()> {
            let targets: Vec<Target> = mosaics.iter().map(|mosaic| mosaic.target).collect();
            let blend = restorer.blend;
            restorer.infer(&frame.as_view(), &targets, blend.detail)?;
            restorer.apply(frame, &blend);
            if watermark {
                label(frame, mosaics);
            }
            Ok(())
        });
        done.map_err(|error| unreadable(&job.input, error))??;
        let after = tiles(&self.sheet, still);
        if let Some(sheet) = &mut self.sheet {
            let pairs = before.into_iter().zip(after);
            for (mosaic, (before, after)) in mosaics.iter().zip(pairs) {
                sheet.add_restored(&name(&job.input), &mosaic.region().rect, [before, after]);
            }
        }
        Ok(())
    }

    /// Put what was found on the sheet.
    fn show_found(&mut self, job: &Job, still: &Still, mosaics: &[Mosaic]) {
        let Some(sheet) = &mut self.sheet else { return };
        for mosaic in mosaics {
            let place = &mosaic.region().rect;
            let tile = sheet.tile(still.picture(), place);
            let probability = mosaic.probability.map(f64::from);
            sheet.add_found(&name(&job.input), place, tile, probability, mosaic.is_face);
        }
    }
}

/// What `read` makes of a file, or why it makes nothing. A decoder that panics fails at this file, and
/// not at those behind it.
fn guarded<T>(read: impl FnOnce() -> Result<T, StillError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(read) => read.map_err(|error| error.to_string()),
        Err(panic) => Err(format!(
            "its decoder failed: {}",
            panic_text(panic.as_ref())
        )),
    }
}

impl Face {
    fn of(mosaic: &Mosaic) -> Self {
        let region = mosaic.region();
        let lattice = region.lattice;
        Self {
            x: region.rect.x,
            y: region.rect.y,
            width: region.rect.width,
            height: region.rect.height,
            blocks: lattice.map(|lattice| [lattice.block_width, lattice.block_height]),
            score: (!mosaic.is_named).then_some(region.score),
            probability: mosaic.probability,
        }
    }
}

/// Write into each of `mosaics` that it was restored.
fn label(frame: &mut FrameViewMut<'_>, mosaics: &[Mosaic]) {
    let (mut memory, mut mask) = (Patch::default(), Vec::new());
    for mosaic in mosaics {
        patch::label(frame, &mosaic.region().rect, &mut memory, &mut mask);
    }
}

/// What `output` is written as: what its name says, but under the ending that `input` has as what
/// that is.
fn format(input: &Path, output: &Path, own: Format) -> Format {
    match input.extension() == output.extension() {
        true => own,
        false => Format::of_name(output).unwrap_or(own),
    }
}

/// The name of a file, without its folder.
fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn write(output: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let written = files::write(output, bytes);
    written.map_err(|error| {
        output_error(
            output,
            std::io::Error::other(error.root_cause().to_string()),
        )
    })
}

fn output_error(path: &Path, reason: std::io::Error) -> anyhow::Error {
    let path = path.to_owned();
    AppError::Output { path, reason }.into()
}

fn unreadable(path: &Path, reason: impl ToString) -> anyhow::Error {
    let (path, reason) = (path.to_owned(), reason.to_string());
    AppError::Input { path, reason }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_that_panics_is_a_reason() {
        let reason = guarded::<()>(|| panic!("row {}", 7)).unwrap_err();
        assert_eq!(reason, "its decoder failed: row 7");
        let reason = guarded::<()>(|| Err(StillError::Cut)).unwrap_err();
        assert_eq!(reason, StillError::Cut.to_string());
        assert_eq!(guarded(|| Ok(3)), Ok(3));
    }
}
