//! OpenTimelineIO's own library reads what is written, where there is a Python that has it.

use std::process::Command;

use super::round_trip::{films, marked};
use crate::cues::otio;

/// Prints the markers of a file: first frame, frames, rate, name.
const PROGRAM: &str = "
import sys
import opentimelineio as otio
timeline = otio.adapters.read_from_file(sys.argv[1])
assert isinstance(timeline, otio.schema.Timeline)
clip = timeline.find_clips()[0]
assert clip.media_reference.target_url == 'talk.mp4'
print(timeline.global_start_time.value, int(clip.duration().value))
for marker in timeline.tracks.markers:
    range = marker.marked_range
    print(int(range.start_time.value), int(range.duration.value), marker.name.encode())
";

#[test]
fn the_library_reads_what_is_written() {
    let has = Command::new("python3")
        .args(["-c", "import opentimelineio"])
        .output();
    if !has.is_ok_and(|output| output.status.success()) {
        eprintln!("left out: there is no Python with opentimelineio");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("markers.otio");
    for film in films() {
        let (rate, all) = (film.rate.unwrap(), marked(&film));
        let text = otio::write(&all, &film, "talk", "talk.mp4").unwrap();
        std::fs::write(&path, text).unwrap();
        let output = Command::new("python3")
            .args(["-c", PROGRAM])
            .arg(&path)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        let mut lines = told.lines();
        let first = format!("{:.1} 400000", film.start.frames as f64);
        assert_eq!(lines.next(), Some(first.as_str()));
        for marker in &all {
            let (start, end) = (rate.frame_at(marker.start), rate.frame_at(marker.end));
            let expected = format!("{start} {} ", end - start);
            assert!(
                lines.next().unwrap().starts_with(&expected),
                "{expected}: {told}"
            );
        }
    }
}
