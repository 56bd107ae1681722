//! A run's folder: whose it is, and what it was trained on.

use std::path::Path;

use anyhow::{Context, ensure};
use toml::Table;

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
    let now = recipe.to_metadata()?;
    if file.exists() {
        // The feature network may lie elsewhere now.
        let before = R::read(&file).and_then(|before| before.to_metadata());
        ensure!(
            before.is_ok_and(|before| without_parts(&before) == without_parts(&now)),
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

/// A recipe but for the parts that its steps have: those may change with the memory that there is.
fn without_parts(recipe: &str) -> Option<Table> {
    let mut table: Table = recipe.parse().ok()?;
    let sections = table.iter_mut().filter_map(|(_, it)| it.as_table_mut());
    for section in sections {
        section.remove("accumulate");
    }
    Some(table)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::systems::dcgan::Recipe;

    #[test]
    fn a_run_may_go_on_in_other_parts_but_not_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let recipe = |changes: &[&str]| {
            let changes: Vec<String> = changes.iter().map(|it| (*it).to_owned()).collect();
            Recipe::read_with(None, &changes).unwrap()
        };
        claim(folder.path(), &recipe(&[])).unwrap();
        claim(folder.path(), &recipe(&["train.accumulate=4"])).unwrap();
        let error = claim(folder.path(), &recipe(&["train.steps=5"])).unwrap_err();
        assert!(error.to_string().contains("another recipe"), "{error}");
    }
}
