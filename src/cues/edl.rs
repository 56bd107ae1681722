//! Edit decision lists: CMX 3600, with the locators that Avid's programs and others add, and the
//! lists of markers that DaVinci Resolve exports and imports.

use std::fmt::Write;

use super::error::Problem;
use super::film::Film;
use super::list::{List, Marker, TimeRange};
use super::rate::FrameRate;
use super::timecode::Timecode;

/// Most clips or markers of a list.
const MOST_ENTRIES: usize = 100_000;
/// Longest name of a marker that is written, letters.
const LONGEST_NAME: usize = 80;
/// Parts of an event without a transition: number, reel, track, transition, four timecodes.
const EVENT_PARTS: usize = 8;
/// What an event looks like, for messages.
const EVENT: &str = "001 REEL V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00";

/// An event, and whether it shows a picture.
struct Event {
    range: TimeRange,
    shows: bool,
}

/// Reads a list line by line.
struct Reader<'a> {
    film: &'a Film,
    rate: FrameRate,
    /// Whether colons stand for drop-frame timecode.
    drops: bool,
    /// The last event, until it is known whether it is a clip or carries markers.
    event: Option<Event>,
    list: List,
}

/// Read a list. Its timecodes are those of the film.
pub(super) fn parse(text: &str, film: &Film) -> Result<List, Problem> {
    let rate = film.rate.ok_or("an EDL counts frames, and the film has no constant frame rate; write a table instead: start,end in seconds")?;
    let mut reader = Reader {
        film,
        rate,
        drops: false,
        event: None,
        list: List::default(),
    };
    for (number, line) in (1..).zip(text.lines()) {
        let read = reader.read(line.trim());
        read.map_err(|what| Problem::at(number, what))?;
    }
    reader.end_event();
    Ok(reader.list)
}

impl Reader<'_> {
    fn read(&mut self, line: &str) -> Result<(), String> {
        if self.list.clips.len().max(self.list.markers.len()) >= MOST_ENTRIES {
            return Err(format!("more than {MOST_ENTRIES} events or markers"));
        }
        if let Some(mode) = line.strip_prefix("FCM:") {
            self.drops = mode.contains("DROP") && !mode.contains("NON");
        } else if let Some(locator) = line.strip_prefix('*').map(str::trim_start) {
            if let Some(locator) = locator.strip_prefix("LOC:") {
                self.locator(locator)?;
            }
        } else if line.contains("|D:") && !line.starts_with("TITLE:") {
            self.resolve_marker(line)?;
        } else if line.starts_with(|first: char| first.is_ascii_digit()) {
            self.end_event();
            self.event(line)?;
        }
        Ok(())
    }

    /// `001  REEL  V  C  [DURATION]  SOURCE-IN SOURCE-OUT RECORD-IN RECORD-OUT`
    fn event(&mut self, line: &str) -> Result<(), String> {
        let parts: Vec<&str> = line.split_whitespace().collect();
        let (Some(&[start, end]), true) = (parts.last_chunk(), parts.len() >= EVENT_PARTS) else {
            return Err(format!("{line:?} is no event; one looks like {EVENT}"));
        };
        let range = TimeRange {
            start: self.position(start)?,
            end: self.position(end)?,
        };
        if range.end < range.start {
            return Err(format!(
                "the event ends at {end}, before it begins at {start}"
            ));
        }
        let (reel, track) = (parts[1], parts[2].to_uppercase());
        let shows = reel != "BL" && (track.contains('V') || track == "B");
        self.event = Some(Event { range, shows });
        Ok(())
    }

    /// `LOC: 01:00:01:14 RED     name`
    fn locator(&mut self, text: &str) -> Result<(), String> {
        let text = text.trim_start();
        let (timecode, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim_start();
        let (_colour, name) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let start = self.position(timecode)?;
        self.list.markers.push(Marker {
            start,
            end: start,
            name: name.trim().to_owned(),
        });
        Ok(())
    }

    /// `note |C:ResolveColorRed |M:name |D:35`, below an event that begins where the marker does.
    fn resolve_marker(&mut self, line: &str) -> Result<(), String> {
        let field = |name: &str| {
            let mut parts = line.split('|').skip(1);
            parts.find_map(|part| Some(part.strip_prefix(name)?.trim()))
        };
        let frames = field("D:").and_then(|frames| frames.parse::<u32>().ok());
        let frames = frames.ok_or_else(|| {
            format!("{line:?}: behind |D: the marker's length in frames is expected")
        })?;
        let event = self.event.as_mut();
        let event =
            event.ok_or_else(|| format!("{line:?} stands below no event that says where"))?;
        // It only says where the marker is.
        event.shows = false;
        let start = event.range.start;
        let first = self.rate.frame_at(start);
        self.list.markers.push(Marker {
            start,
            end: self.rate.time_of(first + u64::from(frames.max(1))),
            name: field("M:").unwrap_or_default().to_owned(),
        });
        Ok(())
    }

    fn end_event(&mut self) {
        let event = self.event.take();
        (self.list.clips).extend(event.filter(|event| event.shows).map(|event| event.range));
    }

    fn position(&self, text: &str) -> Result<u64, String> {
        let timecode = Timecode::parse(text, self.rate, self.drops)?;
        self.film.position_of(timecode, self.rate)
    }
}

/// The markers as DaVinci Resolve exports those of a timeline: an event of one frame for each, which
/// says where, and below it colour, name and length. The error is what cannot be written.
pub(super) fn write(markers: &[Marker], film: &Film, title: &str) -> Result<String, String> {
    let rate = film
        .rate
        .ok_or("an EDL counts frames, and the film has no constant frame rate")?;
    let mode = if film.start.drops { "DROP" } else { "NON-DROP" };
    let mut text = format!("TITLE: {}\nFCM: {mode} FRAME\n", plain(title));
    for (number, marker) in (1..).zip(markers) {
        let first = film.timecode_at(marker.start, rate);
        let next = Timecode {
            frames: first.frames + 1,
            ..first
        };
        let (start, end) = (first.text(rate), next.text(rate));
        let last = film.timecode_at(marker.end, rate).frames;
        let frames = last.saturating_sub(first.frames).max(1);
        let name = plain(&marker.name);
        // Nothing is refused by a string.
        let _ = write!(
            text,
            "\n{number:03}  001      V     C        {start} {end} {start} {end}  \n |C:ResolveColorRed |M:{name} |D:{frames}\n"
        );
    }
    Ok(text)
}

/// A name without what has a meaning in a list.
fn plain(name: &str) -> String {
    let plain = |letter: char| match letter {
        '|' => '/',
        letter if letter.is_control() => ' ',
        letter => letter,
    };
    name.trim().chars().map(plain).take(LONGEST_NAME).collect()
}
