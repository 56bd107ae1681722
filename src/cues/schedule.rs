//! Which rectangles there are at a time.

use super::error::{CueError, Problem, read_text};
use super::film::Film;
use super::keyframes::{self, Kind, Path as KeyframePath};
use crate::frame::Rect;

/// Most rectangles at one time.
const MOST_AT_ONCE: usize = 64;

/// A rectangle at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cue {
    /// What it is for.
    pub kind: Kind,
    /// The same one at all times has the same number, counted from 1.
    pub id: u32,
    /// Where it is, pixels.
    pub rect: Rect,
}

/// Rectangles over time.
#[derive(Debug, Default)]
pub struct Cues {
    /// In the order of their starts.
    pieces: Vec<Piece>,
    /// How much earlier than a frame its rectangles are looked up for, see [`super`].
    early: u64,
}

/// A stretch of time in which a rectangle stands or moves on.
#[derive(Debug)]
struct Piece {
    start: u64,
    end: u64,
    from: Rect,
    to: Rect,
    kind: Kind,
    id: u32,
    /// When the last one ends of this and those before it.
    latest: u64,
}

impl Cues {
    /// Read tables (`regions.csv`), each with what its rows are for unless they say so. The columns
    /// are `start,end,x,y,width,height` and, if wanted, `id` and `kind`, by these names in the first
    /// row or else in this order. Rows of one `id` are keyframes: between the end of one and the
    /// start of the next the rectangle moves on evenly. A row without an end stands for one frame.
    ///
    /// The error names the file, the line and the column.
    pub fn read<'a>(
        tables: impl IntoIterator<Item = (&'a std::path::Path, Kind)>,
        film: &Film,
    ) -> Result<Self, CueError> {
        let (mut paths, mut last) = (Vec::new(), None);
        for (path, kind) in tables {
            let table = keyframes::parse(&read_text(path)?, kind, film);
            paths.extend(table.map_err(|problem| CueError::new(path, problem))?);
            last = Some(path);
        }
        let cues = Self::new(&paths, film);
        cues.map_err(|problem| CueError::new(last.unwrap_or("".as_ref()), problem))
    }

    pub(super) fn new(paths: &[KeyframePath], film: &Film) -> Result<Self, Problem> {
        let frame = film.rate.map_or(1, |rate| rate.time_of(1));
        let mut pieces: Vec<Piece> = (1..)
            .zip(paths)
            .flat_map(|(id, path)| pieces_of(path, id, frame))
            .collect();
        pieces.sort_by_key(|piece| piece.start);
        let mut latest = 0;
        for piece in &mut pieces {
            latest = piece.end.max(latest);
            piece.latest = latest;
        }
        is_bearable(&pieces)?;
        Ok(Self {
            pieces,
            early: film.rate.map_or(0, |rate| rate.half_frame()),
        })
    }

    /// Whether there is none at any time.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// What there is in the frame that is shown at `time`, nanoseconds; replaces what is in `here`.
    pub fn at(&self, time: u64, here: &mut Vec<Cue>) {
        here.clear();
        let late = time.saturating_add(self.early);
        let begun = self.pieces.partition_point(|piece| piece.start <= late);
        let begun = self.pieces[..begun].iter().rev();
        let lasting = begun.take_while(|piece| piece.latest > late);
        here.extend(lasting.filter(|piece| piece.end > late).map(|piece| Cue {
            kind: piece.kind,
            id: piece.id,
            rect: piece.rect_at(time),
        }));
    }
}

impl Piece {
    fn rect_at(&self, time: u64) -> Rect {
        if self.from == self.to {
            return self.from;
        }
        let (done, all) = (time.saturating_sub(self.start), self.end - self.start);
        let share = (done as f64 / all as f64).min(1.0);
        let between = |from: f64, to: f64| (from + share * (to - from)).round();
        let place = |from: i32, to: i32| between(from.into(), to.into()) as i32;
        let size = |from: u32, to: u32| between(from.into(), to.into()) as u32;
        Rect::new(
            place(self.from.x, self.to.x),
            place(self.from.y, self.to.y),
            size(self.from.width, self.to.width),
            size(self.from.height, self.to.height),
        )
    }
}

/// Where the rectangle of a path stands, and where it moves on in between. `frame` is how long a
/// frame lasts.
fn pieces_of(path: &KeyframePath, id: u32, frame: u64) -> impl Iterator<Item = Piece> {
    let keyframes = &path.keyframes;
    keyframes.iter().enumerate().flat_map(move |(place, here)| {
        let next = keyframes.get(place + 1);
        let alone = here.start.saturating_add(frame);
        let alone = next.map_or(alone, |next| alone.min(next.start));
        let end = here.end.unwrap_or(alone);
        let piece = |start, end, to| Piece {
            start,
            end,
            from: here.rect,
            to,
            kind: path.kind,
            id,
            latest: end,
        };
        let moves = next.filter(|next| next.start > end);
        // One that stands for a single frame moves on from that frame's begin.
        let moving = moves.map(|next| piece(here.end.unwrap_or(here.start), next.start, next.rect));
        let stands = here.end.is_some() || moving.is_none();
        let standing = stands.then(|| piece(here.start, end, here.rect));
        standing.into_iter().chain(moving)
    })
}

/// An error where there are too many at once.
fn is_bearable(pieces: &[Piece]) -> Result<(), Problem> {
    let mut ends: Vec<u64> = pieces.iter().map(|piece| piece.end).collect();
    ends.sort_unstable();
    for (begun, piece) in (1..).zip(pieces) {
        let over = ends.partition_point(|&end| end <= piece.start);
        if begun - over > MOST_AT_ONCE {
            let seconds = piece.start as f64 / 1e9;
            let what =
                format!("more than {MOST_AT_ONCE} rectangles at once, at {seconds:.3} seconds");
            return Err(what.into());
        }
    }
    Ok(())
}
