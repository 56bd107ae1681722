//! Losses over features.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::FeatureNetwork;
use super::filters::{self, l1};

/// The mean over levels of the mean absolute difference between maps, in units of the truth's mean
/// magnitude: so each level counts alike, whatever the range of its features.
pub fn relative_l1(made: &[Tensor], truth: &[Tensor]) -> Tensor {
    let magnitude = |truth: &Tensor| truth.abs().mean(Kind::Float) + 1e-6;
    let pairs = made.iter().zip(truth);
    let sum: Tensor = pairs
        .map(|(made, truth)| l1(made, truth) / magnitude(truth))
        .sum();
    sum / made.len().max(1) as f64
}

/// A loss over the features of VGG19 or another network, as a published recipe describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Perceptual {
    /// The network's file, see [`FeatureNetwork::read`]; without it [`filters`] stand in.
    #[serde(default, alias = "vgg", skip_serializing_if = "Option::is_none")]
    pub features: Option<PathBuf>,
    /// Weight of the loss; 0 is without it.
    pub weight: f64,
    /// Distance between features.
    pub distance: Distance,
    /// Take features after their rectifiers.
    pub rectified: bool,
    /// Factor of the features (SRGAN: 1/12.75).
    pub scale: f64,
    /// Weight of each level by its name, such as VGG's `conv5_4`. A network that has none of these
    /// is compared in its usual levels, by [`relative_l1`].
    pub layers: BTreeMap<String, f64>,
}

/// Distance between features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distance {
    /// Mean absolute difference.
    L1,
    /// Mean squared difference.
    Mse,
}

/// A [`Perceptual`] loss with its weights.
pub struct PerceptualLoss {
    settings: Perceptual,
    /// Without one filters stand in.
    network: Option<FeatureNetwork>,
}

impl Perceptual {
    /// The loss, if it has a weight.
    ///
    /// Fails where the network's file cannot be read.
    pub fn open(&self, device: Device) -> anyhow::Result<Option<PerceptualLoss>> {
        if self.weight <= 0.0 {
            return Ok(None);
        }
        let mut settings = self.clone();
        let Some(file) = &self.features else {
            let network = None;
            return Ok(Some(PerceptualLoss { settings, network }));
        };
        let named: Vec<&str> = self.layers.keys().map(String::as_str).collect();
        let is_vgg = FeatureNetwork::architecture_of(file)?.is_vgg();
        let network = match is_vgg {
            true => FeatureNetwork::read(file, &named, device)?,
            // A recipe's layers are VGG's.
            false => {
                settings.layers.clear();
                FeatureNetwork::read(file, &[], device)?
            }
        };
        let network = Some(network);
        Ok(Some(PerceptualLoss { settings, network }))
    }

    /// What the user should know of it.
    pub fn warning(&self) -> Option<String> {
        let stands_in = self.weight > 0.0 && self.features.is_none();
        stands_in.then(|| filters::warning("perceptual"))
    }
}

impl PerceptualLoss {
    /// The weighted loss of pictures of −1 … 1.
    pub fn of(&self, made: &Tensor, truth: &Tensor) -> Tensor {
        let s = &self.settings;
        let Some(network) = &self.network else {
            return filters::pyramid(made, truth) * s.weight;
        };
        let truth = tch::no_grad(|| network.maps(truth));
        let made = network.maps(made);
        if s.layers.is_empty() {
            return relative_l1(&made, &truth) * s.weight;
        }
        let seen = |feature: &Tensor| match s.rectified {
            true => feature.relu() * s.scale,
            false => feature * s.scale,
        };
        let levels = network.levels();
        let pairs = made.iter().zip(&truth).zip(levels);
        let terms = pairs.map(|((made, truth), level)| {
            let (made, truth) = (seen(made), seen(truth));
            let distance = match s.distance {
                Distance::L1 => l1(&made, &truth),
                Distance::Mse => (made - truth).square().mean(Kind::Float),
            };
            distance * (s.layers[level.name] * s.weight)
        });
        terms.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Architecture;
    use super::super::tests::write;
    use super::*;

    #[test]
    fn relative_differences_count_alike_on_all_levels() {
        let map = |values: &[f32]| Tensor::from_slice(values).view([1, 1, 1, -1]);
        let truth = [map(&[1.0, -1.0]), map(&[100.0, 300.0])];
        let made = [map(&[1.5, -1.5]), map(&[150.0, 250.0])];
        // 0.5 of 1, and 50 of 200.
        let found = relative_l1(&made, &truth).double_value(&[]);
        assert!((found - (0.5 + 0.25) / 2.0).abs() < 1e-5, "{found}");
    }

    #[test]
    fn the_loss_is_none_for_equal_pictures_and_leads_to_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("network.safetensors");
        let layers = [("conv1_2".to_owned(), 0.1), ("conv2_2".to_owned(), 1.0)];
        let perceptual = Perceptual {
            features: Some(file.clone()),
            weight: 1.0,
            distance: Distance::L1,
            rectified: false,
            scale: 1.0,
            layers: BTreeMap::from(layers),
        };
        for (architecture, last) in [
            (Architecture::Vgg19, "conv3_4"),
            (Architecture::EfficientNetLite0, "stage6"),
        ] {
            write(&file, architecture, last);
            let loss = perceptual.open(Device::Cpu).unwrap().unwrap();
            let truth = Tensor::rand([1, 3, 32, 32], (Kind::Float, Device::Cpu)) * 2 - 1;
            assert_eq!(loss.of(&truth, &truth).double_value(&[]), 0.0);
            let made = truth.zeros_like().set_requires_grad(true);
            loss.of(&made, &truth).backward();
            assert!(made.grad().abs().max().double_value(&[]) > 0.0);
        }
        let without = Perceptual {
            features: None,
            ..perceptual.clone()
        };
        assert!(perceptual.warning().is_none() && without.warning().is_some());
        let off = Perceptual {
            weight: 0.0,
            ..without
        };
        assert!(off.open(Device::Cpu).unwrap().is_none() && off.warning().is_none());
    }
}
