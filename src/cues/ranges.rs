//! Between which times of a film something is to happen.

use std::path::Path;

use super::error::{CueError, Problem, read_text};
use super::film::Film;
use super::list::TimeRange;
use super::table::{Column, rows};
use super::{edl, otio};

const COLUMNS: &[Column] = &[
    Column {
        names: &["start"],
        is_required: true,
    },
    Column {
        names: &["end"],
        is_required: true,
    },
    Column {
        names: &["name"],
        is_required: false,
    },
];

/// Read ranges of `film` from an EDL (`.edl`), from OpenTimelineIO (`.otio`) or from a table of
/// `start,end` (`.csv`). They come in the order of time, and no two touch.
///
/// Of a list of an editing program its markers are taken: those that last, and for those that are
/// a point the clips that they stand on. In a list without markers, all clips are.
///
/// It is an error if no range lies within the film.
pub fn read(path: &Path, film: &Film) -> Result<Vec<TimeRange>, CueError> {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    let parse = match ending.to_str() {
        Some("edl") => from_edl,
        Some("otio") => from_otio,
        Some("csv") => from_table,
        _ => {
            let what = "ranges are read from .edl, .otio or .csv";
            return Err(CueError::new(path, what));
        }
    };
    let ranges = parse(&read_text(path)?, film).and_then(|ranges| within(ranges, film));
    ranges.map_err(|problem| CueError::new(path, problem))
}

pub(super) fn from_edl(text: &str, film: &Film) -> Result<Vec<TimeRange>, Problem> {
    edl::parse(text, film)?.ranges()
}

pub(super) fn from_otio(text: &str, _: &Film) -> Result<Vec<TimeRange>, Problem> {
    otio::parse(text)?.ranges()
}

pub(super) fn from_table(text: &str, film: &Film) -> Result<Vec<TimeRange>, Problem> {
    let mut ranges = Vec::new();
    for row in rows(text, COLUMNS)? {
        let start = row.read(0, |text| film.position(text))?;
        let end = row.read(1, |text| film.position(text))?;
        if end <= start {
            return Err(row.wrong(1, "lies not behind the start"));
        }
        ranges.push(TimeRange { start, end });
    }
    Ok(TimeRange::merged(&ranges))
}

/// An error if none lies in the film.
fn within(ranges: Vec<TimeRange>, film: &Film) -> Result<Vec<TimeRange>, Problem> {
    let Some(first) = ranges.first() else {
        return Err("has neither clips nor markers".into());
    };
    match film.length {
        Some(length) if first.start >= length => {
            let seconds = |time: u64| time as f64 / 1e9;
            let (length, first) = (seconds(length), seconds(first.start));
            let what = format!(
                "its first range begins at {first:.3} seconds, and the film lasts {length:.3}; does its timecode begin elsewhere?"
            );
            Err(what.into())
        }
        _ => Ok(ranges),
    }
}
