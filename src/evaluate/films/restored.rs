//! The ways in which a film is restored.

use anyhow::{Context, ensure};
use image::RgbImage;
use image::imageops::replace;

use super::Mosaics;
use crate::cascade::{
    Backend, Crops, Model, ModelMetadata, OrtBackend, RunError, SessionSettings, Window, runtime,
};
use crate::degrade::mosaic::Fill;
use crate::degrade::smooth::bicubic;
use crate::evaluate::cases::Pixelated;
use crate::restore::{Film, Restorer};

/// A way to restore a film.
pub(super) struct Way {
    /// Its name in tables.
    pub name: String,
    kind: Kind,
}

enum Kind {
    Bicubic,
    /// As the element does, at this `detail`.
    Model {
        film: Box<Film>,
        detail: f32,
    },
}

/// All ways that are compared: bicubic interpolation first, then each model at its truest and its
/// sharpest, told of other frames and not.
pub(super) fn ways(models: &[(String, Model)]) -> anyhow::Result<Vec<Way>> {
    let runtime = runtime::load_for_program()?;
    let mut ways = vec![Way {
        name: "bicubic".to_owned(),
        kind: Kind::Bicubic,
    }];
    for (name, model) in models {
        let windows = match model.metadata().window.neighbours() {
            0 => vec![(true, "")],
            _ => vec![(true, ", one frame"), (false, "")],
        };
        let details: &[f32] = if model.has_detailed() {
            &[0.0, 1.0]
        } else {
            &[0.0]
        };
        for (alone, frames) in windows {
            for detail in details {
                let backend = OrtBackend::new(runtime, model, &SessionSettings::default())?;
                let backend: Box<dyn Backend> = match alone {
                    true => Box::new(Alone::new(backend)),
                    false => Box::new(backend),
                };
                let mut restorer = Restorer::new(backend);
                restorer.blend.detail = *detail;
                ways.push(Way {
                    name: format!("{name}, detail {detail}{frames}"),
                    kind: Kind::Model {
                        film: Box::new(Film::new(restorer)),
                        detail: *detail,
                    },
                });
            }
        }
    }
    Ok(ways)
}

impl Way {
    /// Whether it is how the element does it when no property is set.
    pub(super) fn is_sharpest(&self) -> bool {
        matches!(self.kind, Kind::Model { detail, .. } if detail >= 1.0)
    }

    /// What it makes of a film, and how many frames of that it leaves as they are.
    pub(super) fn make(&mut self, mosaics: &Mosaics) -> anyhow::Result<(Vec<RgbImage>, usize)> {
        match &mut self.kind {
            Kind::Bicubic => Ok((smooth(mosaics)?, 0)),
            Kind::Model { film, .. } => {
                let mut made = Vec::new();
                for picture in &mosaics.pixelated {
                    made.extend(film.push(picture.clone())?);
                }
                made.extend(film.finish()?);
                ensure!(
                    made.len() == mosaics.pixelated.len(),
                    "{}: {} of {} frames came back",
                    self.name,
                    made.len(),
                    mosaics.pixelated.len()
                );
                let left = made.iter().filter(|restored| restored.regions.is_empty());
                let left = left.count();
                let pictures = made.into_iter().map(|restored| restored.picture);
                Ok((pictures.collect(), left))
            }
        }
    }
}

/// Means of the blocks, interpolated.
fn smooth(mosaics: &Mosaics) -> anyhow::Result<Vec<RgbImage>> {
    let frames = mosaics.pixelated.iter().zip(&mosaics.places);
    frames
        .map(|(picture, (rect, lattice))| {
            let mosaic = Pixelated {
                picture: picture.clone(),
                rect: *rect,
                lattice: *lattice,
                block: mosaics.block,
                fill: Fill::TileMean,
            };
            let inside = bicubic(&mosaic.inside(picture), mosaics.block);
            let inside = inside.context("a mosaic is empty")?;
            let mut made = picture.clone();
            replace(&mut made, &inside, rect.x.into(), rect.y.into());
            Ok(made)
        })
        .collect()
}

/// A model that is told of no other frames.
struct Alone {
    backend: OrtBackend,
    metadata: ModelMetadata,
}

impl Alone {
    fn new(backend: OrtBackend) -> Self {
        let metadata = ModelMetadata {
            window: Window::default(),
            ..backend.metadata().clone()
        };
        Self { backend, metadata }
    }
}

impl Backend for Alone {
    fn metadata(&self) -> &ModelMetadata {
        &self.metadata
    }

    fn execution_provider(&self) -> &str {
        self.backend.execution_provider()
    }

    fn takes_lattice(&self) -> bool {
        self.backend.takes_lattice()
    }

    fn run(&mut self, crops: Crops<'_>, detail: f32, faces: &mut Vec<f32>) -> Result<(), RunError> {
        self.backend.run(crops, detail, faces)
    }
}
