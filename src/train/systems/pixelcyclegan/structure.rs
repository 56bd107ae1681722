//! PixelCycleGAN's structure loss: how far features of pictures move in a cycle.

use tch::{Device, Kind, Tensor};

use super::recipe::Settings;
use crate::train::features::{FeatureNetwork, relative_l1};

/// Layers of VGG16 whose features, after the rectifier, make the structure loss.
const STRUCTURE: [&str; 4] = ["conv1_1", "conv2_1", "conv3_1", "conv4_1"];

/// The network of the structure term.
pub(super) struct Structure {
    network: FeatureNetwork,
    /// It has the published layers.
    published: bool,
}

impl Structure {
    /// The term, if the recipe has one and a network for it; else it says that it is off.
    ///
    /// Fails where the network cannot be read.
    pub(super) fn open(s: &Settings, device: Device) -> anyhow::Result<Option<Self>> {
        if s.structure <= 0.0 {
            return Ok(None);
        }
        let Some(file) = &s.features else {
            eprintln!("no feature network (--features FILE): the structure loss is off");
            return Ok(None);
        };
        let published = FeatureNetwork::architecture_of(file)?.is_vgg();
        let network = match published {
            true => FeatureNetwork::read(file, &STRUCTURE, device)?.without_normalization(),
            false => FeatureNetwork::read(file, &[], device)?,
        };
        Ok(Some(Self { network, published }))
    }

    /// Σ MSE(F(a), F(b)) / (c·h·w) over VGG16's features F: the published term, which averages
    /// twice and so is small. Of another network's features it is [`relative_l1`].
    pub(super) fn of(&self, truth: &Tensor, made: &Tensor) -> Tensor {
        let truth = tch::no_grad(|| self.network.maps(truth));
        let made = self.network.maps(made);
        if !self.published {
            return relative_l1(&made, &truth);
        }
        let terms = truth.iter().zip(&made).map(|(a, b)| {
            let numbers: i64 = a.size()[1..].iter().product();
            (a.relu() - b.relu()).square().mean(Kind::Float) / numbers as f64
        });
        terms.sum()
    }
}
