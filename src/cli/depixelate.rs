//! The command line of `depixelate`: restores the pixelated faces of video files.

mod batch;
mod sidecar;

use crate::app::{
    self, AppError, Encoding, Filters, NOTICE, Outcome, Progress, RestoreOptions, Transcode,
    restorer,
};
use crate::frame::Rect;
use anyhow::Context;
use batch::Job;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Find pixelated faces in a video and put a plausible face back.
///
/// A restored face is invented. It proves nobody's identity, and the file says so in its comment.
#[derive(Parser)]
#[command(name = "depixelate", version)]
struct Arguments {
    /// Video file to read (anything that GStreamer decodes), and file to write (.mp4, .mov, .mkv,
    /// .webm or .ts); with --output-dir all are read, and files in folders too
    #[arg(required = true, value_name = "INPUT OUTPUT")]
    files: Vec<PathBuf>,
    /// Restore all files into this folder, under their own names
    #[arg(long, value_name = "FOLDER")]
    output_dir: Option<PathBuf>,
    /// With --output-dir: make files again that are there already
    #[arg(long, requires = "output_dir")]
    overwrite: bool,
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
    /// Copy what has no mosaic as it is, and encode only what changes
    #[arg(long)]
    smart: bool,
    /// Least length of the parts that a film is made in; when the work is ended, one of them is lost
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    part_length: u64,
    /// How many parts are made at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Begin anew, where an earlier run left parts of the film
    #[arg(long)]
    restart: bool,
    /// Seconds without any progress that are an error
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    patience: u64,
}

/// Exit status where the input is damaged, and what could be read of it was restored.
const DAMAGED: u8 = 4;

/// The program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let jobs = match batch::jobs(
        &arguments.files,
        arguments.output_dir.as_deref(),
        arguments.overwrite,
    ) {
        Ok(jobs) => jobs,
        Err(error) => return ExitCode::from(told(&error.into())),
    };
    let cancel = Arc::new(AtomicBool::new(false));
    let on_signal = Arc::clone(&cancel);
    let caught = ctrlc::set_handler(move || on_signal.store(true, Ordering::Relaxed));
    if let Err(error) = caught.context("Ctrl-C cannot be caught") {
        return ExitCode::from(told(&error));
    }
    let (mut status, mut done) = (0, 0);
    for job in &jobs.files {
        let failed = match restore(&arguments, job, &cancel) {
            Ok(outcome) => u8::from(outcome.damage.is_some()) * DAMAGED,
            Err(error) => told(&error),
        };
        done += usize::from(failed == 0 || failed == DAMAGED);
        if status == 0 {
            status = failed;
        }
        if cancel.load(Ordering::Relaxed) {
            status = AppError::Cancelled.exit_status();
            break;
        }
    }
    if arguments.output_dir.is_some() {
        let (all, skipped) = (jobs.files.len(), jobs.skipped);
        eprintln!("depixelate: {done} of {all} files made, {skipped} were there already");
    }
    ExitCode::from(status)
}

/// Say what went wrong; returns the exit status for it.
fn told(error: &anyhow::Error) -> u8 {
    eprintln!("depixelate: {error:#}");
    error.downcast_ref().map_or(1, AppError::exit_status)
}

fn restore(arguments: &Arguments, job: &Job, cancel: &AtomicBool) -> anyhow::Result<Outcome> {
    app::init()?;
    let options = RestoreOptions {
        model_file: arguments.model_file.clone(),
        execution_provider: arguments.execution_provider.clone(),
        detail: arguments.detail,
        projection: arguments.projection,
        alpha: arguments.alpha,
        score_threshold: arguments.score_threshold,
        face_threshold: arguments.face_threshold,
        regions: arguments.regions.clone(),
    };
    let filters = Filters::new(|| restorer(&options));
    let transcode = Transcode {
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
        smart: arguments.smart,
        part_length: Duration::from_secs(arguments.part_length),
        jobs: arguments.jobs.into(),
        restart: arguments.restart,
        settings: sidecar::settings(&options)?,
        ..Transcode::new(&job.input, &job.output, &filters, NOTICE)
    };
    let bar = progress_bar()?;
    let result = transcode.run(cancel, &mut |progress| show(&bar, progress));
    bar.finish_and_clear();
    let outcome = result?;
    sidecar::write(job, &options, &outcome)?;
    let mut out = std::io::stdout();
    // Whoever reads this may have left: the work is done all the same.
    let _ = writeln!(
        out,
        "{}: {}\nRestored faces are invented: they prove nobody's identity.",
        job.output.display(),
        outcome.report,
    );
    if let Some(damage) = &outcome.damage {
        let _ = writeln!(
            out,
            "{} is damaged: {damage}. What could be read of it was restored.",
            job.input.display(),
        );
    }
    Ok(outcome)
}

fn progress_bar() -> anyhow::Result<ProgressBar> {
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} frames  {per_sec}  {msg}  {eta} left")?;
    Ok(ProgressBar::new(0).with_style(style))
}

fn show(bar: &ProgressBar, progress: Progress) {
    match progress {
        Progress::Warning(text) => bar.suspend(|| eprintln!("depixelate: {text}")),
        Progress::Looked { frames, total } => {
            bar.set_length(total);
            bar.set_position(frames);
            bar.set_message("looking for faces");
        }
        Progress::At {
            frames,
            total,
            faces,
        } => {
            bar.set_length(total);
            bar.set_position(frames);
            bar.set_message(match faces {
                1 => "1 face".to_owned(),
                faces => format!("{faces} faces"),
            });
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
