//! Whatever a file holds, reading it ends, and not in a panic.

use proptest::prelude::*;

use super::film;
use crate::cues::{Cues, Film, Kind, TimeRange, Timecode, keyframes, ranges};

/// Text out of pieces that files of cues are made of.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "001  A  V  C  ",
        "00:00:01:00 ",
        "00:00:02;02 ",
        "99:59:59:29",
        "* LOC: ",
        "FCM: DROP FRAME",
        "|C:",
        "|M:",
        "|D:",
        "|D:4294967295",
        "start,end",
        ",x,y,w,h",
        ",id,kind",
        "exclude",
        "\n",
        ",",
        ":",
        ";",
        "\"",
        "#",
        "1e308",
        "-1",
        "31622400",
        "100000",
        "{",
        "}",
        "[",
        "]",
        "null",
        "{\"OTIO_SCHEMA\":\"Timeline.1\",\"tracks\":",
        "{\"OTIO_SCHEMA\":\"Stack.1\",\"children\":[",
        "{\"OTIO_SCHEMA\":\"Clip.1\",\"source_range\":{\"duration\":{\"rate\":24,\"value\":-9e9}}}",
    ]);
    let piece = prop_oneof![4 => pieces.prop_map(str::to_owned), 1 => ".{0,8}", 1 => "[0-9]{1,20}"];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn any_film() -> impl Strategy<Value = Film> {
    let rates = prop::sample::select(vec![
        (24_000, 1001),
        (25, 1),
        (30_000, 1001),
        (1000, 1),
        (0, 0),
    ]);
    (rates, 0..10_000_000u64, any::<bool>()).prop_map(
        |((numerator, denominator), frames, drops)| Film {
            start: Timecode { frames, drops },
            ..film(numerator, denominator)
        },
    )
}

/// In the order of time, and apart.
fn assert_in_order(ranges: &[TimeRange]) {
    assert!(ranges.iter().all(|range| range.start < range.end));
    assert!(ranges.windows(2).all(|two| two[0].end < two[1].start));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_is_borne(text in prop_oneof![text(), ".{0,400}"], film in any_film(), time: u64) {
        for parse in [ranges::from_edl, ranges::from_otio, ranges::from_table] {
            if let Ok(ranges) = parse(&text, &film) {
                assert_in_order(&ranges);
            }
        }
        if let Ok(paths) = keyframes::parse(&text, Kind::Restore, &film)
            && let Ok(cues) = Cues::new(&paths, &film)
        {
            let mut here = Vec::new();
            cues.at(time, &mut here);
            cues.at(time % 100_000_000_000, &mut here);
        }
    }

    #[test]
    fn rectangles_are_where_a_search_through_all_finds_them(
        rows in prop::collection::vec((0..50u64, 0..20u64, 0..4u8), 0..30),
        times in prop::collection::vec(0..80u64, 1..20),
    ) {
        let mut table = String::new();
        for (start, length, id) in &rows {
            table += &format!("{start},{},{id},0,9,9\n", start + length);
        }
        let film = Film::default();
        let paths = keyframes::parse(&table, Kind::Restore, &film).unwrap();
        let cues = Cues::new(&paths, &film).unwrap();
        let mut here = Vec::new();
        for second in times {
            cues.at(second * 1_000_000_000, &mut here);
            let mut found: Vec<i32> = here.iter().map(|cue| cue.rect.x).collect();
            let there = |&&(start, length, _): &&(u64, u64, u8)| {
                (start..start + length.max(1)).contains(&second)
            };
            let mut expected: Vec<i32> = rows.iter().filter(there).map(|row| row.2.into()).collect();
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
