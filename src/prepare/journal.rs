//! What was found in each picture: a line of JSON each, written as soon as it is done.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::faces::{Face, FaceView, Finder, Landmarks};
use crate::files;

/// Its file in the folder of a run.
pub(super) const FILE: &str = "faces.jsonl";

/// The faces of one picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PictureLine {
    /// Its path within the source.
    pub picture: String,
    /// Width and height, pixels.
    pub size: [u32; 2],
    /// Its faces, the largest first.
    pub faces: Vec<FaceLine>,
}

/// One face.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct FaceLine {
    /// The crop, if it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Why it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// The face's box: left, top, width, height, pixels.
    pub rect: [i64; 4],
    /// How sure the finder is, 0–1.
    pub score: f32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landmarks: Option<Landmarks>,
    /// Middle of the square that is cut out, its side, pixels, and by how many degrees it is turned.
    pub middle: [f64; 2],
    pub side: f64,
    pub turn: f64,
    /// Share of it that lies in the picture.
    pub inside: f64,
    pub sharpness: f64,
}

/// Why a face is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LeftOut {
    TooSmall,
    BeyondThePicture,
    Blurred,
    NoFace,
}

/// The first line: what a run has to be the same in to be gone on with.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    settings: Settings,
    /// The pictures' folder, archive or list.
    source: String,
    /// SHA-256 of the finder's file.
    finder: String,
}

impl Head {
    pub(super) fn new(settings: &Settings, source: &Path, finder: &Finder) -> Self {
        let source = source.canonicalize().unwrap_or_else(|_| source.to_owned());
        Self {
            settings: settings.clone(),
            source: source.display().to_string(),
            finder: finder.hash().to_owned(),
        }
    }

    /// Fails where the run in `out` that begins with `other` is not this one.
    fn ensure_same(&self, other: &Self, out: &Path) -> anyhow::Result<()> {
        let shown = out.display();
        ensure!(
            self.source == other.source,
            "{shown} holds the faces of {}: choose another folder for those of {}",
            other.source,
            self.source
        );
        ensure!(
            self.finder == other.finder,
            "{shown} was begun with another finder: give the same, or choose another folder"
        );
        ensure!(
            self.settings == other.settings,
            "{shown} was begun with other settings, see the first line of its {FILE}: give the same, or choose another folder"
        );
        Ok(())
    }
}

impl FaceLine {
    pub(super) fn new(face: &Face, view: &FaceView, picture: &image::RgbImage) -> Self {
        let rect = face.rect;
        Self {
            file: None,
            left_out: None,
            rect: [
                rect.x.into(),
                rect.y.into(),
                rect.width.into(),
                rect.height.into(),
            ],
            score: face.score,
            landmarks: face.landmarks,
            middle: view.middle(),
            side: view.side(),
            turn: view.turn(),
            inside: view.share_inside(picture.dimensions()),
            sharpness: 0.0,
        }
    }
}

/// The lines of a run, and its file.
pub(super) struct Journal {
    lines: Vec<PictureLine>,
    done: BTreeSet<String>,
    file: File,
}

impl Journal {
    /// Begin a run in the folder `out`, or go on with one of the same `head`.
    pub(super) fn open(out: &Path, head: Head) -> anyhow::Result<Self> {
        let path = out.join(FILE);
        let shown = out.display();
        std::fs::create_dir_all(out).with_context(|| format!("folder {shown} cannot be made"))?;
        let text = if path.exists() {
            std::fs::read_to_string(&path)
                .with_context(|| format!("{} cannot be read", path.display()))?
        } else {
            ensure!(
                out.read_dir()?.next().is_none(),
                "{shown} is not empty and holds no {FILE}: choose an empty folder, or a new one"
            );
            String::new()
        };
        // A line that was cut off by a crash goes.
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let mut lines = whole.lines();
        if let Some(first) = lines.next() {
            let first = serde_json::from_str(first)
                .with_context(|| format!("{} is no journal of this program", path.display()))?;
            head.ensure_same(&first, out)?;
        }
        let lines = lines
            .map(serde_json::from_str)
            .collect::<Result<Vec<PictureLine>, _>>();
        let lines = lines.with_context(|| format!("{} is damaged", path.display()))?;
        let whole = match whole.is_empty() {
            true => serde_json::to_string(&head)? + "\n",
            false => whole.to_owned(),
        };
        if whole != text {
            files::write(&path, &whole)?;
        }
        let file = OpenOptions::new().append(true).open(&path);
        Ok(Self {
            done: lines.iter().map(|line| line.picture.clone()).collect(),
            lines,
            file: file.with_context(|| format!("{} cannot be written", path.display()))?,
        })
    }

    /// Whether a picture was looked at.
    pub(super) fn is_done(&self, picture: &str) -> bool {
        self.done.contains(picture)
    }

    /// Write down what was found in a picture.
    pub(super) fn add(&mut self, line: PictureLine) -> anyhow::Result<()> {
        let text = serde_json::to_string(&line)? + "\n";
        self.file
            .write_all(text.as_bytes())
            .with_context(|| format!("{FILE} cannot be written"))?;
        self.done.insert(line.picture.clone());
        self.lines.push(line);
        Ok(())
    }

    /// All lines, those of earlier runs first.
    pub(super) fn lines(&self) -> &[PictureLine] {
        &self.lines
    }
}
