//! A run's folder: whose it is, and what it was trained on.

use std::path::Path;

use anyhow::{Context, ensure};

use crate::files;
use crate::train::data::dataset::Dataset;
use crate::train::features;
use crate::train::recipe::RecipeText;

/// The recipe's file in a run's folder.
pub const RECIPE_FILE: &str = "recipe.toml";

/// Make the folder of a run of `recipe`, or check that it belongs to such a run, with the same
/// feature network.
pub fn claim<R: RecipeText>(out: &Path, recipe: &R) -> anyhow::Result<()> {
    std::fs::create_dir_all(out)
        .with_context(|| format!("folder {} cannot be made", out.display()))?;
    let file = out.join(RECIPE_FILE);
    if file.exists() {
        // The feature network may lie elsewhere now.
        let before = R::read(&file).and_then(|before| before.to_metadata());
        ensure!(
            before.ok() == Some(recipe.to_metadata()?),
            "{} was started with another recipe, see its {RECIPE_FILE}; choose another folder for --out",
            out.display()
        );
    } else {
        files::write(&file, recipe.to_toml()?)?;
    }
    match recipe.clone().features() {
        Some(network) => features::claim(out, network.as_deref()),
        None => Ok(()),
    }
}

/// Remember what the run is trained on, kind by kind; say so if it is something else than last time.
pub fn note_data(out: &Path, kinds: &[&Dataset]) -> anyhow::Result<()> {
    let file = out.join("data.txt");
    let kinds: Vec<String> = kinds.iter().map(|all| all.fingerprint()).collect();
    let now = kinds.join("\n");
    match std::fs::read_to_string(&file) {
        Ok(before) if before == now => return Ok(()),
        Ok(before) => eprintln!(
            "warning: the data changed under this run: {}, now {}",
            before.replace('\n', " and "),
            now.replace('\n', " and ")
        ),
        Err(_) => {}
    }
    files::write(&file, now)
}

/// Remember which pictures are held out, kind by kind.
pub fn note_held_out(out: &Path, kinds: &[&Dataset]) -> anyhow::Result<()> {
    let names: Vec<&str> = kinds.iter().flat_map(|held_out| held_out.names()).collect();
    files::write(&out.join("held-out.txt"), names.join("\n"))
}
