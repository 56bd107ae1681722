//! Files to read, and what is in those that were made.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use gst::prelude::*;
use gstdepixelate::app::{
    self, AppError, Encoding, Filters, Input, Kind, NOTICE, Outcome, Progress, Stream, Survey,
    Transcode,
};

/// Run a launch line to its end; `prepare` sees the pipeline before.
pub fn launch_with(line: &str, prepare: impl FnOnce(&gst::Pipeline)) {
    app::init().unwrap();
    let pipeline = gst::parse::launch(line).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    prepare(&pipeline);
    let bus = pipeline.bus().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    loop {
        let message = bus.timed_pop(gst::ClockTime::from_seconds(60)).expect(line);
        match message.view() {
            gst::MessageView::Error(error) => panic!("{line}: {error:?}"),
            gst::MessageView::Eos(_) => break,
            _ => {}
        }
    }
    pipeline.set_state(gst::State::Null).unwrap();
}

/// Run a launch line to its end.
pub fn launch(line: &str) {
    launch_with(line, |_| {});
}

/// A clip of 20 frames with the given audio and size.
pub fn clip(path: &Path, audio: &str, size: (u32, u32)) {
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

/// What is at a path; it stays until all tests have ended.
pub fn input(path: &Path) -> &'static Input {
    Box::leak(Box::new(Input::new(path)))
}

/// A job with an element that does nothing in place of the restorer; what it warns of comes back.
pub fn transcode_with(
    from: &Path,
    output: &Path,
    filter: &str,
    change: impl FnOnce(&mut Transcode<'_>),
) -> (Result<Outcome, AppError>, Vec<String>) {
    app::init().unwrap();
    let filters = Filters::new(|| {
        let filter = gst::parse::bin_from_description_with_name(filter, true, "filter").unwrap();
        Ok(filter.upcast())
    });
    let mut job = Transcode::new(input(from), output, &filters, NOTICE);
    job.patience = Duration::from_secs(5);
    job.encoding = Encoding {
        preset: Some("ultrafast".to_owned()),
        ..Encoding::default()
    };
    change(&mut job);
    let warnings = Mutex::new(Vec::new());
    let result = job.run(&AtomicBool::new(false), &mut |progress| {
        if let Progress::Warning(text) = progress {
            warnings.lock().unwrap().push(text);
        }
    });
    (result, warnings.into_inner().unwrap())
}

/// The same with nothing changed, and nothing to warn of; the number of frames.
pub fn transcode(input: &Path, output: &Path) -> Result<u64, AppError> {
    let (result, warnings) = transcode_with(input, output, "identity", |_| {});
    assert!(result.is_err() || warnings.is_empty(), "{warnings:?}");
    result.map(|outcome| outcome.frames)
}

/// What is in a file.
pub fn survey(path: &Path) -> Survey {
    app::init().unwrap();
    Survey::of(path, Duration::from_secs(5), &AtomicBool::new(false)).unwrap()
}

/// The kinds of data in its streams, those of video first.
pub fn names(survey: &Survey) -> Vec<String> {
    let of_kind = |kind: Kind| survey.streams.iter().filter(move |s| s.kind == kind);
    let streams = [Kind::Video, Kind::Audio, Kind::Subtitles, Kind::Other];
    let name = |stream: &Stream| {
        let caps = stream.first_caps().unwrap();
        caps.structure(0).unwrap().name().to_string()
    };
    streams.into_iter().flat_map(of_kind).map(name).collect()
}

/// The first stream of a kind.
pub fn first(survey: &Survey, kind: Kind) -> &Stream {
    survey
        .streams
        .iter()
        .find(|stream| stream.kind == kind)
        .unwrap()
}

/// Run FFmpeg; false, and a line that says so, where there is none.
pub fn ffmpeg(arguments: &[&str]) -> bool {
    let run = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(arguments)
        .output();
    let Ok(run) = run else {
        eprintln!("no ffmpeg: this is not tested");
        return false;
    };
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    true
}
