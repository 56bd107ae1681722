//! Films in parts, with a model that looks at several frames.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use gst::prelude::*;
use gstdepixelate::app::{self, Filters, NOTICE, Transcode};

use crate::helpers::{Fake, element};
use crate::media::{input, launch_with};
use crate::parts::sums;

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

/// A part's filter sees the frames around the part, so that its first and last ones are told of the
/// same as they are in the whole.
#[test]
fn a_film_in_parts_is_that_of_one_piece() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    app::init().unwrap();
    film(&path("a.mkv"));
    let made = |output: &str, seconds: u64, jobs: usize, neighbours: i32| {
        let fake = Fake::new().looking_at(3, 2);
        let filters = Filters::new(|| {
            let filter = element(&fake);
            filter.set_property_from_str("inference-region", "full-frame");
            filter.set_property("neighbours", neighbours);
            Ok(filter.upcast())
        });
        let (from, to) = (path("a.mkv"), path(output));
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
        sums(&to).0
    };
    let whole = made("whole.mkv", 3600, 1, -1);
    assert_eq!(made("cut.mkv", 1, 1, -1), whole);
    assert_eq!(made("more.mkv", 2, 2, -1), whole);
    assert_ne!(made("alone.mkv", 3600, 1, 0), whole);
}
