//! The command line of an export, the same for all systems.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};

use crate::train::recipe::RecipeText;
use crate::train::run::checkpoint;
use crate::train::run::fixed::fix_file;
use crate::train::run::folder::RECIPE_FILE;
use crate::train::run::halve::halve_file;
use crate::train::run::model_file::TOLERANCE;
use crate::train::run::system::{System, export_run};
use crate::train::systems::cascade::{Cyclegan, Dcedn};
use crate::train::systems::{
    dcgan, esrgan, face_check, gpen, pix2pix, pixelcyclegan, scgan, stylegan2,
};

/// Numbers of an exported model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportPrecision {
    /// 32-bit floats
    #[default]
    Fp32,
    /// 16-bit floats inside, which GPUs are faster in; a CPU is slower. For networks that restore
    /// pictures.
    Fp16,
}

/// Arguments of an export.
#[derive(Args)]
pub struct ExportArgs {
    /// Folder of the run.
    #[arg(long, value_name = "DIR")]
    pub run: PathBuf,
    /// The ONNX file. That of pixelcyclegan's other direction lies beside it, with -art at the end
    /// of its name.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// As for `dcedn`.
    #[arg(long, value_name = "FILE")]
    pub stage1: Option<PathBuf>,
    /// Fix height and width of the pictures that the model takes; without it they are open where
    /// the network takes many sizes.
    #[arg(long)]
    pub fixed: bool,
    /// In which numbers the model calculates
    #[arg(long, value_enum, default_value_t)]
    pub precision: ExportPrecision,
}

/// Writes the model files of the run in a folder, the first of them to a path, and gives their
/// paths.
type Export = fn(&Path, &Path) -> anyhow::Result<Vec<PathBuf>>;

/// The name of a system's checkpoint, and its export.
const fn of<S: System>() -> (&'static str, Export) {
    (S::NAME, |folder, out| {
        export_run(&S::read(&folder.join(RECIPE_FILE))?, folder, out)
    })
}

/// All that is trained, but for the cascade's second stage, which comes first and may stand behind
/// another file.
const SYSTEMS: [(&str, Export); 11] = [
    of::<Cyclegan>(),
    of::<pix2pix::Recipe>(),
    of::<pixelcyclegan::Recipe>(),
    of::<scgan::Recipe>(),
    of::<esrgan::Srgan>(),
    of::<esrgan::Esrgan>(),
    of::<esrgan::RealEsrgan>(),
    of::<dcgan::Recipe>(),
    of::<stylegan2::Recipe>(),
    of::<gpen::Recipe>(),
    of::<face_check::Recipe>(),
];

/// The model files of the run in `folder`. Whose it is, the name of its checkpoint tells.
fn write_models(folder: &Path, stage1: Option<&Path>, out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let has = |name| checkpoint::file(folder, name).exists();
    if has(Dcedn::NAME) {
        let mut system = Dcedn::read(&folder.join(RECIPE_FILE))?;
        system.settings.folder = folder.to_owned();
        system.settings.stage1 = stage1.map(Path::to_owned);
        return export_run(&system, folder, out);
    }
    let found = SYSTEMS.iter().find(|(name, _)| has(name));
    let (name, export) = found.with_context(|| {
        format!(
            "{} holds no checkpoint of any system, such as stage1.safetensors",
            folder.display()
        )
    })?;
    ensure!(
        stage1.is_none(),
        "--stage1 belongs to the cascade's second stage; {} holds a run of {name}",
        folder.display()
    );
    export(folder, out)
}

/// Export a run as it stands.
pub fn export(args: &ExportArgs) -> anyhow::Result<()> {
    for file in write_models(&args.run, args.stage1.as_deref(), &args.out)? {
        let shown = file.display();
        println!("{shown}: differs from libtorch by at most {TOLERANCE:.0e}");
        if args.fixed {
            fix_file(&file)?;
        }
        if args.precision == ExportPrecision::Fp16 {
            let difference = halve_file(&file)?;
            println!("{shown}: 16-bit floats change its pictures by at most {difference:.1e}");
        }
    }
    Ok(())
}
