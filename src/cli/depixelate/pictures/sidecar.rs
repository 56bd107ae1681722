//! What was made of a picture, in a file beside it: `OUT.depixelate.json`.

use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::super::sidecar::{Model, Settings, model, path, set};
use super::one::{Face, Made};
use crate::app::{NOTICE, RestoreOptions};
use crate::files;

#[derive(Serialize)]
struct Sidecar<'a> {
    notice: &'a str,
    program: &'a str,
    version: &'a str,
    input: String,
    output: String,
    model: Model,
    settings: Settings<'a>,
    faces: &'a [Face],
    refused: &'a [Face],
}

/// Write what was restored into the file beside `output`. One that lies beside a picture in which
/// nothing is restored any more would be wrong, and goes.
pub(super) fn write(
    input: &Path,
    output: &Path,
    options: &RestoreOptions,
    made: &Made,
) -> anyhow::Result<()> {
    let beside = path(output);
    if made.faces.is_empty() {
        return match beside.is_file() {
            true => std::fs::remove_file(&beside).with_context(|| beside.display().to_string()),
            false => Ok(()),
        };
    }
    let sidecar = Sidecar {
        notice: NOTICE,
        program: "depixelate",
        version: env!("CARGO_PKG_VERSION"),
        input: input.display().to_string(),
        output: output.display().to_string(),
        model: model(options)?,
        settings: set(options),
        faces: &made.faces,
        refused: &made.refused,
    };
    let text = serde_json::to_string_pretty(&sidecar)?;
    files::write(&beside, &text)
}
