//! Lists of editing programs, as these write them.

use super::{SECOND, film};
use crate::cues::{Film, TimeRange, ranges};

/// Ranges in frames of a film at a whole rate.
fn frames(ranges: &[TimeRange], rate: u64) -> Vec<(u64, u64)> {
    let frame = |time: u64| (time * rate + SECOND / 2) / SECOND;
    ranges
        .iter()
        .map(|range| (frame(range.start), frame(range.end)))
        .collect()
}

fn edl(text: &str, film: &Film) -> Result<Vec<TimeRange>, String> {
    ranges::from_edl(text, film).map_err(|problem| problem.to_string())
}

const EVENTS: &str = "TITLE: talk
FCM: NON-DROP FRAME

001  BL       V     C        00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00
002  A001C002 V     C        09:00:00:00 09:00:02:00 01:00:01:00 01:00:03:00
* FROM CLIP NAME: door.mov
003  A001C003 AA/V  C        09:10:00:00 09:10:00:00 01:00:03:00 01:00:03:00
003  A001C004 AA/V  D    025 09:20:00:00 09:20:03:00 01:00:03:00 01:00:06:00
M2   A001C004       050.0                09:20:00:00
004  A001C005 A     C        09:00:00:00 09:00:09:00 01:00:20:00 01:00:29:00
";

#[test]
fn events_are_clips_of_the_film() {
    let film = film(25, 1).starting_at("01:00:00:00").unwrap();
    let ranges = edl(EVENTS, &film).unwrap();
    assert_eq!(frames(&ranges, 25), [(25, 150)]);
}

#[test]
fn locators_choose_clips() {
    let film = film(25, 1).starting_at("01:00:00:00").unwrap();
    let marked = format!("{EVENTS}* LOC: 01:00:04:12 RED     FACE\n* LOC: 01:00:05:00 GREEN\n");
    assert_eq!(frames(&edl(&marked, &film).unwrap(), 25), [(75, 150)]);
    let astray = format!("{EVENTS}* LOC: 01:00:00:12 RED     FACE\n");
    let error = edl(&astray, &film).unwrap_err();
    let expected = "the marker \"FACE\" at 0.480 seconds has no length and stands on no clip";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn markers_of_resolve_last() {
    let text = "TITLE: Timeline 1
FCM: NON-DROP FRAME

001  001      V     C        01:00:02:03 01:00:02:04 01:00:02:03 01:00:02:04  
Note 01 |C:ResolveColorPurple |M:Marker 1 |D:35

002  001      V     C        01:00:08:05 01:00:08:06 01:00:08:05 01:00:08:06  
 |C:ResolveColorRed |M:Marker 3 |D:1
";
    let film = film(24, 1).starting_at("01:00:00:00").unwrap();
    assert_eq!(
        frames(&edl(text, &film).unwrap(), 24),
        [(51, 86), (197, 198)]
    );
}

#[test]
fn colons_are_drop_frame_where_the_list_says_so() {
    let event = "001  A  V  C  00:00:00:00 00:00:01:00 00:01:00:02 00:02:00:02\n";
    let film = film(30_000, 1001);
    let rate = film.rate.unwrap();
    let range = |start, end| TimeRange {
        start: rate.time_of(start),
        end: rate.time_of(end),
    };
    let drop = edl(&format!("FCM: DROP FRAME\n{event}"), &film).unwrap();
    assert_eq!(drop, [range(1800, 3598)]);
    let plain = edl(&format!("FCM: NON-DROP FRAME\n{event}"), &film).unwrap();
    assert_eq!(plain, [range(1802, 3602)]);
}

#[test]
fn what_is_wrong_with_a_list_is_told() {
    let film = film(25, 1);
    for (text, told) in [
        ("001 A V C", "line 1: \"001 A V C\" is no event"),
        (
            "\n001 A V C 0 0 00:00:01:00 00:00:00:99",
            "line 2: \"00:00:00:99\" has frame 99",
        ),
        (
            "001 A V C 0 0 00:00:01:00 00:00:00:00",
            "ends at 00:00:00:00, before it begins",
        ),
        (
            "FCM: DROP FRAME\n001 A V C 0 0 00:00:01:00 00:00:02:00",
            "none of at 25 frames/s",
        ),
        ("* LOC: soon RED x", "\"soon\" is no timecode"),
        (" |C:ResolveColorRed |M:x |D:3", "stands below no event"),
        (
            "001 A V C 0 0 00:00:01:00 00:00:02:00\n|C:x |D:-3",
            "length in frames",
        ),
    ] {
        let error = edl(text, &film).unwrap_err();
        assert!(error.contains(told), "{text}: {error}");
    }
    let error = edl(EVENTS, &Film::default()).unwrap_err();
    assert!(error.contains("no constant frame rate"), "{error}");
}

#[test]
fn a_list_for_another_place_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.EDL");
    std::fs::write(&path, EVENTS).unwrap();
    let short = Film {
        length: Some(60 * SECOND),
        ..film(25, 1)
    };
    let error = ranges::read(&path, &short).unwrap_err().to_string();
    let expected = "its first range begins at 3601.000 seconds, and the film lasts 60.000";
    assert!(error.contains(expected), "{error}");
    let right = short.starting_at("01:00:00:00").unwrap();
    assert_eq!(ranges::read(&path, &right).unwrap().len(), 1);
    let error = ranges::read(&folder.path().join("talk.xml"), &right).unwrap_err();
    assert!(error.to_string().contains("read from .edl, .otio or .csv"));
}

/// A timeline: a gap of 10 frames, a clip of 20 (with these markers), a transition, a clip of 30
/// from a nested stack; and an audio track.
fn timeline(film_markers: &str, clip_markers: &str) -> String {
    let time = |value| format!(r#"{{"OTIO_SCHEMA":"RationalTime.1","rate":25,"value":{value}}}"#);
    let range = |start, length| {
        let (start, length) = (time(start), time(length));
        format!(r#"{{"OTIO_SCHEMA":"TimeRange.1","start_time":{start},"duration":{length}}}"#)
    };
    let clip = |start, length, markers: &str| {
        let range = range(start, length);
        format!(r#"{{"OTIO_SCHEMA":"Clip.2","source_range":{range},"markers":[{markers}]}}"#)
    };
    let (gap, first, second) = (
        range(0, 10),
        clip(1000, 20, clip_markers),
        clip(500, 40, ""),
    );
    let (nested, start) = (range(10, 30), time(90_000));
    format!(
        r#"{{"OTIO_SCHEMA":"Timeline.1","global_start_time":{start},"tracks":{{"OTIO_SCHEMA":"Stack.1","markers":[{film_markers}],"children":[
        {{"OTIO_SCHEMA":"Track.1","kind":"Video","children":[
          {{"OTIO_SCHEMA":"Gap.1","source_range":{gap}}},{first},
          {{"OTIO_SCHEMA":"Transition.1"}},
          {{"OTIO_SCHEMA":"Stack.1","source_range":{nested},"children":[
            {{"OTIO_SCHEMA":"Track.1","kind":"Video","children":[{second}]}}]}}]}},
        {{"OTIO_SCHEMA":"Track.1","kind":"Audio","children":[{second}]}}]}}}}"#
    )
}

fn marker(start: u32, length: u32) -> String {
    format!(
        r#"{{"OTIO_SCHEMA":"Marker.2","name":"m","marked_range":{{"start_time":{{"rate":25,"value":{start}}},"duration":{{"rate":25,"value":{length}}}}}}}"#
    )
}

#[test]
fn timelines_are_walked() {
    for (film_markers, clip_markers, expected) in [
        ("", "", &[(10, 60)][..]),
        // On the timeline, by its own time or by its timecode.
        (&marker(5, 10), "", &[(5, 15)]),
        (&marker(90_005, 10), "", &[(5, 15)]),
        // A point chooses the clips below it.
        (&marker(12, 0), "", &[(10, 30)]),
        (&marker(59, 0), "", &[(30, 60)]),
        // In a clip's own time, as far as it shows.
        ("", &marker(1004, 5), &[(14, 19)]),
        ("", &marker(1015, 100), &[(25, 30)]),
        ("", &marker(1015, 0), &[(10, 30)]),
    ] {
        let text = timeline(film_markers, clip_markers);
        let ranges = ranges::from_otio(&text, &Film::default()).unwrap();
        assert_eq!(
            frames(&ranges, 25),
            expected,
            "{film_markers} {clip_markers}"
        );
    }
    for (text, told) in [
        ("{\n", "line 2: is no OpenTimelineIO file"),
        ("{}", "has no Timeline"),
        (
            &timeline(&marker(3, 0), ""),
            "the marker \"m\" at 0.120 seconds",
        ),
    ] {
        let error = ranges::from_otio(text, &Film::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(told), "{error}");
    }
}
