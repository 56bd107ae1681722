//! What an experiment leaves in its folder.

use std::path::Path;

use anyhow::Context;
use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};
use serde::Serialize;

use crate::diagram::{Panel, diagram};
use crate::files;

/// A table in Markdown: the first column is text, the others are figures.
pub(crate) fn markdown(heads: &[String], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN);
    table.set_header(heads);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// Write table, numbers and plot of experiment `name` to `folder`.
pub(crate) fn write(
    folder: &Path,
    name: &str,
    table: &str,
    numbers: &impl Serialize,
    panels: &[Panel],
) -> anyhow::Result<()> {
    make(folder)?;
    let file = |ending: &str| folder.join(format!("{name}.{ending}"));
    files::write(&file("md"), table)?;
    files::write(&file("json"), serde_json::to_string_pretty(numbers)?)?;
    files::write(&file("svg"), diagram(panels)?)
}

/// Make the folder, so that it is there before any work is lost.
pub(crate) fn make(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("folder {} cannot be made", folder.display()))
}
