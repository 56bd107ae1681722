//! The clips, and the model that gives back what it gets.

use super::run::Case;
use anyhow::Context;
use gst::prelude::*;
use gstdepixelate::cascade::{INPUT, ModelMetadata, MosaicInput, RESTORED, ValueRange, Window};
use gstdepixelate::onnx::{GraphBuilder, batch_of, encode};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Width, height, bits.
pub const FORMATS: [(u32, u32, u32); 4] = [
    (1920, 1080, 8),
    (1920, 1080, 10),
    (3840, 2160, 8),
    (3840, 2160, 10),
];
/// Side of a mosaic, and of its blocks, pixels.
const SIDE: u32 = 300;
const BLOCK: u32 = 25;
/// Distance of mosaics in their grid.
const GRID: u32 = 310;

/// Frames of a clip.
pub fn frames(width: u32) -> u32 {
    if width > 1920 { 24 } else { 60 }
}

/// The clip of a case, made where it is not there: a photograph (the right half of the picture)
/// with mosaics in it, in H.264.
pub fn of(folder: &Path, case: &Case) -> anyhow::Result<PathBuf> {
    let Case {
        width,
        height,
        depth,
        regions,
        ..
    } = *case;
    let file = folder.join(format!("{width}x{height}-{depth}-{regions}.mkv"));
    if file.exists() {
        return Ok(file);
    }
    let format = if depth > 8 { "I420_10LE" } else { "I420" };
    let part = folder.join("part.mkv");
    let photograph = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/images/before-after.png");
    let text = format!(
        "filesrc location=\"{photograph}\" ! pngdec ! imagefreeze num-buffers={} ! videocrop left=644 \
         ! videoconvert ! videoscale \
         ! video/x-raw,format={format},width={width},height={height},framerate=30/1,pixel-aspect-ratio=1/1 \
         ! facepixelate block-size={BLOCK} regions=\"{}\" \
         ! x264enc speed-preset=veryfast pass=qual quantizer=18 ! matroskamux ! filesink location=\"{}\"",
        frames(width),
        grid(width, regions),
        part.display()
    );
    play(&text).with_context(|| format!("{} cannot be made", file.display()))?;
    std::fs::rename(&part, &file)?;
    Ok(file)
}

/// `count` regions, as a property's value.
pub fn grid(width: u32, count: usize) -> String {
    let columns = width / GRID;
    let mut text = String::from("<");
    for i in 0..count as u32 {
        let (x, y) = (10 + i % columns * GRID, 10 + i / columns * GRID);
        let comma = if i == 0 { "" } else { "," };
        // Writing to a string does not fail.
        let _ = write!(text, "{comma}<{x},{y},{SIDE},{SIDE}>");
    }
    text + ">"
}

/// Run a pipeline to its end.
fn play(text: &str) -> anyhow::Result<()> {
    let pipeline = gst::parse::launch(text)?;
    let bus = pipeline.bus().context("every pipeline has a bus")?;
    pipeline.set_state(gst::State::Playing)?;
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(gst::ClockTime::NONE, &ends);
    pipeline.set_state(gst::State::Null)?;
    if let Some(gst::MessageView::Error(error)) = message.as_ref().map(|it| it.view()) {
        anyhow::bail!("{}", error.error());
    }
    Ok(())
}

/// A model of 128 pixels that gives back what it gets.
pub fn identity_model(folder: &Path) -> anyhow::Result<PathBuf> {
    let metadata = ModelMetadata {
        size: 128,
        scale: 1,
        range: ValueRange::Signed,
        margin: 1.3,
        mosaic: MosaicInput::Blocks,
        blocks: (2.0, 40.0),
        trained_on: "nothing".to_owned(),
        license: "CC0-1.0".to_owned(),
        multiple: None,
        window: Window::default(),
    };
    let mut graph = GraphBuilder::new("identity");
    metadata.write_to(&mut graph);
    let shape = batch_of(&[3, 128, 128]);
    let input = graph.input_f32(INPUT, &shape);
    let output = graph.identity(&input);
    graph.output_f32(RESTORED, &output, &shape);
    let file = folder.join("identity.onnx");
    std::fs::write(&file, encode(&graph.finish()?))?;
    Ok(file)
}
