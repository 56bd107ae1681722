//! The versions of a picture that are compared.

use anyhow::Context;
use image::RgbImage;
use image::imageops::replace;
use serde::Serialize;

use super::cases::Pixelated;
use crate::cascade::{
    Backend, Crops, Model, ModelMetadata, OrtBackend, RunError, SessionSettings, runtime,
};
use crate::degrade::smooth::bicubic;
use crate::detect::{Outline, Region};
use crate::frame::{FrameView, FrameViewMut, Layout};
use crate::restore::{Blend, Restorer};

/// A way to a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Version {
    /// The mosaic itself.
    Pixelated,
    /// Means of the blocks, interpolated; the grid is known.
    Bicubic,
    /// The first network alone, without projection.
    Stage1,
    /// Both networks, without projection.
    Restored,
    /// Both networks, with projection: the truest picture that the element gives.
    Truest,
    /// As the element does it when no property is set.
    Default,
    /// The sharpest picture that the element gives.
    Sharpest,
}

impl Version {
    /// Those that need no model.
    pub const INPUTS: [Self; 2] = [Self::Pixelated, Self::Bicubic];

    /// Those that a model makes, from the least to the most that is done.
    pub const OUTPUTS: [Self; 5] = [
        Self::Stage1,
        Self::Restored,
        Self::Truest,
        Self::Default,
        Self::Sharpest,
    ];

    /// A name for tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pixelated => "pixelated",
            Self::Bicubic => "bicubic",
            Self::Stage1 => "stage 1",
            Self::Restored => "restored",
            Self::Truest => "restored + projection",
            Self::Default => "default",
            Self::Sharpest => "sharpest",
        }
    }

    /// How the element is set for it; None for what is made without it.
    fn blend(self) -> Option<Blend> {
        let blend = |detail, projection| Blend {
            detail,
            projection,
            ..Blend::default()
        };
        match self {
            Self::Pixelated | Self::Bicubic => None,
            Self::Stage1 | Self::Restored => Some(blend(0.0, 0.0)),
            Self::Truest => Some(blend(0.0, 1.0)),
            Self::Default => Some(Blend::default()),
            Self::Sharpest => Some(blend(1.0, 1.0)),
        }
    }
}

/// Makes the versions with one model.
pub struct Versions {
    cascade: Restorer,
    stage1: Restorer,
}

impl Versions {
    /// Versions by `model`, on the best execution provider there is.
    pub fn new(model: &Model) -> anyhow::Result<Self> {
        let runtime = runtime::load_for_program()?;
        let open = || OrtBackend::new(runtime, model, &SessionSettings::default());
        Ok(Self {
            cascade: Restorer::new(Box::new(open()?)),
            stage1: Restorer::new(Box::new(Stage1Alone(open()?))),
        })
    }

    /// One version of a picture, of the picture's size.
    pub fn make(&mut self, version: Version, mosaic: &Pixelated) -> anyhow::Result<RgbImage> {
        let mut picture = mosaic.picture.clone();
        let Some(blend) = version.blend() else {
            if version == Version::Bicubic {
                let smooth = bicubic(&mosaic.inside(&picture), mosaic.block);
                let smooth = smooth.context("a mosaic is empty")?;
                replace(
                    &mut picture,
                    &smooth,
                    mosaic.rect.x.into(),
                    mosaic.rect.y.into(),
                );
            }
            return Ok(picture);
        };
        let restorer = match version {
            Version::Stage1 => &mut self.stage1,
            _ => &mut self.cascade,
        };
        let region = Region {
            rect: mosaic.rect,
            lattice: Some(mosaic.lattice),
            outline: Outline::Rectangle,
            turn: 0.0,
            score: 1.0,
        };
        let layout = Layout::rgb(picture.width(), picture.height());
        let stride = 3 * picture.width() as usize;
        let view = FrameView::packed(&layout, &picture, stride)?;
        restorer.infer(&view, &[region.into()], blend.detail)?;
        let mut frame = FrameViewMut::packed(&layout, &mut picture, stride)?;
        restorer.apply(&mut frame, &blend);
        Ok(picture)
    }
}

/// The first network of a model.
struct Stage1Alone(OrtBackend);

impl Backend for Stage1Alone {
    fn metadata(&self) -> &ModelMetadata {
        self.0.metadata()
    }

    fn execution_provider(&self) -> &str {
        self.0.execution_provider()
    }

    fn takes_lattice(&self) -> bool {
        self.0.takes_lattice()
    }

    fn run(&mut self, crops: Crops<'_>, _: f32, faces: &mut Vec<f32>) -> Result<(), RunError> {
        self.0.run_stage1(crops, faces)
    }
}
