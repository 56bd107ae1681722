//! What can be wrong with a file of cues.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest file that is read, bytes.
const MOST_BYTES: u64 = 32 << 20;

/// Why a file of cues cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {problem}", path = path.display())]
pub struct CueError {
    path: PathBuf,
    problem: Problem,
}

impl CueError {
    /// What is wrong with the file at `path`.
    pub(super) fn new(path: &Path, problem: impl Into<Problem>) -> Self {
        Self {
            path: path.to_owned(),
            problem: problem.into(),
        }
    }
}

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Counted from 1.
    line: Option<u64>,
    what: String,
}

impl Problem {
    /// Something in this line, counted from 1.
    pub(super) fn at(line: u64, what: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            what: what.into(),
        }
    }
}

impl From<String> for Problem {
    fn from(what: String) -> Self {
        Self { line: None, what }
    }
}

impl From<&str> for Problem {
    fn from(what: &str) -> Self {
        what.to_owned().into()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.what)
    }
}

/// The text of a file. Letters that are no UTF-8 stand in names and notes alone.
pub(super) fn read_text(path: &Path) -> Result<String, CueError> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| CueError::new(path, error.to_string()))?;
    if bytes.len() as u64 > MOST_BYTES {
        let most = MOST_BYTES >> 20;
        return Err(CueError::new(path, format!("is larger than {most} MiB")));
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}
