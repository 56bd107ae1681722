//! PixelCycleGAN's structure loss: how far features of pictures move in a cycle.

use tch::{Device, Kind, Tensor};

use super::recipe::Settings;
use crate::train::features::{FeatureNetwork, filters, relative_l1};

/// Layers of VGG16 whose features, after the rectifier, make the structure loss.
const STRUCTURE: [&str; 4] = ["conv1_1", "conv2_1", "conv3_1", "conv4_1"];

/// What the structure term compares pictures by.
pub(super) enum Structure {
    /// The published layers of VGG.
    Vgg(FeatureNetwork),
    /// Another network's usual ones.
    Features(FeatureNetwork),
    /// Fixed filters, where there is no network.
    Filters,
}

impl Structure {
    /// The term, if the recipe has one.
    ///
    /// Fails where the network cannot be read.
    pub(super) fn open(s: &Settings, device: Device) -> anyhow::Result<Option<Self>> {
        if s.structure <= 0.0 {
            return Ok(None);
        }
        let Some(file) = &s.features else {
            return Ok(Some(Self::Filters));
        };
        let read = |layers: &[&str]| FeatureNetwork::read(file, layers, device);
        Ok(Some(
            match FeatureNetwork::architecture_of(file)?.is_vgg() {
                true => Self::Vgg(read(&STRUCTURE)?.without_normalization()),
                false => Self::Features(read(&[])?),
            },
        ))
    }

    /// What the user should know of it.
    pub(super) fn warning(&self) -> Option<String> {
        matches!(self, Self::Filters).then(|| filters::warning("structure"))
    }

    /// Σ MSE(F(a), F(b)) / (c·h·w) over VGG16's features F: the published term, which averages
    /// twice and so is small. Of another network's features it is [`relative_l1`], without any
    /// [`filters::structure`].
    pub(super) fn of(&self, truth: &Tensor, made: &Tensor) -> Tensor {
        let network = match self {
            Self::Filters => return filters::structure(made, truth),
            Self::Vgg(network) | Self::Features(network) => network,
        };
        let truth = tch::no_grad(|| network.maps(truth));
        let made = network.maps(made);
        if matches!(self, Self::Features(_)) {
            return relative_l1(&made, &truth);
        }
        let terms = truth.iter().zip(&made).map(|(a, b)| {
            let numbers: i64 = a.size()[1..].iter().product();
            (a.relu() - b.relu()).square().mean(Kind::Float) / numbers as f64
        });
        terms.sum()
    }
}
