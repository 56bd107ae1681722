//! The command line of an export, the same for all systems.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use clap::{Args, ValueEnum};

use crate::train::export::TOLERANCE;
use crate::train::face_check;
use crate::train::halve::halve_file;
use crate::train::run::{self, checkpoint_file};
use crate::train::systems::{
    System, dcgan, esrgan, export_run, gpen, pix2pix, pixelcyclegan, scgan, stylegan2,
};

/// Numbers of an exported model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportPrecision {
    /// 32-bit floats
    #[default]
    Fp32,
    /// 16-bit floats inside, which GPUs are faster in; a CPU is slower. For networks that restore pictures.
    Fp16,
}

/// Arguments of an export.
#[derive(Args)]
pub struct ExportArgs {
    /// Folder of the run.
    #[arg(long, value_name = "DIR")]
    pub run: PathBuf,
    /// The ONNX file. That of pixelcyclegan's other direction lies beside it, with -art at the end of its name.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// As for `dcedn`.
    #[arg(long, value_name = "FILE")]
    pub stage1: Option<PathBuf>,
    /// In which numbers the model calculates
    #[arg(long, value_enum, default_value_t)]
    pub precision: ExportPrecision,
}

/// Writes the model files of the run in a folder, the first of them to a path, and gives their paths.
type Export = fn(&Path, &Path) -> anyhow::Result<Vec<PathBuf>>;

/// The name of a system's checkpoints, and its export.
const fn of<S: System>() -> (&'static str, Export) {
    (S::NAME, export_run::<S>)
}

/// All that is trained beside the cascade.
const SYSTEMS: [(&str, Export); 10] = [
    of::<pix2pix::Recipe>(),
    of::<pixelcyclegan::Recipe>(),
    of::<scgan::Recipe>(),
    of::<esrgan::Srgan>(),
    of::<esrgan::Esrgan>(),
    of::<esrgan::RealEsrgan>(),
    of::<dcgan::Recipe>(),
    of::<stylegan2::Recipe>(),
    of::<gpen::Recipe>(),
    (face_check::NAME, face_check::export),
];

/// Export a run as it stands. Whose it is, the name of its checkpoint tells.
pub fn export(args: &ExportArgs) -> anyhow::Result<()> {
    let (folder, out) = (&args.run, &args.out);
    let mut systems = SYSTEMS.iter();
    let found = systems.find(|(name, _)| checkpoint_file(folder, name).exists());
    let (files, difference) = match found {
        Some((name, export)) => {
            ensure!(
                args.stage1.is_none(),
                "--stage1 belongs to the cascade; {} holds a run of {name}",
                folder.display()
            );
            (export(folder, out)?, TOLERANCE)
        }
        None => {
            let difference = run::export(folder, args.stage1.as_deref(), out)?;
            (vec![out.clone()], difference)
        }
    };
    for file in files {
        let shown = file.display();
        println!("{shown}: differs from libtorch by at most {difference:.1e}");
        if args.precision == ExportPrecision::Fp16 {
            let difference = halve_file(&file)?;
            println!("{shown}: 16-bit floats change its pictures by at most {difference:.1e}");
        }
    }
    Ok(())
}
