//! `bench-detect`: the detector measured.

use std::path::PathBuf;

use clap::Args;

use crate::evaluate::detection::job;
use crate::files;

/// What is measured.
#[derive(Args)]
pub(super) struct BenchDetectArgs {
    /// Pictures of one face each: a folder, a tar file, or a list of files (.txt).
    #[arg(long, value_name = "PATH")]
    faces: PathBuf,
    /// Pictures that faces are set into; without them, pictures of other faces, enlarged.
    #[arg(long, value_name = "PATH")]
    frames: Option<PathBuf>,
    /// Clips without mosaics: a file, or a folder of such; may be given several times.
    #[arg(long, value_name = "PATH")]
    clips: Vec<PathBuf>,
    /// Scenes of each kind.
    #[arg(long, value_name = "COUNT", default_value_t = 60)]
    count: usize,
    /// Seed of all chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write all numbers to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a picture of what was missed or invented.
    #[arg(long, value_name = "FILE.png")]
    sheet: Option<PathBuf>,
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
    let measured = job::measure(&job::Sources {
        faces: args.faces.clone(),
        frames: args.frames.clone(),
        clips,
        count: args.count,
        seed: args.seed,
    })?;
    println!("{}", job::markdown(&measured.lines));
    if let Some(path) = &args.json {
        files::write(path, &serde_json::to_string_pretty(&measured.lines)?)?;
    }
    if let (Some(path), Some(sheet)) = (&args.sheet, &measured.misses) {
        let mut png = std::io::Cursor::new(Vec::new());
        sheet.write_to(&mut png, image::ImageFormat::Png)?;
        files::write(path, png.into_inner())?;
    }
    Ok(())
}
