//! What a film has beside pictures, sound and words: files that are attached, timecode, data.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use gst::prelude::*;
use gst_video::prelude::*;
use gst_video::{VideoBufferFlags, VideoTimeCode, VideoTimeCodeFlags, VideoTimeCodeMeta};
use gstdepixelate::app::{Film, Input, Kind};

use crate::media::{ffmpeg, first, launch, launch_with, survey, transcode, transcode_with};

/// What FFmpeg reads of an attachment.
fn dumped(film: &Path, number: usize) -> Vec<u8> {
    let to = film.with_extension(format!("{number}.dumped"));
    let dump = format!("-dump_attachment:t:{number}");
    let (from, to_text) = (film.to_str().unwrap(), to.to_str().unwrap());
    let run = Command::new("ffmpeg")
        .args(["-v", "error", "-y", &dump, to_text, "-i", from])
        .args(["-t", "0", "-f", "null", "-"])
        .output()
        .unwrap();
    std::fs::read(&to).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&run.stderr));
    })
}

/// A film with two fonts and a cover, and their bytes; None where there is no FFmpeg.
fn with_attachments(folder: &Path) -> Option<Vec<Vec<u8>>> {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let font: Vec<u8> = (0..40_000_u32).map(|at| ((at * at) >> 3) as u8).collect();
    std::fs::write(path("a font.ttf"), &font).unwrap();
    std::fs::write(path("b.otf"), &font[7..]).unwrap();
    launch_with(
        &format!(
            "videotestsrc num-buffers=1 ! video/x-raw,width=64,height=64 ! jpegenc ! filesink location={}",
            path("cover.jpg")
        ),
        |_| {},
    );
    let (fonts, mut arguments) = (["a font.ttf", "b.otf", "cover.jpg"], Vec::new());
    let kinds = ["application/x-truetype-font", "font/otf", "image/jpeg"];
    for (number, (font, kind)) in fonts.iter().zip(kinds).enumerate() {
        arguments.extend(["-attach".to_owned(), path(font)]);
        arguments.extend([
            format!("-metadata:s:t:{number}"),
            format!("mimetype={kind}"),
        ]);
    }
    let source = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=s=64x48:r=25",
        "-t",
        "1",
        "-pix_fmt",
        "yuv420p",
    ];
    let film = path("a.mkv");
    let all: Vec<&str> = source
        .into_iter()
        .chain(arguments.iter().map(String::as_str))
        .chain([film.as_str()])
        .collect();
    ffmpeg(&all).then(|| {
        fonts
            .iter()
            .map(|font| std::fs::read(path(font)).unwrap())
            .collect()
    })
}

#[test]
fn attachments_stay_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let Some(bytes) = with_attachments(folder.path()) else {
        return;
    };
    assert_eq!(transcode(&path("a.mkv"), &path("b.mkv")).unwrap(), 25);
    // Once more: GStreamer and this program read what it wrote.
    assert_eq!(transcode(&path("b.mkv"), &path("c.mkv")).unwrap(), 25);
    for made in ["b.mkv", "c.mkv"] {
        let survey = survey(&path(made));
        let told = survey.attachments.iter();
        let told: Vec<_> = told
            .map(|file| (file.name.as_str(), file.media_type.as_str()))
            .collect();
        let expected = [
            ("a font.ttf", "application/x-truetype-font"),
            ("b.otf", "font/otf"),
            ("cover.jpg", "image/jpeg"),
        ];
        assert_eq!(told, expected, "{made}");
        let fonts = survey.tags.iter_tag::<gst::tags::Attachment>();
        let fonts: Vec<Vec<u8>> = fonts
            .map(|font| {
                font.get()
                    .buffer()
                    .unwrap()
                    .map_readable()
                    .unwrap()
                    .to_vec()
            })
            .collect();
        assert!(fonts == bytes[..2], "{made}");
        for (number, bytes) in bytes[..2].iter().enumerate() {
            assert!(dumped(&path(made), number) == *bytes, "{made}");
        }
    }
}

#[test]
fn a_cover_goes_everywhere_and_fonts_are_missed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let Some(bytes) = with_attachments(folder.path()) else {
        return;
    };
    for output in ["b.mp4", "b.mov"] {
        let (result, warnings) = transcode_with(&path("a.mkv"), &path(output), "identity", |_| {});
        assert_eq!(result.unwrap().frames, 25, "{output}");
        let expected = "2 attachments (a font.ttf, b.otf) are left out, as this container cannot hold them: .mkv can";
        assert_eq!(warnings, [expected], "{output}");
        let back = path(output).with_extension("back.mkv");
        assert_eq!(transcode(&path(output), &back).unwrap(), 25, "{output}");
        for film in [path(output), back] {
            let survey = survey(&film);
            let cover = survey.tags.get::<gst::tags::Image>().unwrap();
            let cover = cover
                .get()
                .buffer()
                .unwrap()
                .map_readable()
                .unwrap()
                .to_vec();
            assert!(cover == bytes[2], "{}", film.display());
            assert_eq!(survey.attachments[0].name, "cover.jpg");
        }
    }
    let (result, warnings) = transcode_with(&path("b.mp4"), &path("c.ts"), "identity", |_| {});
    assert_eq!(result.unwrap().frames, 25);
    assert!(
        warnings[0].starts_with("1 attachment (cover.jpg) is left out"),
        "{warnings:?}"
    );
}

/// A film of two seconds at 30000/1001 frames per second that begins at 01:00:59;28.
fn with_timecode(path: &Path, mux: &str) {
    let line = format!(
        "videotestsrc num-buffers=60 ! video/x-raw,width=64,height=48,framerate=30000/1001 \
         ! x264enc key-int-max=10 ! {mux} name=mux ! filesink location={}",
        path.display()
    );
    launch_with(&line, |pipeline| {
        let mux = pipeline.by_name("mux").unwrap();
        if mux.has_property("force-create-timecode-trak") {
            mux.set_property("force-create-timecode-trak", true);
        }
        let rate = gst::Fraction::new(30_000, 1001);
        let timecode =
            VideoTimeCode::new(rate, None, VideoTimeCodeFlags::DROP_FRAME, 1, 0, 59, 28, 0);
        let timecode = timecode.try_into().unwrap();
        let pad = mux.sink_pads().remove(0);
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            VideoTimeCodeMeta::add(info.buffer_mut().unwrap().make_mut(), &timecode);
            gst::PadProbeReturn::Remove
        });
    });
}

/// The timecode of a film's first frame.
fn timecode(path: &Path) -> Option<String> {
    gstdepixelate::app::init().unwrap();
    let cancel = Default::default();
    let input = Input::new(path);
    let film = Film::open(&input, None, Duration::from_secs(5), &cancel).unwrap();
    film.timecode()
}

#[test]
fn timecode_goes_from_container_to_container() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    with_timecode(&path("a.mov"), "qtmux");
    assert_eq!(timecode(&path("a.mov")).as_deref(), Some("01:00:59;28"));
    let films = [
        "a.mov", "b.mp4", "c.mkv", "d.webm", "e.mov", "f.mkv", "g.mkv",
    ];
    for two in films.windows(2) {
        let (from, to) = (path(two[0]), path(two[1]));
        let (result, warnings) = transcode_with(&from, &to, "identity", |job| {
            if two[1].ends_with("webm") {
                job.encoding.preset = None;
            }
        });
        assert_eq!(result.unwrap().frames, 60, "{two:?}");
        assert!(warnings.is_empty(), "{two:?} {warnings:?}");
        assert_eq!(timecode(&to).as_deref(), Some("01:00:59;28"), "{two:?}");
        let dumped = Command::new("ffmpeg").arg("-i").arg(&to).output();
        let dumped = dumped.map(|told| String::from_utf8_lossy(&told.stderr).to_lowercase());
        assert!(
            dumped.is_err() || dumped.unwrap().contains(": 01:00:59;28"),
            "{two:?}"
        );
    }
    let (result, warnings) = transcode_with(&path("a.mov"), &path("h.ts"), "identity", |_| {});
    assert_eq!(result.unwrap().frames, 60);
    assert!(
        warnings[0].contains("01:00:59;28") && warnings[0].contains(".mkv"),
        "{warnings:?}"
    );
}

#[test]
fn a_part_begins_at_its_own_timecode() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    with_timecode(&path("a.mov"), "qtmux");
    for output in ["b.mov", "b.mkv"] {
        let (result, _) = transcode_with(&path("a.mov"), &path(output), "identity", |job| {
            // Just before frame 15.
            job.from = Some(gst::ClockTime::from_mseconds(500));
        });
        assert_eq!(result.unwrap().frames, 45, "{output}");
        // Two numbers are left out at the begin of this minute.
        assert_eq!(
            timecode(&path(output)).as_deref(),
            Some("01:01:00;15"),
            "{output}"
        );
        let length = first(&survey(&path(output)), Kind::Video).duration();
        assert!(length.mseconds().abs_diff(1501) < 3, "{output} {length}");
    }
}

#[test]
fn markers_count_from_the_films_own_timecode() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    with_timecode(&path("a.mov"), "qtmux");
    let made = |more: &[&str]| {
        let markers = path("markers.edl");
        let run = Command::new(env!("CARGO_BIN_EXE_depixelate"))
            .args([path("a.mov"), path("b.mov")])
            .args([
                "--regions",
                "8,8,32,32",
                "--preset",
                "ultrafast",
                "--quiet",
                "--markers",
            ])
            .arg(&markers)
            .args(more)
            .output()
            .unwrap();
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
        std::fs::read_to_string(&markers).unwrap()
    };
    let own = made(&[]);
    assert!(
        own.contains("DROP FRAME") && own.contains("01:00:59;28"),
        "{own}"
    );
    let told = made(&["--timecode", "02:00:00:00"]);
    assert!(
        told.contains("02:00:00:00") && !told.contains("01:00:59"),
        "{told}"
    );
}

/// A film with a track of words, with some bytes changed.
fn changed(path: &Path, mux: &str, changes: &[(&[u8], &[u8])]) {
    let words = path.with_extension("srt");
    std::fs::write(&words, "1\n00:00:00,200 --> 00:00:00,900\nHello\n\n").unwrap();
    launch(&format!(
        "{mux} name=mux ! filesink location={} \
         videotestsrc num-buffers=25 ! video/x-raw,format=I420,width=64,height=48,framerate=25/1 ! x264enc ! queue ! mux. \
         filesrc location={} ! subparse ! text/x-raw,format=pango-markup ! capssetter replace=true \
         caps=text/x-raw,format=utf8 ! queue ! mux.subtitle_0",
        path.display(),
        words.display()
    ));
    let mut data = std::fs::read(path).unwrap();
    for (from, to) in changes {
        let found: Vec<usize> = (0..data.len() - from.len())
            .filter(|at| data[*at..].starts_with(from))
            .collect();
        assert_eq!(found.len(), 1, "{}: {from:?}", path.display());
        data[found[0]..found[0] + to.len()].copy_from_slice(to);
    }
    std::fs::write(path, data).unwrap();
}

#[test]
fn no_track_vanishes_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (input, mux, changes, expected) in [
        // One that GStreamer passes over, one of unknown data, one of a kind that is no stream's.
        (
            "a.mp4",
            "mp4mux",
            &[(&b"sbtl"[..], &b"camm"[..]), (b"tx3g", b"camm")][..],
            "track 2 (of the kind camm) is left out: it cannot be read",
        ),
        (
            "b.mp4",
            "mp4mux",
            &[(b"sbtl", b"meta"), (b"tx3g", b"gpmd")],
            "data track 1 (of the kind gpmd) is left out: no container that is written can hold it",
        ),
        (
            "c.mkv",
            "matroskamux",
            &[(b"\x83\x81\x11", b"\x83\x81\x21")],
            "track 2 (of the kind S_TEXT/UTF8) is left out: it cannot be read",
        ),
        (
            "d.mkv",
            "matroskamux",
            &[(b"S_TEXT/UTF8", b"S_TEXT/ZZZZ")],
            "subtitles track 1 (en) is left out: no container that is written can hold it",
        ),
    ] {
        changed(&path(input), mux, changes);
        for output in ["out.mp4", "out.mkv"] {
            let (result, warnings) =
                transcode_with(&path(input), &path(output), "identity", |_| {});
            assert_eq!(result.unwrap().frames, 25, "{input} {output}");
            assert_eq!(warnings, [expected], "{input} {output}");
        }
    }
}

#[test]
fn data_of_a_transport_stream_stays_in_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    launch(&format!(
        "mpegtsmux name=mux ! filesink location={} \
         videotestsrc num-buffers=50 ! video/x-raw,width=64,height=48,framerate=25/1 ! x264enc ! h264parse ! queue ! mux. \
         videotestsrc num-buffers=50 ! video/x-raw,width=4,height=4,format=GRAY8,framerate=25/1 \
         ! capssetter replace=true join=false caps=meta/x-klv,parsed=true ! queue ! mux.",
        path("a.ts").display()
    ));
    assert_eq!(transcode(&path("a.ts"), &path("b.ts")).unwrap(), 50);
    let made = survey(&path("b.ts"));
    assert_eq!(first(&made, Kind::Other).packets, 50);
    let (result, warnings) = transcode_with(&path("a.ts"), &path("c.mp4"), "identity", |_| {});
    assert_eq!(result.unwrap().frames, 50);
    let expected =
        "data track 1 (of the kind klv) is left out, as this container cannot hold it: .ts can";
    assert_eq!(warnings, [expected]);
}

#[test]
fn one_program_is_read_and_the_others_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let video = "videotestsrc num-buffers=50 ! video/x-raw,width=64,height=48,framerate=25/1 ! x264enc ! h264parse ! queue";
    launch(&format!(
        "mpegtsmux name=mux prog-map=program_map,sink_65=1,sink_66=2 ! filesink location={} \
         {video} ! mux.sink_65 {video} ! mux.sink_66",
        path("a.ts").display()
    ));
    let (result, warnings) = transcode_with(&path("a.ts"), &path("b.ts"), "identity", |_| {});
    assert_eq!(result.unwrap().frames, 50);
    let is_told = warnings.len() == 1 && warnings[0].contains("(H.264, program ");
    assert!(is_told, "{warnings:?}");
}

/// How the frames of a film are interlaced as they are decoded, and whether the upper field of the
/// first one is first.
fn fields(path: &Path) -> (String, bool) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let line = format!(
        "filesrc location={} ! decodebin ! fakesink name=sink",
        path.display()
    );
    launch_with(&line, |pipeline| {
        let sink = pipeline
            .by_name("sink")
            .unwrap()
            .static_pad("sink")
            .unwrap();
        sink.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            let caps = pad.current_caps().unwrap();
            let mode = caps
                .structure(0)
                .unwrap()
                .get::<String>("interlace-mode")
                .unwrap();
            let flags = info.buffer().unwrap().video_flags();
            sender
                .send((mode, flags.contains(VideoBufferFlags::TFF)))
                .unwrap();
            gst::PadProbeReturn::Remove
        });
    });
    receiver.recv().unwrap()
}

#[test]
fn which_field_is_first_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for top_first in [true, false] {
        // Matroska's reader does not say it, MP4's does.
        for (input, mux) in [("a.mkv", "matroskamux"), ("a.mp4", "mp4mux")] {
            launch(&format!(
                "videotestsrc num-buffers=20 pattern=ball ! video/x-raw,format=I420,width=64,height=48,framerate=50/1 \
                 ! interlace field-pattern=1:1 top-field-first={top_first} ! x264enc ! h264parse ! {mux} ! filesink location={}",
                path(input).display()
            ));
            for (encoder, output) in [
                ("h264", "b.mp4"),
                ("h264", "c.mkv"),
                ("h264", "d.ts"),
                ("prores", "e.mov"),
                ("ffv1", "f.mkv"),
            ] {
                let case = format!("{input} {encoder} {output}");
                let (result, warnings) =
                    transcode_with(&path(input), &path(output), "identity", |job| {
                        job.encoding.encoder = Some(encoder.to_owned());
                        job.encoding.preset = None;
                    });
                assert_eq!(result.unwrap().frames, 10, "{case}");
                let told = "the video is interlaced: it is restored field by field";
                assert!(
                    warnings.iter().all(|text| text.starts_with(told)),
                    "{case} {warnings:?}"
                );
                let found = fields(&path(output));
                assert_eq!(found, ("interleaved".to_owned(), top_first), "{case}");
            }
        }
    }
    let (result, warnings) = transcode_with(&path("a.mkv"), &path("e.mp4"), "identity", |job| {
        job.encoding.encoder = Some("hevc".to_owned());
    });
    assert_eq!(result.unwrap().frames, 10);
    assert!(
        warnings
            .iter()
            .any(|text| text.contains("interlaced is not written")),
        "{warnings:?}"
    );
}

#[test]
fn two_views_stay_or_are_missed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    launch(&format!(
        "videotestsrc num-buffers=10 ! video/x-raw,format=I420,width=64,height=48,framerate=25/1 ! capssetter \
         caps=video/x-raw,multiview-mode=side-by-side,multiview-flags=0 ! x264enc ! matroskamux ! filesink location={}",
        path("a.mkv").display()
    ));
    for (encoder, output) in [
        ("h264", "b.mp4"),
        ("h264", "c.ts"),
        ("hevc", "d.mkv"),
        ("ffv1", "e.mkv"),
    ] {
        let (result, warnings) = transcode_with(&path("a.mkv"), &path(output), "identity", |job| {
            job.encoding.encoder = Some(encoder.to_owned());
            job.encoding.preset = None;
        });
        assert_eq!(result.unwrap().frames, 10, "{output}");
        assert!(warnings.is_empty(), "{output} {warnings:?}");
        let made = survey(&path(output));
        let caps = first(&made, Kind::Video).first_caps().unwrap();
        let views = caps.structure(0).unwrap().get::<String>("multiview-mode");
        assert_eq!(views.as_deref(), Ok("side-by-side"), "{output}");
    }
    let (result, warnings) = transcode_with(&path("a.mkv"), &path("f.mp4"), "identity", |job| {
        job.encoding.encoder = Some("hevc".to_owned());
    });
    assert_eq!(result.unwrap().frames, 10);
    assert!(
        warnings[0].contains("side-by-side") && warnings[0].contains(".mkv"),
        "{warnings:?}"
    );
}

#[test]
fn that_a_picture_is_a_sphere_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // Of colours a projection is made, and of their matrix its kind.
    let projection: [(&[u8], &[u8]); 2] = [
        (b"\x55\xb0\x01\0\0\0", b"\x76\x70\x01\0\0\0"),
        (b"\x55\xb1\x81", b"\x76\x71\x81"),
    ];
    let sphere: [(&[u8], &[u8]); 1] = [(b"pasp", b"sv3d")];
    for (input, mux, changes) in [
        ("a.mp4", "mp4mux", &sphere[..]),
        ("b.mkv", "matroskamux", &projection),
    ] {
        changed(&path(input), mux, changes);
        let (result, warnings) = transcode_with(&path(input), &path("c.mkv"), "identity", |_| {});
        assert_eq!(result.unwrap().frames, 25, "{input}");
        assert!(
            warnings.len() == 1 && warnings[0].contains("sphere"),
            "{input} {warnings:?}"
        );
    }
}
