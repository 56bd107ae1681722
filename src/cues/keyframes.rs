//! Tables of rectangles over time.

use std::collections::HashMap;

use super::error::Problem;
use super::film::Film;
use super::table::{Column, Row, rows};
use crate::frame::Rect;

/// Farthest place and largest size of a rectangle, pixels.
const MOST_PIXELS: f64 = 100_000.0;

const START: usize = 0;
const END: usize = 1;
const X: usize = 2;
const Y: usize = 3;
const WIDTH: usize = 4;
const HEIGHT: usize = 5;
const ID: usize = 6;
const KIND: usize = 7;

const COLUMNS: &[Column] = &[
    required(&["start"]),
    required(&["end"]),
    required(&["x"]),
    required(&["y"]),
    required(&["width", "w"]),
    required(&["height", "h"]),
    optional(&["id"]),
    optional(&["kind"]),
];

const fn required(names: &'static [&'static str]) -> Column {
    Column {
        names,
        is_required: true,
    }
}

const fn optional(names: &'static [&'static str]) -> Column {
    Column {
        names,
        is_required: false,
    }
}

/// What a rectangle is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is restored, whatever it looks like.
    Restore,
    /// What is found in it is left as it is.
    Exclude,
}

/// A rectangle that stands from a time to another.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Keyframe {
    /// The line that says so, counted from 1.
    pub line: u64,
    /// From when on, nanoseconds.
    pub start: u64,
    /// Up to when; None where it stands for one frame.
    pub end: Option<u64>,
    /// Where.
    pub rect: Rect,
}

/// What keyframes of one identity show, in the order of time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// What it is for.
    pub kind: Kind,
    /// At least one.
    pub keyframes: Vec<Keyframe>,
}

/// Read a table. Rows without an identity stand alone; those without a kind are of `kind`.
pub(super) fn parse(text: &str, kind: Kind, film: &Film) -> Result<Vec<Path>, Problem> {
    let mut paths: Vec<Path> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for row in rows(text, COLUMNS)? {
        let (keyframe, kind) = (
            keyframe(&row, film)?,
            row.read(KIND, |text| kind_of(text, kind))?,
        );
        let id = row.cell(ID);
        let next = paths.len();
        let place = match id {
            "" => next,
            id => *known.entry(id.to_owned()).or_insert(next),
        };
        match paths.get_mut(place) {
            Some(path) if path.kind == kind => path.keyframes.push(keyframe),
            Some(_) => return Err(row.wrong(KIND, &format!("rows of {id:?} have two kinds"))),
            None => paths.push(Path {
                kind,
                keyframes: vec![keyframe],
            }),
        }
    }
    for path in &mut paths {
        path.keyframes.sort_by_key(|keyframe| keyframe.start);
        for two in path.keyframes.windows(2) {
            if two[0].end.is_some_and(|end| end > two[1].start) || two[0].start == two[1].start {
                let (line, other) = (two[1].line, two[0].line);
                let what = format!("begins before line {other} of the same id ends");
                return Err(Problem::at(line, what));
            }
        }
    }
    Ok(paths)
}

fn keyframe(row: &Row, film: &Film) -> Result<Keyframe, Problem> {
    let start = row.read(START, |text| film.position(text))?;
    let end = match row.cell(END) {
        "" => start,
        _ => row.read(END, |text| film.position(text))?,
    };
    if end < start {
        return Err(row.wrong(END, "lies before the start"));
    }
    let place = |column| row.read(column, |text| pixels(text, -MOST_PIXELS));
    let size = |column| row.read(column, |text| pixels(text, 1.0));
    Ok(Keyframe {
        line: row.line,
        start,
        end: (end > start).then_some(end),
        rect: Rect::new(
            place(X)?,
            place(Y)?,
            size(WIDTH)?.unsigned_abs(),
            size(HEIGHT)?.unsigned_abs(),
        ),
    })
}

/// A number of pixels from `least` on; fractions are rounded.
fn pixels(text: &str, least: f64) -> Result<i32, String> {
    let number = text.parse::<f64>().map(f64::round);
    match number {
        Ok(number) if (least..=MOST_PIXELS).contains(&number) => Ok(number as i32),
        _ => Err(format!(
            "{text:?} is no number of pixels from {least} to {MOST_PIXELS}; write for example 120"
        )),
    }
}

fn kind_of(text: &str, otherwise: Kind) -> Result<Kind, String> {
    match text {
        "" => Ok(otherwise),
        "restore" => Ok(Kind::Restore),
        "exclude" => Ok(Kind::Exclude),
        _ => Err(format!("{text:?} is neither restore nor exclude")),
    }
}
