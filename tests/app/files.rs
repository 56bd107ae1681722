//! Files in, files out, with an element that does nothing in place of the restorer.

use gst::prelude::*;
use gstdepixelate::app::{self, AppError, NOTICE, Progress, Transcode};
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// Run a launch line to its end.
fn launch(line: &str) -> Vec<gst::Message> {
    app::init().unwrap();
    let pipeline = gst::parse::launch(line).unwrap();
    let bus = pipeline.bus().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let mut messages = Vec::new();
    loop {
        let message = bus.timed_pop(gst::ClockTime::from_seconds(60)).expect(line);
        match message.view() {
            gst::MessageView::Error(error) => panic!("{line}: {error:?}"),
            gst::MessageView::Eos(_) => break,
            _ => messages.push(message),
        }
    }
    pipeline.set_state(gst::State::Null).unwrap();
    messages
}

/// A clip of 20 frames with the given audio and size.
fn clip(path: &Path, audio: &str, size: (u32, u32)) {
    let mux = match path.extension().unwrap().to_str().unwrap() {
        "mp4" => "mp4mux",
        "mkv" => "matroskamux",
        _ => "avimux",
    };
    let (width, height) = size;
    let format = if width % 2 == 0 { "I420" } else { "Y444" };
    launch(&format!(
        "{mux} name=mux ! filesink location={path} \
         videotestsrc num-buffers=20 ! video/x-raw,format={format},width={width},height={height},framerate=25/1 \
         ! x264enc ! queue ! mux. \
         audiotestsrc num-buffers=35 ! audio/x-raw,rate=48000,channels=2 ! {audio} ! queue ! mux.",
        path = path.display()
    ));
}

fn transcode(input: &Path, output: &Path) -> Result<u64, AppError> {
    app::init()?;
    let filter = gst::ElementFactory::make("identity").build().unwrap();
    let job = Transcode::new(input, output, &filter, NOTICE);
    let mut last = 0;
    job.run(&AtomicBool::new(false), &mut |progress| match progress {
        Progress::At { frames, .. } => last = frames,
        Progress::Warning(text) => panic!("{text}"),
    })?;
    Ok(last)
}

/// Caps of the streams in a file, and its comment.
fn contents(path: &Path) -> (Vec<String>, Option<String>) {
    app::init().unwrap();
    let line = format!("filesrc location={} ! parsebin name=bin", path.display());
    let pipeline = gst::parse::launch(&line)
        .unwrap()
        .downcast::<gst::Pipeline>()
        .unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let weak = pipeline.downgrade();
    pipeline
        .by_name("bin")
        .unwrap()
        .connect_pad_added(move |_, pad| {
            let caps = pad.current_caps().unwrap();
            sender
                .send(caps.structure(0).unwrap().name().to_string())
                .unwrap();
            // Both streams come on one thread: a sink that waits for the other's preroll waits for
            // ever.
            let sink = gst::ElementFactory::make("fakesink");
            let sink = sink.property("async", false).build().unwrap();
            weak.upgrade().unwrap().add(&sink).unwrap();
            sink.sync_state_with_parent().unwrap();
            pad.link(&sink.static_pad("sink").unwrap()).unwrap();
        });
    pipeline.set_state(gst::State::Playing).unwrap();
    let bus = pipeline.bus().unwrap();
    let mut comment = None;
    loop {
        let message = bus.timed_pop(gst::ClockTime::from_seconds(60)).unwrap();
        match message.view() {
            gst::MessageView::Tag(tag) => {
                let tags = tag.tags();
                let found = tags.get::<gst::tags::Comment>();
                comment = found.map(|value| value.get().to_owned()).or(comment);
            }
            gst::MessageView::Error(error) => panic!("{error:?}"),
            gst::MessageView::Eos(_) => break,
            _ => {}
        }
    }
    pipeline.set_state(gst::State::Null).unwrap();
    let mut streams: Vec<_> = receiver.try_iter().collect();
    streams.sort();
    (streams, comment)
}

#[test]
fn audio_is_taken_along_and_the_file_is_marked() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        // (input, its audio, output, its audio, where the input's codec fits the container)
        ("a.mp4", "avenc_aac", "b.mp4", "audio/mpeg"),
        ("c.mp4", "avenc_aac", "d.mkv", "audio/mpeg"),
        ("e.mkv", "opusenc", "f.mkv", "audio/x-opus"),
        // Vorbis cannot be put into MP4, nor can bare samples.
        ("g.mkv", "audioconvert ! vorbisenc", "h.mp4", "audio/mpeg"),
        ("i.avi", "identity", "j.mkv", "audio/x-raw"),
        ("k.avi", "identity", "l.mp4", "audio/mpeg"),
    ];
    for (input, audio, output, expected) in cases {
        let (input, output) = (folder.path().join(input), folder.path().join(output));
        clip(&input, audio, (64, 48));
        assert_eq!(transcode(&input, &output).unwrap(), 20);
        let (streams, comment) = contents(&output);
        assert_eq!(streams, [expected, "video/x-h264"], "{}", output.display());
        assert_eq!(comment.as_deref(), Some(NOTICE), "{}", output.display());
    }
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2 * cases.len(), "temporary files stayed");
}

#[test]
fn odd_sizes_are_encoded() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("a.mkv"), folder.path().join("b.mp4"));
    clip(&input, "opusenc", (65, 47));
    assert_eq!(transcode(&input, &output).unwrap(), 20);
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let in_folder = |name: &str| folder.path().join(name);
    let output = in_folder("out.mp4");
    let error = transcode(&in_folder("none.mp4"), &output).unwrap_err();
    assert!(matches!(error, AppError::NoInput { .. }), "{error}");

    std::fs::write(
        in_folder("text.mp4"),
        "no video in here, only words\n".repeat(50),
    )
    .unwrap();
    let error = transcode(&in_folder("text.mp4"), &output).unwrap_err();
    assert!(error.to_string().contains("text.mp4"), "{error}");

    std::fs::write(in_folder("empty.mp4"), "").unwrap();
    let error = transcode(&in_folder("empty.mp4"), &output).unwrap_err();
    assert!(matches!(error, AppError::Input { .. }), "{error}");

    let sound = in_folder("sound.wav");
    launch(&format!(
        "audiotestsrc num-buffers=20 ! wavenc ! filesink location={}",
        sound.display()
    ));
    let error = transcode(&sound, &output).unwrap_err();
    assert!(matches!(error, AppError::NoVideo { .. }), "{error}");

    let error = transcode(&sound, &in_folder("out.txt")).unwrap_err();
    assert!(matches!(error, AppError::Container { .. }), "{error}");
    let error = transcode(&sound, &sound).unwrap_err();
    assert!(matches!(error, AppError::SameFile { .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn a_stop_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("a.mp4"), folder.path().join("b.mp4"));
    clip(&input, "avenc_aac", (64, 48));
    app::init().unwrap();
    let filter = gst::ElementFactory::make("identity").build().unwrap();
    let job = Transcode::new(&input, &output, &filter, NOTICE);
    let error = job.run(&AtomicBool::new(true), &mut |_| {}).unwrap_err();
    assert!(matches!(error, AppError::Cancelled), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
