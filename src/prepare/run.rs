//! A run over all pictures of a source.

use std::path::Path;

use anyhow::{Context, ensure};
use image::{ImageFormat, RgbImage};
use indicatif::ProgressBar;

use super::journal::{FaceLine, Head, Journal, LeftOut, PictureLine};
use super::measure::{SecondLook, sharpness};
use super::{CROPS, Settings, Summary, names, sheet};
use crate::cascade::Runtime;
use crate::faces::{Face, FaceView, Finder};
use crate::files;
use crate::train::data::listing;

/// Side of an upright crop ÷ longer side of the face's box where nobody says another: hair and chin
/// are in.
const MARGIN: f64 = 1.6;

/// Cut the faces of `source` (a folder, a tar file, or a list of files) into the folder `out`.
///
/// A run that was stopped goes on: pictures that its `faces.jsonl` names are done. Nothing that is
/// there is written over but the contact sheet. Pictures that cannot be read are named in the
/// summary, and tried again by the next run.
///
/// Fails where `out` holds something else or a run of other pictures or with other settings, and where no face was cut
/// out of all pictures.
pub fn prepare(
    source: &Path,
    out: &Path,
    settings: &Settings,
    finder: &mut Finder,
    runtime: &Runtime,
    progress: &ProgressBar,
) -> anyhow::Result<Summary> {
    let pictures = listing::list(source)?;
    ensure!(
        !pictures.is_empty(),
        "{} holds no picture (JPEG, PNG or WebP)",
        source.display()
    );
    let names: Vec<&str> = pictures.iter().map(|it| it.name.as_str()).collect();
    let names = names::of(source, &names);
    let mut journal = Journal::open(out, Head::new(settings, source, finder))?;
    let mut cutter = Cutter {
        second: (settings.min_face > 0.0)
            .then(|| SecondLook::new(runtime))
            .transpose()?,
        settings,
        finder,
        out,
    };
    let mut unreadable = Vec::new();
    progress.set_length(pictures.len() as u64);
    for (file, name) in pictures.iter().zip(&names) {
        progress.inc(1);
        if journal.is_done(&name.picture) {
            continue;
        }
        match file.decode() {
            Ok(picture) => {
                let faces = cutter.cut(&picture, &name.crop)?;
                journal.add(PictureLine {
                    picture: name.picture.clone(),
                    size: picture.dimensions().into(),
                    faces,
                })?;
            }
            Err(error) => unreadable.push(format!("{}: {error:#}", name.picture)),
        }
    }
    progress.finish_and_clear();
    let summary = Summary::of(journal.lines(), unreadable);
    summary.ensure_faces(settings)?;
    sheet::write(out, journal.lines())?;
    Ok(summary)
}

/// Finds, judges and writes the faces of one picture after the other.
struct Cutter<'a> {
    settings: &'a Settings,
    finder: &'a mut Finder,
    second: Option<SecondLook>,
    out: &'a Path,
}

impl Cutter<'_> {
    /// All faces of a picture, the largest first; crops that pass are files named `name`, `_` and
    /// their number.
    fn cut(&mut self, picture: &RgbImage, name: &str) -> anyhow::Result<Vec<FaceLine>> {
        let mut found = self.finder.find(picture, self.settings.min_score)?;
        found.sort_by_key(|face| std::cmp::Reverse(face.rect.area()));
        let mut lines = Vec::new();
        for (number, face) in found.iter().enumerate() {
            let view = self.view(face, picture);
            let mut line = FaceLine::new(face, &view, picture);
            line.sharpness = sharpness(&view, picture);
            line.left_out = self.objection(&line, face, picture)?;
            if line.left_out.is_none() {
                let file = format!("{CROPS}/{name}_{number}.png");
                write_new(
                    &self.out.join(&file),
                    &view.cut(picture, self.settings.side),
                )?;
                line.file = Some(file);
            }
            lines.push(line);
        }
        Ok(lines)
    }

    /// The square that shows a face.
    fn view(&self, face: &Face, picture: &RgbImage) -> FaceView {
        let Settings { margin, align, .. } = *self.settings;
        let straight = face.landmarks.as_ref().filter(|_| align);
        match straight.and_then(FaceView::straightened) {
            Some(view) => match margin {
                Some(margin) => view.with_side(margin * longer(face)),
                None => view,
            },
            None => FaceView::around(&face.rect, margin.unwrap_or(MARGIN), picture.dimensions()),
        }
    }

    /// What speaks against a face, if anything does.
    fn objection(
        &mut self,
        line: &FaceLine,
        face: &Face,
        picture: &RgbImage,
    ) -> anyhow::Result<Option<LeftOut>> {
        let s = self.settings;
        if line.side * s.max_enlargement < f64::from(s.side) {
            return Ok(Some(LeftOut::TooSmall));
        }
        if line.inside < s.min_inside {
            return Ok(Some(LeftOut::BeyondThePicture));
        }
        if line.sharpness < s.min_sharpness {
            return Ok(Some(LeftOut::Blurred));
        }
        let probability = match &mut self.second {
            Some(second) => second.probability(&face.rect, picture)?,
            None => 1.0,
        };
        Ok((probability < s.min_face).then_some(LeftOut::NoFace))
    }
}

fn longer(face: &Face) -> f64 {
    f64::from(face.rect.width.max(face.rect.height))
}

/// Write a picture, unless there is a file of that name: a run that was stopped may have left it.
fn write_new(path: &Path, picture: &RgbImage) -> anyhow::Result<()> {
    let write = || -> anyhow::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = files::beside(path)?;
        picture.write_to(
            &mut std::io::BufWriter::new(file.as_file_mut()),
            ImageFormat::Png,
        )?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(path) {
            Err(error) if error.error.kind() != std::io::ErrorKind::AlreadyExists => {
                Err(error.error.into())
            }
            _ => Ok(()),
        }
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}
