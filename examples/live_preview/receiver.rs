//! The preview: what comes over the network, decoded, restored and shown when its time is there.

use crate::{Arguments, stamp};
use anyhow::{Context, anyhow};
use gst::prelude::*;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Frames by their numbers, and when they were shown.
type Arrived = Vec<(u32, Instant)>;

/// How long the last frames may take.
const END: Duration = Duration::from_secs(1);

/// A preview that plays.
pub struct Receiver {
    pipeline: gst::Pipeline,
    arrived: Arc<Mutex<Arrived>>,
}

impl Receiver {
    /// Listen on a free port.
    pub fn start(arguments: &Arguments, restores: bool) -> anyhow::Result<Self> {
        let element = if restores {
            "facedepixelate name=restorer"
        } else {
            "identity"
        };
        let pipeline = gst::parse::launch(&format!(
            "udpsrc name=network port=0 address=127.0.0.1 \
             caps=application/x-rtp,media=video,clock-rate=90000,encoding-name=H264 \
             ! rtpjitterbuffer latency={} ! rtph264depay ! h264parse ! avdec_h264 ! {element} \
             ! videoconvert ! video/x-raw,format=I420 ! appsink name=screen qos=true",
            arguments.jitter
        ))?;
        let pipeline = pipeline.downcast::<gst::Pipeline>().ok();
        let pipeline = pipeline.context("several elements are a pipeline")?;
        if let Some(restorer) = pipeline.by_name("restorer") {
            let presets = restorer.dynamic_cast_ref::<gst::Preset>();
            presets.context("it has presets")?.load_preset("live")?;
            if let Some(frames) = arguments.max_size_buffers {
                restorer.set_property("max-size-buffers", frames);
            }
        }
        let arrived = Arc::default();
        let screen = pipeline.by_name("screen").context("the element is above")?;
        let screen = screen.downcast::<gst_app::AppSink>().ok();
        let screen = screen.context("it is an appsink")?;
        screen.set_callbacks(on_frame(Arc::clone(&arrived)));
        let started = pipeline.set_state(gst::State::Playing);
        let receiver = Self { pipeline, arrived };
        receiver.error().map_or(Ok(()), Err)?;
        started?;
        Ok(receiver)
    }

    /// Where it listens.
    pub fn port(&self) -> i32 {
        let network = self.pipeline.by_name("network");
        network.map_or(0, |network| network.property("port"))
    }

    /// Wait for the last frames; what came, and in how many a face was restored.
    pub fn finish(self) -> anyhow::Result<(Arrived, Option<u64>)> {
        std::thread::sleep(END);
        let restorer = self.pipeline.by_name("restorer");
        let stats = restorer.map(|it| it.property::<gst::Structure>("stats"));
        let error = self.error();
        self.pipeline.set_state(gst::State::Null)?;
        error.map_or(Ok(()), Err)?;
        let restored = stats
            .map(|stats| stats.get("frames-restored"))
            .transpose()?;
        let arrived = std::mem::take(&mut *self.arrived.lock().expect("no thread panicked"));
        Ok((arrived, restored))
    }

    /// What the pipeline says went wrong, if anything did.
    fn error(&self) -> Option<anyhow::Error> {
        let message = self
            .pipeline
            .bus()?
            .pop_filtered(&[gst::MessageType::Error])?;
        match message.view() {
            gst::MessageView::Error(error) => Some(anyhow!("the preview: {}", error.error())),
            _ => None,
        }
    }
}

/// Note each frame when the sink shows it: at its time, the pipeline's latency later.
fn on_frame(arrived: Arc<Mutex<Arrived>>) -> gst_app::AppSinkCallbacks {
    gst_app::AppSinkCallbacks::builder()
        .new_sample(move |screen| {
            let sample = screen.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            let now = Instant::now();
            let info = sample.caps().map(gst_video::VideoInfo::from_caps);
            let (Some(buffer), Some(Ok(info))) = (sample.buffer(), info) else {
                return Err(gst::FlowError::NotNegotiated);
            };
            let luma = buffer.map_readable().map_err(|_| gst::FlowError::Error)?;
            let number = stamp::read(&luma, info.stride()[0] as usize);
            let mut arrived = arrived.lock().expect("no thread panicked");
            arrived.push((number, now));
            Ok(gst::FlowSuccess::Ok)
        })
        .build()
}
