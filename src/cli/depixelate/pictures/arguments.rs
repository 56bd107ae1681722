//! What `depixelate pictures` is told.

use std::path::PathBuf;

use clap::Args;

use super::super::shared::{Faces, Help};
use super::super::words::Words;

/// Restore faces in pictures, each by itself: PNG, JPEG, WebP, TIFF
///
/// Everything but the restored faces stays as it is; what has no mosaic is copied byte for byte. A
/// film whose name is "pictures" is called ./pictures.
#[derive(Args)]
#[command(
    disable_help_flag = true,
    override_usage = "depixelate pictures [OPTIONS] INPUT OUTPUT\n       depixelate pictures [OPTIONS] INPUT… FOLDER\n       depixelate pictures INPUT… --dry-run",
    after_help = "More options: --help-all. All about files: docs/files.md."
)]
pub(in super::super) struct Pictures {
    /// Pictures, or folders of such, to read; and the picture or folder to write
    ///
    /// Of a folder all pictures are read, but not those in folders within it. One picture becomes
    /// what the name says; in a folder each keeps its name and its format.
    #[arg(required = true, value_name = "INPUT OUTPUT", hide_short_help = true)]
    pub(super) files: Vec<PathBuf>,

    /// Make pictures again that are there already
    #[arg(long, help_heading = "Files")]
    pub(super) overwrite: bool,
    /// Quality of JPEG, 1 to 100 [default: 95]
    #[arg(long, value_name = "NUMBER", default_value_t = 95, hide_default_value = true, value_parser = clap::value_parser!(u8).range(1..=100), help_heading = "Files")]
    pub(super) quality: u8,

    /// Only tell which faces would be restored, and write nothing
    #[arg(long, help_heading = "Looking")]
    pub(super) dry_run: bool,
    /// Write a picture of all faces that were found or restored
    #[arg(long, value_name = "FILE.png", help_heading = "Looking")]
    pub(super) contact_sheet: Option<PathBuf>,
    #[command(flatten)]
    pub(super) words: Words,

    #[command(flatten)]
    pub(super) faces: Faces,

    #[command(flatten)]
    help: Help,
}
