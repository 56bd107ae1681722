//! What is done with one picture.

use std::path::Path;

use serde::Serialize;

use crate::app::NOTICE;
use crate::cli::picture_files::{encode, format, open, unreadable, write};
use crate::cli::picture_jobs::Job;
use crate::frame::{FrameViewMut, Patch, patch};
use crate::report::StillSheet;
use crate::restore::{Mosaic, Restorer, Target};
use crate::stills::Still;

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
        let mut still = open(&job.input)?;
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
        let unsound = self.restore(job, &mut still, &restored)?;
        if unsound > 0 {
            made.warnings.push(format!(
                "{unsound} faces stay as they are: what the model makes of them is not a number; use \
                 another model"
            ));
        }
        let notice = (!restored.is_empty()).then_some(NOTICE);
        let encoded = encode(&still, output, format, self.quality, notice)?;
        made.warnings.extend(encoded.losses);
        before(&made)?;
        write(output, &encoded.bytes)?;
        Ok(made)
    }

    /// Restore `mosaics` in `still`, and put them on the sheet. Returns how many stay as they are, as
    /// the model's answer is no number.
    fn restore(
        &mut self,
        job: &Job,
        still: &mut Still,
        mosaics: &[Mosaic],
    ) -> anyhow::Result<usize> {
        if mosaics.is_empty() {
            return Ok(0);
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
        let done = still.edit(|frame| -> anyhow::Result<usize> {
            let targets: Vec<Target> = mosaics.iter().map(|mosaic| mosaic.target).collect();
            let blend = restorer.blend;
            restorer.infer(&frame.as_view(), &targets, blend.detail)?;
            restorer.apply(frame, &blend);
            let unsound = restorer.unsound();
            let sound = mosaics.iter().enumerate();
            let sound = sound.filter(|(index, _)| !unsound.contains(index));
            let sound: Vec<Mosaic> = sound.map(|(_, mosaic)| *mosaic).collect();
            if watermark {
                label(frame, &sound);
            }
            Ok(unsound.len())
        });
        let unsound = done.map_err(|error| unreadable(&job.input, error))??;
        let after = tiles(&self.sheet, still);
        if let Some(sheet) = &mut self.sheet {
            let pairs = before.into_iter().zip(after);
            for (mosaic, (before, after)) in mosaics.iter().zip(pairs) {
                sheet.add_restored(&name(&job.input), &mosaic.region().rect, [before, after]);
            }
        }
        Ok(unsound)
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

/// The name of a file, without its folder.
fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
