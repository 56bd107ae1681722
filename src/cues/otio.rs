//! OpenTimelineIO's JSON: what is marked on a timeline, and a timeline of one clip with markers.
//!
//! The schemas are those of OpenTimelineIO 0.17. A track's children follow one another, those of a
//! stack begin together; an item's markers are told in its own time, which begins at its
//! `source_range`.

use serde_json::{Value, json};

use super::error::Problem;
use super::film::Film;
use super::list::{List, Marker, TimeRange};
use super::rate::FrameRate;

/// Most clips or markers of a timeline.
const MOST_ENTRIES: usize = 100_000;
/// Farthest time, seconds to both sides.
const MOST_SECONDS: f64 = 1e8;

/// A stretch of a timeline, nanoseconds; items and markers may begin before it does.
#[derive(Clone, Copy)]
struct Span {
    start: i64,
    end: i64,
}

impl Span {
    fn within(self, other: Self) -> Self {
        Self {
            start: self.start.max(other.start),
            end: self.end.min(other.end),
        }
    }

    fn range(self) -> TimeRange {
        TimeRange {
            start: u64::try_from(self.start).unwrap_or(0),
            end: u64::try_from(self.end).unwrap_or(0),
        }
    }
}

/// Read a timeline; its begin is that of the film.
pub(super) fn parse(text: &str) -> Result<List, Problem> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let line = error.line() as u64;
        Problem::at(line, format!("is no OpenTimelineIO file: {error}"))
    })?;
    let timeline = match schema(&value) {
        "Timeline" => Some(&value),
        "SerializableCollection" => children(&value).find(|it| schema(it) == "Timeline"),
        _ => None,
    };
    let timeline = timeline.ok_or("has no Timeline; export one from the editing program")?;
    let mut walk = Walk {
        // A timeline's own markers may be told by its timecode.
        timecode: time(&timeline["global_start_time"]).unwrap_or(0),
        list: List::default(),
    };
    let all = Span {
        start: 0,
        end: i64::MAX,
    };
    walk.item(&timeline["tracks"], 0, all)?;
    Ok(walk.list)
}

/// Goes through a timeline.
struct Walk {
    timecode: i64,
    list: List,
}

impl Walk {
    /// An item that begins at `start`, of which what is in `visible` shows.
    fn item(&mut self, item: &Value, start: i64, visible: Span) -> Result<(), Problem> {
        if self.list.clips.len().max(self.list.markers.len()) >= MOST_ENTRIES {
            return Err(format!("more than {MOST_ENTRIES} clips or markers").into());
        }
        let (begin, length) = (begin(item), length(item));
        let span = Span {
            start,
            end: start.saturating_add(length),
        };
        let visible = visible.within(span);
        // Where the item's own time is 0.
        let zero = start.saturating_sub(begin);
        self.markers(item, zero, visible);
        match schema(item) {
            "Clip" if item["enabled"] != false && visible.start < visible.end => {
                self.list.clips.push(visible.range());
            }
            "Stack" => {
                for child in children(item) {
                    self.item(child, zero, visible)?;
                }
            }
            "Track" if item["kind"] != "Audio" => {
                let mut next = zero;
                for child in children(item).filter(|it| schema(it) != "Transition") {
                    self.item(child, next, visible)?;
                    next = next.saturating_add(self::length(child));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// An item's markers, as far as they are visible.
    fn markers(&mut self, item: &Value, zero: i64, visible: Span) {
        for marker in item["markers"].as_array().into_iter().flatten() {
            let range = &marker["marked_range"];
            let Some(at) = time(&range["start_time"]) else {
                continue;
            };
            let length = time(&range["duration"]).unwrap_or(0).max(0);
            let mut start = zero.saturating_add(at);
            let is_film = schema(item) == "Stack";
            if is_film && start >= visible.end && start >= self.timecode {
                start -= self.timecode;
            }
            let whole = Span {
                start,
                end: start.saturating_add(length),
            };
            let seen = whole.within(visible);
            let is_point = length == 0 && (visible.start..visible.end).contains(&start);
            if seen.start < seen.end || is_point {
                let TimeRange { start, end } = seen.range();
                let name = marker["name"].as_str().unwrap_or_default().to_owned();
                self.list.markers.push(Marker { start, end, name });
            }
        }
    }
}

/// The name of a schema, without its version.
fn schema(value: &Value) -> &str {
    let name = value["OTIO_SCHEMA"].as_str().unwrap_or_default();
    name.split_once('.').map_or(name, |(name, _)| name)
}

fn children(value: &Value) -> impl Iterator<Item = &Value> {
    value["children"].as_array().into_iter().flatten()
}

/// The part of a clip's medium that there is.
fn available(item: &Value) -> &Value {
    let key = item["active_media_reference_key"].as_str();
    let reference = match key {
        Some(key) => &item["media_references"][key],
        None => &item["media_reference"],
    };
    &reference["available_range"]
}

/// An item's own time at its begin, nanoseconds.
fn begin(item: &Value) -> i64 {
    let trimmed = time(&item["source_range"]["start_time"]);
    let whole = || time(&available(item)["start_time"]);
    trimmed.or_else(whole).unwrap_or(0)
}

/// How long an item lasts, nanoseconds.
fn length(item: &Value) -> i64 {
    let trimmed = time(&item["source_range"]["duration"]);
    let whole = || match schema(item) {
        "Track" => children(item)
            .filter(|child| schema(child) != "Transition")
            .fold(0, |sum: i64, child| sum.saturating_add(length(child))),
        "Stack" => children(item).map(length).max().unwrap_or(0),
        _ => time(&available(item)["duration"]).unwrap_or(0),
    };
    trimmed.unwrap_or_else(whole).max(0)
}

/// A RationalTime in nanoseconds; None where it is none.
fn time(value: &Value) -> Option<i64> {
    let (number, rate) = (value["value"].as_f64()?, value["rate"].as_f64()?);
    let seconds = number / rate;
    if !(rate > 0.0 && seconds.abs() <= MOST_SECONDS) {
        return None;
    }
    let exact = FrameRate::near(rate).filter(|_| number.fract() == 0.0);
    Some(match exact {
        // A rate such as 23.976 is not exact.
        Some(exact) => {
            let time = exact.time_of(number.abs() as u64);
            i64::try_from(time).ok()? * if number < 0.0 { -1 } else { 1 }
        }
        None => (seconds * 1e9).round() as i64,
    })
}

/// A timeline of one clip, the file `media`, with markers. The error is what cannot be written.
pub(super) fn write(
    markers: &[Marker],
    film: &Film,
    title: &str,
    media: &str,
) -> Result<String, String> {
    let rate = film
        .rate
        .ok_or("OpenTimelineIO counts frames, and the film has no constant frame rate")?;
    let time = |frames: u64| json!({ "OTIO_SCHEMA": "RationalTime.1", "rate": rate.decimal(), "value": frames as f64 });
    let range = |start: u64, end: u64| json!({ "OTIO_SCHEMA": "TimeRange.1", "start_time": time(start), "duration": time(end.saturating_sub(start)) });
    let marker = |marker: &Marker| {
        let start = rate.frame_at(marker.start);
        let end = rate.frame_at(marker.end).max(start + 1);
        json!({
            "OTIO_SCHEMA": "Marker.2",
            "name": marker.name,
            "color": "RED",
            "marked_range": range(start, end),
            "metadata": {},
        })
    };
    let last = markers.iter().map(|marker| marker.end).max();
    let frames = rate.frame_at(film.length.or(last).unwrap_or(0));
    let clip = json!({
        "OTIO_SCHEMA": "Clip.1",
        "name": title,
        "source_range": range(0, frames),
        "media_reference": {
            "OTIO_SCHEMA": "ExternalReference.1",
            "target_url": media,
            "available_range": range(0, frames),
            "metadata": {},
        },
        "effects": [],
        "markers": [],
        "metadata": {},
    });
    let track = json!({
        "OTIO_SCHEMA": "Track.1",
        "name": "V1",
        "kind": "Video",
        "source_range": null,
        "children": [clip],
        "effects": [],
        "markers": [],
        "metadata": {},
    });
    let timeline = json!({
        "OTIO_SCHEMA": "Timeline.1",
        "name": title,
        "global_start_time": time(film.start.frames),
        "tracks": {
            "OTIO_SCHEMA": "Stack.1",
            "name": "tracks",
            "source_range": null,
            "children": [track],
            "effects": [],
            "markers": markers.iter().map(marker).collect::<Vec<_>>(),
            "metadata": {},
        },
        "metadata": {},
    });
    Ok(format!("{timeline:#}\n"))
}
