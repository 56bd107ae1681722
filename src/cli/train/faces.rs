//! `faces`: faces cut out of pictures, to train with.

use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;

use crate::cascade::runtime;
use crate::faces::Finder;
use crate::prepare::{CROPS, SHEET, Settings, prepare};
use crate::train::run::options::bar;

/// What is cut out of what.
#[derive(Args)]
pub(super) struct FacesArgs {
    /// Pictures (JPEG, PNG or WebP): a folder, a tar file, or a list of files (.txt).
    input: PathBuf,
    /// Folder for the crops and what is said of them; with the same arguments a run that was stopped
    /// goes on.
    out: PathBuf,
    /// A network that finds faces, as ONNX: YuNet, such as face_detection_yunet_2023mar.onnx of
    /// OpenCV's model zoo, or UltraFace.
    #[arg(long, value_name = "FILE.onnx")]
    finder: PathBuf,
    /// Side of the crops, pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 256, value_parser = clap::value_parser!(u32).range(16..=2048))]
    side: u32,
    /// Side of what is cut out ÷ longer side of the face's box [default: 1.6; with --align as in
    /// FFHQ].
    #[arg(long, value_name = "FACTOR")]
    margin: Option<f64>,
    /// Turn faces upright, with eyes and mouth where they are in FFHQ; finders without landmarks
    /// cannot.
    #[arg(long)]
    align: bool,
    /// Leave out what the finder is less sure of, 0–1.
    #[arg(long, value_name = "SCORE", default_value_t = 0.7)]
    min_score: f32,
    /// Leave out what would have to be enlarged by more than this.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.5)]
    max_enlargement: f64,
    /// Leave out crops of which less than this share lies in the picture; what is missing is
    /// mirrored.
    #[arg(long, value_name = "SHARE", default_value_t = 0.9)]
    min_inside: f64,
    /// Leave out what is less sharp: variance of the Laplacian at 128 pixels, see faces.jsonl.
    #[arg(long, value_name = "VARIANCE", default_value_t = 0.0)]
    min_sharpness: f64,
    /// Leave out what the bundled face check takes for a face with less than this probability, 0–1.
    #[arg(long, value_name = "PROBABILITY", default_value_t = 0.0)]
    min_face: f32,
}

impl FacesArgs {
    fn settings(&self) -> anyhow::Result<Settings> {
        let margin = self.margin.unwrap_or(1.0);
        for (option, value, [low, high]) in [
            ("margin", margin, [1.0, 4.0]),
            ("min-score", self.min_score.into(), [0.05, 1.0]),
            ("max-enlargement", self.max_enlargement, [0.1, 100.0]),
            ("min-inside", self.min_inside, [0.0, 1.0]),
            ("min-sharpness", self.min_sharpness, [0.0, 1e6]),
            ("min-face", self.min_face.into(), [0.0, 1.0]),
        ] {
            ensure!(
                (low..=high).contains(&value),
                "--{option} is {value}; it must lie in {low} … {high}"
            );
        }
        Ok(Settings {
            side: self.side,
            margin: self.margin,
            align: self.align,
            min_score: self.min_score,
            max_enlargement: self.max_enlargement,
            min_inside: self.min_inside,
            min_sharpness: self.min_sharpness,
            min_face: self.min_face,
        })
    }
}

/// Cut the faces out, and tell what came of it.
pub(super) fn run(args: &FacesArgs) -> anyhow::Result<()> {
    let settings = args.settings()?;
    let runtime = runtime::load_for_program()?;
    let mut finder = Finder::open(runtime, &args.finder)?;
    let progress = bar(true, 0, "pictures");
    let summary = prepare(
        &args.input,
        &args.out,
        &settings,
        &mut finder,
        runtime,
        &progress,
    )?;
    println!("{summary}");
    println!(
        "train with --faces {}; look at {} first",
        args.out.join(CROPS).display(),
        args.out.join(SHEET).display()
    );
    Ok(())
}
