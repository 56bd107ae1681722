//! Exported models, scored again on covered faces.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};
use image::RgbImage;
use rayon::prelude::*;
use serde::Serialize;
use tch::Device;

use super::occluded_faces::{Covered, OccludedFaces, Scores};
use super::recipe::Recipe;
use crate::cascade::{Backend, Crops, Model, OrtBackend, SessionSettings, runtime};
use crate::onnx::decode;
use crate::train::data::dataset::Dataset;
use crate::train::data::pictures::planes;
use crate::train::data::random::generator;
use crate::train::recipe::RecipeText;
use crate::train::run::model_file::RECIPE;
use crate::train::run::system::HELD_OUT;

/// What a model makes of covered faces.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The model's file, or what was given to it.
    pub name: String,
    /// Means over the faces.
    #[serde(flatten)]
    pub scores: Scores,
}

impl Recipe {
    /// The recipe that the exported model in `file` was trained by.
    pub fn of_model(file: &Path) -> anyhow::Result<Self> {
        let shown = file.display();
        let bytes = std::fs::read(file).with_context(|| format!("{shown} cannot be read"))?;
        let model = decode(&bytes).with_context(|| format!("{shown} is no ONNX model"))?;
        let recipe = model
            .metadata_props
            .iter()
            .find(|entry| entry.key == RECIPE);
        let recipe = recipe.map(|entry| Self::parse(&entry.value));
        recipe.and_then(Result::ok).with_context(|| {
            format!("{shown} holds no recipe of pix2pix: --recipe names one, which says what covers the faces")
        })
    }
}

/// Cover at most `limit` pictures of `faces` as `recipe` says, the same ones in the same way as a run
/// by it looks at them, and score what the models in `files` make of them. The first row is what
/// they are given.
pub fn score(
    files: &[PathBuf],
    faces: &Dataset,
    limit: usize,
    recipe: &Recipe,
) -> anyhow::Result<Vec<Row>> {
    let count = limit.max(1).min(faces.len());
    let covered = (0..count).into_par_iter().map(|index| {
        let picture = faces.picture(index * faces.len() / count)?;
        let random = &mut generator(recipe.seed, HELD_OUT, index as u64);
        Ok(recipe.covered(&picture, random))
    });
    let faces = covered.collect::<anyhow::Result<Vec<Covered>>>()?;
    let faces = OccludedFaces::new(faces, Device::Cpu);
    let given: Vec<Vec<u8>> = (faces.pictures().map(|picture| picture.as_raw().clone())).collect();
    let mut rows = vec![Row {
        name: "covered".to_owned(),
        scores: faces.scores(&given)?,
    }];
    for file in files {
        let mut model = Restoring::open(file, recipe.model.size)?;
        let made = faces.pictures().map(|picture| model.run(picture));
        rows.push(Row {
            name: file.display().to_string(),
            scores: faces.scores(&made.collect::<anyhow::Result<Vec<_>>>()?)?,
        });
    }
    Ok(rows)
}

/// A table of them, as Markdown.
pub fn markdown(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN);
    table.set_header([
        "",
        "psnr",
        "ssim_gauss",
        "psnr inside the mask",
        "ssim_gauss inside the mask",
    ]);
    for Row { name, scores } in rows {
        table.add_row([
            name.clone(),
            format!("{:.2}", scores.psnr),
            format!("{:.4}", scores.ssim_gauss),
            format!("{:.2}", scores.masked_psnr),
            format!("{:.4}", scores.masked_ssim_gauss),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// A model in ONNX Runtime.
struct Restoring(OrtBackend);

impl Restoring {
    /// One that gives pictures of the `side` that it takes.
    fn open(file: &Path, side: usize) -> anyhow::Result<Self> {
        let model = Model::open(file)?;
        let (takes, gives) = (model.metadata().size, model.metadata().output_size());
        ensure!(
            (takes, gives) == (side, side),
            "{} makes {gives} px of {takes} px; the faces have {side} px, as model.size of the recipe says",
            file.display()
        );
        let runtime = runtime::load_for_program()?;
        let backend = OrtBackend::new(runtime, &model, &SessionSettings::default())?;
        Ok(Self(backend))
    }

    /// Packed R′G′B′ of what it makes of a picture.
    fn run(&mut self, picture: &RgbImage) -> anyhow::Result<Vec<u8>> {
        let range = self.0.metadata().range;
        let mut seen: Vec<f32> = planes(picture).iter().map(|x| (x + 1.0) * 127.5).collect();
        range.normalize(&mut seen);
        let mut made = Vec::new();
        self.0.run(Crops::new(&seen, 1), 0.0, &mut made)?;
        range.denormalise(&mut made);
        let area = made.len() / 3;
        let level = |value: f32| value.round().clamp(0.0, 255.0) as u8;
        let pixel = |i: usize| [0, 1, 2].map(|c| level(made[c * area + i]));
        Ok((0..area).flat_map(pixel).collect())
    }
}
