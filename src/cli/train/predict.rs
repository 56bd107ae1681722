//! `predict`: pictures through a network.

mod jobs;

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use self::jobs::Job;
use crate::cascade::{Model, Provider, SessionSettings, runtime};
use crate::faces::Finder;
use crate::files;
use crate::whole::{Network, Picture, Settings, Way};

/// Steps of the progress bar for a picture.
const STEPS: u64 = 100;

/// How a network is shown pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WayArg {
    /// In tiles, pixel by pixel
    Tiles,
    /// As one face: scaled to the network's size, and back
    Face,
}

/// What goes through which network, and where to.
#[derive(Args)]
pub(super) struct PredictArgs {
    /// The ONNX file of the network: of this program, or with a description beside it.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Pictures and folders of pictures (JPEG, PNG, WebP), at last where they go: a folder or, for
    /// one picture, a .png file.
    #[arg(value_name = "IN... OUT", required = true, num_args = 2..)]
    files: Vec<PathBuf>,
    /// How the network is shown a picture; without it restorers of one size see it as one face, all
    /// others in tiles.
    #[arg(long, value_enum)]
    way: Option<WayArg>,
    /// Find the faces of each picture with this network, YuNet or UltraFace, and put each through the
    /// model and back into its place; for models that restore faces.
    #[arg(long, value_name = "FINDER.onnx", conflicts_with = "way")]
    faces: Option<PathBuf>,
    /// How sure the finder must be of a face, 0–1.
    #[arg(long, value_name = "SCORE", default_value_t = 0.7, requires = "faces", value_parser = score)]
    face_score: f32,
    /// Side of the tiles that the network is given, pixels; without it what suits the network.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(16..=4096))]
    tile: Option<u32>,
    /// How many pixels neighbouring tiles share [default: 32].
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(0..=2048))]
    overlap: Option<u32>,
    /// Tiles in one run of the network; 0 is one on a CPU and a few on a GPU.
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=64))]
    batch: u32,
    /// CPU threads inside one run; 0 is automatic.
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=256))]
    threads: u32,
    /// Where the network runs; auto takes the best that loads.
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = provider)]
    execution_provider: Provider,
    /// Make pictures anew that are there already.
    #[arg(long)]
    overwrite: bool,
}

fn score(text: &str) -> Result<f32, String> {
    let score = text
        .parse()
        .ok()
        .filter(|score| (0.0..=1.0).contains(score));
    score.ok_or_else(|| "it must be a number from 0 to 1".to_owned())
}

fn provider(name: &str) -> Result<Provider, String> {
    let known = Provider::ALL.into_iter().find(|it| it.name() == name);
    known.ok_or_else(|| {
        let names = Provider::ALL.map(Provider::name).join(", ");
        format!("choose one of {names}")
    })
}

impl PredictArgs {
    fn settings(&self) -> Settings {
        Settings {
            session: SessionSettings {
                provider: self.execution_provider,
                threads: self.threads as usize,
                ..SessionSettings::default()
            },
            way: self.way.map(|way| match way {
                WayArg::Tiles => Way::Tiles,
                WayArg::Face => Way::Face,
            }),
            tile: self.tile.map(|side| side as usize),
            overlap: self.overlap.map(|side| side as usize),
            batch: self.batch as usize,
        }
    }
}

/// What pictures go through.
struct Program {
    network: Network,
    /// What finds their faces, and how sure it must be.
    finder: Option<(Finder, f32)>,
}

impl Program {
    fn open(args: &PredictArgs) -> anyhow::Result<Self> {
        let model = Model::open(&args.model)?;
        let shown = args.model.display().to_string();
        let network = Network::new(&model, &args.settings()).with_context(|| shown.clone())?;
        let Some(finder) = &args.faces else {
            return Ok(Self {
                network,
                finder: None,
            });
        };
        ensure!(
            network.way() == Way::Face,
            "{shown} restores no faces, it takes pictures in tiles: leave --faces out"
        );
        let finder = Finder::open(runtime::load_for_program()?, finder)?;
        Ok(Self {
            network,
            finder: Some((finder, args.face_score)),
        })
    }

    /// Make a picture; what the user should know of it is returned.
    fn make(&mut self, job: &Job, done: &mut dyn FnMut(f64)) -> anyhow::Result<Option<&str>> {
        let picture = Picture::open(&job.input)?;
        let Some((finder, score)) = &mut self.finder else {
            let made = picture.through(&mut self.network, done)?;
            files::write(&job.output, made.png()?)?;
            return Ok(None);
        };
        let (made, faces) = picture.with_faces(finder, &mut self.network, *score)?;
        files::write(&job.output, made.png()?)?;
        Ok((faces == 0).then_some("no face was found, it stays as it was"))
    }

    /// What is done with pictures.
    fn described(&self) -> String {
        let (network, size) = (&self.network, self.network.metadata().size);
        match network.way() {
            Way::Tiles => format!(
                "pictures become {} times as high and wide, in tiles of {} pixels that share {}",
                network.scale(),
                network.tile(),
                network.overlap()
            ),
            Way::Face if self.finder.is_some() => {
                format!("each face that is found is restored at {size}×{size} pixels")
            }
            Way::Face => format!(
                "it restores faces of {size}×{size} pixels; each picture is taken for one face, scaled to that and \
                 back (--faces FINDER.onnx finds the faces of pictures, --way tiles shows pictures pixel by pixel)"
            ),
        }
    }
}

/// Make all pictures; one that cannot be made is named, and the others go on.
pub(super) fn run(args: &PredictArgs) -> anyhow::Result<()> {
    let [inputs @ .., out] = args.files.as_slice() else {
        bail!("name a picture or a folder, and where its pictures go");
    };
    let jobs = jobs::plan(inputs, out, args.overwrite)?;
    if jobs.skipped > 0 {
        eprintln!(
            "{} pictures are there already: --overwrite makes them anew",
            jobs.skipped
        );
    }
    let mut program = Program::open(args)?;
    eprintln!("{}: {}", args.model.display(), program.described());
    let count = jobs.files.len();
    let style = ProgressStyle::with_template("{bar:30} {percent} %, {eta} left, {msg}")?;
    let bar = ProgressBar::new(count as u64 * STEPS).with_style(style);
    let mut failed = 0;
    for (index, job) in jobs.files.iter().enumerate() {
        let input = job.input.display();
        bar.set_message(input.to_string());
        let first = index as u64 * STEPS;
        let mut done = |share: f64| bar.set_position(first + (share * STEPS as f64) as u64);
        match program.make(job, &mut done) {
            Ok(None) => {}
            Ok(Some(remark)) => bar.suspend(|| eprintln!("{input}: {remark}")),
            Err(error) => {
                failed += 1;
                bar.suspend(|| eprintln!("{input}: {error:#}"));
            }
        }
    }
    bar.finish_and_clear();
    if failed > 0 {
        bail!("{failed} of {count} pictures could not be made; they are named above");
    }
    println!("{}: {count} pictures", out.display());
    Ok(())
}
