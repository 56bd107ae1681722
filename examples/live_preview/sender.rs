//! The camera: frames at a steady rate, encoded and sent.

use crate::{Arguments, stamp};
use anyhow::{Context, ensure};
use gst::prelude::*;
use image::RgbImage;
use std::time::{Duration, Instant};

/// Send `picture` as all frames; when each was handed over comes back.
pub fn send(arguments: &Arguments, picture: &RgbImage, port: i32) -> anyhow::Result<Vec<Instant>> {
    let (width, height) = (picture.width() & !3, picture.height() & !1);
    ensure!(
        width >= stamp::LEAST_SIZE.0 && height >= stamp::LEAST_SIZE.1,
        "the picture is too small for a number in it"
    );
    ensure!(
        arguments.frames <= stamp::MOST_FRAMES,
        "--frames: {} is the most",
        stamp::MOST_FRAMES
    );
    let pipeline = gst::parse::launch(&format!(
        "appsrc name=camera is-live=true do-timestamp=true format=time \
         caps=video/x-raw,format=RGB,width={width},height={height},framerate={}/1 \
         ! videoconvert ! video/x-raw,format=I420 ! x264enc tune=zerolatency speed-preset=superfast bitrate=6000 \
         ! rtph264pay config-interval=-1 ! udpsink host=127.0.0.1 port={port} sync=false",
        arguments.rate
    ))?;
    let pipeline = pipeline.downcast::<gst::Pipeline>().ok();
    let pipeline = pipeline.context("several elements are a pipeline")?;
    let camera = pipeline.by_name("camera").context("the element is above")?;
    let camera = camera.downcast::<gst_app::AppSrc>().ok();
    let camera = camera.context("it is an appsrc")?;
    pipeline.set_state(gst::State::Playing)?;
    let view = image::imageops::crop_imm(picture, 0, 0, width, height).to_image();
    let mut sent = Vec::new();
    let began = Instant::now();
    for number in 0..arguments.frames {
        let due = Duration::from_secs(1) * number / arguments.rate;
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        let mut frame = view.clone();
        stamp::draw(&mut frame, number);
        sent.push(Instant::now());
        camera.push_buffer(gst::Buffer::from_slice(frame.into_raw()))?;
    }
    camera.end_of_stream()?;
    let bus = pipeline.bus().context("every pipeline has a bus")?;
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(10), &ends);
    pipeline.set_state(gst::State::Null)?;
    if let Some(gst::MessageView::Error(error)) = message.as_ref().map(|message| message.view()) {
        anyhow::bail!("the camera: {}", error.error());
    }
    Ok(sent)
}
