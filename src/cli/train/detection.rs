//! `bench-detect`: the detector measured.

use std::path::{Path, PathBuf};

use clap::Args;
use image::RgbImage;
use indicatif::ProgressBar;
use serde::Serialize;

use crate::evaluate::detection::{faces, job};
use crate::face_check;
use crate::files;
use crate::train::data::dataset::Dataset;

/// What is measured.
#[derive(Args)]
pub(super) struct BenchDetectArgs {
    /// Pictures of one face each: a folder, a tar file, or a list of files (.txt).
    #[arg(long, value_name = "PATH")]
    faces: PathBuf,
    /// Pictures that faces are set into; without them, pictures of other faces, enlarged.
    #[arg(long, value_name = "PATH")]
    frames: Option<PathBuf>,
    /// Pictures without faces, pixelated as well: the face check must refuse them.
    #[arg(long, value_name = "PATH")]
    others: Option<PathBuf>,
    /// Leave the detector out: the face check alone.
    #[arg(long)]
    faces_only: bool,
    /// Least probability of a face in the face check.
    #[arg(long, value_name = "NUMBER", default_value_t = face_check::THRESHOLD)]
    face_threshold: f32,
    /// Clips without mosaics: a file, or a folder of such; may be given several times.
    #[arg(long, value_name = "PATH")]
    clips: Vec<PathBuf>,
    /// Measure only the kinds of scenes whose names hold this, and not the face check.
    #[arg(long, value_name = "TEXT", conflicts_with = "faces_only")]
    only: Option<String>,
    /// Scenes of each kind.
    #[arg(long, value_name = "COUNT", default_value_t = 60)]
    count: usize,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write all numbers to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a picture of what was missed or invented.
    #[arg(long, value_name = "FILE.png")]
    sheet: Option<PathBuf>,
    /// Write a picture of what the face check got wrong: faces above, others below.
    #[arg(long, value_name = "FILE.png")]
    face_sheet: Option<PathBuf>,
}

/// Measure, print the table and write what is asked for.
pub(super) fn run(args: &BenchDetectArgs) -> anyhow::Result<()> {
    let mut clips = Vec::new();
    for path in &args.clips {
        if path.is_dir() {
            let files = std::fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
            clips.extend(files.iter().map(|f| f.path()).filter(|f| f.is_file()));
        } else {
            clips.push(path.clone());
        }
    }
    clips.sort();
    let sources = job::Sources {
        faces: args.faces.clone(),
        frames: args.frames.clone(),
        clips,
        only: args.only.clone(),
        count: args.count,
        seed: args.seed,
    };
    let mut results = Results::default();
    if !args.faces_only {
        let measured = job::measure(&sources)?;
        println!("{}\n", job::markdown(&measured.lines));
        results.scenes = measured.lines;
        write_sheet(args.sheet.as_deref(), measured.misses)?;
    }
    if args.only.is_none() {
        let checked = check_faces(args)?;
        println!("{}", faces::markdown(&checked.lines));
        results.faces = checked.lines;
        write_sheet(args.face_sheet.as_deref(), checked.wrong)?;
    }
    if let Some(path) = &args.json {
        files::write(path, &serde_json::to_string_pretty(&results)?)?;
    }
    Ok(())
}

fn check_faces(args: &BenchDetectArgs) -> anyhow::Result<faces::Checked> {
    let open = |path: &Path| Dataset::open(path, &ProgressBar::hidden());
    let others = args.others.as_deref().map(open).transpose()?;
    faces::measure(
        &open(&args.faces)?,
        others.as_ref(),
        args.face_threshold,
        args.count,
        args.seed,
    )
}

/// What is written to `--json`.
#[derive(Default, Serialize)]
struct Results {
    scenes: Vec<job::Line>,
    faces: Vec<faces::Line>,
}

fn write_sheet(path: Option<&Path>, sheet: Option<RgbImage>) -> anyhow::Result<()> {
    if let (Some(path), Some(sheet)) = (path, sheet) {
        files::write_picture(path, &sheet)?;
    }
    Ok(())
}
