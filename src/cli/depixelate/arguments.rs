//! What `depixelate` is told.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand};
use clap_complete::Shell;
use serde_json::{Map, Value};

use super::orders::{Join, Plan, Segment};
use super::pictures::Pictures;
use super::shared::{Faces, Help};
use super::words::Words;
use crate::app::{Encoding, Filters, Input, NOTICE, Transcode};

/// Find pixelated faces in a video and put a plausible face back.
///
/// A restored face is invented. It proves nobody's identity, and the file says so in its comment.
#[derive(Parser)]
#[command(
    name = "depixelate",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    override_usage = "depixelate [OPTIONS] INPUT OUTPUT\n       depixelate [OPTIONS] INPUT… --output-dir FOLDER\n       depixelate INPUT --dry-run\n       depixelate pictures [OPTIONS] INPUT… OUTPUT",
    after_help = "More options: --help-all. All about files: docs/files.md. On many machines: docs/farm.md."
)]
pub(super) struct Arguments {
    /// Film to read, and film to write: .mp4, .mov, .mkv, .webm or .ts
    ///
    /// Anything that GStreamer decodes is read; with --output-dir all are read, and films in folders
    /// too. Pictures have a place for their number in their name: frame_%05d.png is read, and
    /// written (.exr too). - is standard input, or standard output (as Matroska).
    #[arg(required_unless_present_any = ["completions", "man"], value_name = "INPUT OUTPUT", hide_short_help = true)]
    pub(super) files: Vec<PathBuf>,

    /// Restore all files into this folder, under their own names
    #[arg(long, value_name = "FOLDER", help_heading = "Files")]
    pub(super) output_dir: Option<PathBuf>,
    /// With --output-dir: make files again that are there already
    #[arg(long, requires = "output_dir", help_heading = "Files")]
    pub(super) overwrite: bool,
    /// Pictures a second, where the input is numbered pictures, such as 24 or 30000/1001 [default: 25]
    #[arg(long, value_name = "RATE", value_parser = rate, help_heading = "Files", hide_short_help = true)]
    frame_rate: Option<gst::Fraction>,
    /// Write the film from this time on: seconds, or hours:minutes:seconds
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Files")]
    from: Option<gst::ClockTime>,
    /// Write the film until this time
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Files")]
    to: Option<gst::ClockTime>,
    /// Which video track is restored, counted from 1 [default: that which a player shows]
    #[arg(
        long,
        value_name = "NUMBER",
        help_heading = "Files",
        hide_short_help = true
    )]
    pub(super) video_track: Option<usize>,

    /// Only tell which faces would be restored, and write nothing
    #[arg(long, help_heading = "Looking")]
    pub(super) dry_run: bool,
    /// Write a page about what was restored, to look at in a browser
    #[arg(
        long,
        value_name = "FILE.html",
        help_heading = "Looking",
        conflicts_with = "output_dir"
    )]
    pub(super) report: Option<PathBuf>,
    /// Write a picture of all faces that were found or restored
    #[arg(
        long,
        value_name = "FILE.png",
        help_heading = "Looking",
        conflicts_with = "output_dir"
    )]
    pub(super) contact_sheet: Option<PathBuf>,
    /// Write a film of input and output, side by side
    #[arg(
        long,
        value_name = "FILE.mp4",
        help_heading = "Looking",
        conflicts_with = "output_dir"
    )]
    pub(super) compare: Option<PathBuf>,
    /// With --compare: the left half of one, the right half of the other
    #[arg(
        long,
        requires = "compare",
        help_heading = "Looking",
        hide_short_help = true
    )]
    pub(super) split: bool,
    #[command(flatten)]
    pub(super) words: Words,

    #[command(flatten)]
    pub(super) faces: Faces,
    /// Restore only within the ranges of an .edl, .otio or .csv
    #[arg(long, value_name = "FILE", help_heading = "Faces")]
    pub(super) ranges: Option<PathBuf>,
    /// Write where faces were restored, as .edl or .otio
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Faces",
        conflicts_with = "output_dir"
    )]
    pub(super) markers: Option<PathBuf>,
    /// The timecode of the film's first frame, for ranges, markers and tables, instead of its own
    #[arg(
        long,
        value_name = "TIMECODE",
        help_heading = "Faces",
        hide_short_help = true
    )]
    pub(super) timecode: Option<String>,

    /// Copy what has no mosaic as it is, and encode only what changes
    #[arg(long, help_heading = "Encoding")]
    smart: bool,
    /// h264, hevc, av1, vp9, prores, ffv1, mjpeg, or a GStreamer element
    #[arg(long, value_name = "NAME", help_heading = "Encoding")]
    encoder: Option<String>,
    /// Quality of the video: 0 is best, 50 worst [default: 18]
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=50), conflicts_with = "bitrate", help_heading = "Encoding")]
    crf: Option<u32>,
    /// The encoder's own name of how fast and how well it works, such as veryfast
    #[arg(long, value_name = "NAME", help_heading = "Encoding")]
    preset: Option<String>,
    /// Bits per second of the video instead of a quality
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Encoding", hide_short_help = true)]
    bitrate: Option<u64>,
    /// A further property of the encoder; may be given several times
    #[arg(
        long,
        value_name = "NAME=VALUE",
        help_heading = "Encoding",
        hide_short_help = true
    )]
    encoder_options: Vec<String>,
    /// GStreamer's name of the format of the pixels that are encoded, such as Y42B
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "Encoding",
        hide_short_help = true
    )]
    pixel_format: Option<String>,
    /// Make interlaced video progressive
    #[arg(long, help_heading = "Encoding", hide_short_help = true)]
    deinterlace: bool,

    /// How many parts of a film are made at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 1, hide_default_value = true, value_parser = clap::value_parser!(u16).range(1..=64), help_heading = "Work")]
    jobs: u16,
    /// Begin anew, where an earlier run left parts of the film
    #[arg(long, help_heading = "Work")]
    restart: bool,
    /// Least length of the parts that a film is made in; when the work is ended, one of them is lost
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600), help_heading = "Work", hide_short_help = true)]
    part_length: u64,
    /// Seconds without any progress that are an error
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Work", hide_short_help = true)]
    patience: u64,

    /// Write completions for a shell to standard output
    #[arg(
        long,
        value_name = "SHELL",
        help_heading = "Help",
        hide_short_help = true
    )]
    pub(super) completions: Option<Shell>,
    /// Write the manual page to standard output
    #[arg(long, help_heading = "Help", hide_short_help = true)]
    pub(super) man: bool,
    #[command(flatten)]
    help: Help,
    /// Which version this is
    #[arg(long, short = 'V', action = ArgAction::Version, help_heading = "Help")]
    version: Option<bool>,

    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// What is not a film as a whole.
#[derive(Subcommand)]
pub(super) enum Command {
    Pictures(Box<Pictures>),
    // Not in the help, which fits on a screen; it names their page.
    #[command(hide = true)]
    Plan(Plan),
    #[command(hide = true)]
    Segment(Segment),
    #[command(hide = true)]
    Join(Join),
}

impl Arguments {
    /// What is read of `path`.
    pub(super) fn input(&self, path: &Path) -> Input {
        let input = Input::new(path);
        match self.frame_rate {
            Some(rate) => input.with_rate(rate),
            None => input,
        }
    }

    /// How long nothing may happen.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(self.patience)
    }

    /// From when until when the film is written.
    pub(super) fn range(&self) -> (Option<Duration>, Option<Duration>) {
        (self.from.map(Into::into), self.to.map(Into::into))
    }

    /// What is made of a file; `settings` decide how, see [`Transcode::settings`].
    pub(super) fn transcode<'a>(
        &self,
        input: &'a Input,
        output: &'a Path,
        filters: &'a Filters<'a>,
        settings: Map<String, Value>,
    ) -> Transcode<'a> {
        Transcode {
            encoding: Encoding {
                encoder: self.encoder.clone(),
                crf: self.crf,
                preset: self.preset.clone(),
                bitrate: self.bitrate,
                format: self.pixel_format.clone(),
                options: self.encoder_options.clone(),
            },
            video_track: self.video_track,
            from: self.from,
            to: self.to,
            deinterlace: self.deinterlace,
            patience: self.patience(),
            smart: self.smart,
            part_length: Duration::from_secs(self.part_length),
            jobs: self.jobs.into(),
            restart: self.restart,
            settings,
            ..Transcode::new(input, output, filters, NOTICE)
        }
    }
}

/// A rate as a number or a fraction.
fn rate(text: &str) -> Result<gst::Fraction, String> {
    let wrong = || "a rate is needed, such as 24 or 30000/1001 (which is 29.97)".to_owned();
    let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
    let number = |text: &str| text.trim().parse::<i32>().ok().filter(|n| *n > 0);
    match (number(numerator), number(denominator)) {
        (Some(numerator), Some(denominator)) if numerator / denominator < 10_000 => {
            Ok(gst::Fraction::new(numerator, denominator))
        }
        _ => Err(wrong()),
    }
}

/// Seconds, minutes:seconds or hours:minutes:seconds, each with a fraction or not.
fn time(text: &str) -> Result<gst::ClockTime, String> {
    let wrong = || "a time is needed, such as 62.5 or 00:01:02.5".to_owned();
    let parts = text.split(':').map(|part| part.trim().parse::<f64>().ok());
    let parts = parts.collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
    let is_sound = |part: &f64| (0.0..1e7).contains(part);
    if parts.len() > 3 || !parts.iter().all(is_sound) {
        return Err(wrong());
    }
    let seconds = parts
        .iter()
        .fold(0.0, |seconds, part| 60.0 * seconds + part);
    Ok(gst::ClockTime::from_nseconds((seconds * 1e9).round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn arguments_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_help_fits_on_a_screen() {
        let help = Arguments::command().render_help().to_string();
        assert!(help.lines().count() <= 50, "{help}");
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{help}"
        );
        assert!(!help.contains("--patience"));
        let all = Arguments::command().render_long_help().to_string();
        assert!(all.contains("--patience"));
    }

    #[test]
    fn times() {
        let ms = |text| time(text).map(gst::ClockTime::mseconds);
        assert_eq!(ms("62.5"), Ok(62_500));
        assert_eq!(ms("1:02.5"), Ok(62_500));
        assert_eq!(ms("01:00:00"), Ok(3_600_000));
        for wrong in ["", "1:2:3:4", "-1", "x", "1e30", "nan"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
