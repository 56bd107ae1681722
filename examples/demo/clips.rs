//! Making the clips: film, pixelate, restore.

use crate::scene::{self, FRAMES, RATE, SIZE, Scene};
use anyhow::Context;
use gst::prelude::*;
use gstdepixelate::app::{
    self, Encoding, Event, Filters, Input, NOTICE, Progress, Report, Transcode, Writer,
};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Write what the camera sees of the photograph.
pub fn film(mut scene: Scene, output: &Path) -> anyhow::Result<()> {
    let pipeline = gst::Pipeline::new();
    let mut writer = Writer::new(&pipeline, output)?;
    writer.comment("A camera over a photograph by NASA");
    let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::Rgb, SIZE.0, SIZE.1)
        .fps((RATE as i32, 1))
        .build()?;
    let source = gst_app::AppSrc::builder()
        .caps(&info.to_caps()?)
        .format(gst::Format::Time)
        .build();
    pipeline.add(&source)?;
    let pad = source.static_pad("src").context("appsrc has no pad")?;
    pad.link(&writer.encoded_video(&Encoding::default())?)?;

    let bar = progress_bar("filming");
    let on_frame = bar.clone();
    let mut index = 0;
    let callbacks = gst_app::AppSrcCallbacks::builder().need_data(move |source, _| {
        let pushed = match (index < FRAMES).then(|| scene.frame(index)) {
            Some(Ok(data)) => source.push_buffer(buffer(data, index)).map(|_| ()),
            Some(Err(error)) => {
                gst::element_error!(source, gst::StreamError::Failed, ("{error}"));
                Ok(())
            }
            None => source.end_of_stream().map(|_| ()),
        };
        // Refused only while the pipeline is being stopped.
        let _ = pushed;
        index += 1;
        on_frame.set_position(index.min(FRAMES).into());
    });
    source.set_callbacks(callbacks.build());
    app::run(&pipeline, &AtomicBool::new(false), &mut |event| {
        if let Event::Warning(text) = event {
            bar.suspend(|| eprintln!("demo: {text}"));
        }
    })?;
    bar.finish_and_clear();
    Ok(writer.finish()?)
}

fn buffer(data: Vec<u8>, index: u32) -> gst::Buffer {
    let mut buffer = gst::Buffer::from_mut_slice(data);
    let duration = gst::ClockTime::SECOND / u64::from(RATE);
    if let Some(buffer) = buffer.get_mut() {
        buffer.set_pts(duration * u64::from(index));
        buffer.set_duration(duration);
    }
    buffer
}

/// Pixelate the face, told to the element by region metas as a face detector would.
pub fn pixelate(input: &Path, output: &Path) -> anyhow::Result<()> {
    let element = gst::ElementFactory::make("facepixelate")
        .property("block-size", scene::BLOCK)
        .property_from_str("grid-origin", "region")
        .build()?;
    let index = AtomicU32::new(0);
    let sink = element.static_pad("sink").context("no sink pad")?;
    sink.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(buffer) = info.buffer_mut() {
            let face = scene::face(index.fetch_add(1, Ordering::Relaxed));
            gst_video::VideoRegionOfInterestMeta::add(
                buffer.make_mut(),
                "face",
                (face.x as u32, face.y as u32, face.width, face.height),
            );
        }
        gst::PadProbeReturn::Ok
    });
    transcode("pixelating", input, output, &element, "A pixelated face")?;
    Ok(())
}

/// Restore the face; the element has to find it.
pub fn restore(input: &Path, output: &Path, element: &gst::Element) -> anyhow::Result<Report> {
    transcode("restoring", input, output, element, NOTICE)
}

fn transcode(
    what: &'static str,
    input: &Path,
    output: &Path,
    filter: &gst::Element,
    comment: &str,
) -> anyhow::Result<Report> {
    let (bar, input) = (progress_bar(what), Input::new(input));
    let filters = Filters::new(|| Ok(filter.clone()));
    let job = Transcode::new(&input, output, &filters, comment);
    let outcome = job.run(&AtomicBool::new(false), &mut |progress| match progress {
        Progress::At { frames, .. } => bar.set_position(frames),
        Progress::Looked { .. } => {}
        Progress::Warning(text) => bar.suspend(|| eprintln!("demo: {text}")),
    })?;
    bar.finish_and_clear();
    Ok(outcome.report)
}

fn progress_bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(FRAMES.into()).with_message(what);
    match ProgressStyle::with_template("{msg:12} {bar:40} {pos}/{len} frames") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
