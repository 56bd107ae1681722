//! Options that films and pictures share.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::regions::{Region, rectangles, region};
use crate::app::RestoreOptions;

// How faces are found and restored. A comment for documentation would stand in the help.
#[derive(Args)]
pub(super) struct Faces {
    /// From the truest face (0) to the sharpest (1)
    #[arg(long, value_name = "NUMBER", value_parser = fraction, help_heading = "Faces")]
    pub(super) detail: Option<f32>,
    /// How sure it has to be that it is a face, 0 to 1; 0: every mosaic
    #[arg(long, value_name = "NUMBER", value_parser = fraction, help_heading = "Faces")]
    pub(super) face_threshold: Option<f32>,
    /// How sure a detection has to be, 0 to 1
    #[arg(long, value_name = "NUMBER", value_parser = fraction, help_heading = "Faces")]
    pub(super) score_threshold: Option<f32>,
    /// Leave mosaics alone that are narrower or lower, in pixels [default: 24]
    #[arg(
        long,
        value_name = "PIXELS",
        help_heading = "Faces",
        hide_short_help = true
    )]
    pub(super) min_size: Option<u32>,
    /// A rectangle to restore, x,y,w,h; of a film also a table (.csv)
    ///
    /// In pixels; may be given several times.
    #[arg(long, value_name = "REGION", value_parser = region, allow_hyphen_values = true, help_heading = "Faces")]
    pub(super) regions: Vec<Region>,
    /// The same, in which what is found stays as it is
    #[arg(long, value_name = "REGION", value_parser = region, allow_hyphen_values = true, help_heading = "Faces")]
    pub(super) exclude: Vec<Region>,
    /// How strictly a face keeps the colours of its mosaic's blocks, 0 to 1
    #[arg(long, value_name = "NUMBER", value_parser = fraction, help_heading = "Faces", hide_short_help = true)]
    pub(super) projection: Option<f32>,
    /// Weight of the restored over the pixelated picture, 0 to 1
    #[arg(long, value_name = "NUMBER", value_parser = fraction, help_heading = "Faces", hide_short_help = true)]
    pub(super) alpha: Option<f32>,
    /// Write RESTORED into each restored face
    #[arg(long, help_heading = "Faces")]
    pub(super) watermark: bool,
    /// ONNX model to use instead of the bundled one
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Faces",
        hide_short_help = true
    )]
    pub(super) model_file: Option<PathBuf>,
    /// Where the model runs: auto, cpu, cuda, tensorrt, …
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "Faces",
        hide_short_help = true
    )]
    pub(super) execution_provider: Option<String>,
}

// Help, short and long.
#[derive(Args)]
pub(super) struct Help {
    /// This help
    #[arg(long, short, action = ArgAction::HelpShort, help_heading = "Help")]
    help: Option<bool>,
    /// Help with all options
    #[arg(long, action = ArgAction::HelpLong, help_heading = "Help")]
    help_all: Option<bool>,
}

impl Faces {
    /// How faces are restored.
    pub(super) fn restoration(&self) -> RestoreOptions {
        RestoreOptions {
            model_file: self.model_file.clone(),
            execution_provider: self.execution_provider.clone(),
            detail: self.detail,
            projection: self.projection,
            alpha: self.alpha,
            score_threshold: self.score_threshold,
            face_threshold: self.face_threshold,
            min_size: self.min_size,
            watermark: self.watermark,
            regions: rectangles(&self.regions),
        }
    }
}

fn fraction(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| "not a number".to_owned())?;
    let is_inside = (0.0..=1.0).contains(&value);
    is_inside.then_some(value).ok_or("not in 0 to 1".to_owned())
}
