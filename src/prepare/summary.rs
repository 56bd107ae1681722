//! What came of a run, in words.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::ensure;

use super::Settings;
use super::journal::{LeftOut, PictureLine};

/// Most unreadable pictures that are named.
const NAMED: usize = 20;

/// Counts of a run and of those that it went on with.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Pictures that were looked at.
    pub pictures: usize,
    /// Those of them in which no face was found.
    pub without: usize,
    /// Crops.
    pub kept: usize,
    left_out: BTreeMap<LeftOut, usize>,
    /// Pictures that could not be read, each with the reason.
    pub unreadable: Vec<String>,
}

impl Summary {
    pub(super) fn of(lines: &[PictureLine], unreadable: Vec<String>) -> Self {
        let mut left_out = BTreeMap::new();
        let faces = || lines.iter().flat_map(|line| &line.faces);
        for reason in faces().filter_map(|face| face.left_out) {
            *left_out.entry(reason).or_default() += 1;
        }
        Self {
            pictures: lines.len(),
            without: lines.iter().filter(|line| line.faces.is_empty()).count(),
            kept: faces().filter(|face| face.file.is_some()).count(),
            left_out,
            unreadable,
        }
    }

    /// An error that says what to try where there is no crop at all.
    pub(super) fn ensure_faces(&self, settings: &Settings) -> anyhow::Result<()> {
        ensure!(
            self.pictures > 0,
            "none of the pictures could be read:\n{}",
            self.named()
        );
        ensure!(
            self.kept > 0 || !self.left_out.is_empty(),
            "no face was found in {} pictures: try a --min-score below {}, look whether the pictures stand upright, \
             and whether --finder names a finder of faces",
            self.pictures,
            settings.min_score
        );
        let remedy = match self.left_out.iter().max_by_key(|(_, count)| **count) {
            Some((LeftOut::TooSmall, _)) => "a smaller --side, or a larger --max-enlargement",
            Some((LeftOut::BeyondThePicture, _)) => {
                "a smaller --margin or --min-inside, or no --align"
            }
            Some((LeftOut::Blurred, _)) => "a smaller --min-sharpness",
            _ => "a smaller --min-face",
        };
        ensure!(
            self.kept > 0,
            "faces were found in {} of {} pictures, but all were left out ({}): try {remedy}, in another folder",
            self.pictures - self.without,
            self.pictures,
            self.reasons()
        );
        Ok(())
    }

    fn reasons(&self) -> String {
        let told = self.left_out.iter().map(|(reason, count)| {
            let reason = match reason {
                LeftOut::TooSmall => "too small",
                LeftOut::BeyondThePicture => "beyond the picture",
                LeftOut::Blurred => "blurred",
                LeftOut::NoFace => "no face to the face check",
            };
            format!("{count} {reason}")
        });
        told.collect::<Vec<_>>().join(", ")
    }

    fn named(&self) -> String {
        let mut lines: Vec<String> = self.unreadable.iter().take(NAMED).cloned().collect();
        if self.unreadable.len() > NAMED {
            lines.push(format!("and {} more", self.unreadable.len() - NAMED));
        }
        lines
            .iter()
            .map(|line| format!("  {line}"))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} faces out of {} pictures", self.kept, self.pictures)?;
        if !self.left_out.is_empty() {
            write!(f, "; left out: {}", self.reasons())?;
        }
        if self.without > 0 {
            write!(f, "; {} pictures without a face", self.without)?;
        }
        if !self.unreadable.is_empty() {
            write!(
                f,
                "\n{} could not be read:\n{}",
                self.unreadable.len(),
                self.named()
            )?;
        }
        Ok(())
    }
}
