//! Regions and ranges over time, through a film that is made in parts.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use gst::prelude::*;
use gstdepixelate::app::{self, Filters, NOTICE, RestoreOptions, Transcode, restorer};
use gstdepixelate::cues::{Cues, Film, FrameRate, Kind, TimeRange, markers, ranges};

use crate::media::launch;

#[test]
fn frames_of_a_film_are_told_apart_in_all_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // Matroska rounds to milliseconds, and a frame lasts 33.37 of them.
    launch(&format!(
        "videotestsrc num-buffers=120 pattern=ball ! video/x-raw,width=160,height=120,framerate=30000/1001 \
         ! x264enc key-int-max=30 bframes=2 ! h264parse ! matroskamux ! filesink location={}",
        path("in.mkv").display()
    ));
    let rate = FrameRate::new(30_000, 1001);
    let film = Film {
        rate,
        length: rate.map(|rate| rate.time_of(120)),
        ..Film::default()
    };
    let film = film.starting_at("00:59:59:29").unwrap();
    let table = "00:59:59:29,01:00:01:00,16,16,64,64,door\n01:00:02:29,,40,16,64,64,door\n";
    std::fs::write(path("regions.csv"), table).unwrap();
    let events = "001 A V C 0 0 01:00:00:19 01:00:01:19\n002 A V C 0 0 01:00:02:09 01:00:09:09\n";
    std::fs::write(path("ranges.edl"), events).unwrap();
    let read = Cues::read([(path("regions.csv").as_path(), Kind::Restore)], &film);
    let cues = Arc::new(read.unwrap());
    let ranges = ranges::read(&path("ranges.edl"), &film).unwrap();

    app::init().unwrap();
    let options = RestoreOptions {
        // Nothing else is found.
        score_threshold: Some(1.0),
        ..RestoreOptions::default()
    };
    let filters = Filters::new(|| {
        let element = restorer(&options)?;
        let pad = element.static_pad("sink").unwrap();
        app::cues::attach(&pad, Arc::clone(&cues)).unwrap();
        app::cues::limit(&element, &ranges, rate, 1.0)?;
        Ok(element)
    });
    let (input, output) = (path("in.mkv"), path("out.mkv"));
    let mut job = Transcode::new(crate::media::input(&input), &output, &filters, NOTICE);
    job.part_length = Duration::from_secs(1);
    job.jobs = 2;
    job.encoding.preset = Some("ultrafast".to_owned());
    let outcome = job.run(&AtomicBool::new(false), &mut |_| {}).unwrap();

    // The door is there in frames 0 to 90, the ranges are frames 20 to 49 and from 70 on.
    let restored: Vec<[u64; 2]> = outcome.faces.iter().map(|face| face.frames).collect();
    assert_eq!(restored, [[20, 49], [70, 90]]);

    let told = app::cues::markers(&outcome.faces, rate);
    assert_eq!(told.len(), outcome.faces.len());
    for name in ["out.edl", "out.otio"] {
        markers::write(&path(name), &told, &film, &output).unwrap();
        let again = ranges::read(&path(name), &film).unwrap();
        let marked: Vec<TimeRange> = told
            .iter()
            .map(|it| TimeRange {
                start: it.start,
                end: it.end,
            })
            .collect();
        let frames = |ranges: &[TimeRange]| -> Vec<(u64, u64)> {
            let frame = |time| rate.unwrap().frame_at(time);
            let merged = TimeRange::merged(ranges);
            merged
                .iter()
                .map(|it| (frame(it.start), frame(it.end)))
                .collect()
        };
        assert_eq!(frames(&again), frames(&marked), "{name}");
    }
}
