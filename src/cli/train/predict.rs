//! `predict`: pictures through a network.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use crate::app::AppError;
use crate::cascade::{Model, Provider, SessionSettings, runtime};
use crate::cli::picture_files::{encode, format, open, unreadable, write};
use crate::cli::picture_jobs::{Job, Jobs};
use crate::faces::Finder;
use crate::stills::{Format, Still};
use crate::whole::{Network, Picture, Settings, Way, WholeError};

/// Steps of the progress bar for a picture.
const STEPS: u64 = 100;
/// What is written into each picture that a network made.
const NOTICE: &str = "Made by a neural network: what the original did not show is a guess.";

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
    /// Pictures, or folders of such (PNG, JPEG, WebP, TIFF), to read; and the picture or folder to
    /// write. One picture becomes what the name says; in a folder each keeps its name and its format.
    #[arg(value_name = "IN... OUT", required = true, num_args = 1..)]
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
    /// Quality of JPEG, 1 to 100.
    #[arg(long, value_name = "NUMBER", default_value_t = 95, value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
    /// Make pictures again that are there already.
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

    /// Make `output` of `input`; what the user should know of it is returned.
    fn make(
        &mut self,
        input: &Path,
        output: &Path,
        quality: u8,
        done: &mut dyn FnMut(f64),
    ) -> anyhow::Result<Vec<String>> {
        let mut still = open(input)?;
        let format = format(input, output, still.format());
        self.check_sides(&still, output, format)?;
        let made = self.made(&still, done);
        let (notice, mut remarks) = match made.map_err(|error| failure(input, error))? {
            Some(made) => {
                still.replace(made.into_image());
                (Some(NOTICE), Vec::new())
            }
            None => (
                None,
                vec!["no face was found, it stays as it was".to_owned()],
            ),
        };
        if notice.is_none() && format == still.format() {
            write(output, still.bytes())?;
            return Ok(remarks);
        }
        let encoded = encode(&still, output, format, quality, notice)?;
        write(output, &encoded.bytes)?;
        remarks.extend(encoded.losses);
        Ok(remarks)
    }

    /// What the network makes of a picture; None where no face is found in it.
    fn made(
        &mut self,
        still: &Still,
        done: &mut dyn FnMut(f64),
    ) -> Result<Option<Picture>, WholeError> {
        let picture = Picture::of(still.picture());
        let Some((finder, score)) = &mut self.finder else {
            return picture.through(&mut self.network, done).map(Some);
        };
        let (made, faces) = picture.with_faces(finder, &mut self.network, *score)?;
        Ok((faces > 0).then_some(made))
    }

    /// An error, before the work, where `format` is not for pictures of the size that comes out.
    fn check_sides(&self, still: &Still, output: &Path, format: Format) -> Result<(), AppError> {
        let (scale, most) = (self.network.scale() as u32, format.longest_side());
        let picture = still.picture();
        let [width, height] =
            [picture.width(), picture.height()].map(|side| side.saturating_mul(scale));
        match width.max(height) > most {
            true => Err(AppError::Unfit(format!(
                "{}: {width} × {height} pixels are more than the {most} on a side that this format \
                 has: choose a name that ends in .png or .tif",
                output.display()
            ))),
            false => Ok(()),
        }
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

/// What went wrong with `input`: with the picture or, which is no fault of its own, the network.
fn failure(input: &Path, error: WholeError) -> anyhow::Error {
    match error {
        WholeError::Load(_) | WholeError::Run(_) => {
            anyhow::Error::new(error).context(input.display().to_string())
        }
        error => unreadable(input, error).into(),
    }
}

/// Make all pictures; one that cannot be made is named, and the others go on.
pub(super) fn run(args: &PredictArgs) -> anyhow::Result<()> {
    let jobs = Jobs::outputs(&args.files, args.overwrite)?;
    let mut program = Program::open(args)?;
    eprintln!("{}: {}", args.model.display(), program.described());
    jobs.make_folder()?;
    let count = jobs.files.len();
    let style = ProgressStyle::with_template("{bar:30} {percent} %, {eta} left, {msg}")?;
    let bar = ProgressBar::new(count as u64 * STEPS).with_style(style);
    let (mut failed, mut first) = (Vec::new(), None);
    for (index, Job { input, output }) in jobs.files.iter().enumerate() {
        let Some(output) = output else { continue };
        bar.set_message(input.display().to_string());
        let begin = index as u64 * STEPS;
        let mut done = |share: f64| bar.set_position(begin + (share * STEPS as f64) as u64);
        match program.make(input, output, args.quality, &mut done) {
            Ok(remarks) => bar.suspend(|| {
                for remark in remarks {
                    eprintln!("{}: {remark}", input.display());
                }
            }),
            Err(error) => {
                bar.suspend(|| eprintln!("depixelate-train: {error:#}"));
                failed.push(input.display().to_string());
                first.get_or_insert(error);
            }
        }
    }
    bar.finish_and_clear();
    let mut told = format!("{} of {count} pictures made", count - failed.len());
    if jobs.skipped > 0 {
        told += &format!("; {} were there already", jobs.skipped);
    }
    if !failed.is_empty() {
        told += &format!("\nNot done: {}", failed.join(", "));
    }
    eprintln!("depixelate-train: {told}");
    // The status of the program is that of the first failure.
    first.map_or(Ok(()), |error| {
        Err(error.context("not all pictures are made"))
    })
}
