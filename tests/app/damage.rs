//! Files that are not as they should be, and work that cannot go on.

use std::path::Path;
use std::time::{Duration, Instant};

use gstdepixelate::app::{AppError, Kind};

use crate::media::{clip, first, launch, survey, transcode, transcode_with};

/// A transport stream of 50 frames of this width with two tracks of sound.
fn broadcast(path: &Path, width: u32) {
    let sound = "audiotestsrc num-buffers=94 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac";
    launch(&format!(
        "mpegtsmux name=mux ! filesink location={} \
         videotestsrc num-buffers=50 ! video/x-raw,width={width},height=48,framerate=25/1 \
         ! x264enc bframes=0 ! h264parse ! mux.sink_65 \
         {sound} ! aacparse ! mux.sink_66 {sound} ! aacparse ! mux.sink_67",
        path.display()
    ));
}

#[test]
fn a_track_that_never_sends_anything_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    broadcast(&path("a.ts"), 64);
    let stream = std::fs::read(path("a.ts")).unwrap();
    let packets = stream.chunks_exact(188);
    let silent = packets.filter(|packet| u16::from_be_bytes([packet[1], packet[2]]) & 0x1fff != 67);
    std::fs::write(path("b.ts"), silent.flatten().copied().collect::<Vec<u8>>()).unwrap();
    let (result, _) = transcode_with(&path("b.ts"), &path("c.mp4"), "identity", |_| {});
    assert_eq!(result.unwrap().frames, 50);
    let made = survey(&path("c.mp4"));
    assert_eq!(made.streams.len(), 2);
    assert!(first(&made, Kind::Audio).packets > 80);
}

#[test]
fn a_picture_that_changes_its_size_stays_one_track() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    broadcast(&path("a.ts"), 64);
    broadcast(&path("b.ts"), 96);
    let both = [path("a.ts"), path("b.ts")].map(|path| std::fs::read(path).unwrap());
    std::fs::write(path("c.ts"), both.concat()).unwrap();
    for output in ["d.mp4", "e.mkv"] {
        let (result, _) = transcode_with(&path("c.ts"), &path(output), "identity", |_| {});
        assert!(result.unwrap().frames >= 98, "{output}");
        let made = survey(&path(output));
        let video = first(&made, Kind::Video);
        assert_eq!(
            (video.caps.len(), video.size()),
            (1, Some((64, 48))),
            "{output}"
        );
    }
}

#[test]
fn half_of_a_file_is_restored_and_said_to_be_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (mux, whole, half) in [
        ("matroskamux", "a.mkv", "b.mkv"),
        ("mp4mux faststart=true", "a.mp4", "b.mp4"),
    ] {
        launch(&format!(
            "{mux} name=mux ! filesink location={} \
             videotestsrc num-buffers=100 pattern=snow ! video/x-raw,width=64,height=48,framerate=25/1 \
             ! x264enc ! queue ! mux.",
            path(whole).display()
        ));
        let data = std::fs::read(path(whole)).unwrap();
        std::fs::write(path(half), &data[..data.len() / 2]).unwrap();
        let (result, warnings) = transcode_with(&path(half), &path("o.mkv"), "identity", |_| {});
        let outcome = result.unwrap();
        assert!((20..80).contains(&outcome.frames), "{half}: {outcome:?}");
        assert!(
            outcome.damage.is_some() && !warnings.is_empty(),
            "{half}: {outcome:?}"
        );
    }
}

#[test]
fn the_sound_of_a_cut_clip_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    launch(&format!(
        "mp4mux name=mux ! filesink location={} \
         videotestsrc num-buffers=150 ! video/x-raw,width=64,height=48,framerate=25/1 \
         ! x264enc bframes=0 ! queue ! mux. \
         audiotestsrc num-buffers=282 ! audio/x-raw,rate=48000,channels=1 ! avenc_aac ! queue ! mux.",
        path("a.mp4").display()
    ));
    // As if the first two and a half seconds had been cut off, without encoding.
    let mut file = std::fs::read(path("a.mp4")).unwrap();
    let places: Vec<_> = (0..file.len() - 4)
        .filter(|&at| &file[at..at + 4] == b"elst")
        .collect();
    let scales = (0..file.len() - 4).filter(|&at| &file[at..at + 4] == b"mdhd");
    let word = |at: usize| u32::from_be_bytes(*file[at..].first_chunk().unwrap());
    let scales: Vec<u32> = scales.map(|at| word(at + 16)).collect();
    let movie = (0..file.len())
        .find(|&at| file[at..].starts_with(b"mvhd"))
        .unwrap();
    let movie = word(movie + 16);
    assert_eq!((places.len(), scales.len()), (2, 2));
    for (place, scale) in places.into_iter().zip(scales) {
        file[place + 8..place + 12].copy_from_slice(&1u32.to_be_bytes());
        file[place + 12..place + 16].copy_from_slice(&(movie * 7 / 2).to_be_bytes());
        file[place + 16..place + 20].copy_from_slice(&(scale * 5 / 2).to_be_bytes());
    }
    std::fs::write(path("b.mp4"), file).unwrap();
    let (result, warnings) = transcode_with(&path("b.mp4"), &path("c.mkv"), "identity", |_| {});
    let frames = result.unwrap().frames;
    assert!(frames.abs_diff(88) <= 1, "{frames}, {warnings:?}");
    let sound = first(&survey(&path("c.mkv")), Kind::Audio).duration();
    assert!(sound.mseconds().abs_diff(3500) < 60, "{sound}");
}

#[test]
fn a_film_that_lost_frames_does_not_get_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    clip(&path("a.mkv"), "opusenc", (64, 48));
    let filter = "identity drop-probability=0.5";
    let (result, _) = transcode_with(&path("a.mkv"), &path("b.mkv"), filter, |_| {});
    let Err(AppError::Verification { reason, kept, .. }) = result else {
        panic!("{result:?}");
    };
    assert!(reason.contains("20 frames"), "{reason}");
    assert_eq!(kept.file_name().unwrap(), "b.unverified.mkv");
    assert!(kept.is_file() && !path("b.mkv").exists());
}

#[test]
fn work_that_stands_still_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    clip(&path("a.mkv"), "opusenc", (64, 48));
    // Each frame takes ten seconds.
    let filter = "identity sleep-time=10000000";
    let (result, _) = transcode_with(&path("a.mkv"), &path("b.mkv"), filter, |job| {
        job.patience = Duration::from_secs(1);
    });
    assert!(
        matches!(result, Err(AppError::Stalled { .. })),
        "{result:?}"
    );
    assert!(!path("b.mkv").exists());
}

#[test]
fn an_output_that_cannot_be_is_refused_at_once_and_a_link_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    clip(&path("a.mkv"), "opusenc", (64, 48));
    std::fs::create_dir(path("folder.mkv")).unwrap();
    let error = transcode(&path("a.mkv"), &path("folder.mkv")).unwrap_err();
    assert!(matches!(error, AppError::Output { .. }), "{error}");
    assert_eq!(error.exit_status(), 5);

    std::fs::write(path("real.mkv"), "old").unwrap();
    std::os::unix::fs::symlink("real.mkv", path("link.mkv")).unwrap();
    transcode(&path("a.mkv"), &path("link.mkv")).unwrap();
    assert!(path("link.mkv").is_symlink());
    assert!(path("real.mkv").metadata().unwrap().len() > 1000);
}

/// `data`, changed in one of several ways that `seed` chooses.
fn mutated(mut data: Vec<u8>, other: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = |below: usize| {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    match random(5) {
        0 => {
            for _ in 0..1 + random(200) {
                let at = random(data.len());
                data[at] = random(256) as u8;
            }
        }
        1 => data.truncate(random(data.len())),
        2 => data.extend(other),
        3 => {
            let head = random(3000).min(other.len()).min(data.len());
            data[..head].copy_from_slice(&other[..head]);
        }
        _ => {
            for _ in 0..20 {
                let at = random(600);
                data[at] = random(256) as u8;
            }
        }
    }
    data
}

/// How many files are broken; BROKEN_FILES says another number.
const BROKEN: usize = 36;
/// The longest that one of them may take.
const BOUND: Duration = Duration::from_secs(60);

#[test]
fn of_broken_files_a_film_or_an_error_is_made() {
    let asked = std::env::var("BROKEN_FILES").ok();
    let broken = asked.map_or(BROKEN, |number| number.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    clip(&path("a.mkv"), "opusenc", (64, 48));
    clip(&path("a.mp4"), "avenc_aac", (64, 48));
    broadcast(&path("a.ts"), 64);
    let names = ["a.mkv", "a.mp4", "a.ts"];
    let files = names.map(|name| std::fs::read(path(name)).unwrap());
    for seed in 0..broken {
        let begun = Instant::now();
        let (which, other) = (seed % 3, &files[(seed + 1) % 3]);
        let input = path(&names[which].replace('a', "broken"));
        std::fs::write(&input, mutated(files[which].clone(), other, seed as u64)).unwrap();
        let output = path(["o.mkv", "o.mp4"][seed / 3 % 2]);
        let (result, _) = transcode_with(&input, &output, "identity", |job| {
            job.patience = Duration::from_secs(20);
        });
        match result {
            Ok(outcome) => {
                let made = survey(&output);
                let video = first(&made, Kind::Video);
                assert_eq!(video.all_packets, outcome.frames, "seed {seed}");
                std::fs::remove_file(&output).unwrap();
            }
            Err(error) => assert!(!output.exists(), "seed {seed}: {error}"),
        }
        assert!(
            begun.elapsed() < BOUND,
            "seed {seed}: {:?}",
            begun.elapsed()
        );
    }
}
