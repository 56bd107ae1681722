//! Everything that is in a file arrives, whatever kind of file it is.

use std::path::Path;

use gst::prelude::*;
use gstdepixelate::app::{AppError, Kind, NOTICE, Survey};

use crate::media::{
    clip, ffmpeg, first, launch, launch_with, names, survey, transcode, transcode_with,
};

const VIDEO: &str = "videotestsrc num-buffers=50 ! video/x-raw,width=64,height=48,framerate=25/1";

/// A film of two seconds with two languages, subtitles, chapters and tags.
fn film(path: &Path) {
    let text = path.with_extension("srt");
    let lines = "1\n00:00:00,200 --> 00:00:00,900\nHello <i>there</i> & you\n\n\
                 2\n00:00:01,000 --> 00:00:01,800\nSecond line\n\n";
    std::fs::write(&text, lines).unwrap();
    let sound = "audiotestsrc num-buffers=94 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac";
    let line = format!(
        "matroskamux name=mux ! filesink location={} \
         {VIDEO} ! x264enc ! queue ! mux. \
         {sound} ! taginject tags=language-code=de ! queue ! mux. \
         {sound} ! taginject tags=language-code=en ! queue ! mux. \
         filesrc location={} ! subparse ! text/x-raw,format=pango-markup ! capssetter replace=true \
         caps=text/x-raw,format=utf8 ! queue ! mux.subtitle_0",
        path.display(),
        text.display()
    );
    launch_with(&line, |pipeline| {
        let mux = pipeline.by_name("mux").unwrap();
        let mut edition = gst::TocEntry::new(gst::TocEntryType::Edition, "edition");
        for (start, title) in [(0, "One"), (1, "Two")] {
            let mut chapter = gst::TocEntry::new(gst::TocEntryType::Chapter, title);
            let second = gst::ClockTime::SECOND.nseconds().cast_signed();
            let mut tags = gst::TagList::new();
            tags.make_mut()
                .add::<gst::tags::Title>(&title, gst::TagMergeMode::Append);
            let of_chapter = chapter.make_mut();
            of_chapter.set_start_stop_times(start * second, (start + 1) * second);
            of_chapter.set_tags(tags);
            edition.make_mut().append_sub_entry(chapter);
        }
        let mut toc = gst::Toc::new(gst::TocScope::Global);
        toc.make_mut().append_entry(edition);
        mux.dynamic_cast_ref::<gst::TocSetter>()
            .unwrap()
            .set_toc(Some(&toc));
        let tags = mux.dynamic_cast_ref::<gst::TagSetter>().unwrap();
        let mode = gst::TagMergeMode::Replace;
        tags.add_tag::<gst::tags::Artist>(&"Somebody", mode);
        tags.add_tag::<gst::tags::Comment>(&"mine", mode);
    });
}

/// Titles and starts of the chapters.
fn chapters(survey: &Survey) -> Vec<(String, i64)> {
    let toc = survey.chapters.as_ref().unwrap();
    let editions = toc.entries();
    let entries = editions.iter().flat_map(|edition| edition.sub_entries());
    let chapter = |entry: gst::TocEntry| {
        let title = entry
            .tags()
            .unwrap()
            .get::<gst::tags::Title>()
            .unwrap()
            .get()
            .to_owned();
        (title, entry.start_stop_times().unwrap().0)
    };
    entries.map(chapter).collect()
}

#[test]
fn two_languages_subtitles_chapters_and_tags_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    film(&path("a.mkv"));
    let before = survey(&path("a.mkv"));
    let packets = |survey: &Survey| -> Vec<u64> {
        let others = survey
            .streams
            .iter()
            .filter(|stream| stream.kind != Kind::Video);
        others.map(|stream| stream.packets).collect()
    };
    let expected = ["video/x-h264", "audio/mpeg", "audio/mpeg", "text/x-raw"];
    for (from, to) in [
        ("a.mkv", "b.mp4"),
        ("b.mp4", "c.mkv"),
        ("c.mkv", "d.mkv"),
        ("b.mp4", "e.mp4"),
    ] {
        assert_eq!(transcode(&path(from), &path(to)).unwrap(), 50, "{to}");
        let after = survey(&path(to));
        assert_eq!(names(&after), expected, "{to}");
        for (before, after) in packets(&before).iter().zip(packets(&after)) {
            assert!(after.abs_diff(*before) <= 1, "{to}: {before} {after}");
        }
        let languages: Vec<_> = after
            .streams
            .iter()
            .filter(|stream| stream.kind == Kind::Audio)
            .map(|stream| {
                stream
                    .tags
                    .get::<gst::tags::LanguageCode>()
                    .unwrap()
                    .get()
                    .to_owned()
            })
            .collect();
        assert_eq!(languages, ["de", "en"], "{to}");
        let second = gst::ClockTime::SECOND.nseconds().cast_signed();
        let wanted = [("One".to_owned(), 0), ("Two".to_owned(), second)];
        assert_eq!(chapters(&after), wanted, "{to}");
        let comment = after.tags.get::<gst::tags::Comment>().unwrap();
        assert_eq!(comment.get(), format!("mine\n{NOTICE}"), "{to}");
        let artist = after.tags.get::<gst::tags::Artist>().unwrap();
        assert_eq!(artist.get(), "Somebody", "{to}");
    }
}

#[test]
fn what_a_container_cannot_hold_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    film(&path("a.mkv"));
    let (result, warnings) = transcode_with(&path("a.mkv"), &path("b.ts"), "identity", |_| {});
    assert_eq!(result.unwrap().frames, 50);
    assert!(
        warnings.iter().any(|text| text.contains("chapters")),
        "{warnings:?}"
    );
    let subtitles = warnings
        .iter()
        .find(|text| text.contains("subtitles track 1"));
    assert!(subtitles.unwrap().contains(".mp4"), "{warnings:?}");
}

#[test]
fn the_film_is_restored_and_not_its_cover() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    launch(&format!(
        "matroskamux name=mux ! filesink location={} \
         videotestsrc num-buffers=1 ! video/x-raw,width=320,height=240 ! jpegenc ! queue ! mux.video_0 \
         {VIDEO} ! x264enc ! queue ! mux.video_1",
        path("a.mkv").display()
    ));
    assert_eq!(transcode(&path("a.mkv"), &path("b.mkv")).unwrap(), 50);
    let made = survey(&path("b.mkv"));
    assert_eq!(names(&made), ["video/x-h264", "image/jpeg"]);
    let (result, _) = transcode_with(&path("a.mkv"), &path("c.mkv"), "identity", |job| {
        job.video_track = Some(3);
    });
    assert!(matches!(result, Err(AppError::Unfit(_))), "{result:?}");
}

#[test]
fn every_common_format_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("Y42B", "x264enc", "matroskamux", "I420"),
        ("Y444", "x264enc", "matroskamux", "I420"),
        ("I420_10LE", "x264enc", "matroskamux", "I420_10LE"),
        ("Y42B", "avenc_huffyuv", "avimux", "I420"),
        ("A444_10LE", "avenc_prores_ks", "qtmux", "I420_10LE"),
        ("GRAY8", "avenc_ffv1", "matroskamux", "I420"),
        ("BGRA", "avenc_ffv1", "matroskamux", "I420"),
    ];
    for (format, encoder, mux, expected) in cases {
        let (input, output) = (folder.path().join("in"), folder.path().join("out.mkv"));
        launch(&format!(
            "videotestsrc num-buffers=5 ! video/x-raw,format={format},width=64,height=48 \
             ! {encoder} ! {mux} ! filesink location={}",
            input.display()
        ));
        let (result, warnings) = transcode_with(&input, &output, "identity", |_| {});
        assert_eq!(result.unwrap().frames, 5, "{format} {encoder}");
        let is_told = warnings.iter().any(|text| text.contains("opacity"));
        assert_eq!(
            is_told,
            ["A444_10LE", "BGRA"].contains(&format),
            "{warnings:?}"
        );
        assert_eq!(decoded_format(&output), expected, "{format} {encoder}");
    }
}

/// The format of the frames of a file.
fn decoded_format(path: &Path) -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    let line = format!(
        "filesrc location={} ! decodebin ! fakesink name=sink",
        path.display()
    );
    launch_with(&line, |pipeline| {
        let pad = pipeline
            .by_name("sink")
            .unwrap()
            .static_pad("sink")
            .unwrap();
        pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
            if let Some(gst::EventView::Caps(caps)) = info.event().map(|event| event.view()) {
                let format = caps.caps().structure(0).unwrap().get::<String>("format");
                sender.send(format.unwrap()).unwrap();
            }
            gst::PadProbeReturn::Ok
        });
    });
    receiver.recv().unwrap()
}

#[test]
fn sound_without_a_layout_is_taken_along() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for channels in [2, 3, 4, 6] {
        launch(&format!(
            "qtmux name=mux ! filesink location={} {VIDEO} ! x264enc ! queue ! mux. \
             audiotestsrc num-buffers=94 ! audio/x-raw,format=S16LE,rate=48000,channels={channels},\
             channel-mask=(bitmask)0 ! queue ! mux.",
            path("a.mov").display()
        ));
        assert_eq!(
            transcode(&path("a.mov"), &path("b.mp4")).unwrap(),
            50,
            "{channels}"
        );
        let made = survey(&path("b.mp4"));
        let caps = first(&made, Kind::Audio).first_caps().unwrap();
        assert_eq!(
            caps.structure(0).unwrap().get::<i32>("channels"),
            Ok(channels)
        );
    }
}

#[test]
fn plain_samples_of_quicktime_arrive_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for channels in ["2", "6"] {
        // GStreamer 1.22 by itself takes the times of these samples from anywhere in memory.
        let film = path("a.mov").to_str().unwrap().to_owned();
        let video = "-f lavfi -i testsrc=s=64x48:r=25:d=1 -f lavfi -i sine=r=48000:d=1 \
                     -c:v libx264 -pix_fmt yuv420p -c:a pcm_s16le -ac";
        let options: Vec<&str> = video.split_whitespace().collect();
        if !ffmpeg(&[&options[..], &[channels, film.as_str()]].concat()) {
            return;
        }
        for _ in 0..4 {
            assert_eq!(transcode(&path("a.mov"), &path("b.mp4")).unwrap(), 25);
            let lasts = first(&survey(&path("b.mp4")), Kind::Audio).duration();
            assert!(lasts.mseconds().abs_diff(1000) < 60, "{channels}: {lasts}");
        }
    }
}

#[test]
fn animations_end() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("a.gif"), folder.path().join("b.mp4"));
    let file = std::fs::File::create(&input).unwrap();
    let mut encoder = image::codecs::gif::GifEncoder::new(file);
    encoder
        .set_repeat(image::codecs::gif::Repeat::Infinite)
        .unwrap();
    for shade in 0..8 {
        let frame = image::RgbaImage::from_pixel(64, 48, image::Rgba([30 * shade, 90, 20, 255]));
        let delay = image::Delay::from_numer_denom_ms(120, 1);
        encoder
            .encode_frame(image::Frame::from_parts(frame, 0, 0, delay))
            .unwrap();
    }
    drop(encoder);
    assert_eq!(transcode(&input, &output).unwrap(), 8);
    let length = first(&survey(&output), Kind::Video).duration();
    assert!(length.mseconds().abs_diff(960) < 20, "{length}");
}

#[test]
fn encoders_are_chosen_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    clip(&path("a.mkv"), "opusenc", (64, 48));
    for (encoder, output, expected) in [
        ("hevc", "b.mp4", "video/x-h265"),
        ("vp9", "c.webm", "video/x-vp9"),
        ("prores", "d.mov", "video/x-prores"),
        ("ffv1", "e.mkv", "video/x-ffv"),
        ("mjpeg", "f.mkv", "image/jpeg"),
        ("x264enc", "g.ts", "video/x-h264"),
    ] {
        let (result, warnings) = transcode_with(&path("a.mkv"), &path(output), "identity", |job| {
            job.encoding.preset = None;
            job.encoding.encoder = Some(encoder.to_owned());
        });
        assert_eq!(result.unwrap().frames, 20, "{encoder} {warnings:?}");
        assert_eq!(names(&survey(&path(output)))[0], expected);
    }
    let (result, _) = transcode_with(&path("a.mkv"), &path("h.mkv"), "identity", |job| {
        job.encoding.encoder = Some("h263½".to_owned());
    });
    let error = result.unwrap_err().to_string();
    assert!(error.contains("h263½") && error.contains("hevc"), "{error}");
}
