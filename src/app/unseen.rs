//! Tracks of a file that GStreamer's readers pass over in silence: found in the file itself, so that
//! none is lost without a word.

use std::fs::File;
use std::path::Path;

use super::boxes::{boxes, find, index, tracks, word};
use super::ebml::{self, text, within};
use super::programs;

/// What the data of a track are, in Matroska.
const CODEC: u32 = 0x86;
/// Names of kinds that are met in transport streams, and their numbers.
const KINDS: [(u8, &str); 10] = [
    (0x02, "MPEG-2"),
    (0x03, "MPEG audio"),
    (0x04, "MPEG audio"),
    (0x06, "private data"),
    (0x0F, "AAC"),
    (0x15, "timed metadata"),
    (0x1B, "H.264"),
    (0x24, "H.265"),
    (0x81, "AC-3"),
    (0x86, "SCTE-35"),
];

/// What is said of the tracks of the file at `path` of which no stream has the id. Tracks of
/// chapters, and those of timecode, are left out where the file's `has_chapters` or `has_timecode`
/// was read already.
pub(super) fn unseen(
    path: &Path,
    ids: &[&str],
    has_chapters: bool,
    has_timecode: bool,
) -> Vec<String> {
    let mut found = in_boxes(path, ids, has_chapters, has_timecode).unwrap_or_default();
    found.extend(in_matroska(path, ids).unwrap_or_default());
    found.extend(in_programs(path, ids));
    found
}

/// In MP4 and QuickTime.
fn in_boxes(
    path: &Path,
    ids: &[&str],
    has_chapters: bool,
    has_timecode: bool,
) -> Option<Vec<String>> {
    let index = index(&mut File::open(path).ok()?).ok()??.data;
    let mut known: Vec<u32> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    for track in tracks(&index).filter(|_| has_chapters) {
        let list = find(&index, &track.body, &[b"tref", b"chap"]).unwrap_or_default();
        known.extend(
            index[list]
                .chunks_exact(4)
                .filter_map(|number| word(number, 0)),
        );
    }
    let missed = tracks(&index).filter(|track| {
        let is_read = has_timecode && &track.handler == b"tmcd";
        !is_read && !known.contains(&track.number)
    });
    let told = missed.map(|track| {
        let description = find(&index, &track.body, &[b"mdia", b"minf", b"stbl", b"stsd"]);
        let list = description.and_then(|list| index.get(list.start + 8..list.end));
        let kind = list.and_then(|list| boxes(list).next());
        let kind = kind.map_or(track.handler, |(kind, _)| kind);
        format!(
            "track {} (of the kind {}) is left out: it cannot be read",
            track.number,
            kind.escape_ascii()
        )
    });
    Some(told.collect())
}

/// In Matroska.
fn in_matroska(path: &Path, ids: &[&str]) -> Option<Vec<String>> {
    let file = File::open(path).ok()?;
    let number = |id: &&str| id.split(':').next()?.parse().ok();
    let known: Vec<u64> = ids.iter().filter_map(number).collect();
    let missed = ebml::tracks(&file).into_iter();
    let missed = missed.filter(|(number, _)| !known.contains(number));
    let told = missed.map(|(number, track)| {
        let codec = within(&file, &track).find(|part| part.id == CODEC);
        let codec = codec.and_then(|codec| text(&file, &codec));
        format!(
            "track {number} (of the kind {}) is left out: it cannot be read",
            codec.unwrap_or_default()
        )
    });
    Some(told.collect())
}

/// In transport streams.
fn in_programs(path: &Path, ids: &[&str]) -> Vec<String> {
    let known = |id: &&str| u16::from_str_radix(id, 16).ok();
    let known: Vec<u16> = ids.iter().filter_map(known).collect();
    let missed = programs::of(path).into_iter();
    let missed = missed.filter(|stream| !known.contains(&stream.pid));
    let told = missed.map(|stream| {
        let kind = KINDS.iter().find(|(kind, _)| *kind == stream.kind);
        let kind = kind.map_or(format!("of the kind {:#04x}", stream.kind), |(_, name)| {
            (*name).to_owned()
        });
        format!(
            "stream {} ({kind}, program {}) is left out: it cannot be read",
            stream.pid, stream.program
        )
    });
    told.collect()
}
