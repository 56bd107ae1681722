//! The systems that are compared: what needs no model, then the versions of each model.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use image::RgbImage;
use serde::Serialize;

use super::cases::Pixelated;
use super::versions::{Version, Versions};
use crate::cascade::Model;

/// Whose a picture is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct System {
    /// The model's name; none of what is made without a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What is done.
    pub version: Version,
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(model) = &self.model {
            write!(f, "{model}: ")?;
        }
        f.write_str(self.version.name())
    }
}

/// Makes the pictures of all systems.
pub struct Systems {
    all: Vec<System>,
    models: Vec<(String, Versions)>,
}

impl Systems {
    /// The systems of `models`, at least one, whose names differ. A model of one network has no
    /// first stage.
    pub fn new(models: &[(String, Model)]) -> anyhow::Result<Self> {
        ensure!(!models.is_empty(), "there is no model to evaluate");
        let input = |version| System {
            model: None,
            version,
        };
        let mut all: Vec<System> = Version::INPUTS.map(input).into();
        let mut opened = Vec::with_capacity(models.len());
        for (name, model) in models {
            let mut versions = Version::OUTPUTS.to_vec();
            versions.retain(|version| *version != Version::Stage1 || model.has_stage1());
            all.extend(versions.into_iter().map(|version| System {
                model: Some(name.clone()),
                version,
            }));
            opened.push((name.clone(), Versions::new(model)?));
        }
        Ok(Self {
            all,
            models: opened,
        })
    }

    /// All of them, in the order of the tables.
    pub fn all(&self) -> Vec<System> {
        self.all.clone()
    }

    /// What `system` makes of a picture, of the picture's size.
    pub fn make(&mut self, system: &System, mosaic: &Pixelated) -> anyhow::Result<RgbImage> {
        // Any model's do for what needs none.
        let is_asked = |name: &String| system.model.as_ref().is_none_or(|model| model == name);
        let versions = self.models.iter_mut().find(|(name, _)| is_asked(name));
        let (_, versions) = versions.with_context(|| format!("{system}: no such model"))?;
        versions.make(system.version, mosaic)
    }
}

/// The models in `files`, or the bundled one if there is none, each with a name for tables: its
/// file's without folder and ending, with a number where another has it.
pub fn open_models(files: &[PathBuf]) -> anyhow::Result<Vec<(String, Model)>> {
    let mut models: Vec<(String, Model)> = Vec::new();
    for file in files {
        let model = Model::open(file)?;
        let plain = stem(file);
        let (mut name, mut number) = (plain.clone(), 1);
        while models.iter().any(|(taken, _)| *taken == name) {
            number += 1;
            name = format!("{plain} {number}");
        }
        models.push((name, model));
    }
    if models.is_empty() {
        models.push(("bundled".to_owned(), Model::bundled()?));
    }
    Ok(models)
}

/// A file's name without folder and ending.
pub fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
