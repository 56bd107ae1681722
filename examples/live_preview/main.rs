//! How late a live preview is: a camera sends H.264 over RTP, and a preview restores what comes.
//!
//! ```sh
//! cargo run --release --example live_preview -- docs/images/before-after.png
//! ```
//!
//! Both sides run in this program and talk over the machine's own network. The picture is sent
//! again and again as the frames of a camera, each with its number drawn into it. The preview plays
//! them with the preset `live`, in which late frames pass unrestored, and reads the numbers again;
//! what a frame took from the camera to the screen is told in milliseconds and in frames, first
//! without the element, then with it.

mod receiver;
mod sender;
mod stamp;

use anyhow::{Context, ensure};
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Measure how late a live preview is.
#[derive(Parser)]
pub struct Arguments {
    /// The picture that the camera sees
    picture: PathBuf,
    /// Frames that are sent
    #[arg(long, default_value_t = 150)]
    frames: u32,
    /// Frames a second
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=120))]
    rate: u32,
    /// How long the preview waits for packets that are late, milliseconds
    #[arg(long, default_value_t = 40)]
    jitter: u32,
    /// Frames that the element holds; the preset's number unless it is told
    #[arg(long)]
    max_size_buffers: Option<u32>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("live_preview: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    ensure!(arguments.frames >= 10, "--frames is a number from 10 on");
    gstdepixelate::app::init()?;
    gst::Preset::set_app_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/presets"))?;
    let picture = image::open(&arguments.picture)
        .with_context(|| format!("{} cannot be read", arguments.picture.display()))?
        .into_rgb8();
    let without = measure(arguments, &picture, false)?;
    println!("without the element: {}", without.text(arguments.rate));
    let with = measure(arguments, &picture, true)?;
    println!("with the element:    {}", with.text(arguments.rate));
    Ok(())
}

/// What became of the frames of one run.
struct Measured {
    sent: u32,
    /// From the camera to the screen, for each frame that came; sorted.
    delays: Vec<Duration>,
    /// Frames in which a face was restored; unset without the element.
    restored: Option<u64>,
}

impl Measured {
    fn text(&self, rate: u32) -> String {
        let at = |share: f64| {
            let index = (share * (self.delays.len() - 1) as f64).round() as usize;
            self.delays[index].as_secs_f64()
        };
        let (median, most) = (at(0.5), at(0.95));
        let frames = f64::from(rate) * median;
        let restored = match self.restored {
            Some(count) => format!(", {count} restored"),
            None => String::new(),
        };
        format!(
            "{} of {} frames{restored}; half within {:.0} ms ({frames:.1} frames), 19 of 20 within {:.0} ms",
            self.delays.len(),
            self.sent,
            1e3 * median,
            1e3 * most
        )
    }
}

/// Send all frames, and take those that come.
fn measure(
    arguments: &Arguments,
    picture: &image::RgbImage,
    restores: bool,
) -> anyhow::Result<Measured> {
    let receiver = receiver::Receiver::start(arguments, restores)?;
    let sent = sender::send(arguments, picture, receiver.port())?;
    let (arrived, restored) = receiver.finish()?;
    let mut delays: Vec<Duration> = arrived
        .into_iter()
        .filter_map(|(number, at)| Some(at.duration_since(*sent.get(number as usize)?)))
        .collect();
    ensure!(!delays.is_empty(), "no frame came over the network");
    delays.sort_unstable();
    Ok(Measured {
        sent: arguments.frames,
        delays,
        restored,
    })
}
