//! Tables of rectangles and of ranges.

use super::{SECOND, film};
use crate::cues::{Cue, Cues, Film, Kind, TimeRange, keyframes, ranges};
use crate::frame::Rect;

fn cues(text: &str, film: &Film) -> Result<Cues, String> {
    let paths =
        keyframes::parse(text, Kind::Restore, film).map_err(|problem| problem.to_string())?;
    Cues::new(&paths, film).map_err(|problem| problem.to_string())
}

fn at(cues: &Cues, time: u64) -> Vec<(Kind, Rect)> {
    let mut here = vec![Cue {
        kind: Kind::Exclude,
        id: 9,
        rect: Rect::default(),
    }];
    cues.at(time, &mut here);
    here.sort_by_key(|cue| cue.id);
    here.iter().map(|cue| (cue.kind, cue.rect)).collect()
}

#[test]
fn rectangles_stand_and_move() {
    let table = "# the man at the door
        id, start, end, x, y, w, h, kind
        door, 00:00:01:00, 2, 100, 50, 40, 60,
        door, 3, 3.0, 200, 0, 80, 80,
        , 0, 10, 0, 0, 20, 20, exclude
        door, 4, , 200, 100, 80, 80,
    ";
    let film = film(25, 1);
    let cues = cues(table, &film).unwrap();
    let frame = film.rate.unwrap().time_of(1);
    let excluded = (Kind::Exclude, Rect::new(0, 0, 20, 20));
    let restored = |x, y, width, height| (Kind::Restore, Rect::new(x, y, width, height));
    for (time, there) in [
        (SECOND - frame, None),
        (SECOND, Some(restored(100, 50, 40, 60))),
        (2 * SECOND - frame, Some(restored(100, 50, 40, 60))),
        (2 * SECOND, Some(restored(100, 50, 40, 60))),
        (5 * SECOND / 2, Some(restored(150, 25, 60, 70))),
        (3 * SECOND, Some(restored(200, 0, 80, 80))),
        (7 * SECOND / 2, Some(restored(200, 50, 80, 80))),
        (4 * SECOND, Some(restored(200, 100, 80, 80))),
        (4 * SECOND + frame, None),
    ] {
        let expected: Vec<_> = there.into_iter().chain([excluded]).collect();
        assert_eq!(at(&cues, time), expected, "{time}");
    }
    assert_eq!(at(&cues, 10 * SECOND), []);
}

#[test]
fn a_frame_belongs_to_what_begins_nearest() {
    // 00:00:01:00 is frame 24 of 24000/1001, at 1.001 seconds.
    let film = film(24_000, 1001);
    let cues = cues("00:00:01:00,00:00:02:00,-5,0,10,10", &film).unwrap();
    let rate = film.rate.unwrap();
    let shown: Vec<u64> = (0..100)
        .filter(|&frame| {
            // As Matroska rounds it.
            let stamp = rate.time_of(frame) / 1_000_000 * 1_000_000;
            !at(&cues, stamp).is_empty()
        })
        .collect();
    assert_eq!(shown, (24..48).collect::<Vec<_>>());
}

#[test]
fn what_is_wrong_with_a_table_is_told() {
    let film = film(25, 1);
    for (table, told) in [
        ("0,1,2,3,4", "line 1: 5 values, where at least the first 6"),
        ("0,1,2,3,4,5\n0,1,2,3,4,5,6", "line 2: 7 values"),
        (
            "0,1,2,3,4,5\n\n0,x,2,3,4,5",
            "line 3: column end: \"x\" is no time",
        ),
        ("1,0,2,3,4,5", "column end: lies before the start"),
        (
            "0,1,2,3,0,5",
            "column width: \"0\" is no number of pixels from 1",
        ),
        ("0,1,a,3,4,5", "column x: \"a\" is no number"),
        ("0,1,NaN,3,4,5", "column x"),
        ("0,1,1e9,3,4,5", "column x"),
        (
            "00:00:00:25,1,2,3,4,5",
            "column start: \"00:00:00:25\" has frame 25",
        ),
        ("start,end,x,y,w", "column height is missing"),
        (
            "start,end,x,y,w,h,colour",
            "no column \"colour\", only start, end",
        ),
        ("start,end,x,x,w,h", "column x is there twice"),
        (
            "0,1,2,3,4,5,a,hide",
            "column kind: \"hide\" is neither restore nor exclude",
        ),
        (
            "0,1,2,3,4,5,a,\n2,3,2,3,4,5,a,exclude",
            "line 2: column kind: rows of \"a\" have two",
        ),
        (
            "0,2,2,3,4,5,a\n1,3,2,3,4,5,a",
            "line 2: begins before line 1 of the same id ends",
        ),
    ] {
        let error = cues(table, &film).unwrap_err();
        assert!(error.contains(told), "{table}: {error}");
    }
    let crowd = "0,1,2,3,4,5\n".repeat(65);
    assert!(
        cues(&crowd, &film)
            .unwrap_err()
            .contains("more than 64 rectangles at once")
    );
    let endless = "0,1,2,3,4,5\n".repeat(100_001);
    assert!(
        cues(&endless, &film)
            .unwrap_err()
            .contains("line 100001: more than 100000 rows")
    );
    assert!(cues("", &film).unwrap().is_empty());
}

#[test]
fn files_are_named_where_they_are_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (
        folder.path().join("good.csv"),
        folder.path().join("bad.csv"),
    );
    // As Excel saves it.
    std::fs::write(
        &good,
        "\u{feff}Start,End,X,Y,Width,Height\r\n0,1,2,3,4,5\r\n",
    )
    .unwrap();
    std::fs::write(&bad, "0,1,2,3,4,-5").unwrap();
    let film = Film::default();
    let read = Cues::read([(good.as_path(), Kind::Exclude)], &film).unwrap();
    assert_eq!(at(&read, 0), [(Kind::Exclude, Rect::new(2, 3, 4, 5))]);
    let both = [
        (good.as_path(), Kind::Exclude),
        (bad.as_path(), Kind::Restore),
    ];
    let error = Cues::read(both, &film).unwrap_err().to_string();
    assert!(error.contains("bad.csv: line 1: column height"), "{error}");
    let error = ranges::read(&folder.path().join("none.csv"), &film).unwrap_err();
    assert!(
        error.to_string().contains("none.csv: No such file"),
        "{error}"
    );
}

#[test]
fn ranges_of_a_table_are_put_in_order() {
    let table = "start,end,name\n10,12.5,b\n00:00:01.5,3,a\n2,4,c\n12.5,13,d\n";
    let ranges = ranges::from_table(table, &Film::default()).unwrap();
    let range = |start, end| TimeRange {
        start: start * SECOND / 2,
        end: end * SECOND / 2,
    };
    assert_eq!(ranges, [range(3, 8), range(20, 26)]);
    let empty = ranges::from_table("1,1", &Film::default()).unwrap_err();
    assert!(empty.to_string().contains("lies not behind the start"));
}
