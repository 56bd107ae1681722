//! Several streams that share one model: elements with the same `model-instance-id`.
//!
//! ```sh
//! cargo run --release --example shared_model -- camera1.mp4 camera2.mp4 camera3.mp4
//! ```
//!
//! The model is loaded once, and faces of several streams go through it in one run. It plays the
//! clips at once, as fast as they go, and tells of each how many faces a run had on average; where
//! its frames would go, this program has a sink that takes them and does nothing.

use anyhow::{Context, ensure};
use gst::prelude::*;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How long a face waits for those of other streams. It should be well below a frame's length.
const WAIT: gst::ClockTime = gst::ClockTime::from_mseconds(10);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shared_model: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let clips: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    ensure!(!clips.is_empty(), "films are needed, one for each stream");
    gstdepixelate::app::init()?;
    let pipeline = gst::Pipeline::new();
    let streams = clips.iter().map(|clip| Stream::new(clip, clips.len()));
    let streams = streams.collect::<Result<Vec<_>, _>>()?;
    for stream in &streams {
        pipeline.add(&stream.bin)?;
    }
    play(&pipeline, &streams)?;
    for stream in &streams {
        let stats: gst::Structure = stream.restorer.property("stats");
        println!(
            "{}: {} frames, {} faces, {:.2} faces in a run",
            stream.clip.display(),
            stats.get::<u64>("frames-out")?,
            stats.get::<u64>("regions")?,
            stats.get::<f64>("batch-fill-mean")?
        );
    }
    pipeline.set_state(gst::State::Null)?;
    Ok(())
}

/// A film on its way through an element.
struct Stream {
    clip: PathBuf,
    bin: gst::Bin,
    restorer: gst::Element,
}

impl Stream {
    /// One of `count` streams.
    fn new(clip: &Path, count: usize) -> anyhow::Result<Self> {
        let bin = gst::parse::bin_from_description(
            "filesrc name=input ! decodebin ! videoconvert ! queue ! facedepixelate name=restorer \
             model-instance-id=shared ! fakesink sync=false",
            false,
        )?;
        let named = |name: &str| bin.by_name(name).context("the element is above");
        named("input")?.set_property("location", clip);
        let restorer = named("restorer")?;
        // A run holds as many faces as there are streams, if they come in time.
        restorer.set_property("batch-size", u32::try_from(count)?);
        restorer.set_property("batch-timeout", WAIT.nseconds());
        Ok(Self {
            clip: clip.to_owned(),
            bin,
            restorer,
        })
    }

    /// Whether `message` is from one of its elements.
    fn sent(&self, message: &gst::MessageRef) -> bool {
        message
            .src()
            .is_some_and(|it| it.has_as_ancestor(&self.bin))
    }
}

/// Run all streams to their ends.
fn play(pipeline: &gst::Pipeline, streams: &[Stream]) -> anyhow::Result<()> {
    let bus = pipeline.bus().context("every pipeline has a bus")?;
    let started = pipeline.set_state(gst::State::Playing);
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(gst::ClockTime::NONE, &ends);
    if let Some(message) = message
        && let gst::MessageView::Error(error) = message.view()
    {
        pipeline.set_state(gst::State::Null)?;
        let stream = streams.iter().find(|stream| stream.sent(&message));
        let clip = stream.map(|stream| stream.clip.display().to_string());
        anyhow::bail!("{}: {}", clip.unwrap_or_default(), error.error());
    }
    started?;
    Ok(())
}
