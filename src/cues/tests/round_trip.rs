//! What is written is read again, frame by frame.

use super::film;
use crate::cues::{Film, Marker, TimeRange, edl, markers, otio, ranges};

/// Frames of markers: next to one another, a single one, and far on, where drop-frame timecode has
/// left out many numbers.
const FRAMES: [(u64, u64); 5] = [
    (0, 7),
    (8, 9),
    (1797, 1805),
    (17_980, 17_990),
    (300_000, 345_678),
];

/// Films at all usual rates, with timecodes of both kinds.
pub(super) fn films() -> Vec<Film> {
    [
        (24_000, 1001, "00:00:00:00"),
        (24_000, 1001, "01:00:00:00"),
        (25, 1, "10:00:00:00"),
        (30_000, 1001, "00:59:58;12"),
        (30_000, 1001, "00:00:00:00"),
        (60_000, 1001, "01:00:00;00"),
        (60_000, 1001, "01:00:00:00"),
    ]
    .map(|(numerator, denominator, start)| {
        let film = film(numerator, denominator).starting_at(start).unwrap();
        let length = film.rate.map(|rate| rate.time_of(400_000));
        Film { length, ..film }
    })
    .to_vec()
}

pub(super) fn marked(film: &Film) -> Vec<Marker> {
    let rate = film.rate.unwrap();
    let marker = |(start, end): (u64, u64)| Marker {
        start: rate.time_of(start),
        end: rate.time_of(end),
        name: format!("face | {start}\n\"é\""),
    };
    FRAMES.map(marker).to_vec()
}

#[test]
fn markers_come_back_to_their_frames() {
    let folder = tempfile::tempdir().unwrap();
    for film in films() {
        let rate = film.rate.unwrap();
        let all = marked(&film);
        for name in ["out.edl", "out.otio"] {
            let path = folder.path().join(name);
            markers::check(&path).unwrap();
            markers::write(&path, &all, &film, "talk.mp4".as_ref()).unwrap();
            let read = ranges::read(&path, &film).unwrap();
            let frames = |range: &TimeRange| (rate.frame_at(range.start), rate.frame_at(range.end));
            let read: Vec<_> = read.iter().map(frames).collect();
            assert_eq!(read, FRAMES, "{name} at {rate}");
        }
    }
}

#[test]
fn names_stay_one_line() {
    let film = film(25, 1);
    let all = marked(&film);
    let text = edl::write(&all, &film, "a|b\nc").unwrap();
    assert!(text.starts_with("TITLE: a/b c\nFCM: NON-DROP FRAME\n\n001  001      V     C        00:00:00:00 00:00:00:01 00:00:00:00 00:00:00:01  \n |C:ResolveColorRed |M:face / 0 \"é\" |D:7\n"), "{text}");
    let read = edl::parse(&text, &film).unwrap().markers;
    assert_eq!(read[1].name, "face / 8 \"é\"");
    let text = otio::write(&all, &film, "t", "talk.mp4").unwrap();
    assert_eq!(otio::parse(&text).unwrap().markers, all);
}

#[test]
fn what_can_not_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, film: &Film| {
        let path = folder.path().join(name);
        let error = markers::write(&path, &[], film, "talk.mp4".as_ref()).unwrap_err();
        error.to_string()
    };
    assert!(write("a.xml", &film(25, 1)).contains("a.xml: markers are written to .edl or .otio"));
    for name in ["a.edl", "a.otio"] {
        let error = write(name, &Film::default());
        assert!(error.contains("no constant frame rate"), "{error}");
    }
    assert!(write("no/a.edl", &film(25, 1)).contains("No such file"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
