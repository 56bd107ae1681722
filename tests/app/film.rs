//! Frames of films at the times that are asked for.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use gst::prelude::*;
use gstdepixelate::app::{self, AppError, FaceBox, Film, Filters, NOTICE, RestoredFace, Transcode};

use crate::media::{clip, input, launch, launch_with};

/// Nanoseconds from a frame to the next.
pub const STEP: u64 = 40_000_000;
/// What nobody stops.
pub static GO_ON: AtomicBool = AtomicBool::new(false);

/// A film of 30 grey frames of 160 × 120 pixels, frame n as bright as `level(n)`, encoded and muxed
/// as `line` says.
pub fn numbered(path: &Path, line: &str, level: fn(u8) -> u8) {
    let line = format!(
        "videotestsrc num-buffers=30 ! capsfilter name=grey \
         caps=video/x-raw,format=RGB,width=160,height=120,framerate=25/1 ! videoconvert \
         ! {line} ! filesink location={}",
        path.display()
    );
    launch_with(&line, |pipeline| {
        let (number, pad) = (AtomicU8::new(0), pipeline.by_name("grey").unwrap());
        let pad = pad.static_pad("src").unwrap();
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            let buffer = info.buffer_mut().unwrap().make_mut();
            let level = level(number.fetch_add(1, Ordering::Relaxed));
            buffer.map_writable().unwrap().fill(level);
            gst::PadProbeReturn::Ok
        });
    });
}

/// Brightness that tells the number of a frame.
pub fn rising(number: u8) -> u8 {
    10 + 8 * number
}

/// The number of a frame of this brightness; GStreamer's conversions lose some levels.
pub fn number_of(level: u8) -> u8 {
    (level.saturating_sub(3)) / 8
}

pub fn open(path: &Path) -> Result<Film<'static>, AppError> {
    app::init().unwrap();
    Film::open(input(path), None, Duration::from_secs(10), &GO_ON)
}

/// A face that is there from frame `first` to `last` of a film from [`numbered`].
pub fn face(first: u64, last: u64, boxes: Vec<FaceBox>) -> RestoredFace {
    RestoredFace {
        track: Some(1),
        frames: [first, last],
        times: [first, last].map(|frame| frame * STEP),
        blocks: None,
        probability: Some(0.97),
        boxes,
    }
}

/// The number of the frame at `time`, by its brightness.
fn number_at(film: &mut Film<'_>, time: u64) -> Option<u8> {
    let frame = film.at(time).unwrap()?;
    Some(number_of(frame.picture.get_pixel(80, 60).0[0]))
}

#[test]
fn each_frame_is_found_at_its_time() {
    let folder = tempfile::tempdir().unwrap();
    for (name, line) in [
        (
            "a.mkv",
            "x264enc pass=qual quantizer=4 key-int-max=6 bframes=2 ! matroskamux",
        ),
        (
            "b.mp4",
            "x264enc pass=qual quantizer=4 key-int-max=6 bframes=2 ! mp4mux",
        ),
        (
            "c.ts",
            "x264enc pass=qual quantizer=4 key-int-max=6 ! mpegtsmux",
        ),
        ("d.avi", "jpegenc quality=95 ! avimux"),
        // It cannot be sought in.
        (
            "e.mkv",
            "x264enc pass=qual quantizer=4 key-int-max=6 ! matroskamux streamable=true",
        ),
    ] {
        let path = folder.path().join(name);
        numbered(&path, line, rising);
        let mut film = open(&path).unwrap();
        let all = face(0, 29, Vec::new());
        for number in [0, 1, 7, 7, 18, 19, 29, 28, 3] {
            let time = film.time_of(&all, number);
            let found = number_at(&mut film, time);
            assert_eq!(found, u8::try_from(number).ok(), "{name}");
        }
        let between = film.time_of(&all, 20) + STEP / 2;
        assert_eq!(number_at(&mut film, between), None, "{name}");
        for _ in 0..2 {
            assert_eq!(number_at(&mut film, 100 * STEP), None, "{name}");
        }
        let time = film.time_of(&all, 25);
        assert_eq!(number_at(&mut film, time), Some(25), "{name}");
        film.rewind();
        let mut count = 0;
        while film.next_frame().unwrap().is_some() {
            count += 1;
        }
        assert_eq!((count, film.frames()), (30, 30), "{name}");
    }
}

#[test]
fn a_picture_that_lies_on_its_side_is_turned() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mp4");
    launch(&format!(
        "videotestsrc num-buffers=3 ! video/x-raw,width=64,height=48 ! x264enc ! mp4mux \
         ! filesink location={}",
        path.display()
    ));
    // The matrix by which telephones say that they lay on their side.
    let mut file = std::fs::read(&path).unwrap();
    let track = (0..file.len()).find(|&at| file[at..].starts_with(b"tkhd"));
    let turned = [0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30].map(i32::to_be_bytes);
    file[track.unwrap() + 44..][..36].copy_from_slice(&turned.concat());
    std::fs::write(&path, file).unwrap();
    let frame = open(&path).unwrap().next_frame().unwrap().unwrap();
    assert_eq!(frame.picture.dimensions(), (48, 64));
}

#[test]
fn an_animation_is_a_film() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gif");
    let file = std::fs::File::create(&path).unwrap();
    let mut encoder = image::codecs::gif::GifEncoder::new(file);
    for shade in [10, 200] {
        let frame = image::RgbaImage::from_pixel(64, 48, image::Rgba([shade, shade, shade, 255]));
        let delay = image::Delay::from_numer_denom_ms(100, 1);
        let frame = image::Frame::from_parts(frame, 0, 0, delay);
        encoder.encode_frame(frame).unwrap();
    }
    drop(encoder);
    let mut film = open(&path).unwrap();
    let frame = film.at(100_000_000).unwrap().unwrap();
    assert!(frame.picture.get_pixel(9, 9).0[0].abs_diff(200) < 9);
    assert_eq!(film.path(), path);
}

#[test]
fn what_cannot_be_looked_at_is_named_and_work_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let error = open(&path("none.mp4")).err().unwrap();
    assert!(matches!(error, AppError::NoInput { .. }), "{error}");
    std::fs::write(path("text.mp4"), "only words\n".repeat(99)).unwrap();
    let error = open(&path("text.mp4")).err().unwrap();
    assert!(error.to_string().contains("text.mp4"), "{error}");

    clip(&path("a.mkv"), "opusenc", (64, 48));
    let cancel = AtomicBool::new(false);
    let mut film =
        Film::open(input(&path("a.mkv")), None, Duration::from_secs(9), &cancel).unwrap();
    cancel.store(true, Ordering::Relaxed);
    let error = film.at(0).err().unwrap();
    assert!(matches!(error, AppError::Cancelled), "{error}");

    // What was there when it was opened is gone.
    let mut film = open(&path("a.mkv")).unwrap();
    std::fs::write(path("a.mkv"), "").unwrap();
    assert!(film.next_frame().is_err());
}

/// What only says that there is a face in each frame.
fn marking() -> Result<gst::Element, AppError> {
    let marking = gst::ElementFactory::make("identity").build().unwrap();
    let pad = marking.static_pad("sink").unwrap();
    pad.add_probe(gst::PadProbeType::BUFFER, |_, info| {
        let buffer = info.buffer_mut().unwrap().make_mut();
        let place = (40, 20, 64, 64);
        gst_video::VideoRegionOfInterestMeta::add(buffer, "restored-face", place);
        gst::PadProbeReturn::Ok
    });
    Ok(marking)
}

#[test]
fn faces_are_found_in_the_film_and_in_what_was_made_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let encoder = "x264enc pass=qual quantizer=4 key-int-max=6";
    numbered(
        &path("a.mp4"),
        &format!("{encoder} bframes=2 ! mp4mux"),
        rising,
    );
    numbered(&path("a.ts"), &format!("{encoder} ! mpegtsmux"), rising);
    let filters = Filters::new(marking);
    for (from_file, output, from, to) in [
        ("a.mp4", "b.mkv", None, None),
        ("a.ts", "c.mp4", None, None),
        ("a.mp4", "d.mp4", Some(8), Some(20)),
        ("a.ts", "e.mkv", Some(8), None),
    ] {
        let (from_file, output) = (path(from_file), path(output));
        let mut job = Transcode::new(input(&from_file), &output, &filters, NOTICE);
        let time = |frame| gst::ClockTime::from_nseconds(frame * STEP);
        (job.from, job.to) = (from.map(time), to.map(time));
        let outcome = job.run(&GO_ON, &mut |_| {}).unwrap();
        let face = &outcome.faces[0];
        let (first, count) = (from.unwrap_or(0), to.unwrap_or(30) - from.unwrap_or(0));
        let before = open(&from_file).unwrap();
        let mut before = before.within(time(first).into(), job.to.map(Into::into));
        let mut after = open(&output).unwrap();
        assert_eq!(
            [outcome.frames, before.frames(), after.frames()],
            [count; 3]
        );
        for frame in [0, 5, count - 1] {
            let time = before.time_of(face, frame);
            let due = u8::try_from(first + frame).ok();
            let found = [&mut before, &mut after].map(|film| number_at(film, time));
            assert_eq!(found, [due; 2], "{} {frame}", output.display());
        }
        before.rewind();
        let frame = before.next_frame().unwrap().unwrap();
        assert!(frame.time < STEP, "{}", frame.time);
    }
}
