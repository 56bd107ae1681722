//! Restored faces that fade in: the property `alpha`, animated over time by GStreamer's controller.
//!
//! ```sh
//! cargo run --release --example fade_in -- pixelated.mp4 faded.mp4 --from 1 --seconds 2
//! ```
//!
//! Mosaics stay as they are up to the second `from`, and are faces `seconds` later. Any number of
//! points may be set on a control source, so that faces come and go; an editing project that is
//! built on GStreamer Editing Services animates the same property of the effect `facedepixelate`.

use anyhow::{Context, ensure};
use clap::Parser;
use gst::prelude::*;
use gst_controller::prelude::*;
use gst_controller::{DirectControlBinding, InterpolationControlSource, InterpolationMode};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Let the restored faces of a clip fade in.
#[derive(Parser)]
struct Arguments {
    /// The clip with mosaics
    input: PathBuf,
    /// The MP4 file that is written
    output: PathBuf,
    /// When the faces begin to show, seconds
    #[arg(long, default_value_t = 1.0)]
    from: f64,
    /// How long they take, seconds
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fade_in: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    ensure!(
        arguments.from >= 0.0 && arguments.seconds > 0.0,
        "--from is a time from 0 on, --seconds a duration above 0"
    );
    gst::init()?;
    gstdepixelate::plugin_register_static()?;
    let pipeline = gst::parse::launch(
        "filesrc name=input ! decodebin ! videoconvert ! facedepixelate name=restorer \
         ! videoconvert ! x264enc ! mp4mux ! filesink name=output",
    )?;
    let pipeline = pipeline
        .downcast::<gst::Pipeline>()
        .ok()
        .context("several elements are a pipeline")?;
    let named = |name: &str| pipeline.by_name(name).context("the element is above");
    named("input")?.set_property("location", &arguments.input);
    named("output")?.set_property("location", &arguments.output);
    fade_in(&named("restorer")?, arguments.from, arguments.seconds)?;
    play(&pipeline, &arguments.input)
}

/// Animate `alpha` of `restorer` from 0 to 1.
fn fade_in(restorer: &gst::Element, from: f64, seconds: f64) -> anyhow::Result<()> {
    let source = InterpolationControlSource::new();
    source.set_mode(InterpolationMode::Linear);
    for (second, alpha) in [(0.0, 0.0), (from, 0.0), (from + seconds, 1.0)] {
        let time = gst::ClockTime::try_from_seconds_f64(second)
            .with_context(|| format!("{second} seconds are no time"))?;
        ensure!(source.set(time, alpha), "a point in time is not taken");
    }
    restorer.add_control_binding(&DirectControlBinding::new(restorer, "alpha", &source))?;
    Ok(())
}

/// Run the pipeline to its end.
fn play(pipeline: &gst::Pipeline, input: &Path) -> anyhow::Result<()> {
    let bus = pipeline.bus().context("every pipeline has a bus")?;
    let started = pipeline.set_state(gst::State::Playing);
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(gst::ClockTime::NONE, &ends);
    pipeline.set_state(gst::State::Null)?;
    if let Some(gst::MessageView::Error(error)) = message.as_ref().map(|message| message.view()) {
        anyhow::bail!("{}: {}", input.display(), error.error());
    }
    started?;
    Ok(())
}
