//! One measurement: pipelines that decode, restore and encode a clip.

use anyhow::{Context, ensure};
use gst::prelude::*;
use procfs::process::Process;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// What the element runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// There is no element.
    None,
    /// What it gets it gives back.
    Identity,
    /// The bundled one.
    Bundled,
    /// The same on a GPU, from decoder to restored frame: nothing is encoded.
    Cuda,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Bits of a sample.
    pub depth: u32,
    /// Mosaics in each frame.
    pub regions: usize,
    /// What restores them.
    pub model: Model,
    /// Pipelines at a time.
    pub streams: usize,
    /// Whether they share a model.
    pub shared: bool,
}

/// What it took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Processor time per frame, milliseconds.
    pub cpu: f64,
    /// Frames per second, all streams together.
    pub rate: f64,
    /// Peak of resident memory, MiB.
    pub memory: f64,
}

/// As on the command line.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = match self.model {
            Model::None => "none",
            Model::Identity => "identity",
            Model::Bundled => "bundled",
            Model::Cuda => "cuda",
        };
        let Self {
            width,
            height,
            depth,
            regions,
            streams,
            shared,
            ..
        } = self;
        write!(
            f,
            "{width} {height} {depth} {regions} {model} {streams} {shared}"
        )
    }
}

impl Case {
    /// The opposite of its `Display`.
    pub fn parse(words: &[String]) -> anyhow::Result<Self> {
        let [width, height, depth, regions, model, streams, shared] = words else {
            anyhow::bail!("a case has seven words, not {words:?}");
        };
        Ok(Self {
            width: width.parse()?,
            height: height.parse()?,
            depth: depth.parse()?,
            regions: regions.parse()?,
            model: match model.as_str() {
                "none" => Model::None,
                "identity" => Model::Identity,
                "cuda" => Model::Cuda,
                _ => Model::Bundled,
            },
            streams: streams.parse()?,
            shared: shared.parse()?,
        })
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.cpu, self.rate, self.memory)
    }
}

impl FromStr for Measured {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let numbers = text.split_whitespace().map(str::parse);
        let numbers: Vec<f64> = numbers.collect::<Result<_, _>>()?;
        let [cpu, rate, memory] = numbers[..] else {
            anyhow::bail!("three numbers were expected, not {text}");
        };
        Ok(Self { cpu, rate, memory })
    }
}

impl Measured {
    /// Number by number.
    pub fn median(all: Vec<Self>) -> Self {
        let middle = |number: fn(&Self) -> f64| {
            let mut numbers: Vec<f64> = all.iter().map(number).collect();
            numbers.sort_by(f64::total_cmp);
            numbers.get(numbers.len() / 2).copied().unwrap_or_default()
        };
        Self {
            cpu: middle(|it| it.cpu),
            rate: middle(|it| it.rate),
            memory: middle(|it| it.memory),
        }
    }
}

/// When counting began: at the first frame that leaves a pipeline, so that loading a model is not
/// in it.
#[derive(Default)]
struct Counter {
    start: Option<(Instant, f64)>,
    frames: u64,
}

/// Processor time of this process up to now, milliseconds.
fn cpu() -> anyhow::Result<f64> {
    let stat = Process::myself()?.stat()?;
    let ticks = (stat.utime + stat.stime) as f64;
    Ok(1000.0 * ticks / procfs::ticks_per_second() as f64)
}

/// Measure a case.
pub fn run(clip: &Path, case: &Case) -> anyhow::Result<Measured> {
    let counter = Arc::new(Mutex::new(Counter::default()));
    let pipelines = (0..case.streams).map(|stream| pipeline(clip, case, stream, &counter));
    let pipelines: Vec<gst::Element> = pipelines.collect::<anyhow::Result<_>>()?;
    for pipeline in &pipelines {
        pipeline.set_state(gst::State::Playing)?;
    }
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    for pipeline in &pipelines {
        let bus = pipeline.bus().context("every pipeline has a bus")?;
        let message = bus.timed_pop_filtered(gst::ClockTime::NONE, &ends);
        if let Some(gst::MessageView::Error(error)) = message.as_ref().map(|it| it.view()) {
            anyhow::bail!("{}", error.error());
        }
    }
    let (end, cpu_end) = (Instant::now(), cpu()?);
    let memory = Process::myself()?
        .status()?
        .vmhwm
        .context("peak of memory")? as f64
        / 1024.0;
    for pipeline in &pipelines {
        pipeline.set_state(gst::State::Null)?;
    }
    let counter = counter.lock().unwrap();
    let (start, cpu_start) = counter.start.context("no frame came out")?;
    ensure!(counter.frames > 1, "one frame is too few");
    // The first one is where counting began.
    let frames = (counter.frames - 1) as f64;
    Ok(Measured {
        cpu: (cpu_end - cpu_start) / frames,
        rate: frames / (end - start).as_secs_f64(),
        memory,
    })
}

fn pipeline(
    clip: &Path,
    case: &Case,
    stream: usize,
    counter: &Arc<Mutex<Counter>>,
) -> anyhow::Result<gst::Element> {
    let element = match case.model {
        Model::None => "identity".to_owned(),
        model => {
            let file = super::model_file(model)?;
            let file = file.map(|file| format!("model-file=\"{}\"", file.display()));
            // Elements whose properties differ share no model.
            let id = if case.shared { 0 } else { stream };
            // The mosaics cover no faces, and none must be missed.
            format!(
                "facedepixelate face-threshold=0 regions=\"{}\" model-instance-id={id} {}",
                super::clip::grid(case.width, case.regions),
                file.unwrap_or_default()
            )
        }
    };
    let rest = match case.model {
        Model::Cuda => "execution-provider=cuda max-size-buffers=32",
        _ => "! x264enc speed-preset=ultrafast tune=zerolatency threads=1",
    };
    let pipeline = gst::parse::launch(&format!(
        "filesrc location=\"{}\" ! decodebin ! {element} {rest} ! fakesink name=end sync=false",
        clip.display()
    ))?;
    let bin = pipeline.downcast_ref::<gst::Bin>().context("a pipeline")?;
    let end = bin.by_name("end").and_then(|end| end.static_pad("sink"));
    let counter = Arc::clone(counter);
    end.context("the sink's pad")?
        .add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            let mut counter = counter.lock().unwrap();
            counter.frames += 1;
            if counter.start.is_none() {
                counter.start = cpu().ok().map(|cpu| (Instant::now(), cpu));
            }
            gst::PadProbeReturn::Ok
        });
    Ok(pipeline)
}
