//! Films in parts, with a model that looks at several frames.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gst::prelude::*;
use gstdepixelate::app::{self, Filters, NOTICE, Transcode};
use gstdepixelate::element::FaceDepixelate;
use gstdepixelate::frame::Rect;

use crate::helpers::{Fake, regions};
use crate::media::{input, launch_with};

/// Where the mosaic is.
const MOSAIC: Rect = Rect::new(96, 60, 120, 120);

/// A film of eight seconds, with a mosaic from the second to the seventh, and a key frame each second.
fn film(path: &Path) {
    let line = format!(
        "videotestsrc pattern=zone-plate kx2=20 ky2=20 kt=2 num-buffers=200 \
         ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 \
         ! facepixelate name=mosaic block-size=12 grid-origin=region \
         ! x264enc key-int-max=25 bframes=2 pass=qual quantizer=18 ! h264parse ! queue ! mux. \
         audiotestsrc num-buffers=375 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse ! queue ! mux. \
         matroskamux name=mux ! filesink location={}",
        path.display(),
    );
    launch_with(&line, |pipeline| {
        let mosaic = pipeline.by_name("mosaic").unwrap();
        let sink = mosaic.static_pad("sink").unwrap();
        sink.add_probe(gst::PadProbeType::BUFFER, |_, info| {
            let buffer = info.buffer_mut().unwrap();
            if (1..7).contains(&buffer.pts().unwrap().seconds()) {
                let place = (96, 60, 120, 120);
                gst_video::VideoRegionOfInterestMeta::add(buffer.make_mut(), "face", place);
            }
            gst::PadProbeReturn::Ok
        });
    });
}

/// All decoded frames.
fn frames(path: &Path) -> Vec<Vec<u8>> {
    let frames = Arc::new(Mutex::new(Vec::new()));
    let line = format!(
        "filesrc location={} ! decodebin ! video/x-raw ! fakesink name=sink",
        path.display()
    );
    launch_with(&line, |pipeline| {
        let sink = pipeline.by_name("sink").unwrap();
        let (sink, frames) = (sink.static_pad("sink").unwrap(), Arc::clone(&frames));
        sink.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            let data = info.buffer().unwrap().map_readable().unwrap();
            frames.lock().unwrap().push(data.to_vec());
            gst::PadProbeReturn::Ok
        });
    });
    std::mem::take(&mut *frames.lock().unwrap())
}

/// The film, restored in parts of so many seconds. The region is named, or found and followed.
fn made(folder: &Path, seconds: u64, jobs: usize, neighbours: i32, named: bool) -> Vec<Vec<u8>> {
    let fake = Fake::new().looking_at(3, 2);
    let filters = Filters::new(|| {
        let filter: FaceDepixelate = gst::glib::Object::new();
        filter.set_backend_for_test(fake.source());
        filter.set_property("projection", 0f32);
        if named {
            filter.set_property_from_str("inference-region", "roi-list");
            filter.set_property("regions", regions(&[MOSAIC]));
        }
        filter.set_property("neighbours", neighbours);
        Ok(filter.upcast())
    });
    let (from, to) = (folder.join("a.mkv"), folder.join("b.mkv"));
    let mut job = Transcode::new(input(&from), &to, &filters, NOTICE);
    job.encoding.encoder = Some("ffv1".to_owned());
    job.part_length = Duration::from_secs(seconds);
    job.jobs = jobs;
    let outcome = job.run(&AtomicBool::new(false), &mut |_| {}).unwrap();
    assert_eq!(outcome.frames, 200);
    let told = fake.told_levels();
    // All but those at the ends of the mosaic, or of what is seen for a part.
    let full = told.iter().filter(|told| told.iter().all(Option::is_some));
    assert_eq!(full.count() > 130, neighbours != 0);
    let frames = frames(&to);
    std::fs::remove_file(&to).unwrap();
    frames
}

/// A part's filter sees the frames around the part, so that its first and last ones are told of the
/// same as they are in the whole.
#[test]
fn a_film_in_parts_is_that_of_one_piece() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    app::init().unwrap();
    film(&folder.join("a.mkv"));
    for named in [true, false] {
        let whole = made(folder, 3600, 1, -1, named);
        for (seconds, jobs) in [(1, 1), (2, 2)] {
            let differing = differing(&whole, &made(folder, seconds, jobs, -1, named));
            assert!(differing.is_empty(), "{named} {seconds}: {differing:?}");
        }
        // What they are told shows in all frames of the mosaic.
        let alone = differing(&whole, &made(folder, 3600, 1, 0, named));
        assert_eq!(alone, (25..175).collect::<Vec<_>>());
    }
}

/// Which frames are not the same.
fn differing(one: &[Vec<u8>], other: &[Vec<u8>]) -> Vec<usize> {
    assert_eq!(one.len(), other.len());
    let numbers = 0..one.len();
    numbers
        .filter(|&number| one[number] != other[number])
        .collect()
}
