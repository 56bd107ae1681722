//! Stretches of a film, and what an editor's list says of it.

use super::error::Problem;

/// A stretch of a film.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeRange {
    /// Its begin, nanoseconds.
    pub start: u64,
    /// Its end, which is no part of it.
    pub end: u64,
}

impl TimeRange {
    /// The same time in the order of time, no two of which touch.
    pub fn merged(ranges: &[Self]) -> Vec<Self> {
        let mut all: Vec<Self> = ranges
            .iter()
            .copied()
            .filter(|it| it.start < it.end)
            .collect();
        all.sort_unstable();
        all.dedup_by(|next, last| {
            let touches = next.start <= last.end;
            if touches {
                last.end = last.end.max(next.end);
            }
            touches
        });
        all
    }
}

/// A stretch of a film with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Its begin, nanoseconds.
    pub start: u64,
    /// Its end; the same as its begin where it marks a point.
    pub end: u64,
    /// What it is called.
    pub name: String,
}

/// What a list has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    /// Clips that are shown, wherever they come from.
    pub clips: Vec<TimeRange>,
    /// Markers on the film.
    pub markers: Vec<Marker>,
}

impl List {
    /// What is marked: markers that last, and the clips that other markers stand on. Without any
    /// marker, the clips.
    pub(super) fn ranges(&self) -> Result<Vec<TimeRange>, Problem> {
        let Self { clips, markers } = self;
        let covered = TimeRange::merged(clips);
        if markers.is_empty() {
            return Ok(covered);
        }
        let (lasting, points): (Vec<&Marker>, Vec<&Marker>) =
            markers.iter().partition(|marker| marker.start < marker.end);
        for Marker { start, name, .. } in &points {
            let after = covered.partition_point(|clip| clip.end <= *start);
            if covered.get(after).is_none_or(|clip| clip.start > *start) {
                let seconds = *start as f64 / 1e9;
                let what = format!(
                    "the marker {name:?} at {seconds:.3} seconds has no length and stands on no clip; give it a length"
                );
                return Err(what.into());
            }
        }
        let mut points: Vec<u64> = points.iter().map(|marker| marker.start).collect();
        points.sort_unstable();
        let is_marked = |clip: &&TimeRange| {
            let after = points.partition_point(|&point| point < clip.start);
            points.get(after).is_some_and(|&point| point < clip.end)
        };
        let lasting = lasting
            .iter()
            .map(|&&Marker { start, end, .. }| TimeRange { start, end });
        let ranges: Vec<TimeRange> = lasting
            .chain(clips.iter().filter(is_marked).copied())
            .collect();
        Ok(TimeRange::merged(&ranges))
    }
}
