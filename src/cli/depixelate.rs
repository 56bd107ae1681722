//! The command line of `depixelate`: restores the pixelated faces of a video file.

use crate::app::{
    self, AppError, Encoding, NOTICE, Outcome, Progress, Report, RestoreOptions, Transcode,
    restorer,
};
use crate::frame::Rect;
use anyhow::Context;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Find pixelated faces in a video and put a plausible face back.
///
/// A restored face is invented. It proves nobody's identity, and the file says so in its comment.
#[derive(Parser)]
#[command(name = "depixelate", version)]
struct Arguments {
    /// Video file to read: anything that GStreamer decodes
    input: PathBuf,
    /// File to write: .mp4, .mov, .mkv, .webm or .ts
    output: PathBuf,
    /// ONNX model to use instead of the bundled one
    #[arg(long, value_name = "FILE")]
    model_file: Option<PathBuf>,
    /// Where the model runs: auto, cpu, cuda, tensorrt, …
    #[arg(long, value_name = "NAME")]
    execution_provider: Option<String>,
    /// From the truest face (0) to the sharpest (1)
    #[arg(long, value_name = "NUMBER", value_parser = fraction)]
    detail: Option<f32>,
    /// How strictly a face keeps the colours of its mosaic's blocks, 0 to 1
    #[arg(long, value_name = "NUMBER", value_parser = fraction)]
    projection: Option<f32>,
    /// Weight of the restored over the pixelated picture, 0 to 1
    #[arg(long, value_name = "NUMBER", value_parser = fraction)]
    alpha: Option<f32>,
    /// How sure a detection has to be, 0 to 1
    #[arg(long, value_name = "NUMBER", value_parser = fraction)]
    score_threshold: Option<f32>,
    /// How sure it has to be that a mosaic covers a face, 0 to 1; 0 restores every mosaic
    #[arg(long, value_name = "NUMBER", value_parser = fraction)]
    face_threshold: Option<f32>,
    /// A rectangle in pixels that is restored in every frame; may be given several times
    #[arg(long, value_name = "X,Y,W,H", value_parser = rectangle, allow_hyphen_values = true)]
    regions: Vec<Rect>,
    /// What to encode with: h264, hevc, av1, vp9, prores, ffv1, mjpeg, or a GStreamer element
    #[arg(long, value_name = "NAME")]
    encoder: Option<String>,
    /// Quality of the video: 0 is best, 50 worst [default: 18]
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=50), conflicts_with = "bitrate")]
    crf: Option<u32>,
    /// Bits per second of the video instead of a quality
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    bitrate: Option<u64>,
    /// The encoder's own name of how fast and how well it works, such as veryfast
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// A further property of the encoder; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    encoder_options: Vec<String>,
    /// GStreamer's name of the format of the pixels that are encoded, such as Y42B
    #[arg(long, value_name = "NAME")]
    pixel_format: Option<String>,
    /// Which video track is restored, counted from 1 [default: that which a player shows]
    #[arg(long, value_name = "NUMBER")]
    video_track: Option<usize>,
    /// Make interlaced video progressive
    #[arg(long)]
    deinterlace: bool,
    /// Seconds without any progress that are an error
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    patience: u64,
}

/// Exit status where the input is damaged, and what could be read of it was restored.
const DAMAGED: u8 = 4;

/// The program.
pub fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(outcome) if outcome.damage.is_some() => ExitCode::from(DAMAGED),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("depixelate: {error:#}");
            let known = error.downcast_ref().map(AppError::exit_status);
            ExitCode::from(known.unwrap_or(1))
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let cancel = Arc::new(AtomicBool::new(false));
    let on_signal = Arc::clone(&cancel);
    ctrlc::set_handler(move || on_signal.store(true, Ordering::Relaxed))
        .context("Ctrl-C cannot be caught")?;
    app::init()?;
    let filter = restorer(&RestoreOptions {
        model_file: arguments.model_file.clone(),
        execution_provider: arguments.execution_provider.clone(),
        detail: arguments.detail,
        projection: arguments.projection,
        alpha: arguments.alpha,
        score_threshold: arguments.score_threshold,
        face_threshold: arguments.face_threshold,
        regions: arguments.regions.clone(),
    })?;
    let job = Transcode {
        encoding: Encoding {
            encoder: arguments.encoder.clone(),
            crf: arguments.crf,
            preset: arguments.preset.clone(),
            bitrate: arguments.bitrate,
            format: arguments.pixel_format.clone(),
            options: arguments.encoder_options.clone(),
        },
        video_track: arguments.video_track,
        deinterlace: arguments.deinterlace,
        patience: Duration::from_secs(arguments.patience),
        ..Transcode::new(&arguments.input, &arguments.output, &filter, NOTICE)
    };
    let (bar, start) = (progress_bar()?, Instant::now());
    let result = job.run(&cancel, &mut |progress| show(&bar, progress));
    bar.finish_and_clear();
    let outcome = result?;
    let report = Report::of(&filter, start.elapsed());
    // Whoever reads this may have left: the work is done all the same.
    let _ = writeln!(
        std::io::stdout(),
        "{}: {report}\nRestored faces are invented: they prove nobody's identity.",
        arguments.output.display(),
    );
    if let Some(damage) = &outcome.damage {
        let _ = writeln!(
            std::io::stdout(),
            "{} is damaged: {damage}. What could be read of it was restored.",
            arguments.input.display(),
        );
    }
    Ok(outcome)
}

fn progress_bar() -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {eta} left")?;
    Ok(ProgressBar::new(0).with_style(style))
}

fn show(bar: &ProgressBar, progress: Progress) {
    match progress {
        Progress::Warning(text) => bar.suspend(|| eprintln!("depixelate: {text}")),
        Progress::At {
            frames,
            position,
            duration,
        } => {
            if let Some(duration) = duration {
                bar.set_length(duration.mseconds());
            }
            bar.set_position(position.mseconds());
            bar.set_message(format!("{frames} frames"));
        }
    }
}

fn fraction(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| "not a number".to_owned())?;
    let is_inside = (0.0..=1.0).contains(&value);
    is_inside.then_some(value).ok_or("not in 0 to 1".to_owned())
}

fn rectangle(text: &str) -> Result<Rect, String> {
    let wrong = || "four whole numbers are needed: x,y,width,height".to_owned();
    let parts: Vec<_> = text.split(',').map(str::trim).collect();
    let &[x, y, width, height] = parts.as_slice() else {
        return Err(wrong());
    };
    let number = |text: &str| text.parse::<i32>().map_err(|_| wrong());
    let size = |text: &str| match text.parse::<u32>() {
        Ok(size @ 1..=0x7fff_ffff) => Ok(size),
        _ => Err(wrong()),
    };
    Ok(Rect::new(
        number(x)?,
        number(y)?,
        size(width)?,
        size(height)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_well_formed() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn rectangles() {
        assert_eq!(rectangle("-3, 4,5,6"), Ok(Rect::new(-3, 4, 5, 6)));
        for wrong in ["", "1,2,3", "1,2,3,4,5", "1,2,0,4", "1,2,-3,4", "a,2,3,4"] {
            assert!(rectangle(wrong).is_err(), "{wrong}");
        }
    }
}
