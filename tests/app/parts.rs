//! Films that are made in parts: the same, however they were cut and however often they were ended.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gst::prelude::*;
use gstdepixelate::app::Kind;
use sha2::{Digest, Sha256};

use crate::media::{first, launch, launch_with, survey, transcode_with};

/// The muxer for a name.
fn mux_of(path: &Path) -> &'static str {
    match path.extension().unwrap().to_str().unwrap() {
        "mp4" => "mp4mux",
        "ts" => "mpegtsmux",
        _ => "matroskamux",
    }
}

/// A film of twelve seconds, with a key frame in each and frames that need later ones, and sound.
pub fn film(path: &Path) {
    let mux = mux_of(path);
    launch(&format!(
        "{mux} name=mux ! filesink location={} \
         videotestsrc num-buffers=300 pattern=ball ! video/x-raw,width=160,height=120,framerate=25/1 \
         ! x264enc key-int-max=25 bframes=2 ! h264parse ! queue ! mux. \
         audiotestsrc num-buffers=563 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse ! queue ! mux.",
        path.display()
    ));
}

/// Sums of all decoded frames with their times, and of the packets of sound.
pub fn sums(path: &Path) -> (String, String) {
    let sum = |line: &str| {
        let sum = Arc::new(Mutex::new(Sha256::new()));
        let line = format!(
            "filesrc location={} ! {line} ! fakesink name=sink",
            path.display()
        );
        launch_with(&line, |pipeline| {
            let sink = pipeline
                .by_name("sink")
                .unwrap()
                .static_pad("sink")
                .unwrap();
            let summed = Arc::clone(&sum);
            sink.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
                let buffer = info.buffer().unwrap();
                let mut sum = summed.lock().unwrap();
                sum.update(buffer.map_readable().unwrap());
                sum.update(buffer.pts().unwrap().mseconds().to_le_bytes());
                gst::PadProbeReturn::Ok
            });
        });
        let sum = sum.lock().unwrap().clone().finalize();
        sum.iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let frames = sum("decodebin ! video/x-raw ! videoconvert ! video/x-raw,format=I420");
    (frames, sum("parsebin ! audio/mpeg"))
}

#[test]
fn a_film_is_the_same_however_it_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for input in ["a.mp4", "a.mkv", "a.ts"] {
        film(&path(input));
        let made = |output: &str, seconds, jobs| {
            let (result, _) = transcode_with(&path(input), &path(output), "identity", |job| {
                job.encoding.preset = None;
                job.encoding.encoder = Some("ffv1".to_owned());
                job.part_length = Duration::from_secs(seconds);
                job.jobs = jobs;
            });
            assert_eq!(result.unwrap().frames, 300, "{input} {seconds}");
            sums(&path(output))
        };
        let whole = made("whole.mkv", 3600, 1);
        assert_eq!(made("cut.mkv", 2, 1), whole, "{input}");
        assert_eq!(made("more.mkv", 1, 2), whole, "{input}");
    }
}

#[test]
fn parts_play_as_one_in_every_container() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    film(&path("a.mkv"));
    for output in ["b.mp4", "c.mov", "d.mkv", "e.webm", "f.ts"] {
        let (result, warnings) = transcode_with(&path("a.mkv"), &path(output), "identity", |job| {
            if output == "e.webm" {
                job.encoding.preset = None;
            }
            job.part_length = Duration::from_secs(3);
        });
        assert_eq!(result.unwrap().frames, 300, "{output} {warnings:?}");
        let made = survey(&path(output));
        let video = first(&made, Kind::Video);
        assert_eq!((video.packets, video.caps.len()), (300, 1), "{output}");
        let length = video.duration().mseconds();
        assert!(length.abs_diff(12_000) <= 41, "{output}: {length}");
    }
}

/// The program at work on `a.mkv`.
fn start(folder: &Path, output: &str) -> Child {
    let mut program = Command::new(env!("CARGO_BIN_EXE_depixelate"));
    let arguments = ["a.mkv", output, "--part-length", "1", "--regions", "r.csv"];
    // One second is restored, so that it does not take long.
    std::fs::write(folder.join("r.csv"), "5, 6, 32, 32, 64, 64\n").unwrap();
    program
        .current_dir(folder)
        .args(arguments)
        .stdout(Stdio::null());
    program.stderr(Stdio::null()).spawn().unwrap()
}

/// How often it is killed.
const KILLS: usize = 10;

#[test]
fn work_that_was_killed_at_any_time_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    film(&path("a.mkv"));
    let begun = Instant::now();
    assert!(start(folder.path(), "whole.mp4").wait().unwrap().success());
    let whole = begun.elapsed();
    let mut killed = 0;
    let mut state = 88_172_645_463_325_252_u64;
    for _ in 0..KILLS {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // In so many runs more is killed than is finished.
        let share = (state % 1000) as f64 / 1000.0 * 0.4;
        let mut program = start(folder.path(), "killed.mp4");
        std::thread::sleep(whole.mul_f64(share));
        killed += usize::from(program.try_wait().unwrap().is_none());
        program.kill().unwrap();
        program.wait().unwrap();
    }
    assert!(killed >= KILLS / 2, "{killed}");
    assert!(start(folder.path(), "killed.mp4").wait().unwrap().success());
    assert_eq!(sums(&path("killed.mp4")), sums(&path("whole.mp4")));
    assert!(!path("killed.mp4.depixelate").exists());
    let left = std::fs::read_dir(folder.path()).unwrap().flatten();
    let mut names = left.map(|entry| entry.file_name().to_string_lossy().into_owned());
    assert!(!names.any(|name| name.starts_with('.')));
}

#[test]
fn parts_of_other_work_are_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    film(&path("a.mkv"));
    let made = |alpha: f64, cancel_after: Option<u64>, restart: bool| {
        transcode_with(&path("a.mkv"), &path("b.mkv"), "identity", |job| {
            job.part_length = Duration::from_secs(2);
            job.settings.insert("alpha".to_owned(), alpha.into());
            job.restart = restart;
            if let Some(seconds) = cancel_after {
                job.patience = Duration::from_secs(seconds);
            }
        })
    };
    // A folder that an earlier run left.
    std::fs::create_dir(path("b.mkv.depixelate")).unwrap();
    std::fs::write(path("b.mkv.depixelate/job.json"), "{\"alpha\": 0.5}").unwrap();
    let error = made(1.0, None, false).0.unwrap_err();
    assert!(error.to_string().contains("alpha"), "{error}");
    assert!(error.to_string().contains("--restart"), "{error}");
    assert_eq!(error.exit_status(), 2);
    assert_eq!(made(1.0, None, true).0.unwrap().frames, 300);
    assert!(!path("b.mkv.depixelate").exists());
}

/// A film of sixteen seconds with a mosaic from the sixth to the eighth.
pub fn film_with_mosaic(path: &Path) {
    let mux = mux_of(path);
    let line = format!(
        "{mux} name=mux ! filesink location={} \
         videotestsrc pattern=zone-plate kx2=20 ky2=20 kt=2 num-buffers=400 \
         ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 \
         ! facepixelate name=mosaic block-size=12 grid-origin=region \
         ! x264enc key-int-max=50 bframes=2 pass=qual quantizer=18 ! h264parse ! queue ! mux. \
         audiotestsrc num-buffers=750 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse ! queue ! mux.",
        path.display(),
    );
    launch_with(&line, |pipeline| {
        let sink = pipeline
            .by_name("mosaic")
            .unwrap()
            .static_pad("sink")
            .unwrap();
        sink.add_probe(gst::PadProbeType::BUFFER, |_, info| {
            let buffer = info.buffer_mut().unwrap();
            if (6..8).contains(&buffer.pts().unwrap().seconds()) {
                let place = (96, 60, 120, 120);
                gst_video::VideoRegionOfInterestMeta::add(buffer.make_mut(), "face", place);
            }
            gst::PadProbeReturn::Ok
        });
    });
}

/// The sum of each decoded frame.
fn frames(path: &Path) -> Vec<Vec<u8>> {
    let sums = Arc::new(Mutex::new(Vec::new()));
    let line = format!(
        "filesrc location={} ! decodebin ! video/x-raw ! fakesink name=sink",
        path.display()
    );
    launch_with(&line, |pipeline| {
        let sink = pipeline
            .by_name("sink")
            .unwrap()
            .static_pad("sink")
            .unwrap();
        let sums = Arc::clone(&sums);
        sink.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            let data = info.buffer().unwrap().map_readable().unwrap();
            sums.lock().unwrap().push(Sha256::digest(&data).to_vec());
            gst::PadProbeReturn::Ok
        });
    });
    std::mem::take(&mut *sums.lock().unwrap())
}

#[test]
fn only_what_changes_is_encoded() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (input, output) in [
        ("a.mp4", "b.mp4"),
        ("a.mkv", "b.mkv"),
        ("a.mp4", "c.mkv"),
        ("a.ts", "b.ts"),
    ] {
        film_with_mosaic(&path(input));
        let mut program = Command::new(env!("CARGO_BIN_EXE_depixelate"));
        program.current_dir(folder.path()).args([
            input,
            output,
            "--smart",
            "--face-threshold",
            "0",
        ]);
        let told = program.output().unwrap();
        assert!(told.status.success(), "{input} {output} {told:?}");
        let (before, after) = (frames(&path(input)), frames(&path(output)));
        assert_eq!((before.len(), after.len()), (400, 400), "{input} {output}");
        let changed: Vec<usize> = (0..400).filter(|&n| before[n] != after[n]).collect();
        // What belongs together with the mosaic, and nothing else.
        let (first, last) = (changed[0], changed[changed.len() - 1]);
        assert!(
            (100..=150).contains(&first) && (199..250).contains(&last),
            "{output} {first} {last}"
        );
        let made = survey(&path(output));
        assert_eq!(made.streams.len(), 2);
        // A change that were told beside the packets would count from another packet on.
        assert_eq!(
            crate::media::first(&made, Kind::Video).caps.len(),
            1,
            "{output}"
        );
    }
}

#[test]
fn where_nothing_can_be_copied_all_is_encoded() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    film(&path("a.mkv"));
    let (result, warnings) = transcode_with(&path("a.mkv"), &path("b.mkv"), "identity", |job| {
        job.encoding.preset = None;
        job.encoding.encoder = Some("mjpeg".to_owned());
        job.smart = true;
    });
    assert_eq!(result.unwrap().frames, 300);
    assert!(warnings[0].contains("another encoder"), "{warnings:?}");
    let caps = survey(&path("b.mkv"));
    assert_eq!(crate::media::names(&caps)[0], "image/jpeg");
}

#[test]
fn a_part_of_a_film_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let second = gst::ClockTime::from_seconds;
    for (input, output) in [("a.mp4", "b.mkv"), ("a.mkv", "b.mp4")] {
        film(&path(input));
        let made = |encoder: &str, output: &str, smart: bool, from: u64, to: u64| {
            let (result, warnings) =
                transcode_with(&path(input), &path(output), "identity", |job| {
                    job.encoding.preset = None;
                    job.encoding.encoder = Some(encoder.to_owned());
                    (job.from, job.to) = (Some(second(from)), Some(second(to)));
                    (job.smart, job.part_length) = (smart, Duration::from_secs(2));
                });
            assert!(warnings.is_empty(), "{warnings:?}");
            assert_eq!(result.unwrap().frames, 25 * (to - from), "{input}");
            let made = survey(&path(output));
            let sound = first(&made, Kind::Audio).duration().mseconds();
            assert!(sound.abs_diff(1000 * (to - from)) < 50, "{input} {sound}");
        };
        made("h264", output, false, 3, 8);
        // Of what is copied all frames are the same.
        made("h264", output, true, 3, 8);
        let (whole, part) = (frames(&path(input)), frames(&path(output)));
        assert_eq!(part, whole[75..200], "{input}");
    }
    let (result, _) = transcode_with(&path("a.mkv"), &path("c.mkv"), "identity", |job| {
        job.from = Some(second(60));
    });
    assert_eq!(result.unwrap_err().exit_status(), 2);
}
