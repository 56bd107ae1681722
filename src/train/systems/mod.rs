//! The published systems beside the cascade, a room each: networks, losses, training.

pub mod adversary;
mod damage;
pub mod dcgan;
mod drawn;
pub mod esrgan;
pub mod export;
pub mod gpen;
pub mod losses;
mod network;
pub mod pix2pix;
pub mod pixelcyclegan;
#[cfg(test)]
mod published;
pub mod sample;
pub mod scgan;
pub mod schedule;
pub mod stylegan2;
mod system;
pub(super) mod trained;

use std::path::Path;

use anyhow::{Context, ensure};
use image::RgbImage;

use super::files;

pub use network::{Network, Port, declare, forward, graph_of, measure, parity};
pub use system::{System, export_run, train};

/// Make a run's folder with its recipe in it, or check that the folder belongs to it: `same` looks at the recipe file.
pub(super) fn claim_folder(
    out: &Path,
    recipe: &str,
    same: impl Fn(&Path) -> bool,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(out)
        .with_context(|| format!("folder {} can not be made", out.display()))?;
    let file = out.join("recipe.toml");
    if file.exists() {
        ensure!(
            same(&file),
            "{} was started with another recipe, see its recipe.toml; choose another folder for --out",
            out.display()
        );
        return Ok(());
    }
    files::write(&file, recipe)
}

/// Planar R′G′B′, −1 … 1.
pub fn planes(picture: &RgbImage) -> Vec<f32> {
    (0..3)
        .flat_map(|c| {
            picture
                .pixels()
                .map(move |p| f32::from(p.0[c]) / 127.5 - 1.0)
        })
        .collect()
}
