//! A pipeline from its beginning to its end, over and over.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gst::prelude::*;

const FORMATS: [&str; 6] = ["I420", "NV12", "RGB", "BGRx", "P010_10LE", "GRAY8"];
const SIZES: [(i32, i32); 4] = [(160, 120), (320, 240), (322, 182), (64, 64)];
/// Longest wait for the end of a pipeline.
const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(20);

/// One stream's pipelines.
pub struct Life<'a> {
    state: u64,
    models: Vec<&'a Path>,
    lives: u64,
    frames: u64,
    changes: u64,
    /// Changes to the pipeline that runs.
    happened: Vec<String>,
}

/// What passes a pad.
#[derive(Default)]
struct Passed {
    frames: AtomicU64,
    /// Flushes, which may take frames away.
    flushes: AtomicU64,
}

impl<'a> Life<'a> {
    pub fn new(seed: u64, models: Vec<&'a Path>) -> Self {
        Self {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            models,
            lives: 0,
            frames: 0,
            changes: 0,
            happened: Vec::new(),
        }
    }

    /// Pipelines, frames, changes so far.
    pub fn told(&self) -> [u64; 3] {
        [self.lives, self.frames, self.changes]
    }

    /// One below `end` (xorshift64*, Vigna 2016).
    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        ((self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end as u64) as usize
    }

    fn caps(&mut self) -> gst::Caps {
        let (format, (width, height)) = (
            FORMATS[self.below(FORMATS.len())],
            SIZES[self.below(SIZES.len())],
        );
        gst::Caps::builder("video/x-raw")
            .field("format", format)
            .field("width", width)
            .field("height", height)
            .field("framerate", gst::Fraction::new(100, 1))
            .build()
    }

    /// One pipeline.
    pub fn live(&mut self) {
        let live = self.below(2) == 0;
        let frames = 50 + self.below(200);
        let pipeline = gst::parse::launch(&format!(
            "videotestsrc pattern=ball is-live={live} num-buffers={frames} ! capsfilter name=caps \
             ! facepixelate regions=<<16,16,32,32>> block-size=8 \
             ! facedepixelate name=restorer face-threshold=0 regions=<<16,16,32,32>> \
             ! fakesink sync=false"
        ));
        let pipeline = pipeline.unwrap().downcast::<gst::Pipeline>().unwrap();
        let [caps, restorer] = ["caps", "restorer"].map(|name| pipeline.by_name(name).unwrap());
        caps.set_property("caps", self.caps());
        self.choose_model(&restorer);
        let [came, went] = ["sink", "src"].map(|pad| counted(&restorer.static_pad(pad).unwrap()));
        pipeline.set_state(gst::State::Playing).unwrap();
        let (bus, mut was_stopped) = (pipeline.bus().unwrap(), false);
        for _ in 0..self.below(6) {
            std::thread::sleep(Duration::from_millis(10 + self.below(150) as u64));
            self.changes += 1;
            was_stopped |= self.change(&pipeline, &caps, &restorer);
        }
        let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
        let end = bus.timed_pop_filtered(PATIENCE, &kinds);
        let happened = std::mem::take(&mut self.happened);
        let end = end.unwrap_or_else(|| {
            let state = pipeline.state(gst::ClockTime::ZERO);
            let stats = restorer.property::<gst::Structure>("stats");
            panic!("no end after {happened:?}: live {live}, {frames} frames, {state:?}, {stats}")
        });
        assert!(
            end.type_() == gst::MessageType::Eos,
            "{end:?} after {happened:?}"
        );
        let [came, went] = [came, went].map(|pad| {
            let flushes = pad.flushes.load(Ordering::SeqCst);
            (pad.frames.load(Ordering::SeqCst), flushes)
        });
        if !was_stopped && came.1 == 0 {
            assert_eq!(came, went, "frames that came and went");
        }
        pipeline.set_state(gst::State::Null).unwrap();
        (self.lives, self.frames) = (self.lives + 1, self.frames + went.0);
    }

    /// Change something; whether the pipeline was stopped.
    fn change(
        &mut self,
        pipeline: &gst::Pipeline,
        caps: &gst::Element,
        restorer: &gst::Element,
    ) -> bool {
        let kind = self.below(6);
        let state = pipeline.current_state();
        self.happened.push(format!("{kind} in {state:?}"));
        match kind {
            0 => caps.set_property("caps", self.caps()),
            1 => restorer.set_property("detail", self.below(11) as f32 / 10.0),
            2 => restorer.set_property("watermark", self.below(2) == 0),
            // Refused at the end of a stream.
            3 => drop(pipeline.seek_simple(gst::SeekFlags::FLUSH, gst::ClockTime::ZERO)),
            4 => {
                pipeline.set_state(gst::State::Paused).unwrap();
                pipeline.set_state(gst::State::Playing).unwrap();
            }
            _ => {
                let states = [gst::State::Ready, gst::State::Null];
                pipeline.set_state(states[self.below(2)]).unwrap();
                self.choose_model(restorer);
                pipeline.set_state(gst::State::Playing).unwrap();
                return true;
            }
        }
        false
    }

    fn choose_model(&mut self, restorer: &gst::Element) {
        let number = self.below(self.models.len());
        let model = self.models[number];
        restorer.set_property("model-file", model.to_str());
    }
}

/// Count what passes `pad`.
fn counted(pad: &gst::Pad) -> Arc<Passed> {
    let passed = Arc::<Passed>::default();
    let count = Arc::clone(&passed);
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_FLUSH;
    pad.add_probe(kinds, move |_, info| {
        let counter = match info.data {
            Some(gst::PadProbeData::Buffer(_)) => &count.frames,
            _ => &count.flushes,
        };
        counter.fetch_add(1, Ordering::SeqCst);
        gst::PadProbeReturn::Ok
    });
    passed
}
