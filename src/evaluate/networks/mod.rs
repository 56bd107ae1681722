//! Networks that the user gives to measure with: one that describes faces, one that gives features.

mod embedding;
mod features;
mod input;
mod onnx;
mod views;

use std::path::PathBuf;

use image::RgbImage;

use crate::metrics::FeatureMap;

pub use embedding::Embedding;
pub use features::Features;
pub use views::{NetworkScores, Views};

/// Files of such networks.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// An ONNX network that describes a face by a vector.
    pub embedding: Option<PathBuf>,
    /// A network that gives features: ONNX, or the weights of VGG16 as safetensors.
    pub features: Option<PathBuf>,
}

/// The networks that were given; none by default.
#[derive(Default)]
pub struct Networks {
    embedding: Option<Embedding>,
    features: Option<Box<dyn Features>>,
}

/// What the networks say of one picture.
pub struct Seen {
    /// Of all of it.
    pub embedding: Option<Vec<f64>>,
    /// Of what lies inside the mosaic's box.
    levels: Option<Vec<FeatureMap>>,
}

impl Networks {
    /// Open the networks in `files`.
    pub fn open(files: &Files) -> anyhow::Result<Self> {
        let embedding = files.embedding.as_deref().map(Embedding::open);
        let features = files.features.as_deref().map(features::open);
        Ok(Self {
            embedding: embedding.transpose()?,
            features: features.transpose()?,
        })
    }

    /// What faces are described by, and how it is fed.
    pub fn embedding(&self) -> Option<String> {
        self.embedding.as_ref().map(Embedding::about)
    }

    /// What gives features, and how it is fed.
    pub fn features(&self) -> Option<String> {
        self.features.as_ref().map(|features| features.about())
    }

    /// Look at a picture, and at the part of it `inside` the mosaic's box.
    ///
    /// A face is described with its surroundings, as such networks want it; features are those of
    /// what was restored, as with all other measures.
    pub fn see(&mut self, picture: &RgbImage, inside: &RgbImage) -> anyhow::Result<Seen> {
        let embedding = self.embedding.as_mut().map(|it| it.of(picture));
        let levels = self.features.as_mut().map(|it| it.levels(inside));
        Ok(Seen {
            embedding: embedding.transpose()?,
            levels: levels.transpose()?,
        })
    }
}
